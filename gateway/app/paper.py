"""What commands print: tables by rich on a terminal, tab-separated lines elsewhere; nothing of a mail can steer it."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterable, Sequence

import msgspec


def clean(text: object) -> str:
    """A value as text without control characters: what a mail says must not command the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))


def say(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        print(clean(line))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table."""
    texts = [[clean("" if value is None else value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for row in (heads, *texts):
            print("\t".join(row))
        return
    from rich.console import Console  # noqa: PLC0415 - slow to load, for terminals only
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(*heads)
    for row in texts:
        drawn.add_row(*map(Text, row))
    Console().print(drawn)


def as_json(value: object) -> None:
    """Print a value as one line of JSON."""
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def operator(given: str | None) -> str:
    """Who acts: the name given, else the account of the system."""
    if given and given.strip():
        return given.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "operator"


def age(seconds: float) -> str:
    """A duration for people: « 3 min », « 2 h », « 5 j »."""
    for unit, letter in ((86400, "j"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds // unit:.0f} {letter}"
    return f"{max(seconds, 0):.0f} s"
