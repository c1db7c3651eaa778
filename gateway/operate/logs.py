"""Structured logs on a stream: one JSON object a line, and never a word about a patient.

Facts have names from a closed list: what is not on it (a title, an address, a file name, an identity) is dropped rather
than written. Values are numbers, or short printable texts: codes, destinations, mailbox names, our own ids.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import TextIO

from gateway.model.ports import Clock, SystemClock

FACTS = frozenset({
    "action", "age", "arrival", "attempt", "attempts", "bytes", "code", "command", "commits", "condition", "count",
    "deaths", "delay", "delivery", "destination", "document", "documents", "done", "due", "failures", "fingerprint",
    "folders", "http_status", "job", "kind", "latency", "listen", "mail", "mailbox", "mails", "oldest", "outcome",
    "outcomes", "pid", "place", "port", "queue", "reader", "reason", "retry_in", "revision", "room", "seconds",
    "service", "signal", "size", "state", "step", "table", "times", "tls", "type_code", "until", "version",
    "waiting", "why", "worker",
})  # fmt: skip
_WARNING = re.compile(
    r"lost|refused|retry|died|down$|held|vanished|expire|unfetchable|unsupported|unreadable|unavailable|"
    r"not-|timed-out|too-|late$|dropped"
)
_ERROR = re.compile(r"failed|crashed|poison|corrupt|broken|error")
_LONGEST = 120


class UnknownFactError(Exception):
    """A fact whose name is not on the list; the text is the name only."""


class Logs:
    """The observer that writes. One line, flushed, an event; ``time`` is UTC, to the millisecond.

    With ``strict`` a fact off the list raises ``UnknownFactError`` (for tests); else it is dropped, and ``dropped``
    tells its name. With ``debug`` each step is a line too, with its ``seconds``.
    """

    def __init__(
        self, stream: TextIO, clock: Clock | None = None, *, strict: bool = False, debug: bool = False
    ) -> None:
        self._stream = stream
        self._clock = clock or SystemClock()
        self._strict = strict
        self._debug = debug
        self._lock = threading.Lock()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the step when debugging; nothing otherwise."""
        if not self._debug:
            yield
            return
        began = self._clock.monotonic()
        outcome = "failed"
        try:
            yield
            outcome = "done"
        finally:
            self._write("debug", "step", {"step": name, "outcome": outcome, "seconds": self._clock.monotonic() - began})

    def event(self, name: str, **facts: str | int | float | None) -> None:
        """Write the event. Its level follows from the last part of its name: ``reader.died`` is a warning."""
        unknown = sorted(facts.keys() - FACTS)
        if unknown and self._strict:
            raise UnknownFactError(", ".join(unknown))
        kept = {key: value for key, value in facts.items() if key in FACTS}
        if unknown:
            kept["dropped"] = ",".join(unknown)
        self._write(level(name), name, kept)

    def _write(self, level: str, name: str, facts: dict[str, str | int | float | None]) -> None:
        now = self._clock.now().astimezone(UTC)
        line = {
            "time": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
            "level": level,
            "event": name,
            **{key: _bounded(value) for key, value in facts.items()},
        }
        text = json.dumps(line, ensure_ascii=True, allow_nan=False)
        with self._lock:
            self._stream.write(text + "\n")
            self._stream.flush()


def level(name: str) -> str:
    """``error``, ``warning`` or ``info``, from the last part of the event's name."""
    last = name.rpartition(".")[2]
    if _ERROR.search(last):
        return "error"
    return "warning" if _WARNING.search(last) else "info"


def _bounded(value: str | int | float | None) -> str | int | float | None:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if not isinstance(value, str):
        return value
    text = "".join(letter if letter.isprintable() else "?" for letter in value[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
