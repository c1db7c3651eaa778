"""One mailbox: every mail of its folder is taken, made durable, then moved once."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace

from gateway.intake.errors import IntakeError
from gateway.intake.imap import plan, reader
from gateway.intake.imap.errors import (
    CommandRefused,
    ConnectionLost,
    ImapError,
    Oversized,
    Renumbered,
    Unfetchable,
    Vanished,
)
from gateway.intake.imap.idler import TURN, Idler
from gateway.intake.imap.mover import Mover
from gateway.intake.imap.port import Connect, Seen, Session, Status, Taken, Taker
from gateway.intake.imap.session import MOST_AT_ONCE
from gateway.intake.imap.session import connect as open_session
from gateway.model.ports import Chance, Clock, Observer, SystemChance
from gateway.model.reasons import Reason
from gateway.model.settings import Mailbox

#: Times that the server must fail to hand over a mail before a person is asked.
STRIKES = 3


class Watcher:
    """Takes the mails of one mailbox. ``drain`` is one poll; ``run`` polls for ever, woken by IDLE."""

    def __init__(
        self,
        settings: Mailbox,
        tls: ssl.SSLContext | None,
        taker: Taker,
        clock: Clock,
        observer: Observer,
        *,
        connect: Connect | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Chance | None = None,
        idle_turn: float = TURN,
    ) -> None:
        connect = connect or (lambda: open_session(settings, tls))
        self._settings = settings
        self._taker = taker
        self._clock = clock
        self._observer = observer
        self._connect = connect
        self._sleep = sleep
        self._chance = chance or SystemChance()
        self._mover = Mover(settings, observer, connect)
        self._idler = Idler(settings, connect, self._woken, observer, sleep, self._chance, idle_turn)
        self._status = Status()
        self._session: Session | None = None
        self._uidvalidity: int | None = None
        self._strikes: Counter[int] = Counter()
        self._alone: dict[int, Seen] = {}
        self._stuck = False
        self._wake = asyncio.Event()
        self._reachable = asyncio.Event()
        self._draining = asyncio.Lock()
        self._opening = asyncio.Lock()

    @property
    def status(self) -> Status:
        """How the mailbox fares."""
        connected = self._session is not None and self._session.alive
        return replace(self._status, connected=connected, idling=self._idler.idling)

    async def run(self) -> None:
        """Until cancelled: poll when IDLE wakes us, and every ``poll`` seconds anyway.

        Reconnects for ever with backoff. Only an error that is no IntakeError ends it, as an ExceptionGroup.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._idler.run(self._reachable))
                tasks.create_task(self._poll_for_ever())
        finally:
            self.close()

    async def drain(self) -> int:
        """One poll: take and move all that is there; how many mails were taken.

        ImapError when the mailbox cannot be read now, IntakeStopped when the taker cannot keep anything: whatever was
        not taken is still in the folder.
        """
        async with self._draining:
            try:
                return await self._drain()
            except ImapError:
                self.close()
                raise

    def close(self) -> None:
        """Give the connection up; the next poll opens another."""
        self._reachable.clear()
        if self._session is not None:
            self._session.close()
            self._session = None

    async def _poll_for_ever(self) -> None:
        failures = 0
        while True:
            self._wake.clear()
            try:
                await self.drain()
            except IntakeError as error:
                failures += 1
                self._status = replace(self._status, trouble=str(error))
                self._observer.event(f"imap.{error.code}", mailbox=self._settings.name, failures=failures)
                await self._sleep(plan.wait(error.code, failures, self._chance.fraction()))
            else:
                failures = 0
                await self._until_woken()

    async def _until_woken(self) -> None:
        waits = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(self._sleep(self._settings.poll))]
        try:
            over, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in over:
                wait.result()
        finally:
            for wait in waits:
                wait.cancel()

    def _woken(self) -> None:
        self._status = replace(self._status, last_wake=self._clock.now())
        self._wake.set()

    async def _drain(self) -> int:
        uids = await (await self._refreshed()).search("UNDELETED")
        self._status = replace(self._status, last_poll=self._clock.now(), in_folder=len(uids))
        self._stuck, taken, moved = False, 0, 0
        # what the server fails to hand over must not keep the others waiting
        for batch in plan.batches(sorted(uids, key=lambda uid: (self._strikes[uid], uid)), MOST_AT_ONCE):
            known = await self._taker.known(self._settings.name, self._numbering, batch)
            new = await self._take_all([uid for uid in batch if uid not in known])
            taken, moved = taken + new[0], moved + new[1] + await self._move(known, again=True)
        self._status = replace(self._status, in_folder=len(uids) - moved, unmoved=len(uids) - moved, trouble=None)
        return taken

    async def _take_all(self, uids: Sequence[int]) -> tuple[int, int]:
        if not uids:
            return 0, 0
        taken = moved = 0
        alone = [self._alone[uid] for uid in uids if uid in self._alone]
        seen = await self._sizes([uid for uid in uids if uid not in self._alone])
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
        session = await self._connected()
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
        session = await self._connected()
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
            else reader.chunks(self._connected, self._sleep, mail.uid, mail.size, self._settings.max_size)
        )
        try:
            taken = await self._taker.take(self._settings.name, self._numbering, mail.uid, chunks, mail.size)
        except Vanished:
            self._observer.event("imap.vanished", mailbox=self._settings.name)
            return None
        except Oversized:
            return await self._refuse(mail, Reason.TOO_LARGE)
        except Unfetchable:
            return await self._strike(mail)
        self._forgive(mail.uid)
        return taken

    async def _strike(self, mail: Seen) -> Taken | None:
        self._strikes[mail.uid] += 1
        self._alone[mail.uid] = mail
        self._observer.event("imap.unfetchable", mailbox=self._settings.name, times=self._strikes[mail.uid])
        if self._strikes[mail.uid] < STRIKES:
            return None
        taken = await self._refuse(mail, Reason.UNREADABLE)
        self._forgive(mail.uid)
        return taken

    def _forgive(self, uid: int) -> None:
        self._strikes.pop(uid, None)
        self._alone.pop(uid, None)

    async def _refuse(self, mail: Seen, why: Reason) -> Taken | None:
        session = await self._connected()
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
        return await self._taker.refuse(self._settings.name, self._numbering, mail.uid, mail.size, why, header)

    async def _move(self, taken: dict[int, Taken], *, again: bool = False) -> int:
        """How many went. When a whole group stays, the folder refuses: the rest is tried at a later poll."""
        moved = 0
        for where in Taken:
            for uids in plan.batches(sorted(uid for uid, folder in taken.items() if folder is where), 50):
                if self._stuck:
                    return moved
                gone = await self._mover.move(await self._connected(), uids, where, again=again)
                self._stuck = gone == 0
                moved += gone
        return moved

    @property
    def _numbering(self) -> int:
        if self._uidvalidity is None:
            raise Renumbered("Aucun dossier n'est ouvert.")
        return self._uidvalidity

    async def _connected(self) -> Session:
        """The connection of the moment. Renumbered once when the folder proves to be another one."""
        async with self._opening:
            if self._session is None or not self._session.alive:
                self.close()
                self._session = await self._open()
                self._reachable.set()
                self._observer.event("imap.connected", mailbox=self._settings.name)
            return self._session

    async def _refreshed(self) -> Session:
        """A connection that has the news. One that went while nobody spoke is opened again at once."""
        session = await self._connected()
        try:
            await session.noop()
        except ConnectionLost:
            session = await self._connected()
        return session

    async def _open(self) -> Session:
        session = await self._connect()
        try:
            await self._mover.prepare(session)
            self._number(await session.select(self._settings.folder))
        except BaseException:
            session.close()
            raise
        return session

    def _number(self, uidvalidity: int) -> None:
        before, self._uidvalidity = self._uidvalidity, uidvalidity
        if before not in (None, uidvalidity):
            self._strikes.clear()
            self._alone.clear()
            raise Renumbered("Le dossier a été recréé sur le serveur : ses messages sont numérotés autrement.")


async def _once(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), reader.PIECE):
        yield body[start : start + reader.PIECE]
