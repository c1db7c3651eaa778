"""A reader: confined, it takes one request after another until the pool closes its socket."""

from __future__ import annotations

import gc
import os
import socket
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from gateway.isolation.confine import confine, limit_only
from gateway.isolation.wire import HELLO, REFUSED, receive_request, send, send_reply

Work = Callable[[bytes, Sequence[bytes]], tuple[bytes, Sequence[bytes]]]
OUT_OF_MEMORY = 78


@dataclass(frozen=True)
class Confinement:
    """``memory`` in bytes; the folders whose files stay readable; whether to serve where seccomp cannot be had."""

    memory: int
    readable: tuple[Path, ...]
    required: bool = True


def read_documents(connection: socket.socket, work: Work, confinement: Confinement) -> NoReturn:
    """Serve, in a process just forked, and end with it."""
    code = 1
    try:
        if _ready(connection, confinement):
            while request := receive_request(connection):
                _serve(connection, work, *request)
                request = None
            code = 0
    except MemoryError:
        code = OUT_OF_MEMORY
    except OSError:
        pass  # the pool has gone
    finally:
        os._exit(code)


def _ready(connection: socket.socket, confinement: Confinement) -> bool:
    try:
        state = b"confined" if confine(confinement.memory, confinement.readable) else b"files-readable"
    except (OSError, RuntimeError, ValueError) as error:
        if confinement.required:
            send(connection, REFUSED, f"cannot be confined: {error}".encode())
            return False
        limit_only(confinement.memory)
        state = b"unconfined"
    send(connection, HELLO, b"%d %s" % (os.getpid(), state))
    return True


def _serve(connection: socket.socket, work: Work, body: bytes, parts: list[bytes]) -> None:
    try:
        reply = work(body, parts)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser raises is told to the pool, without its text
        send(connection, REFUSED, _place(error).encode("ascii", "replace"))
    else:
        send_reply(connection, *reply)
    finally:
        gc.collect(0)


def _place(error: Exception) -> str:
    """The type, and the innermost line of ours or of a library: never the text, which may quote the document."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"  # noqa: PTH119
    return f"{type(error).__module__}.{type(error).__qualname__} at {where}"
