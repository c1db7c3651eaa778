"""The pool's end of one reader's socket. The reader is not believed: every length and count is bounded first."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass

from gateway.isolation.errors import ReaderDied, ReaderRefused
from gateway.isolation.limits import Limits
from gateway.isolation.wire import BODY, CHUNK, DONE, END_OF_PART, HEAD, PART, REFUSED

_SMALL = 64 << 10
_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """What the work returned: a body of JSON and parts of bytes."""

    body: bytes
    parts: tuple[bytes, ...]


class Channel:
    """Blocks over a socket, without blocking the loop. OSError and EOFError: the other end has gone."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()

    async def send(self, tag: bytes, payload: bytes = b"") -> None:
        """Send a block."""
        head = HEAD.pack(tag, len(payload))
        if len(payload) > _SMALL:
            await self._loop.sock_sendall(self._connection, head)
            await self._loop.sock_sendall(self._connection, payload)
        else:
            await self._loop.sock_sendall(self._connection, head + payload)

    async def send_chunk(self, chunk: bytes) -> None:
        """Send a piece of a part, in blocks of a bounded size."""
        for start in range(0, len(chunk), CHUNK):
            await self.send(PART, chunk[start : start + CHUNK] if len(chunk) > CHUNK else chunk)

    async def receive(self, most: int) -> tuple[bytes, bytes]:
        """Receive a block of at most ``most`` bytes."""
        tag, length = HEAD.unpack(await self._exactly(HEAD.size))
        if length > most:
            raise ReaderDied("reply-too-large")
        return tag, await self._exactly(length) if length else b""

    async def reply(self, limits: Limits) -> Reply:
        """Receive a whole reply. ReaderRefused; ReaderDied when it is nonsense or too large."""
        body, parts, chunks, left = None, list[bytes](), list[bytes](), limits.reply_bytes
        while True:
            tag, payload = await self.receive(left)
            left -= len(payload)
            if tag == BODY and body is None:
                body = payload
            elif tag == PART and payload and body is not None:
                chunks.append(payload)
            elif tag == END_OF_PART and not payload and len(parts) < limits.reply_parts:
                parts.append(chunks[0] if len(chunks) == 1 else b"".join(chunks))
                chunks = []
            elif tag == REFUSED and body is None:
                raise ReaderRefused(plain(payload))
            elif tag == DONE and not payload and body is not None and not chunks:
                return Reply(body, tuple(parts))
            else:
                raise ReaderDied("protocol")

    async def _exactly(self, size: int) -> bytes:
        received = bytearray(size)
        view = memoryview(received)
        while view:
            taken = await self._loop.sock_recv_into(self._connection, view)
            if not taken:
                raise EOFError
            view = view[taken:]
        return bytes(received)


def plain(message: bytes) -> str:
    """A reader's message, cut to what a type and a place can be written with, for the reader may lie."""
    return re.sub(r"[^\w.:,<>() \[\]-]", "?", message[:_MESSAGE].decode("ascii", "replace"), flags=re.ASCII)
