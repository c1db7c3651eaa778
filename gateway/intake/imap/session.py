"""The IMAP session: connection, TLS, login and the few commands that the gateway uses, one at a time."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from aioimaplib import aioimaplib

from gateway.intake.imap import wire
from gateway.intake.imap.errors import (
    CommandRefused,
    ConnectionLost,
    ImapError,
    LoginRefused,
    Renumbered,
    TlsRefused,
    Unfetchable,
    Vanished,
)
from gateway.intake.imap.login import Login, Sasl, credentials
from gateway.intake.imap.port import Seen
from gateway.intake.imap.protocol import MIB, SILENCE, Fetch, GuardedProtocol
from gateway.model.settings import Mailbox

HEADER_LIMIT = 64 << 10
MOST_AT_ONCE = 400
_CONNECT = 30.0
_UIDVALIDITY = re.compile(rb"\[UIDVALIDITY (\d+)\]", re.IGNORECASE)
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))

T = TypeVar("T")


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


class AioSession:
    """The Session port over aioimaplib."""

    def __init__(self, settings: Mailbox, silence: float) -> None:
        self.capabilities: frozenset[str] = frozenset()
        self.read_only = False
        self._settings = settings
        self._silence = silence
        self._lock = asyncio.Lock()
        self._protocol = GuardedProtocol()

    @property
    def alive(self) -> bool:
        """Whether the connection still stands, as far as we have heard."""
        return self._protocol.ended is None

    async def open(self, tls: ssl.SSLContext | None) -> None:
        """Connect and secure. Never goes on in clear when the setting asks for TLS."""
        if self._settings.tls != "none" and tls is None:
            raise TlsRefused("La configuration demande TLS mais aucun contexte TLS n'est donné.")
        await self._connect(tls if self._settings.tls == "implicit" else None)
        await self._bounded(self._protocol.greeted.wait)
        await self._read_capabilities()
        if self._settings.tls == "starttls" and tls is not None:
            await self._starttls(tls)

    async def login(self) -> None:
        """Authenticate, unless the server already knows us by our certificate (PREAUTH)."""
        if self._protocol.state == aioimaplib.AUTH:
            return
        try:
            await self._present(await credentials(self._settings, self.capabilities))
        except CommandRefused as error:
            raise LoginRefused(_LOGIN_REFUSED.format(s=self._settings, code=error.response_code or "NO")) from error
        self._protocol.state = aioimaplib.AUTH
        await self._read_capabilities()

    async def select(self, folder: str, *, read_only: bool = False) -> int:
        """SELECT or EXAMINE; gives the UIDVALIDITY."""
        name = "EXAMINE" if read_only else "SELECT"
        lines = await self._run(name, wire.folder_name(folder))
        self._protocol.state = aioimaplib.SELECTED
        self._protocol.announced.clear()
        self.read_only = wire.response_code(lines) == "READ-ONLY"
        uidvalidity = wire.number(lines, _UIDVALIDITY)
        if uidvalidity is None:
            raise Renumbered("Le serveur IMAP ne donne pas de UIDVALIDITY : les messages ne peuvent être reconnus.")
        return uidvalidity

    async def search(self, criteria: str) -> list[int]:
        """UID SEARCH, ascending."""
        return wire.searched(await self._run("SEARCH", criteria, uid=True, allowance=8 * MIB))

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
        await self._run("MOVE", wire.uid_set(uids), wire.folder_name(folder), uid=True)

    async def copy(self, uids: Sequence[int], folder: str) -> set[int] | None:
        """UID COPY; the UIDs that COPYUID confirms, None when the server does not say."""
        return wire.copied(await self._run("COPY", wire.uid_set(uids), wire.folder_name(folder), uid=True))

    async def mark_deleted(self, uids: Sequence[int]) -> None:
        r"""UID STORE +FLAGS.SILENT (\Deleted)."""
        await self._run("STORE", wire.uid_set(uids), "+FLAGS.SILENT", r"(\Deleted)", uid=True, untagged="FETCH")

    async def expunge(self, uids: Sequence[int]) -> None:
        """UID EXPUNGE."""
        await self._run("EXPUNGE", wire.uid_set(uids), uid=True)

    async def ensure(self, folder: str) -> None:
        """Create the folder when it is absent."""
        name = wire.folder_name(folder)
        try:
            await self._run("STATUS", name, "(MESSAGES)")
        except CommandRefused:
            await self._run("CREATE", name)

    async def noop(self) -> None:
        """Ask for news; notices a connection that has gone."""
        await self._run("NOOP", allowance=8 * MIB)

    async def idle(self, seconds: float) -> bool:
        """IDLE until the server announces mail (True) or the time is up (False)."""
        protocol = self._protocol
        command = asyncio.ensure_future(self._run("IDLE", silence=seconds + self._silence))
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

    def close(self) -> None:
        """Leave, without CLOSE, which would expunge."""
        self._protocol.end("connexion fermée par la passerelle")

    async def _announced(self) -> None:
        await self._protocol.wait_for_idle_response()
        await self._protocol.announced.wait()

    async def _connect(self, tls: ssl.SSLContext | None) -> None:
        host, port = self._settings.host, self._settings.port
        loop = asyncio.get_running_loop()
        name = host if tls else None
        transport, _ = await self._reached(
            loop.create_connection(lambda: self._protocol, host, port, ssl=tls, server_hostname=name)
        )
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)

    async def _starttls(self, tls: ssl.SSLContext) -> None:
        if "STARTTLS" not in self.capabilities or self._protocol.state != aioimaplib.NONAUTH:
            raise TlsRefused(
                "Le serveur IMAP ne propose pas STARTTLS : la passerelle ne continue jamais en clair. "
                "Vérifiez port et tls dans la configuration de la boîte."
            )
        await self._run("STARTTLS")
        loop = asyncio.get_running_loop()
        protocol = self._protocol
        upgrade = loop.start_tls(protocol.transport, protocol, tls, server_hostname=self._settings.host)
        protocol.transport = await self._reached(upgrade)
        protocol.sealed = False
        await self._read_capabilities()

    async def _reached(self, opening: Coroutine[Any, Any, T]) -> T:
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            async with asyncio.timeout(_CONNECT):
                return await opening
        except ssl.SSLCertVerificationError as error:
            raise TlsRefused(_CERTIFICATE.format(where=where, why=error.verify_message)) from error
        except ssl.SSLError as error:
            raise TlsRefused(f"La connexion TLS avec {where} échoue ({error.reason}).") from error
        except TimeoutError as error:
            raise ConnectionLost(f"Le serveur IMAP {where} ne répond pas.") from error
        except OSError as error:
            raise ConnectionLost(f"Le serveur IMAP {where} ne peut être joint ({error.strerror or error}).") from error

    async def _present(self, who: Sasl | Login) -> None:
        if isinstance(who, Login):
            await self._run("LOGIN", wire.quote(who.user), wire.quote(who.password))
            return
        self._protocol.sasl.clear()
        if "SASL-IR" in self.capabilities:
            self._protocol.sasl.extend(who.further)
            await self._run("AUTHENTICATE", who.mechanism, who.initial.decode() or "=")
        else:
            self._protocol.sasl.extend((who.initial, *who.further))
            await self._run("AUTHENTICATE", who.mechanism)

    async def _read_capabilities(self) -> None:
        lines = await self._run("CAPABILITY")
        words = b" ".join(bytes(line) for line in lines[:-1]).decode("ascii", "replace").upper().split()
        self.capabilities = frozenset(words)

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
        command = Fetch(self._protocol.new_tag(), wire.uid_set(uids), items)
        return list(wire.fetched(await self._execute(command, allowance=allowance)))

    async def _run(
        self,
        name: str,
        *args: str,
        uid: bool = False,
        untagged: str | None = None,
        allowance: int = MIB,
        silence: float | None = None,
    ) -> list[wire.Part]:
        tag, prefix = self._protocol.new_tag(), "UID" if uid else None
        command = aioimaplib.Command(name, tag, *args, prefix=prefix, untagged_resp_name=untagged)
        return await self._execute(command, allowance=allowance, silence=silence)

    async def _execute(
        self, command: aioimaplib.Command, *, allowance: int, silence: float | None = None
    ) -> list[wire.Part]:
        async with self._lock:
            response = await self._bounded(lambda: self._protocol.execute(command), allowance, silence)
        lines: list[wire.Part] = response.lines
        if response.result != "OK":
            raise CommandRefused(command.name, wire.response_code(lines))
        return lines

    async def _bounded(
        self, waiting: Callable[[], Coroutine[Any, Any, T]], allowance: int = MIB, silence: float | None = None
    ) -> T:
        """Wait within bounds; whatever goes wrong, this connection is no longer used."""
        protocol = self._protocol
        if protocol.ended is not None:
            raise self._why()
        try:
            async with protocol.bounded(silence or self._silence, allowance):
                return await waiting()
        except (TimeoutError, aioimaplib.AioImapException) as error:
            protocol.end("silence du serveur")
            raise self._why() from error
        except BaseException:
            protocol.end("échange interrompu")
            raise

    def _why(self) -> ImapError:
        where, ended = f"{self._settings.host}:{self._settings.port}", self._protocol.ended
        if isinstance(ended, ssl.SSLError):
            return TlsRefused(f"Le serveur {where} refuse notre connexion TLS ou notre certificat ({ended.reason}).")
        return ConnectionLost(f"Connexion perdue avec le serveur IMAP {where} : {ended}.")


_CERTIFICATE = (
    "Le certificat du serveur IMAP {where} n'est pas accepté ({why}). Rien n'a été transmis. "
    "Vérifiez ca, crl et host dans la configuration de la boîte."
)
_LOGIN_REFUSED = (
    "Le serveur IMAP {s.host}:{s.port} refuse l'identification ({code}) de la boîte « {s.name} ». "
    "Vérifiez user et le secret ou le certificat (auth = {s.auth})."
)
