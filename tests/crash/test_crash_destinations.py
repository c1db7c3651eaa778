"""Every commit, send and answer on the way to the record and the DMP: stopped there, started again, one effect each.

Both destinations are the referees: what was filed and fed is read in their own stores and journals, not in ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pki as keys
from tests.crash.house import Driver, House, build, copy, driver, survive
from tests.protocol import referees
from tests.protocol.between import DESTINATIONS
from tests.protocol.referees import Referee
from tests.samples import IPP_OID, REFEREE_ROW, Samples, original_of
from tests.thorough import sampled

#: What the referee writes when we die in the middle of a message: nobody's rule was broken.
CUT_SHORT = {"T14", "L01"}


#: So that both cores have their part.
SHARDS = 4


class Stage:
    """The referees, the driver, and a template of the house between them."""

    def __init__(self, folder: Path, record: Referee, dmp: Referee, runs: Driver, template: House) -> None:
        self.folder, self.record, self.dmp, self.runs, self.template = folder, record, dmp, runs, template


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    pki = keys.make(folder / "pki")
    (folder / "pki" / "homologation").write_text("TEST-000000\n")
    rows = [REFEREE_ROW]
    with (
        referees.dpi(folder / "dpi", rows, ["--ipp-oid", IPP_OID]) as record,
        referees.dmp(folder / "dmp", rows, pki) as dmp,
        driver() as runs,
    ):
        tables = DESTINATIONS.format(record=record.port, dmp=dmp.base, pki=folder / "pki", timeout="20s")
        yield Stage(folder, record, dmp, runs, build(folder / "template", tables))


def mails(tag: str) -> dict[str, bytes]:
    samples = Samples(tag)
    return {
        "new": samples.new(),
        "replacement": samples.replacement(),
        "deletion": samples.deletion(),
        "letter": samples.letter(),
    }


@pytest.fixture(scope="module")
def points(stage: Stage) -> list[str]:
    """Discovered, not listed: every step that a run without a crash goes through, the vault's own excepted (they are
    stopped one by one on the way to a folder)."""
    calm, record = copy(stage.template, stage.folder / "calm"), stage.folder / "points"
    assert stage.runs.run(calm, mails("calm"), record=record) == 0
    _check(stage, calm, "calm")
    found = [point for point in record.read_text().split() if not point.startswith("vault.")]
    assert {p.split(":")[0].rpartition(".")[0] for p in found} >= {"dpi.mllp", "dmp.td02", "dmp.td21", "dmp.td33c"}
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_crash_points_leave_one_effect_at_each_destination(stage: Stage, points: list[str], shard: int) -> None:
    def crash(point: str, tag: str) -> bool:
        run = f"{shard}.{tag}"
        house = copy(stage.template, stage.folder / run)
        hit = stage.runs.stop_and_start(house, mails(run), point)
        _check(stage, house, run)
        return hit

    survive(sampled(sorted(points), 3)[shard::SHARDS], crash)


def _check(stage: Stage, house: House, tag: str) -> None:
    house.check(mails=4)
    lines = house.lines()
    assert [(line.action, line.outcome, line.reason) for line in lines] == [
        ("create", "filed", None),
        ("create", "ignored", "copy"),
        ("replace", "filed", None),
        ("delete", "filed", None),
        ("create", "filed", None),
    ]
    filed = [line for line in lines if line.outcome == "filed"]
    assert [(line.dpi, line.dmp) for line in filed] == [("delivered", "fed")] * 4
    first, second = Samples(tag).oid("first"), Samples(tag).oid("second")
    letter = filed[-1].fed_unique_id
    held = {d["document_id"]: d["status"] for d in stage.record.documents()}
    assert (held[first], held[second], held[original_of(held, letter or "")]) == ("replaced", "deleted", "current")
    fed = [d["unique_id"] for d in stage.dmp.documents() if not d["is_signature"]]
    assert all(fed.count(unique_id) == 1 for unique_id in (first, second, letter))
    for referee in (stage.record, stage.dmp):
        broken = {v["id"] for e in referee.journal() for v in e["violations"]}
        assert broken <= CUT_SHORT, "a message broke a rule"
