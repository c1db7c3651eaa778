"""The pool's end of the control socket: start the nursery, ask for readers, have them killed, hear how they ended."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from gateway.isolation.errors import ReadersUnavailable
from gateway.isolation.wire import CONTROL, EXITED, FORK, KILL, READY
from gateway.terminology.own import VARIABLE as TERMINOLOGY

START_SECONDS = 60.0
_END_SECONDS = 5.0
_BUFFER = 1 << 20


class Hatch:
    """One nursery process. When it dies its readers die with it, and ``alive`` turns false."""

    def __init__(self) -> None:
        self.alive = False
        self._listening: asyncio.Task[None] | None = None
        self._numbers = 0
        self._ends: dict[int, asyncio.Future[int | None]] = {}

    async def start(self, work: str, memory: int, readable: Iterable[Path], *, confined: bool) -> None:
        """Start it and wait until it has imported the work. ReadersUnavailable."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        with theirs:
            command = (str(theirs.fileno()), work, str(memory), "required" if confined else "optional")
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "gateway.isolation.nursery"),
                *command,
                *map(str, readable),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                env=_environment(),
            )
        try:
            heard = await self._hear(START_SECONDS)
        except BaseException:
            self._control.close()  # the nursery takes it for a farewell
            raise
        if heard[:1] != READY:
            await self.close()
            raise ReadersUnavailable(f"the readers' nursery did not start: can {work} be imported?")
        self.alive = True
        self._listening = asyncio.create_task(self._listen())

    def hatch(self) -> tuple[int, socket.socket, asyncio.Future[int | None]]:
        """Ask for a reader: its number, its socket, and the exit code to come (None: it went with the nursery)."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self._numbers += 1
        ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._ends[self._numbers] = ended
        with theirs:
            try:
                socket.send_fds(self._control, [CONTROL.pack(FORK, self._numbers, 0)], [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise ReadersUnavailable("the readers' nursery is gone") from error
        return self._numbers, ours, ended

    def kill(self, number: int) -> None:
        """SIGKILL a reader, if it still runs."""
        with suppress(OSError):
            self._control.send(CONTROL.pack(KILL, number, 0))

    async def close(self) -> None:
        """End the nursery and all its readers."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        try:
            await asyncio.wait_for(self._process.wait(), _END_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        if self._listening:
            await self._listening
        self._control.close()

    async def _listen(self) -> None:
        while message := await self._hear(None):
            word, number, code = CONTROL.unpack(message)
            ended = self._ends.pop(number, None)
            if word == EXITED and ended and not ended.done():
                ended.set_result(code)
        self.alive = False
        self._control.close()
        for ended in self._ends.values():
            if not ended.done():
                ended.set_result(None)
        self._ends.clear()

    async def _hear(self, seconds: float | None) -> bytes:
        """One message; nothing when the nursery is gone or silent for too long."""
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().sock_recv(self._control, CONTROL.size)
        except (TimeoutError, OSError):
            return b""


def _environment() -> dict[str, str]:
    """The way to our modules and the locale; nothing else of the daemon's environment, which may hold secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", TERMINOLOGY) if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
