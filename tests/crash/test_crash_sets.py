"""A mail of three documents that go to the DMP in one set: stopped at every step of its way there, one effect each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import pki as keys
from tests.crash.house import Driver, House, build, copy, driver, survive
from tests.protocol import between, referees
from tests.protocol.between import effects, fed
from tests.protocol.referees import Referee
from tests.samples import REFEREE_ROW, SENDER, Samples
from tests.unit.formats import builders

#: From here on the three are bound together: what comes before is stopped elsewhere, with one document.
BOUND = "ledger.commit.attempt:before:1"
#: What the referee writes when we die in the middle of a message.
CUT_SHORT = {"T14"}


@dataclass(frozen=True)
class Stage:
    folder: Path
    dmp: Referee
    runs: Driver
    template: House


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    pki = keys.make(folder / "pki")
    (folder / "pki" / "homologation").write_text("TEST-000000\n")
    with referees.dmp(folder / "dmp", [REFEREE_ROW], pki) as dmp, driver() as runs:
        tables = between.DESTINATIONS.format(record=1, dmp=dmp.base, pki=folder / "pki", timeout="20s")
        yield Stage(folder, dmp, runs, build(folder / "template", f"[dmp]{tables.partition('[dmp]')[2]}"))


def mail(tag: str) -> dict[str, bytes]:
    files = [builders.attached(one.document(), f"{n}.xml", "text/xml") for n, one in enumerate(documents(tag))]
    raw = builders.mail(builders.text(), *files, head="Date: Wed, 03 Jun 2026 10:00:00 +0200\r\n")
    named = raw.replace(b"Ada.Exemple@Cabinet.mssante.fr", SENDER.address.encode())
    return {"three": named.replace(b"<1@x>", f"<{tag}@exemple.mssante.fr>".encode())}


def documents(tag: str) -> list[Samples]:
    return [Samples(f"{tag}/{number}") for number in range(3)]


@pytest.mark.timeout(300)
def test_every_crash_point_leaves_one_effect_of_each(stage: Stage) -> None:
    calm, record = copy(stage.template, stage.folder / "calm"), stage.folder / "points"
    assert stage.runs.run(calm, mail("calm"), record=record) == 0
    _check(stage, calm, "calm")
    points = record.read_text().split()

    def crash(point: str, tag: str) -> bool:
        house = copy(stage.template, stage.folder / tag)
        hit = stage.runs.stop_and_start(house, mail(tag), point)
        _check(stage, house, tag)
        return hit

    survive(points[points.index(BOUND) :], crash)


def _check(stage: Stage, house: House, tag: str) -> None:
    house.check(mails=1)
    ids = [one.oid("first") for one in documents(tag)]
    assert [(line.outcome, line.dmp, line.fed_unique_id) for line in house.lines()] == [
        ("filed", "fed", one) for one in ids
    ]
    counted = effects(stage.dmp, 0, "TD2.1")
    assert [(fed(stage.dmp, one), counted[one]) for one in ids] == [(["Approved"], 1)] * 3
    assert {v["id"] for entry in stage.dmp.journal() for v in entry["violations"]} <= CUT_SHORT
