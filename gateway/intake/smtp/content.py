"""The content of one message, line by line, or the reason why it is refused once its end has come.

Only CRLF ends a line and only CRLF.CRLF ends a message (RFC 5321 §2.3.8, §4.1.1.4). A bare CR or LF anywhere makes the
whole message refused: what another server takes for the end of a message never becomes a second one here (SMTP
smuggling, study/reliability.md §5), and nothing that was acknowledged differs from what was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

#: The longest line taken (bytes). RFC 5321 says 1000; longer ones are seen, and refusing a report costs more.
LINE = 64 * 1024

TOO_LONG = "554 5.6.0 Line too long, message refused"
BARE = "554 5.6.0 Bare CR or LF in the message, message refused: end each line with CR LF"
TOO_MUCH = "552 5.3.4 Message larger than this server takes"
BUSY = "451 4.3.2 Another large message is being received, try again later"

#: Progress is reported so often (bytes).
_TOLD = 64 * 1024


class Content:
    """What has been received so far. ``may_be_large`` is asked once, when ``large`` bytes are passed."""

    def __init__(self, limit: int, large: int, may_be_large: Callable[[], bool]) -> None:
        self.data = bytearray()
        self.refusal = ""
        self._limit, self._large, self._may_be_large = limit, large, may_be_large
        self._at_start = True

    def add(self, piece: bytes) -> bool:
        """Take a line with its CRLF, or a part of one that is too long; whether the message has ended."""
        at_start, self._at_start = self._at_start, piece.endswith(b"\r\n")
        if at_start and piece == b".\r\n":
            return True
        if not self.refusal:
            self.refusal = self._judge(piece, at_start)
            if self.refusal:
                self.data = bytearray()
            else:
                self.data += piece[1:] if piece.startswith(b".") else piece
        return False

    def _judge(self, piece: bytes, at_start: bool) -> str:
        if not at_start or not piece.endswith(b"\r\n"):
            return TOO_LONG
        if piece.find(b"\n", 0, -2) >= 0 or piece.find(b"\r", 0, -2) >= 0:
            return BARE
        size = len(self.data) + len(piece)
        if size > self._limit:
            return TOO_MUCH
        if len(self.data) <= self._large < size and not self._may_be_large():
            return BUSY
        return ""


async def receive(reader: asyncio.StreamReader, content: Content, progress: Callable[[], None]) -> None:
    """Read to the end of the message, whatever becomes of it; what follows stays in ``reader`` (pipelining)."""
    told = 0
    while True:
        try:
            piece = await reader.readuntil(b"\r\n")
        except asyncio.LimitOverrunError as over:
            piece = await reader.read(over.consumed)
        if content.add(piece):
            return
        told += len(piece)
        if told > _TOLD:
            told = 0
            progress()
