"""Doubles for the intake: a taker that keeps mails in memory, an observer that writes down and may kill."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager

from gateway.intake.errors import IntakeStopped
from gateway.intake.imap.port import Taken
from gateway.model.reasons import Reason


class Keeper:
    """Keeps what it takes by (mailbox, UIDVALIDITY, UID). ``journal`` is shared with a Watching observer."""

    def __init__(self, journal: list[str] | None = None) -> None:
        self.mails: dict[tuple[str, int, int], bytes] = {}
        self.refused: dict[tuple[str, int, int], tuple[Reason, bytes]] = {}
        self.times: dict[tuple[str, int, int], int] = {}
        self.full = False
        self.largest_chunk = 0
        self.in_flight = self.most_in_flight = 0
        self.journal = journal if journal is not None else []

    async def known(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> dict[int, Taken]:
        ours = {uid: (mailbox, uidvalidity, uid) for uid in uids}
        done = {uid: Taken.DONE for uid, key in ours.items() if key in self.mails}
        return done | {uid: Taken.REVIEW for uid, key in ours.items() if key in self.refused}

    async def take(self, mailbox: str, uidvalidity: int, uid: int, chunks: AsyncIterator[bytes], size: int) -> Taken:  # noqa: ARG002
        if self.full:
            raise IntakeStopped("Le disque est plein.")
        self.in_flight += 1
        self.most_in_flight = max(self.in_flight, self.most_in_flight)
        try:
            await asyncio.sleep(0)
            raw = await self._read(chunks)
        finally:
            self.in_flight -= 1
        key = (mailbox, uidvalidity, uid)
        self.mails[key] = raw
        self.times[key] = self.times.get(key, 0) + 1
        self.journal.append("take")
        return Taken.DONE

    async def refuse(self, mailbox: str, uidvalidity: int, uid: int, size: int, why: Reason, header: bytes) -> Taken:  # noqa: ARG002
        self.refused[mailbox, uidvalidity, uid] = (why, header)
        self.journal.append("refuse")
        return Taken.REVIEW

    async def _read(self, chunks: AsyncIterator[bytes]) -> bytes:
        read = bytearray()
        async for chunk in chunks:
            self.largest_chunk = max(self.largest_chunk, len(chunk))
            read += chunk
        return bytes(read)


class Killed(BaseException):
    """Stands for the death of the process."""


class Watching:
    """Writes steps and events down. ``kill_at``: (step, before) at which the process dies, once."""

    def __init__(self, journal: list[str] | None = None, kill_at: tuple[str, bool] | None = None) -> None:
        self.journal = journal if journal is not None else []
        self.events: list[tuple[str, dict[str, str | int | float | None]]] = []
        self.kill_at = kill_at

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        if self.kill_at == (name, True):
            raise Killed
        yield
        self.journal.append(name)
        if self.kill_at == (name, False):
            raise Killed

    def event(self, name: str, **facts: str | int | float | None) -> None:
        self.events.append((name, facts))

    def names(self) -> list[str]:
        return [name for name, _ in self.events]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must happen; the test's own time-out is the limit."""
    while not condition():  # noqa: ASYNC110 - the condition is anybody's
        await asyncio.sleep(0.01)
