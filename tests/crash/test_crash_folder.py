"""Every commit, write and rename on the way to a record that is a folder: stopped there, started again, all is well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.crash.house import House, build, copy, driver, survive
from tests.samples import Samples
from tests.thorough import sampled

RECORD = '[dpi]\nkind = "folder"\npath = "record"\n'


def mails(tag: str) -> dict[str, bytes]:
    samples = Samples(tag)
    return {
        "new": samples.new(),
        "again": samples.again(),
        "replacement": samples.replacement(),
        "letter": samples.letter(),
        "unknown": samples.unknown_patient(),
    }


EXPECTED = [("filed", None), ("ignored", "copy"), ("ignored", "duplicate"), ("filed", None), ("filed", None),
            ("quarantined", "patient-unknown")]  # fmt: skip


#: So that both cores have their part.
SHARDS = 4


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_crash_points_on_the_way_to_a_folder(tmp_path: Path, shard: int) -> None:
    template = build(tmp_path / "template", RECORD)
    (template.folder / "record").mkdir()
    sent = mails("t")
    with driver() as runs:
        calm = copy(template, tmp_path / "calm")
        record = tmp_path / "points"
        assert runs.run(calm, sent, record=record) == 0
        _check(calm)
        points = record.read_text().split()
        assert {p.split(":")[0].rsplit(".", 1)[0] for p in points} >= {"ledger.commit", "vault", "dpi.folder"}

        def crash(point: str, tag: str) -> bool:
            house = copy(template, tmp_path / tag)
            hit = runs.stop_and_start(house, sent, point)
            _check(house)
            return hit

        survive(sampled(sorted(points), 2)[shard::SHARDS], crash)


def _check(house: House) -> None:
    house.check(mails=5)
    lines = house.lines()
    assert [(line.outcome, line.reason) for line in lines] == EXPECTED
    assert [line.dpi for line in lines if line.outcome == "filed"] == ["delivered"] * 3
    sheets = [json.loads(path.read_bytes()) for path in (house.folder / "record").glob("*.json")]
    assert sorted(sheet["sha256"] for sheet in sheets) == sorted(
        line.sha256 for line in lines if line.outcome == "filed"
    )
    assert all((house.folder / "record" / sheet["document"]).exists() for sheet in sheets)
    assert not list((house.folder / "record").glob(".*.tmp")), "no leftover"
