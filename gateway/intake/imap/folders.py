"""The folders beside the watched one: listed for the reconciliation, read again, purged."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from gateway.intake.imap import plan, reader
from gateway.intake.imap.errors import CommandRefused
from gateway.intake.imap.link import Link
from gateway.intake.imap.port import Connect, Listed, Session
from gateway.intake.imap.session import connect as open_session
from gateway.model.ports import Clock, Observer
from gateway.model.settings import Mailbox

_HEADERS_AT_ONCE = 200
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Folders:
    """Visits with connections of their own, each closed at the end of its visit. Errors: ImapError."""

    def __init__(
        self,
        settings: Mailbox,
        tls: ssl.SSLContext | None,
        clock: Clock,
        observer: Observer,
        *,
        connect: Connect | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._connect = connect or (lambda: open_session(settings, tls))
        self._clock = clock
        self._observer = observer
        self._sleep = sleep

    async def list_folder(self, folder: str, since_days: int) -> AsyncIterator[Listed]:
        """The mails that reached the mailbox in the last days, the day of the limit included. No folder: none."""
        async for listed in self._list(folder, f"SINCE {self._day(since_days)}"):
            yield listed

    async def list_older(self, folder: str, days: int) -> AsyncIterator[Listed]:
        """The mails that reached the mailbox before the last ``days``: those that a purge may consider."""
        async for listed in self._list(folder, f"BEFORE {self._day(days)}"):
            yield listed

    async def fetch(self, folder: str, mail: Listed) -> AsyncIterator[bytes]:
        """A mail's raw bytes in pieces, resumed after a cut. Vanished, Renumbered, Oversized, Unfetchable."""
        link = Link(self._connect, folder, read_only=True, uidvalidity=mail.uidvalidity)
        try:
            async for piece in reader.chunks(link.session, self._sleep, mail.uid, mail.size, self._settings.max_size):
                yield piece
        finally:
            link.close()

    async def delete(self, folder: str, mails: Sequence[Listed]) -> int:
        r"""Mark \Deleted and remove by UID EXPUNGE; without UIDPLUS they stay marked. How many were asked for."""
        for uidvalidity in {mail.uidvalidity for mail in mails}:
            uids = [mail.uid for mail in mails if mail.uidvalidity == uidvalidity]
            link = Link(self._connect, folder, uidvalidity=uidvalidity)
            try:
                for batch in plan.batches(uids, 400):
                    await self._remove(await link.session(), batch)
            finally:
                link.close()
        return len(mails)

    async def _remove(self, session: Session, uids: Sequence[int]) -> None:
        with self._observer.step("imap.store"):
            await session.mark_deleted(uids)
        if "UIDPLUS" in session.capabilities:
            with self._observer.step("imap.expunge"):
                await session.expunge(uids)

    async def _list(self, folder: str, criteria: str) -> AsyncIterator[Listed]:
        async with self._examined(folder) as (session, uidvalidity):
            if session is None:
                return
            for batch in plan.batches(await session.search(f"UNDELETED {criteria}"), _HEADERS_AT_ONCE):
                for mail, message_id in await session.message_ids(batch):
                    yield Listed(uidvalidity, mail.uid, mail.size, message_id)

    @asynccontextmanager
    async def _examined(self, folder: str) -> AsyncIterator[tuple[Session | None, int]]:
        session = await self._connect()
        try:
            try:
                uidvalidity = await session.select(folder, read_only=True)
            except CommandRefused:
                yield None, 0
                return
            yield session, uidvalidity
        finally:
            session.close()

    def _day(self, days: int) -> str:
        day = self._clock.now().date() - timedelta(days=days)
        return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
