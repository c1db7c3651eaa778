"""A pool of warm readers, each with one document at a time (DESIGN §3, reader processes)."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.isolation.channel import Channel, Reply, plain
from gateway.isolation.errors import ReaderDied, ReaderError, ReaderRefused, ReadersUnavailable, ReaderTimedOut
from gateway.isolation.hatch import START_SECONDS, Hatch
from gateway.isolation.limits import Limits
from gateway.isolation.reader import OUT_OF_MEMORY
from gateway.isolation.wire import BODY, DONE, END_OF_PART, HELLO
from gateway.model.ports import Observer

Parts = AsyncIterable[bytes] | Sequence[bytes | Iterable[bytes]]
_PAGE = resource.getpagesize()
_WATCH_SECONDS = 0.1
_END_SECONDS = 5.0


@dataclass(eq=False)
class _Reader:
    hatch: Hatch
    number: int
    connection: socket.socket
    ended: asyncio.Future[int | None]
    channel: Channel = field(init=False)
    pid: int = 0
    born_with: int = 0
    documents: int = 0
    too_big: bool = False

    def __post_init__(self) -> None:
        self.channel = Channel(self.connection)

    async def greet(self) -> str:
        """Wait until it is ready: confined, files-readable (no Landlock) or unconfined. ReadersUnavailable."""
        try:
            async with asyncio.timeout(START_SECONDS):
                tag, message = await self.channel.receive(1000)
        except (TimeoutError, EOFError, OSError) as error:
            raise ReadersUnavailable("un lecteur ne démarre pas") from error
        if tag != HELLO:
            raise ReadersUnavailable(f"a reader {plain(message)}")
        pid, state = message.split()
        self.pid = int(pid)
        self.born_with = self.memory()
        return state.decode()

    def waits(self) -> bool:
        """Alive, with nothing to say."""
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        return False

    def memory(self) -> int:
        """Resident bytes; 0 when it has ended."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_bytes().split()[1]) * _PAGE
        except (OSError, IndexError):
            return 0

    def end(self) -> None:
        self.hatch.kill(self.number)
        self.connection.close()


