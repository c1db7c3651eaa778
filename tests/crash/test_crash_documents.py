"""A professional's word, then a stop on the way to the record or the DMP: started again, one effect each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app.compose import open_house
from gateway.app.config import load
from gateway.model.ports import Silent
from gateway.review import visibility
from gateway.review.entries import act
from gateway.review.visibility import Wish
from tests import pki as keys
from tests.crash.house import Driver, House, build, copy, driver, survive
from tests.protocol import referees
from tests.protocol.between import DESTINATIONS, fed, held
from tests.protocol.referees import Referee
from tests.samples import IPP_OID, REFEREE_ROW, Samples, original_of

#: What the referee writes when we die in the middle of a message: nobody's rule was broken.
CUT_SHORT = {"T14", "L01"}
WISH = Wish("Secrétariat", "10107507153", "à la demande du patient")


class Stage:
    """The referees, the driver, and a template of the house between them."""

    def __init__(self, folder: Path, record: Referee, dmp: Referee, runs: Driver, template: House) -> None:
        self.folder, self.record, self.dmp, self.runs, self.template = folder, record, dmp, runs, template
        self.begins = (0, 0)

    def filed(self, tag: str) -> House:
        """A house whose letter is in the record and in the DMP."""
        self.begins = (len(self.record.journal()), len(self.dmp.journal()))
        house = copy(self.template, self.folder / tag)
        assert self.runs.run(house, _mails(tag)) == 0
        return house


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


@pytest.mark.parametrize("verb", ["make-invisible", "delete"])
def test_a_word_takes_effect_once_wherever_the_gateway_stops(stage: Stage, verb: str) -> None:
    """Each eleventh of the points of a run: what is written, sent and answered on both ways, on either side."""
    calm, record = stage.filed(f"calm.{verb}"), stage.folder / f"points.{verb}"
    _say(calm, verb)
    assert stage.runs.run(calm, _mails(f"calm.{verb}"), record=record) == 0
    _check(stage, calm, verb)
    found = sorted(point for point in record.read_text().split() if point.endswith(":1"))
    points = [point for point in found if point.startswith(("dpi.", "dmp.", "ledger."))]
    assert {point.partition(".")[0] for point in points} == {"dpi", "dmp", "ledger"}

    def crash(point: str, tag: str) -> bool:
        house = stage.filed(f"{verb}.{tag}")
        _say(house, verb)
        hit = stage.runs.stop_and_start(house, _mails(f"{verb}.{tag}"), point)
        _check(stage, house, verb)
        return hit

    survive(points[::11], crash)


def _mails(tag: str) -> dict[str, bytes]:
    return {"letter": Samples(tag).letter()}


def _say(house: House, verb: str) -> None:
    """As a command beside the daemon does."""

    async def say() -> None:
        async with open_house(load(house.config), Silent()) as opened:
            if verb == "delete":
                await act(opened, lambda c: visibility.delete(c, opened, 1, WISH))
            else:
                await act(opened, lambda c: visibility.change(c, opened, 1, verb, WISH))

    asyncio.run(say())


def _check(stage: Stage, house: House, verb: str) -> None:
    house.check(mails=1)
    (line,) = house.lines()
    recorded, at_dmp = _recorded(stage), _fed(stage)
    if verb == "delete":
        assert (line.dpi, line.dmp, line.fed_unique_id) == ("withdrawn", "withdrawn", None)
        assert ([*recorded.values()], [*at_dmp.values()]) == ([["deleted"]], [["Deleted"]])
    else:
        assert (line.dpi, line.dmp) == ("delivered", "fed")
        assert [*recorded.values()] == [["replaced"], ["current"]]
        assert [*at_dmp.values()] == [["Deprecated"], ["Approved"]]
        assert [*at_dmp][-1] == line.fed_unique_id
        assert original_of(recorded, line.fed_unique_id or "") == [*recorded][-1]
    for referee in (stage.record, stage.dmp):
        assert {v["id"] for e in referee.journal() for v in e["violations"]} <= CUT_SHORT, "a message broke a rule"


def _recorded(stage: Stage) -> dict[str, list[str]]:
    """What the record holds of this run, by id, in the order in which it came."""
    told = [entry["documentId"] for entry in stage.record.journal()[stage.begins[0] :] if entry["committed"]]
    return {one: held(stage.record, one) for one in told}


def _fed(stage: Stage) -> dict[str, list[str]]:
    """What the DMP was fed in this run."""
    told = [e for e in stage.dmp.journal()[stage.begins[1] :] if e["transaction"] == "TD2.1" and e["committed"]]
    return {one: fed(stage.dmp, one) for entry in told for one in entry["documentUniqueIds"]}
