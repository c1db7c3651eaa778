"""A wire between client and server that may be cut. It carries bytes, TLS or not, and counts what comes down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Proxy:
    """``cut_after``: how many bytes of the server's each connection carries before it breaks; used up in order."""

    def __init__(self, port: int, cut_after: list[int]) -> None:
        self.downstream = 0
        self.connections = 0
        self.port = 0
        self._target = port
        self._cuts = cut_after
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Break every connection, without a word."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        limit = self._cuts.pop(0) if self._cuts else None
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, up_writer]
        for task in (
            asyncio.create_task(self._carry(reader, up_writer, None, down=False)),
            asyncio.create_task(self._carry(up_reader, writer, limit, down=True)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None, *, down: bool
    ) -> None:
        carried = 0
        try:
            while data := await reader.read(16384):
                carried += len(data)
                self.downstream += len(data) if down else 0
                writer.write(data)
                await writer.drain()
                if limit is not None and carried >= limit:
                    break
        except OSError:
            pass
        writer.transport.abort()


@asynccontextmanager
async def cutting(port: int, *cut_after: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(port, list(cut_after))
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
