"""The connection of the moment to one folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway.intake.imap.errors import ConnectionLost, Renumbered
from gateway.intake.imap.port import Connect, Session


async def _nothing(_session: Session) -> None:
    return None


class Link:
    """Opened anew when the last connection broke; always the same folder, under the same numbering.

    ``opened`` is called with each new connection, its folder selected. ``uidvalidity`` is the numbering that the caller
    knows, if any.
    """

    def __init__(
        self,
        connect: Connect,
        folder: str,
        *,
        read_only: bool = False,
        uidvalidity: int | None = None,
        opened: Callable[[Session], Awaitable[None]] = _nothing,
    ) -> None:
        self._connect = connect
        self._folder = folder
        self._read_only = read_only
        self._uidvalidity = uidvalidity
        self._opened = opened
        self._session: Session | None = None
        self._opening = asyncio.Lock()

    @property
    def alive(self) -> bool:
        """Whether a connection stands, as far as we have heard."""
        return self._session is not None and self._session.alive

    @property
    def uidvalidity(self) -> int:
        """The numbering of the folder. Renumbered when it was never opened."""
        if self._uidvalidity is None:
            raise Renumbered("Aucun dossier n'est ouvert.")
        return self._uidvalidity

    async def session(self) -> Session:
        """The connection. Renumbered, once, when the folder proves to be another one than before."""
        async with self._opening:
            if self._session is None or not self._session.alive:
                self.close()
                self._session = await self._open()
            return self._session

    async def refreshed(self) -> Session:
        """A connection that has the news. One that went while nobody spoke is opened again at once."""
        session = await self.session()
        try:
            await session.noop()
        except ConnectionLost:
            session = await self.session()
        return session

    def close(self) -> None:
        """Give the connection up."""
        if self._session is not None:
            self._session.close()
            self._session = None

    async def _open(self) -> Session:
        session = await self._connect()
        try:
            found = await session.select(self._folder, read_only=self._read_only)
            before, self._uidvalidity = self._uidvalidity, found
            if before not in (None, found):
                raise Renumbered("Le dossier a été recréé sur le serveur : ses messages sont numérotés autrement.")
            await self._opened(session)
        except BaseException:
            session.close()
            raise
        return session
