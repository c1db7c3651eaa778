"""Who comes first replaces: decisions about versions keep the order of arrival, whatever the order of the hands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from gateway.app.compose import open_house
from gateway.app.config import load
from gateway.flow import decide, read, receive
from gateway.flow.house import House
from gateway.flow.reading.originals import Originals
from gateway.flow.receive import Sighting
from gateway.ledger import documents
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Document
from gateway.ledger.tables import job as table
from gateway.model.ports import Silent
from gateway.model.reasons import Reason
from gateway.model.states import DocumentState
from tests.crash.driver import InlineReaders
from tests.crash.house import build
from tests.samples import Samples

#: More decisions than four mails need, in the worst order.
ENOUGH = 40


class Versions(Samples):
    """A document, its replacement, and another replacement of the same one."""

    def rival(self) -> bytes:
        third = self.document("third", version=3, parent="first")
        return self._mail("rival", self._xdm("third", third, action="C"))

    def third(self) -> bytes:
        third = self.document("third", version=3, parent="second")
        return self._mail("troisieme", self._xdm("third", third, action="C"))

    def end(self) -> bytes:
        third = self.document("third", version=3, parent="second")
        return self._mail("suppression", self._xdm("third", third, action="D"))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    built = build(tmp_path / "house", "")
    async with open_house(load(built.config), Silent(), InlineReaders) as opened:
        yield opened


async def _chunks(raw: bytes) -> AsyncIterator[bytes]:
    yield raw


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
async def test_the_first_of_two_replacements_wins(house: House, order: tuple[int, ...]) -> None:
    mails = Versions("t")
    for name, raw in (("new", mails.new()), ("second", mails.replacement()), ("rival", mails.rival())):
        await receive.take(house, Sighting("file", name, None), _chunks(raw), 1 << 24)
    for seq in (1, 2, 3):
        await read.read(house, Originals(house.readers), await _in_hand(house, "read", seq))
    at_once = [await _in_hand(house, "decide", seq) for seq in order]
    for job in at_once:
        await decide.decide(house, job)
    for seq in (1, 2, 3):  # who had to wait is woken by a decision
        if (await _first(house, seq)).state is DocumentState.READ:
            await decide.decide(house, await _in_hand(house, "decide", seq))
    second, rival = await _first(house, 2), await _first(house, 3)
    assert second.ipp is not None, "the version that came first is filed"
    assert (rival.state, rival.reason) == (DocumentState.QUARANTINED, Reason.VERSION_CONFLICT)


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_versions_and_their_deletion_are_decided_in_any_order(house: House, order: tuple[int, ...]) -> None:
    mails = Versions("t")
    chain = (mails.new(), mails.replacement(), mails.third(), mails.end())
    for seq, place in enumerate(order, 1):
        await receive.take(house, Sighting("file", str(place), None), _chunks(chain[place]), 1 << 24)
        await read.read(house, Originals(house.readers), await _in_hand(house, "read", seq))
    for _ in range(ENOUGH):
        if (next_one := await _next(house)) is None:
            break
        await decide.decide(house, await _in_hand(house, "decide", next_one))
    decided = {place: await _first(house, seq) for seq, place in enumerate(order, 1)}
    assert {place: one.reason for place, one in decided.items() if one.ipp is None} == {}


async def _next(house: House) -> int | None:
    """The arrival whose turn it is, as the worker takes them."""
    ready = (table.c.kind == "decide") & table.c.parked.is_(None) & (table.c.due <= house.now)
    query = select(table.c.subject).where(ready).order_by(table.c.due, table.c.id)
    return await house.ledger.read(lambda c: c.execute(query).scalars().first())


async def _in_hand(house: House, kind: str, seq: int) -> Job:
    """The job of a subject, taken whether it is due or waits."""

    def take(c: Connection) -> Job:
        row = c.execute(select(table.c.id).where(table.c.kind == kind, table.c.subject == seq)).one()
        held = {"token": house.lease.token, "lease_until": house.lease.until, "parked": None}
        c.execute(update(table).where(table.c.id == row.id).values(**held))
        return Job(row.id, kind, kind, seq, 0, house.lease.token)

    return await house.ledger.write("take", take)


async def _first(house: House, seq: int) -> Document:
    return await house.ledger.read(lambda c: documents.of_arrival(c, seq)[0])
