"""The words between pool and reader: blocks of a tag (1 byte), a length (4 bytes, big endian) and as many bytes.

    request = BODY, then for each part: PART*, END_OF_PART ; then DONE
    reply   = the same, or REFUSED alone
    a reader that is ready says HELLO (its pid, and how it is confined) or, when it cannot be, REFUSED

Bodies are JSON, made and checked by the two ends that agree on it; parts are bytes. Nothing is ever unpickled.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence

HEAD = struct.Struct(">cI")
CHUNK = 1 << 20
BODY, PART, END_OF_PART, DONE, HELLO, REFUSED = b"B", b"P", b"E", b"D", b"H", b"X"

#: Control socket, one datagram a message: FORK (with the reader's socket), KILL, and back EXITED with a wait status.
CONTROL = struct.Struct(">cQi")
FORK, KILL, EXITED, READY = b"F", b"K", b"E", b"R"


def send(connection: socket.socket, tag: bytes, payload: bytes | memoryview = b"") -> None:
    """Send a block, waiting as long as it takes (the reader's side)."""
    connection.sendall(HEAD.pack(tag, len(payload)))
    connection.sendall(payload)


def send_reply(connection: socket.socket, body: bytes, parts: Sequence[bytes]) -> None:
    """Send a reply (the reader's side)."""
    send(connection, BODY, body)
    for part in parts:
        view = memoryview(part)
        for start in range(0, len(view), CHUNK):
            send(connection, PART, view[start : start + CHUNK])
        send(connection, END_OF_PART)
    send(connection, DONE)


def receive_request(connection: socket.socket) -> tuple[bytes, list[bytes]] | None:
    """Receive a request (the reader's side); None when the pool has closed."""
    body, parts, chunks = b"", list[bytes](), list[bytes]()
    while (block := _receive(connection)) is not None:
        tag, payload = block
        match tag:
            case b"B":
                body = payload
            case b"P":
                chunks.append(payload)
            case b"E":
                parts.append(chunks[0] if len(chunks) == 1 else b"".join(chunks))
                chunks.clear()
            case _:
                return body, parts
    return None


def _receive(connection: socket.socket) -> tuple[bytes, bytes] | None:
    head = connection.recv(HEAD.size, socket.MSG_WAITALL)
    if len(head) < HEAD.size:
        return None
    tag, length = HEAD.unpack(head)
    payload = bytearray(length)
    view = memoryview(payload)
    while view:
        taken = connection.recv_into(view)
        if not taken:
            return None
        view = view[taken:]
    return tag, bytes(payload)
