"""clamd, asked over its own protocol (clamd(8): ``z`` commands, INSTREAM) on a Unix socket or on loopback.

Only ``stream: OK`` is clean. What clamd did not look at whole, above StreamMaxLength or another of its limits, is too
large; any other answer, or none, is an error: the caller comes again.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.model.causes import cause
from gateway.model.ports import Observer

_CHUNK = 256 * 1024
_LONGEST_ANSWER = 4096
_FOUND = re.compile(rb"stream: (.+) FOUND")
#: With AlertExceedsMax, what clamd gave up on is told as a signature of this name.
_GAVE_UP = "Heuristics.Limits.Exceeded"
_VERSION = re.compile(r"(ClamAV [^/\s]+)(?:/(\d+)/(.+))?")


class Verdict(StrEnum):
    """What a scan came to."""

    CLEAN = "clean"
    FOUND = "found"
    TOO_LARGE = "too-large"


@dataclass(frozen=True, slots=True)
class Scan:
    """``signature`` names what was found; it says nothing of the mail's content."""

    verdict: Verdict
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """The engine, and the number and instant (clamd's local time) of its signatures; None: a base without either."""

    engine: str
    number: int | None
    made: datetime | None


class ScreeningError(Exception):
    """Nothing was decided. ``code``: unreachable, timed-out or answer; the text is one French line."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Clamd:
    """One clamd; each question has a connection of its own."""

    def __init__(self, address: str, timeout: float, observer: Observer) -> None:
        """``address``: ``unix:/path`` or ``tcp://host:port``. ``timeout``: seconds for a whole question."""
        self._address, self._timeout, self._observer = address, timeout, observer

    async def scan(self, chunks: Iterable[bytes]) -> Scan:
        """Show it some bytes. ScreeningError when it did not say what they are."""
        with self._observer.step("antivirus.scan"):
            answer = await self._ask(b"INSTREAM", _frames(chunks))
        if answer == b"stream: OK":
            return Scan(Verdict.CLEAN)
        if answer.startswith(b"INSTREAM size limit exceeded"):
            return Scan(Verdict.TOO_LARGE)
        found = _FOUND.fullmatch(answer)
        if found is None:
            raise ScreeningError("answer", "clamd ne répond pas comme prévu ; voir ses journaux")
        signature = found[1].decode("ascii", "replace")
        return Scan(Verdict.TOO_LARGE if signature.startswith(_GAVE_UP) else Verdict.FOUND, signature)

    async def version(self) -> Version:
        """Whether it answers, and what it knows. ScreeningError."""
        said = _VERSION.fullmatch((await self._ask(b"VERSION")).decode("ascii", "replace").strip())
        if await self._ask(b"PING") != b"PONG" or said is None:
            raise ScreeningError("answer", "ce n'est pas clamd qui répond ; vérifier l'adresse")
        return Version(said[1], int(said[2]) if said[2] else None, _instant(said[3] or ""))

    async def _ask(self, command: bytes, frames: Iterable[bytes] = ()) -> bytes:
        try:
            async with asyncio.timeout(self._timeout), self._connection() as connection:
                whole = await _send(connection, b"z" + command + b"\0", frames)
                answer = await _answer(connection)
        except TimeoutError:
            text = f"clamd n'a pas répondu en {self._timeout:.0f} s ; voir ses journaux et la charge de la machine"
            raise ScreeningError("timed-out", text) from None
        except OSError as error:
            text = f"clamd est hors d'atteinte ({cause(error)}) ; vérifier qu'il est démarré"
            raise ScreeningError("unreachable", text) from error
        if not whole and not answer.endswith(b" ERROR"):
            raise ScreeningError("answer", "clamd a répondu avant d'avoir tout vu ; voir ses journaux")
        return answer

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[socket.socket]:
        kind, _, place = self._address.partition(":")
        host, _, port = place.removeprefix("//").rpartition(":")
        family = socket.AF_UNIX if kind == "unix" else socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as connection:
            connection.setblocking(False)
            where = place if kind == "unix" else (host.strip("[]"), int(port))
            await asyncio.get_running_loop().sock_connect(connection, where)
            yield connection


async def _send(connection: socket.socket, command: bytes, frames: Iterable[bytes]) -> bool:
    """Whether it took all: it answers and hangs up as soon as it has had too much, and what it said is still there.

    Plain sockets for that reason: a stream whose write fails gives up what it had received.
    """
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, command)
    for frame in frames:
        try:
            await loop.sock_sendall(connection, frame)
        except (BrokenPipeError, ConnectionResetError):
            return False
    return True


async def _answer(connection: socket.socket) -> bytes:
    loop, answer = asyncio.get_running_loop(), b""
    while len(answer) <= _LONGEST_ANSWER:
        received = await loop.sock_recv(connection, _LONGEST_ANSWER)
        answer += received
        if b"\0" in received:
            return answer.partition(b"\0")[0]
        if not received:
            break
    raise ScreeningError("answer", "clamd a coupé avant d'avoir répondu ; voir ses journaux")


def _frames(chunks: Iterable[bytes]) -> Iterable[bytes]:
    """Each chunk behind its length, four bytes in network order; a length of zero ends."""
    for chunk in chunks:
        for start in range(0, len(chunk), _CHUNK):
            piece = chunk[start : start + _CHUNK]
            yield struct.pack("!I", len(piece)) + piece
    yield struct.pack("!I", 0)


def _instant(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%a %b %d %H:%M:%S %Y").astimezone()
    except ValueError:
        return None
