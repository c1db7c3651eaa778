"""Reading a mail as a reader process does, in a measured child: seconds of processor, peak memory, what came of it."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gateway.flow.reading.asked import Answer, Request
from gateway.flow.reading.reader import work

_REQUEST = msgspec.json.encode(Request("read"))
_SECONDS = 60
_MEMORY = 2 << 30


@dataclass(frozen=True)
class Measured:
    """``mail`` and each of ``documents``: read, or the code of a reason. A reader that died: ``mail`` is ``died``."""

    seconds: float
    megabytes: float
    mail: str = "died"
    documents: tuple[str, ...] = ()


def read(raw: bytes) -> Measured:
    """Read in a fork of this process: what one mail leaves in memory does not count for the next."""
    outlet, inlet = os.pipe()
    child = os.fork()
    if child == 0:
        _in_child(raw, inlet)
    os.close(inlet)
    with os.fdopen(outlet, "rb") as told:
        said = told.read()
    os.waitpid(child, 0)
    if not said:
        return Measured(_SECONDS, _MEMORY / 1e6)
    seconds, megabytes, mail, documents = json.loads(said)
    return Measured(seconds, megabytes, mail, tuple(documents))


def _in_child(raw: bytes, inlet: int) -> None:
    """Never returns; dies without a word when the reading fails."""
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
        signal.alarm(_SECONDS)
        Path("/proc/self/clear_refs").write_text("5")
        began = time.process_time()
        reading = msgspec.json.decode(work(_REQUEST, [raw])[0], type=Answer).reading
        seconds = time.process_time() - began
        assert reading is not None
        documents = [one.problem or one.ignored or "read" for one in reading.documents]
        told = [seconds, _peak(), reading.problem or reading.ignored or "read", documents]
        os.write(inlet, json.dumps(told).encode())
    finally:
        os._exit(0)


def _peak() -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1000 if found else 0.0
