"""One mailbox: every mail of its folder is taken, made durable, then moved once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateway.intake.errors import IntakeError
from gateway.intake.imap import plan
from gateway.intake.imap.collector import PATIENCE, Collector
from gateway.intake.imap.errors import ImapError
from gateway.intake.imap.idler import TURN, Idler
from gateway.intake.imap.link import Link
from gateway.intake.imap.mover import Mover
from gateway.intake.imap.port import Connect, Session, Status, Taker
from gateway.intake.imap.session import connect as open_session
from gateway.model.ports import Chance, Clock, Observer, SystemChance
from gateway.model.settings import Mailbox


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
        patience: float = PATIENCE,
    ) -> None:
        connect = connect or (lambda: open_session(settings, tls))
        self._settings = settings
        self._clock = clock
        self._observer = observer
        self._sleep = sleep
        self._chance = chance or SystemChance()
        self._mover = Mover(settings, observer, connect)
        self._link = Link(connect, settings.folder, opened=self._opened)
        self._collector = Collector(settings, self._link, taker, self._mover, observer, clock, sleep, patience)
        self._idler = Idler(settings, connect, self._woken, observer, sleep, self._chance, idle_turn)
        self._status = Status()
        self._wake = asyncio.Event()
        self._reachable = asyncio.Event()
        self._draining = asyncio.Lock()

    @property
    def status(self) -> Status:
        """How the mailbox fares."""
        return replace(self._status, connected=self._link.alive, idling=self._idler.idling)

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
                swept = await self._collector.sweep()
            except ImapError:
                self.close()
                raise
            left = swept.found - swept.moved
            now = self._clock.now()
            self._status = replace(self._status, last_poll=now, in_folder=left, unmoved=left, trouble=None)
            return swept.taken

    def close(self) -> None:
        """Give the connection up; the next poll opens another."""
        self._reachable.clear()
        self._link.close()

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

    async def _opened(self, session: Session) -> None:
        await self._mover.prepare(session)
        self._reachable.set()
        self._observer.event("imap.connected", mailbox=self._settings.name)
