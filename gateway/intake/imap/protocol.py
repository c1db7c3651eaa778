"""aioimaplib's protocol with the guards that it lacks (STACK §2; aioimaplib issues 107 and 118).

- Lines are read in a loop, not by recursion: a server may say ``EXPUNGE`` 1500 times in one packet.
- Parentheses are counted outside quoted strings, once, line by line.
- What one command may receive is bounded, and silence ends it; both break the connection.
- BYE, a lost connection and an answer that cannot be read end the command in hand at once.
- A SASL challenge is answered. Bytes that follow the answer to STARTTLS are refused (they were injected).
- Its logger never speaks below WARNING: at DEBUG it writes mails into the log.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aioimaplib import aioimaplib

logging.getLogger(aioimaplib.__name__).setLevel(logging.WARNING)

MIB = 1 << 20
#: A command may last longer than this only by going on receiving.
SILENCE = 60.0
#: The longest that one command may last, IDLE excepted.
LONGEST = 900.0

_LITERAL = re.compile(rb".*\{(\d{1,12})\}$", re.DOTALL)
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
_UNREADABLE = (aioimaplib.AioImapException, ValueError, LookupError, AttributeError, RecursionError)


class GuardedProtocol(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]
    """One connection. ``ended`` says why it is over: an exception, BYE's text, or None while it lives."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop(), conn_lost_cb=self._lost)
        self.incomplete_line: bytes = b""
        self.current_command: aioimaplib.Command | None = None
        self.greeted = asyncio.Event()
        self.announced = asyncio.Event()
        self.ended: Exception | str | None = None
        self.sasl: deque[bytes] = deque()
        self.sealed = False
        self._scope: asyncio.Timeout | None = None
        self._silence = SILENCE
        self._latest = 0.0
        self._allowance = MIB

    @asynccontextmanager
    async def bounded(self, silence: float = SILENCE, allowance: int = MIB) -> AsyncIterator[None]:
        """The time and the bytes that what is inside may use; TimeoutError also when the connection ends."""
        loop = asyncio.get_running_loop()
        self._silence, self._allowance = silence, allowance
        self._latest = loop.time() + max(LONGEST, silence)
        try:
            async with asyncio.timeout(silence) as self._scope:
                yield
        finally:
            self._scope = None

    def end(self, why: Exception | str) -> None:
        """Break the connection; the command in hand ends now."""
        self.ended = self.ended or why
        if self.transport is not None:
            self.transport.abort()
        self._expire_at(0.0)

    def data_received(self, d: bytes) -> None:
        """Read what came; never lets an exception (which could quote a mail) reach the loop's log."""
        self._allowance -= len(d)
        if self.sealed or self._allowance < 0:
            self.end("réponse hors protocole" if self.sealed else "réponse trop longue")
            return
        self._expire_at(min(asyncio.get_running_loop().time() + self._silence, self._latest))
        data, command = self.incomplete_line + d, self.current_command
        self.incomplete_line, self.current_command = b"", None
        try:
            self._handle_responses(data, self._handle_line, command)
        except aioimaplib.IncompleteRead as incomplete:
            self.current_command, self.incomplete_line = incomplete.cmd, incomplete.data
        except _UNREADABLE as error:
            self.end(f"réponse illisible ({type(error).__name__})")

    def _handle_responses(
        self,
        data: bytes,
        line_handler: Callable[[bytes, aioimaplib.Command | None], aioimaplib.Command | None],
        current_cmd: aioimaplib.Command | None = None,
    ) -> None:
        command = current_cmd
        while data:
            if self.sealed:
                raise aioimaplib.Error("bytes after the answer to STARTTLS")
            if command is not None and command.wait_literal_data():
                data = command.append_literal_data(data)
                continue
            line, end, tail = data.partition(b"\r\n")
            if not end:
                raise aioimaplib.IncompleteRead(command, data)
            command = self._after(line, line_handler(line, command))
            data = tail
        if self.pending_sync_command is not None:
            self.pending_sync_command.flush()
        if command is not None:
            raise aioimaplib.IncompleteRead(command)

    def _after(self, line: bytes, command: aioimaplib.Command | None) -> aioimaplib.Command | None:
        """The command that the next bytes belong to."""
        if literal := _LITERAL.match(line):
            command = command or aioimaplib.Command("NIL", "unused")
            command.begin_literal_data(int(literal[1]))
            return command
        return command if command is not None and command.wait_data() else None

    def _handle_line(self, line: bytes, current_cmd: aioimaplib.Command | None) -> aioimaplib.Command | None:
        if self.state == aioimaplib.CONNECTED:
            self._greet(line)
            return None
        return super()._handle_line(line, current_cmd)

    def _greet(self, line: bytes) -> None:
        words = line.upper().split(None, 2)
        if words[:2] == [b"*", b"PREAUTH"]:
            self.state = aioimaplib.AUTH
        elif words[:2] == [b"*", b"OK"]:
            self.state = aioimaplib.NONAUTH
        else:
            self.end(_printable(line))
            return
        self.greeted.set()

    def _untagged_response(self, line: bytes) -> aioimaplib.Command | None:
        if line[:6].upper() == b"* BYE ":
            self.end(_printable(line[6:]))
            return None
        if line.endswith(b" EXISTS"):
            self.announced.set()
        return super()._untagged_response(line)

    def _continuation(self, line: bytes) -> None:
        pending = self.pending_sync_command
        if pending is None or pending.name != "AUTHENTICATE":
            super()._continuation(line)
            return
        self.transport.write((self.sasl.popleft() if self.sasl else b"*") + b"\r\n")

    def _response_done(self, line: bytes) -> None:
        pending = self.pending_sync_command
        self.sealed = pending is not None and pending.name == "STARTTLS" and line.split(None, 2)[1:2] == [b"OK"]
        super()._response_done(line)

    def _lost(self, error: Exception | None) -> None:
        self.end(error or "connexion fermée par le serveur")

    def _expire_at(self, when: float) -> None:
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(when)


class Fetch(aioimaplib.FetchCommand):  # type: ignore[misc]
    """FETCH whose end is known by counting parentheses once."""

    def __init__(self, tag: str, *args: str, prefix: str = "UID") -> None:
        super().__init__(tag, *args, prefix=prefix)
        self._depth = 0

    def append_to_resp(self, line: bytes | bytearray, result: str = "Pending") -> None:
        """Keep a line or a literal."""
        if isinstance(line, bytes):
            bare = _QUOTED.sub(b"", line)
            self._depth += bare.count(b"(") - bare.count(b")")
        super().append_to_resp(line, result)

    def wait_data(self) -> bool:
        """Whether the answer in hand goes on."""
        return self._depth > 0 or self.wait_literal_data()


def _printable(line: bytes) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", line.decode("ascii", "replace"))[:200]
