"""The quarantine folder follows the worklist, whatever was left in it."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.model.ports import Silent
from gateway.operate.quarantine_folder import prune, sync
from gateway.review.reject import reject
from gateway.review.release import release
from tests.samples import SENDER, Samples
from tests.unit.formats import builders
from tests.unit.review.desk import Desk, by_stranger, carrying, sit

UNKNOWN = Samples("t").unknown_patient()
PROGRAM = carrying(builders.attached(b"MZ\x90\x00" + b"\0" * 200, "cr.exe", "application/octet-stream"))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with sit(tmp_path / "site") as one:
        yield one


class StoppedError(Exception):
    pass


@dataclass
class Stop(Silent):
    """Ends the work at a step."""

    at: str
    after: bool

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        if name == self.at and not self.after:
            raise StoppedError
        yield
        if name == self.at:
            raise StoppedError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_an_entry_has_its_document_its_reason_and_what_to_do(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    await sync(desk.house)
    folder = desk.folder / "quarantine"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert names(folder) == ["000001"]
    place = folder / "000001"
    assert names(place) == ["LISEZMOI.txt", "document.xml", "motif.json"]
    assert b"LEROUX" in (place / "document.xml").read_bytes()
    facts = json.loads((place / "motif.json").read_bytes())
    assert [facts[key] for key in ("id", "reason", "hl7", "sender")] == [1, "patient-unknown", "902", SENDER.address]
    assert "gateway quarantine assign 1" in (place / "LISEZMOI.txt").read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}


@pytest.mark.parametrize("raw", [PROGRAM, by_stranger(PROGRAM)], ids=["known", "stranger"])
async def test_a_program_stays_in_the_vault(desk: Desk, raw: bytes) -> None:
    await desk.take(raw)
    await sync(desk.house)
    assert names(desk.folder / "quarantine" / "000001") == ["LISEZMOI.txt", "motif.json"]


async def test_it_is_written_anew_only_when_something_changed(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    await sync(desk.house)
    place = desk.folder / "quarantine" / "000001"
    before = place.stat().st_ino
    await sync(desk.house)
    assert place.stat().st_ino == before
    await desk.act(lambda c: release(c, desk.house, 1, "Mme Duval"))
    await sync(desk.house)
    assert "par Mme Duval" in (place / "LISEZMOI.txt").read_text()


async def test_what_is_settled_is_gone(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    await sync(desk.house)
    await desk.act(lambda c: reject(c, desk.house, 1, "non", "x"))
    await prune(desk.house)
    assert names(desk.folder / "quarantine") == []


async def test_what_a_crash_or_a_hand_left_is_put_right(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    folder = desk.folder / "quarantine"
    for left in (".000001.new", ".000009.gone", "000001", "000008"):
        (folder / left).mkdir(parents=True)
        (folder / left / "document.pdf").write_bytes(b"half")
    (folder / "notes").mkdir()
    await sync(desk.house)
    assert names(folder) == ["000001", "notes"]
    assert names(folder / "000001") == ["LISEZMOI.txt", "document.xml", "motif.json"]


@pytest.mark.parametrize("step", ["quarantine.write", "quarantine.rename", "quarantine.remove"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_stopped_at_any_step_it_is_whole_the_next_time(desk: Desk, step: str, after: bool) -> None:
    await desk.take(UNKNOWN, PROGRAM)
    await sync(desk.house)
    await desk.act(lambda c: release(c, desk.house, 1, "x"))
    await desk.act(lambda c: reject(c, desk.house, 2, "non", "x"))
    await desk.take(by_stranger(PROGRAM))
    desk.house.observer = Stop(step, after)
    with pytest.raises(StoppedError):
        await sync(desk.house)
    desk.house.observer = Silent()
    await sync(desk.house)
    folder = desk.folder / "quarantine"
    assert names(folder) == ["000001", "000003"]
    assert names(folder / "000001") == ["LISEZMOI.txt", "document.xml", "motif.json"]
    assert "par x" in (folder / "000001" / "LISEZMOI.txt").read_text()


async def test_a_folder_that_cannot_be_written_stops_nothing(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    (desk.folder / "quarantine").write_text("in the way")
    await sync(desk.house)
    assert await desk.waiting() == ["patient-unknown"]
