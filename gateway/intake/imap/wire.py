"""The text of IMAP commands and answers (RFC 3501 §9): values in, values out, no socket."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

#: A line of a response, or the bytes of a literal.
Part = bytes | bytearray

_FETCH = re.compile(rb"^\d+ FETCH \(")
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_QUOTED_BODY = re.compile(rb'BODY\[[^\]]*\](?:<\d+>)? (?:"((?:[^"\\]|\\.)*)"|NIL)', re.IGNORECASE)
_CODE = re.compile(rb"^\s*\[([A-Z0-9-]+)", re.IGNORECASE)
_MESSAGE_ID = re.compile(rb"^Message-ID:[ \t]*((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_COPYUID = re.compile(rb"\[COPYUID \d+ ([0-9:,]+) [0-9:,]+\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fetched:
    """One FETCH answer. ``body`` is None when the answer holds no body section or NIL."""

    uid: int
    size: int | None
    body: bytes | bytearray | None


def quote(text: str) -> str:
    """A quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def folder_name(name: str) -> str:
    """A folder's name as it goes on the wire: modified UTF-7 (RFC 3501 §5.1.3), quoted."""
    return quote(_modified_utf7(name))


def uid_set(uids: Iterable[int]) -> str:
    """The shortest sequence set: ``1:3,7``."""
    return ",".join(f"{first}:{last}" if last > first else f"{first}" for first, last in _runs(sorted(set(uids))))


def uids_of(sequence_set: str) -> set[int]:
    """The numbers of a sequence set without ``*``."""
    numbers: set[int] = set()
    for run in sequence_set.split(","):
        first, _, last = run.partition(":")
        low, high = sorted((int(first), int(last or first)))
        numbers.update(range(low, high + 1))
    return numbers


def searched(lines: Sequence[Part]) -> list[int]:
    """The numbers of ``* SEARCH`` lines, ascending."""
    return sorted({int(word) for line in lines[:-1] for word in bytes(line).split() if word.isdigit()})


def fetched(lines: Sequence[Part]) -> Iterator[Fetched]:
    """The answers of a FETCH that carry a UID (unasked-for flag updates often do not)."""
    text, literal = b"", None
    for line in [*lines, b"0 FETCH ("]:
        if isinstance(line, bytearray):
            literal = line
        elif _FETCH.match(line):
            yield from _answer(text, literal)
            text, literal = line, None
        else:
            text += b" " + line


def copied(lines: Sequence[Part]) -> set[int] | None:
    """The source UIDs of a COPYUID response code (RFC 4315 §3); None when the server gave none."""
    found = [uids_of(match[1].decode()) for line in lines if (match := _COPYUID.search(bytes(line)))]
    return set().union(*found) if found else None


def response_code(lines: Sequence[Part]) -> str:
    """The response code of the tagged line, upper case; empty when there is none."""
    match = _CODE.match(bytes(lines[-1])) if lines else None
    return match[1].decode().upper() if match else ""


def message_id(header: bytes | bytearray) -> str:
    """The value of a Message-ID field, folding undone; empty when there is none."""
    match = _MESSAGE_ID.search(bytes(header))
    return "".join(match[1].decode("utf-8", "replace").split()) if match else ""


def number(lines: Sequence[Part], pattern: re.Pattern[bytes]) -> int | None:
    """The first group of the first line that matches, as a number."""
    return next((int(match[1]) for line in lines if (match := pattern.search(bytes(line)))), None)


def _answer(text: bytes, literal: bytes | bytearray | None) -> Iterator[Fetched]:
    uid, size = _UID.search(text), _SIZE.search(text)
    if not uid:
        return
    if literal is None and (body := _QUOTED_BODY.search(text)) and body[1] is not None:
        literal = re.sub(rb"\\(.)", rb"\1", body[1])
    yield Fetched(int(uid[1]), int(size[1]) if size else None, literal)


def _modified_utf7(name: str) -> str:
    def shifted(match: re.Match[str]) -> str:
        coded = base64.b64encode(match[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{coded}-"

    return re.sub(r"[^\x20-\x7e]+", shifted, name.replace("&", "&-"))


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for value in numbers:
        if first is None or last is None:
            first = last = value
        elif value == last + 1:
            last = value
        else:
            yield first, last
            first = last = value
    if first is not None and last is not None:
        yield first, last
