"""How a stand-in lives: one JSON line when it is ready, silence, and an orderly end at SIGTERM or SIGINT."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from threading import Thread
from types import FrameType

#: A stand-in is never reachable from another machine.
LOOPBACK = "127.0.0.1"


def say_ready(port: int) -> None:
    """Tell who started us where we listen."""
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()


def serve_until_told(port: int, run: Callable[[], None], stop: Callable[[], None]) -> None:
    """Call ``run``; at a signal call ``stop``, which must not be called from the same thread."""

    def told(_number: int, _frame: FrameType | None) -> None:
        Thread(target=stop).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    say_ready(port)
    run()
