"""The second connection of a mailbox: EXAMINE and IDLE. It only wakes the poll; nothing depends on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway.intake.imap import plan
from gateway.intake.imap.errors import ImapError
from gateway.intake.imap.port import Connect
from gateway.model.ports import Chance, Observer
from gateway.model.settings import Mailbox

#: A turn of IDLE, in seconds: below the 9 minutes after which some middle boxes forget a connection.
TURN = 500.0


class Idler:
    """Waits for news of one folder for ever, reconnecting with backoff."""

    def __init__(
        self,
        settings: Mailbox,
        connect: Connect,
        wake: Callable[[], None],
        observer: Observer,
        sleep: Callable[[float], Awaitable[None]],
        chance: Chance,
        turn: float = TURN,
    ) -> None:
        self.idling = False
        self._settings = settings
        self._connect = connect
        self._wake = wake
        self._observer = observer
        self._sleep = sleep
        self._chance = chance
        self._turn = turn
        self._failures = 0

    async def run(self, reachable: asyncio.Event) -> None:
        """Until cancelled, or until the server proves not to know IDLE. Starts when the poll has a connection."""
        while True:
            await reachable.wait()
            try:
                await self._listen()
            except ImapError as error:
                self._failures += 1
                self._observer.event("imap.idle-lost", mailbox=self._settings.name, code=error.code)
                await self._sleep(plan.wait(error.code, self._failures, self._chance.fraction()))
            else:
                self._observer.event("imap.idle-unsupported", mailbox=self._settings.name)
                return

    async def _listen(self) -> None:
        session = await self._connect()
        try:
            if "IDLE" not in session.capabilities:
                return
            await session.select(self._settings.folder, read_only=True)
            self._wake()  # for what came while nobody listened
            self.idling = True
            while True:
                if await session.idle(self._turn):
                    self._wake()
                self._failures = 0
        finally:
            self.idling = False
            session.close()
