"""Every send and answer on the way to a FHIR record: stopped there, started again, one effect each.

What stands there is read in the record's own store. The commits between are those of any record: they are stopped on
the way to the others.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.house import House, build, copy, driver, survive
from tests.protocol.fhir_server import Record, fhir_server
from tests.samples import Samples


@pytest.mark.timeout(300)
def test_every_crash_point_leaves_one_effect(tmp_path: Path) -> None:
    with fhir_server() as record, driver() as runs:
        template = build(tmp_path / "template", f'[dpi]\nkind = "fhir"\nurl = "{record.base}"\n')

        def crash(point: str, tag: str) -> bool:
            house = copy(template, tmp_path / tag)
            hit = runs.stop_and_start(house, mails(tag), point)
            check(house, record, tag)
            return hit

        calm, seen = copy(template, tmp_path / "calm"), tmp_path / "points"
        assert runs.run(calm, mails("calm"), record=seen) == 0
        check(calm, record, "calm")
        points = sorted(point for point in seen.read_text().split() if point.startswith("dpi.fhir"))
        assert {point.split(":")[0].rpartition(".")[0] for point in points} == {
            "dpi.fhir",
            "dpi.fhir.patch",
            "dpi.fhir.search",
        }
        survive([point for point in points if ".send:after" not in point], crash)  # the instant before the answer


def mails(tag: str) -> dict[str, bytes]:
    samples = Samples(tag)
    return {"new": samples.new(), "replacement": samples.replacement(), "deletion": samples.deletion()}


def check(house: House, record: Record, tag: str) -> None:
    house.check(mails=3)
    filed = [line for line in house.lines() if line.outcome == "filed"]
    assert [(line.action, line.dpi) for line in filed] == [
        ("create", "delivered"),
        ("replace", "delivered"),
        ("delete", "delivered"),
    ]
    first, second = (record.statuses(f"urn:oid:{Samples(tag).oid(name)}") for name in ("first", "second"))
    assert (first, second) == (["superseded"], ["entered-in-error"])
