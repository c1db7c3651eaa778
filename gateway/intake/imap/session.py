"""The IMAP session: the few commands that the gateway uses, over aioimaplib."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence

from aioimaplib import aioimaplib

from gateway.intake.imap import wire
from gateway.intake.imap.connection import Connection
from gateway.intake.imap.errors import CommandRefused, Renumbered, Unfetchable, Vanished
from gateway.intake.imap.port import Seen
from gateway.intake.imap.protocol import MIB, SILENCE, Fetch
from gateway.model.settings import Mailbox

HEADER_LIMIT = 64 << 10
MOST_AT_ONCE = 400
_UIDVALIDITY = re.compile(rb"\[UIDVALIDITY (\d+)\]", re.IGNORECASE)


async def connect(settings: Mailbox, tls: ssl.SSLContext | None, silence: float = SILENCE) -> AioSession:
    """Open, secure and authenticate. ConnectionLost, TlsRefused, LoginRefused; their text is for the operator."""
    session = AioSession(settings, silence)
    try:
        await session.open(tls)
        await session.login()
    except BaseException:
        session.close()
        raise
    return session


class AioSession(Connection):
    """The Session port over aioimaplib."""

    read_only = False

    async def select(self, folder: str, *, read_only: bool = False) -> int:
        """SELECT or EXAMINE; gives the UIDVALIDITY."""
        name = "EXAMINE" if read_only else "SELECT"
        lines = await self.run(name, wire.folder_name(folder))
        self.protocol.state = aioimaplib.SELECTED
        self.protocol.announced.clear()
        self.read_only = wire.response_code(lines) == "READ-ONLY"
        uidvalidity = wire.number(lines, _UIDVALIDITY)
        if uidvalidity is None:
            raise Renumbered("Le serveur IMAP ne donne pas de UIDVALIDITY : les messages ne peuvent être reconnus.")
        return uidvalidity

    async def search(self, criteria: str) -> list[int]:
        """UID SEARCH, ascending."""
        return wire.searched(await self.run("SEARCH", criteria, uid=True, allowance=8 * MIB))

    async def sizes(self, uids: Sequence[int]) -> list[Seen]:
        """RFC822.SIZE of each."""
        answers = await self._fetch(uids[:MOST_AT_ONCE], "(UID RFC822.SIZE)", MIB)
        return [Seen(answer.uid, answer.size) for answer in answers if answer.size is not None]

    async def bodies(self, uids: Sequence[int], limit: int) -> list[wire.Fetched]:
        """Whole mails, flags untouched."""
        return await self._fetch(uids, "(UID BODY.PEEK[])", limit + MIB)

    async def piece(self, uid: int, offset: int, length: int) -> bytes:
        """``length`` bytes of a mail from ``offset``, fewer at its end."""
        body = await self._section(uid, f"(UID BODY.PEEK[]<{offset}.{length}>)", length)
        if len(body) > length:
            raise Unfetchable(f"Le serveur IMAP ne sait pas livrer le message UID {uid} par morceaux.")
        return body

    async def header(self, uid: int) -> bytes:
        """The mail's header fields, at most 64 kB."""
        return (await self._section(uid, f"(UID BODY.PEEK[HEADER]<0.{HEADER_LIMIT}>)", HEADER_LIMIT))[:HEADER_LIMIT]

    async def message_ids(self, uids: Sequence[int]) -> list[tuple[Seen, str]]:
        """Size and Message-ID of each."""
        items = "(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
        answers = await self._fetch(uids, items, 8 * MIB)
        return [(Seen(a.uid, a.size or 0), wire.message_id(a.body)) for a in answers if a.body is not None]

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """UID MOVE."""
        await self.run("MOVE", wire.uid_set(uids), wire.folder_name(folder), uid=True)

    async def copy(self, uids: Sequence[int], folder: str) -> set[int] | None:
        """UID COPY; the UIDs that COPYUID confirms, None when the server does not say."""
        return wire.copied(await self.run("COPY", wire.uid_set(uids), wire.folder_name(folder), uid=True))

    async def mark_deleted(self, uids: Sequence[int]) -> None:
        r"""UID STORE +FLAGS.SILENT (\Deleted)."""
        await self.run("STORE", wire.uid_set(uids), "+FLAGS.SILENT", r"(\Deleted)", uid=True, untagged="FETCH")

    async def expunge(self, uids: Sequence[int]) -> None:
        """UID EXPUNGE."""
        await self.run("EXPUNGE", wire.uid_set(uids), uid=True)

    async def ensure(self, folder: str) -> None:
        """Create the folder when it is absent."""
        name = wire.folder_name(folder)
        try:
            await self.run("STATUS", name, "(MESSAGES)")
        except CommandRefused:
            await self.run("CREATE", name)

    async def noop(self) -> None:
        """Ask for news; notices a connection that has gone."""
        await self.run("NOOP", allowance=8 * MIB)

    async def idle(self, seconds: float) -> bool:
        """IDLE until the server announces mail (True) or the time is up (False)."""
        protocol = self.protocol
        command = asyncio.ensure_future(self.run("IDLE", silence=seconds + self.silence))
        announced = asyncio.ensure_future(self._announced())
        try:
            await asyncio.wait({command, announced}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not command.done():
                protocol.idle_done()
            await command
        finally:
            announced.cancel()
            command.cancel()
        news = protocol.announced.is_set()
        protocol.announced.clear()
        return news

    async def _announced(self) -> None:
        await self.protocol.wait_for_idle_response()
        await self.protocol.announced.wait()

    async def _section(self, uid: int, items: str, length: int) -> bytes:
        try:
            answers = await self._fetch([uid], items, length + MIB)
        except CommandRefused as error:
            raise Unfetchable(f"Le serveur IMAP ne livre pas le message UID {uid}.") from error
        bodies = [answer.body for answer in answers if answer.uid == uid]
        if not bodies:
            raise Vanished(f"Le message UID {uid} n'est plus dans le dossier.")
        body = next((body for body in bodies if body is not None), None)
        if body is None:
            raise Unfetchable(f"Le serveur IMAP ne livre pas le message UID {uid}.")
        return bytes(body)

    async def _fetch(self, uids: Sequence[int], items: str, allowance: int) -> list[wire.Fetched]:
        command = Fetch(self.protocol.new_tag(), wire.uid_set(uids), items)
        return list(wire.fetched(await self.execute(command, allowance=allowance)))
