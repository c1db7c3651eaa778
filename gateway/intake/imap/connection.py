"""A connection to an IMAP server: opened, secured, authenticated, and one command at a time."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from aioimaplib import aioimaplib

from gateway.intake.imap import wire
from gateway.intake.imap.errors import CommandRefused, ConnectionLost, ImapError, LoginRefused, TlsRefused
from gateway.intake.imap.login import Login, Sasl, credentials
from gateway.intake.imap.protocol import MIB, GuardedProtocol
from gateway.model.causes import cause
from gateway.model.settings import Mailbox

_CONNECT = 30.0
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))

T = TypeVar("T")


class Connection:
    """What every command goes through. ``silence``: seconds without a byte after which an answer is given up."""

    def __init__(self, settings: Mailbox, silence: float) -> None:
        self.capabilities: frozenset[str] = frozenset()
        self._settings = settings
        self.silence = silence
        self._lock = asyncio.Lock()
        self.protocol = GuardedProtocol()

    @property
    def alive(self) -> bool:
        """Whether the connection still stands, as far as we have heard."""
        return self.protocol.ended is None

    async def open(self, tls: ssl.SSLContext | None) -> None:
        """Connect and secure. Never goes on in clear when the setting asks for TLS."""
        if self._settings.tls != "none" and tls is None:
            raise TlsRefused("La configuration demande TLS mais aucun contexte TLS n'est donné.")
        await self._connect(tls if self._settings.tls == "implicit" else None)
        await self._bounded(self.protocol.greeted.wait)
        await self._read_capabilities()
        if self._settings.tls == "starttls" and tls is not None:
            await self._starttls(tls)

    async def login(self) -> None:
        """Authenticate, unless the server already knows us by our certificate (PREAUTH)."""
        if self.protocol.state == aioimaplib.AUTH:
            return
        try:
            await self._present(await credentials(self._settings, self.capabilities))
        except CommandRefused as error:
            raise LoginRefused(_LOGIN_REFUSED.format(s=self._settings, code=error.response_code or "NO")) from error
        self.protocol.state = aioimaplib.AUTH
        await self._read_capabilities()

    def close(self) -> None:
        """Leave, without CLOSE, which would expunge."""
        self.protocol.end("connexion fermée par la passerelle")

    async def run(
        self,
        name: str,
        *args: str,
        uid: bool = False,
        untagged: str | None = None,
        allowance: int = MIB,
        silence: float | None = None,
    ) -> list[wire.Part]:
        """The lines of the answer, the tagged one last. CommandRefused, ConnectionLost, TlsRefused."""
        tag, prefix = self.protocol.new_tag(), "UID" if uid else None
        try:
            command = aioimaplib.Command(name, tag, *args, prefix=prefix, untagged_resp_name=untagged)
        except ValueError as error:  # a line break, which would begin another command
            raise CommandRefused(name) from error
        return await self.execute(command, allowance=allowance, silence=silence)

    async def execute(
        self, command: aioimaplib.Command, *, allowance: int, silence: float | None = None
    ) -> list[wire.Part]:
        """As ``run``, for a command already made. ``allowance``: the most bytes that may come."""
        async with self._lock:
            response = await self._bounded(lambda: self.protocol.execute(command), allowance, silence)
        lines: list[wire.Part] = response.lines
        if response.result != "OK":
            raise CommandRefused(command.name, wire.response_code(lines))
        return lines

    async def _bounded(
        self, waiting: Callable[[], Coroutine[Any, Any, T]], allowance: int = MIB, silence: float | None = None
    ) -> T:
        """Wait within bounds; whatever goes wrong, this connection is no longer used."""
        protocol = self.protocol
        if protocol.ended is not None:
            raise self._why()
        try:
            async with protocol.bounded(silence or self.silence, allowance):
                return await waiting()
        except (TimeoutError, aioimaplib.AioImapException) as error:
            protocol.end("silence du serveur")
            raise self._why() from error
        except BaseException:
            protocol.end("échange interrompu")
            raise

    def _why(self) -> ImapError:
        where, ended = f"{self._settings.host}:{self._settings.port}", self.protocol.ended
        if isinstance(ended, ssl.SSLError):
            return TlsRefused(f"Le serveur {where} refuse notre connexion TLS ou notre certificat ({cause(ended)}).")
        why = cause(ended) if isinstance(ended, OSError) else ended
        return ConnectionLost(f"Connexion perdue avec le serveur IMAP {where} : {why}.")

    async def _connect(self, tls: ssl.SSLContext | None) -> None:
        host, port = self._settings.host, self._settings.port
        loop = asyncio.get_running_loop()
        name = host if tls else None
        transport, _ = await self._reached(
            loop.create_connection(lambda: self.protocol, host, port, ssl=tls, server_hostname=name)
        )
        connection = transport.get_extra_info("socket")
        with suppress(OSError):  # already gone: the next command says so
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in _KEEPALIVE:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)

    async def _starttls(self, tls: ssl.SSLContext) -> None:
        if "STARTTLS" not in self.capabilities or self.protocol.state != aioimaplib.NONAUTH:
            raise TlsRefused(
                "Le serveur IMAP ne propose pas STARTTLS : la passerelle ne continue jamais en clair. "
                "Vérifiez port et tls dans la configuration de la boîte."
            )
        await self.run("STARTTLS")
        loop = asyncio.get_running_loop()
        protocol = self.protocol
        if protocol.ended is not None:
            raise self._why()
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
            raise TlsRefused(_CERTIFICATE.format(where=where, why=cause(error))) from error
        except ssl.SSLError as error:
            raise TlsRefused(f"La connexion TLS avec {where} échoue ({cause(error)}).") from error
        except TimeoutError as error:
            raise ConnectionLost(f"Le serveur IMAP {where} ne répond pas.") from error
        except OSError as error:
            raise ConnectionLost(f"Le serveur IMAP {where} ne peut être joint ({cause(error)}).") from error

    async def _present(self, who: Sasl | Login) -> None:
        if isinstance(who, Login):
            await self.run("LOGIN", wire.quote(who.user), wire.quote(who.password))
            return
        self.protocol.sasl.clear()
        if "SASL-IR" in self.capabilities:
            self.protocol.sasl.extend(who.further)
            await self.run("AUTHENTICATE", who.mechanism, who.initial.decode() or "=")
        else:
            self.protocol.sasl.extend((who.initial, *who.further))
            await self.run("AUTHENTICATE", who.mechanism)

    async def _read_capabilities(self) -> None:
        lines = await self.run("CAPABILITY")
        words = b" ".join(bytes(line) for line in lines[:-1]).decode("ascii", "replace").upper().split()
        self.capabilities = frozenset(words)


_CERTIFICATE = (
    "Le certificat du serveur IMAP {where} n'est pas accepté ({why}). Rien n'a été transmis. "
    "Vérifiez ca, crl et host dans la configuration de la boîte."
)
_LOGIN_REFUSED = (
    "Le serveur IMAP {s.host}:{s.port} refuse l'identification ({code}) de la boîte « {s.name} ». "
    "Vérifiez user et le secret ou le certificat (auth = {s.auth})."
)
