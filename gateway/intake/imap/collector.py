"""One sweep of a folder: what is there and not ours yet is taken, what is ours is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from gateway.intake.imap import plan, reader
from gateway.intake.imap.errors import CommandRefused, ConnectionLost, Oversized, Unfetchable, Vanished
from gateway.intake.imap.link import Link
from gateway.intake.imap.mover import Mover
from gateway.intake.imap.port import Seen, Taken, Taker
from gateway.intake.imap.session import MOST_AT_ONCE
from gateway.model.ports import Clock, Observer
from gateway.model.reasons import Reason
from gateway.model.settings import Mailbox

#: How often, and for how many seconds, the server must fail to hand over a mail before a person is asked: its storage
#: may be away for a while.
STRIKES = 3
PATIENCE = 900.0


@dataclass(frozen=True, slots=True)
class Swept:
    """Numbers of mails: in the folder at the start, taken, moved."""

    found: int
    taken: int
    moved: int


@dataclass(frozen=True, slots=True)
class _Failing:
    """A mail that was not handed over: how many times, first and last when (monotonic seconds)."""

    times: int
    first: float
    last: float


class Collector:
    """Collects the mails of one folder. It remembers only what the server failed to hand over."""

    def __init__(
        self,
        settings: Mailbox,
        link: Link,
        taker: Taker,
        mover: Mover,
        observer: Observer,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        patience: float,
    ) -> None:
        self._settings = settings
        self._link = link
        self._taker = taker
        self._mover = mover
        self._observer = observer
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._numbering: int | None = None
        self._failing: dict[int, _Failing] = {}
        self._alone: dict[int, Seen] = {}
        self._stuck = False

    async def sweep(self) -> Swept:
        """Take and move all that is there. Raises as ``Watcher.drain``."""
        uids = await (await self._link.refreshed()).search("UNDELETED")
        self._begin()
        taken = moved = 0
        for batch in plan.batches(uids, MOST_AT_ONCE):
            known = await self._taker.known(self._settings.name, self._link.uidvalidity, batch)
            new = await self._take_all([uid for uid in batch if uid not in known])
            taken, moved = taken + new[0], moved + new[1] + await self._move(known, again=True)
        return Swept(len(uids), taken, moved)

    def _begin(self) -> None:
        self._stuck = False
        if self._numbering != self._link.uidvalidity:
            self._numbering = self._link.uidvalidity
            self._failing.clear()
            self._alone.clear()

    async def _take_all(self, uids: Sequence[int]) -> tuple[int, int]:
        if not uids:
            return 0, 0
        taken = moved = 0
        alone = [self._alone[uid] for uid in uids if uid in self._alone and self._due(uid)]
        seen = await self._sizes([uid for uid in uids if uid not in self._alone])
        # last, what the server failed to hand over: it costs time, and must not keep the others waiting
        for group in plan.groups([*seen, *alone], self._alone):
            bodies = await self._bodies(group)
            together = [mail for mail in group if mail.uid in bodies]
            for hand in filter(None, [together, *([mail] for mail in group if mail.uid not in bodies)]):
                results, failure = await self._take_hand(hand, bodies)
                taken, moved = taken + len(results), moved + await self._move(results)
                if failure is not None:
                    raise failure
        return taken, moved

    async def _sizes(self, uids: Sequence[int]) -> list[Seen]:
        """In the order of ``uids``. A mail at which the server refuses, or breaks off, is found by halving."""
        if not uids:
            return []
        session = await self._link.session()
        try:
            seen = {mail.uid: mail for mail in await session.sizes(uids)}
        except (CommandRefused, ConnectionLost):
            if len(uids) == 1:
                self._alone[uids[0]] = Seen(uids[0], 0)
                return [Seen(uids[0], 0)]
            half = len(uids) // 2
            return await self._sizes(uids[:half]) + await self._sizes(uids[half:])
        return [seen[uid] for uid in uids if uid in seen]

    async def _bodies(self, group: list[Seen]) -> dict[int, bytes]:
        """The small mails of a group, fetched at once; whatever is missing is to be read alone."""
        if len(group) == 1 and (group[0].size > plan.SMALL or group[0].uid in self._alone):
            return {}
        session = await self._link.session()
        try:
            answers = await session.bodies([mail.uid for mail in group], sum(mail.size for mail in group) * 2)
        except (CommandRefused, ConnectionLost):
            self._alone.update((mail.uid, mail) for mail in group)
            return {}
        return {answer.uid: bytes(answer.body) for answer in answers if answer.body is not None}

    async def _take_hand(
        self, hand: list[Seen], bodies: dict[int, bytes]
    ) -> tuple[dict[int, Taken], BaseException | None]:
        """What was taken, and the failure of one of them, if any: what is durable is moved all the same."""
        outcomes = await asyncio.gather(
            *(self._take(mail, bodies.get(mail.uid)) for mail in hand), return_exceptions=True
        )
        results = {m.uid: o for m, o in zip(hand, outcomes, strict=True) if isinstance(o, Taken)}
        return results, next((o for o in outcomes if isinstance(o, BaseException)), None)

    async def _take(self, mail: Seen, body: bytes | None) -> Taken | None:
        """Taken, or None when there is nothing to take (any more, or for now)."""
        if max(mail.size, len(body or b"")) > self._settings.max_size:
            return await self._refuse(mail, Reason.TOO_LARGE)
        chunks = (
            _once(body)
            if body is not None
            else reader.chunks(self._link.session, self._sleep, mail.uid, mail.size, self._settings.max_size)
        )
        try:
            taken = await self._taker.take(self._settings.name, self._link.uidvalidity, mail.uid, chunks, mail.size)
        except Vanished:
            self._observer.event("imap.vanished", mailbox=self._settings.name)
            self._forgive(mail.uid)
            return None
        except Oversized:
            return await self._refuse(mail, Reason.TOO_LARGE)
        except Unfetchable:
            return await self._strike(mail)
        self._forgive(mail.uid)
        return taken

    def _due(self, uid: int) -> bool:
        """Not more often than the safety poll, however often we are woken."""
        failing = self._failing.get(uid)
        return failing is None or self._clock.monotonic() - failing.last >= self._settings.poll

    async def _strike(self, mail: Seen) -> Taken | None:
        now = self._clock.monotonic()
        before = self._failing.get(mail.uid, _Failing(0, now, now))
        failing = self._failing[mail.uid] = _Failing(before.times + 1, before.first, now)
        self._alone[mail.uid] = mail
        self._observer.event("imap.unfetchable", mailbox=self._settings.name, times=failing.times)
        if failing.times < STRIKES or now - failing.first < self._patience:
            return None
        taken = await self._refuse(mail, Reason.UNREADABLE)
        self._forgive(mail.uid)
        return taken

    def _forgive(self, uid: int) -> None:
        self._failing.pop(uid, None)
        self._alone.pop(uid, None)

    async def _refuse(self, mail: Seen, why: Reason) -> Taken | None:
        session = await self._link.session()
        try:
            header = await session.header(mail.uid)
        except Vanished:
            return None
        except Unfetchable:
            header = b""
        except ConnectionLost:
            if why is Reason.TOO_LARGE:
                raise
            header = b""  # the connection breaks whenever this mail is read
        return await self._taker.refuse(self._settings.name, self._link.uidvalidity, mail.uid, mail.size, why, header)

    async def _move(self, taken: dict[int, Taken], *, again: bool = False) -> int:
        """How many went. When a whole group stays, the folder refuses: the rest is tried at a later poll."""
        moved = 0
        for where in Taken:
            for uids in plan.batches(sorted(uid for uid, folder in taken.items() if folder is where), 50):
                if self._stuck:
                    return moved
                gone = await self._mover.move(await self._link.session(), uids, where, again=again)
                self._stuck = gone == 0
                moved += gone
        return moved


async def _once(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), reader.PIECE):
        yield body[start : start + reader.PIECE]