class Pool:
    """``work`` is "package.module:function", imported in the readers: (body, parts) → (body, parts).

    ``readable``: folders that the work may read besides the libraries'. ``allow_unconfined``: serve, without the
    protection, where seccomp cannot be had.
    """

    def __init__(
        self,
        work: str,
        size: int,
        limits: Limits,
        observer: Observer,
        *,
        readable: Sequence[Path] = (),
        allow_unconfined: bool = False,
    ) -> None:
        self._work, self._size, self._limits, self._observer = work, size, limits, observer
        self._readable, self._allow_unconfined = tuple(readable), allow_unconfined
        self._hatch = Hatch()
        self._starting = asyncio.Lock()
        self._places = asyncio.Semaphore(size)
        self._idle: list[_Reader] = []
        self._busy: set[_Reader] = set()
        self._watching: asyncio.Task[None] | None = None
        self._closed = False

    async def start(self) -> None:
        """Start all readers. ReadersUnavailable says why it cannot be (import, confinement)."""
        self._watching = asyncio.create_task(self._watch())
        try:
            while len(self._idle) < self._size:
                self._idle.append(await self._new())
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End all readers; a call under way, or to come, gets ReadersUnavailable. Twice is once."""
        self._closed = True
        if self._watching:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        async with self._starting:
            if self._hatch.alive:
                await self._hatch.close()
        while self._idle:
            self._idle.pop().connection.close()

    async def call(self, request: bytes, parts: Parts = (), *, seconds: float | None = None) -> Reply:
        """Have the work done. ``parts``: one part as a stream of chunks, or several, each whole or in chunks.

        ``seconds``: for this work, instead of the pool's.

        ReaderDied, ReaderTimedOut (the process was killed), ReaderRefused (the work raised), ReadersUnavailable; what
        ``parts`` raises comes through. Cancelled: the reader is killed and replaced.
        """
        async with self._places, self._reader() as reader:
            await self._request(reader, request, parts)
            async with self._its_turn(reader, seconds):
                return await reader.channel.reply(self._limits)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[_Reader]:
        """A warm reader; it comes back only if its answer was whole, and if it is neither old nor fat."""
        reader = self._warm() or await self._new()
        self._busy.add(reader)
        sound = False
        try:
            yield reader
            sound = True
        except ReaderRefused:
            sound = True
            raise
        except ReaderDied as error:
            self._observer.event("reader.died", why=error.why)
            raise
        finally:
            self._busy.discard(reader)
            reader.documents += 1
            if sound and not self._closed and not self._worn(reader):
                self._idle.append(reader)
            else:
                reader.end()

    def _warm(self) -> _Reader | None:
        """One that waits and is silent: a reader that died while idle is no document's fault."""
        while self._idle:
            reader = self._idle.pop()
            if reader.waits():
                return reader
            reader.end()
        return None

    def _worn(self, reader: _Reader) -> bool:
        grown = reader.memory() - reader.born_with
        return reader.too_big or reader.documents >= self._limits.documents or grown > self._limits.growth

    async def _request(self, reader: _Reader, request: bytes, parts: Parts) -> None:
        """Send it all. What ``parts`` take, or raise, is not put down to the reader."""
        channel = reader.channel
        async with self._its_turn(reader):
            await channel.send(BODY, request)
        async with aclosing(_pieces(parts)) as pieces:
            async for chunk in pieces:
                async with self._its_turn(reader):
                    await (channel.send(END_OF_PART) if chunk is None else channel.send_chunk(chunk))
        async with self._its_turn(reader):
            await channel.send(DONE)

    @asynccontextmanager
    async def _its_turn(self, reader: _Reader, seconds: float | None = None) -> AsyncIterator[None]:
        """While the reader has to act: its silence and its end are told as what they are."""
        seconds = seconds or self._limits.seconds
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            self._observer.event("reader.timed-out")
            raise ReaderTimedOut(f"killed after {seconds:g} s") from error
        except (EOFError, ConnectionError) as error:
            raise await self._post_mortem(reader) from error

    async def _new(self) -> _Reader:
        await self._ensure_hatch()
        reader = _Reader(self._hatch, *self._hatch.hatch())
        try:
            state = await reader.greet()
        except BaseException:
            reader.end()
            raise
        self._observer.event("reader.started", state=state)
        return reader

    async def _ensure_hatch(self) -> None:
        async with self._starting:
            if self._closed:
                raise ReadersUnavailable("the pool is closed")
            if not self._hatch.alive:
                while self._idle:
                    self._idle.pop().connection.close()
                await self._hatch.start(
                    self._work, self._limits.memory, self._readable, confined=not self._allow_unconfined
                )

    async def _post_mortem(self, reader: _Reader) -> ReaderError:
        """Why its socket closed. One that closed it and lives on is killed."""
        reader.hatch.kill(reader.number)
        try:
            code = await asyncio.wait_for(asyncio.shield(reader.ended), _END_SECONDS)
        except TimeoutError:
            return ReaderDied("exit", "unknown")
        if code is None:
            return ReadersUnavailable("the readers' nursery is gone")
        if reader.too_big or code == OUT_OF_MEMORY:
            return ReaderDied("memory")
        return ReaderDied("signal", signal.Signals(-code).name) if code < 0 else ReaderDied("exit", str(code))

    async def _watch(self) -> None:
        """Kill a busy reader that is resident in more memory than it may be: mappings that RLIMIT_DATA misses."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            for reader in self._busy:
                if reader.memory() > self._limits.memory:
                    reader.too_big = True
                    reader.hatch.kill(reader.number)


async def _pieces(parts: Parts) -> AsyncGenerator[bytes | None, None]:
    """Chunks, and None at the end of each part. A plain iterator is stepped in a thread: it may read a disk."""
    if isinstance(parts, AsyncIterable):
        async for chunk in parts:
            yield chunk
        yield None
        return
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            chunks = iter(part)
            while (piece := await asyncio.to_thread(next, chunks, None)) is not None:
                yield piece
        yield None
