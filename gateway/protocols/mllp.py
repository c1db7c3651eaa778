"""MLLP framing without a socket: VT message FS CR (HL7 transport, release 1; spec/mssante/dpi-hl7v2.md §1).

A frame holds one message. Carriage returns and line feeds between frames are tolerated, other bytes are not: they mean
that the two sides no longer agree where messages begin, and the connection must be given up.
"""

from __future__ import annotations

START = b"\x0b"
END = b"\x1c\r"
MAX_MESSAGE = 128_000_000


class MllpError(ValueError):
    """The peer's bytes are not MLLP, or a message is larger than the limit."""


def frame(payload: bytes) -> tuple[bytes, bytes, bytes]:
    """The chunks to send one after the other; the payload is not copied."""
    return START, payload, END


class Deframer:
    """Bytes in, whole messages out. After an error it takes nothing more."""

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        """Accept messages of at most ``limit`` bytes."""
        self._limit = limit
        self._buffer = bytearray()
        self._inside = False
        self._failed = False

    @property
    def idle(self) -> bool:
        """Whether the last byte fed ended a frame (or none came): a connection may end here without loss."""
        return not self._inside

    def feed(self, data: bytes) -> list[bytes]:
        """The messages completed by ``data``, in order. Raises MllpError."""
        if self._failed:
            raise MllpError("the stream is already out of step")
        searched = max(len(self._buffer) - 1, 0)
        self._buffer += data
        messages = []
        while self._open() and (end := self._buffer.find(END, searched)) >= 0:
            messages.append(self._close(end))
            searched = 0
        if len(self._buffer) > self._limit:
            self._fail("a message is larger than the limit")
        return messages

    def _open(self) -> bool:
        if self._inside:
            return True
        blank = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
        del self._buffer[:blank]
        if not self._buffer:
            return False
        if not self._buffer.startswith(START):
            self._fail("bytes between frames")
        del self._buffer[:1]
        self._inside = True
        return True

    def _close(self, end: int) -> bytes:
        message = bytes(memoryview(self._buffer)[:end])
        del self._buffer[: end + len(END)]
        self._inside = False
        if START in message:
            self._fail("a frame begins inside another")
        if len(message) > self._limit:
            self._fail("a message is larger than the limit")
        return message

    def _fail(self, text: str) -> None:
        self._failed = True
        self._buffer.clear()
        raise MllpError(text)
