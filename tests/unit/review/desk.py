"""A house in this very process, with the readers in it too: what a person does is tried without starting anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from gateway.app.compose import Gateway, open_gateway
from gateway.app.config import load
from gateway.app.lock import WorkerLock
from gateway.flow import receive
from gateway.flow.house import House
from gateway.flow.receive import Sighting
from gateway.ledger import trail
from gateway.ledger.views import Line, results
from gateway.model.ports import Silent
from gateway.review.case import Case, worklist
from gateway.review.entries import Done, act
from tests.crash import house as houses
from tests.crash.driver import InlineReaders
from tests.samples import SENDER, Samples

FOLDER = '[dpi]\nkind = "folder"\npath = "dpi"\n'
T = TypeVar("T")


@dataclass
class Desk:
    """Where a person sits."""

    gateway: Gateway
    folder: Path

    @property
    def house(self) -> House:
        return self.gateway.house

    async def take(self, *mails: bytes) -> None:
        """Take mails, and work until quiet."""
        for number, raw in enumerate(mails):
            await receive.take(self.house, Sighting("file", f"{number}.eml", None), _whole(raw), 1 << 24)
        await self.quiet()

    async def quiet(self) -> None:
        """Work until nothing moves by itself."""
        async with asyncio.timeout(30):
            while not await self.gateway.worker.quiet():  # noqa: ASYNC110 - the worker tells nobody
                await asyncio.sleep(0.005)

    async def look(self, work: Callable[[Connection], T]) -> T:
        return await self.house.ledger.read(work)

    async def entry(self) -> Case:
        """The one that waits."""
        (case,) = await self.look(worklist)
        return case

    async def waiting(self) -> list[str]:
        return [case.reason for case in await self.look(worklist)]

    async def act(self, work: Callable[[Connection], Done]) -> Done:
        """What a person does, then what follows; the trail still holds."""
        done = await act(self.house, work)
        await self.quiet()
        await self.look(trail.verify)
        return done

    async def lines(self) -> list[Line]:
        return await self.look(lambda c: list(results(c)))


@asynccontextmanager
async def sit(folder: Path, tables: str = FOLDER) -> AsyncIterator[Desk]:
    """Open the house, its worker running."""
    houses.build(folder, tables)
    (folder / "dpi").mkdir()
    settings = load(folder / "gateway.toml")
    with WorkerLock(folder / "gateway.db") as lock:
        assert lock.take()
        async with open_gateway(settings, Silent(), lock, InlineReaders) as gateway:
            running = asyncio.create_task(gateway.worker.run())
            yield Desk(gateway, folder)
            gateway.worker.stop()
            await running


def resent(raw: bytes) -> bytes:
    """The same documents in another mail."""
    return raw.replace(b"X-Run: ", b"X-Again: ")


def by_stranger(raw: bytes) -> bytes:
    """The same mail from somebody whom nobody knows."""
    return raw.replace(SENDER.address.encode(), b"somebody@elsewhere.example.org")


def carrying(attachment: bytes) -> bytes:
    """A mail of the known sender with this attachment."""
    return Samples("carry")._mail("divers", attachment)


async def _whole(raw: bytes) -> AsyncIterator[bytes]:
    yield raw
