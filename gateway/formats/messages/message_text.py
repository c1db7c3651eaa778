"""The text of a message format: lines ended in any way, HTML left in it, letters spoilt on the way (hprim.md §1.4)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

from gateway.formats import charset

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_FRENCH: Final = frozenset("éèêàçùîôûâëïüœæ")
_CAPITALS: Final = frozenset("ÉÈÊÀÇÙÎÔÛÂËÏÜŒÆÖÄ")
_SIGNS: Final = frozenset("°µ²³«»€–—’‘“”•…½¼¾×±¹öäñ¿·§\xa0")
_SAMPLE: Final = 20_000  # letters beyond ASCII on which a mended text is judged
_CLEARLY: Final = 2  # how much better a mended text must look than the one received
_ENTITY: Final = re.compile(r"&(?:[A-Za-z]{2,8}|#[0-9]{1,5}|#x[0-9A-Fa-f]{1,4});")
_BREAK: Final = re.compile(r"<br ?/?>(?:\r\n|\r|\n)?|</(?:p|div|tr|li)>(?:\r\n|\r|\n)?", re.IGNORECASE)
_TAG: Final = re.compile(
    r"</?(?:b|i|u|p|div|span|font|strong|em|pre|html|body|table|tbody|tr|td|th|ul|li|center|sup|sub|small|big|h[1-6])"
    r"(?: [^<>]{0,300})?>",
    re.IGNORECASE,
)


def decode(data: bytes) -> str:
    """The text of bytes; what was encoded twice, or as HTML, is undone. Never fails."""
    return unmarked(_mended(charset.decode(data)))


def is_unicode(data: bytes) -> bool:
    """Whether the bytes are a text in UTF-8, or in UTF-16 or 32."""
    return charset.guess(data).startswith("utf") or b"\x00" in data[:400]


def in_ascii_superset(data: bytes) -> bytes:
    """The same bytes where every ASCII sign is one byte; a UTF-16 or UTF-32 text as UTF-8."""
    return charset.decode(data).encode("utf-8", "replace") if b"\x00" in data[:400] else data


def lines(text: str) -> list[str]:
    """The lines, whatever ends them: CRLF, LF or CR."""
    return _LINE_END.split(text)


def unmarked(text: str) -> str:
    """Entities and simple tags of HTML, which some programs leave in their messages, as plain text."""
    if _BREAK.search(text) or _ENTITY.search(text):
        return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).replace("\xa0", " ")
    return text


def _mended(text: str) -> str:
    """A text whose letters were taken for others on the way: UTF-8 read as Windows, or Windows read as Macintosh."""
    if text.isascii():
        return text
    others = (*_recoded(text, "cp1252", "utf-8"), *_recoded(text, "mac_roman", "cp1252"))
    best = max(others, key=_likeness, default=text)
    return best if best is not text and _likeness(best) > _likeness(text) + _CLEARLY else text


def _recoded(text: str, wrong: str, right: str) -> Iterable[str]:
    try:
        yield text.encode(wrong).decode(right)
    except UnicodeError:
        return


def _likeness(text: str) -> int:
    """How French the letters beyond ASCII look where they stand."""
    beyond = islice(re.finditer(r"[^\x00-\x7f]", text), _SAMPLE)
    return sum(_letter(text, found.start()) for found in beyond)


def _letter(text: str, at: int) -> int:
    letter, before, after = text[at], text[max(0, at - 1) : at], text[at + 1 : at + 2]
    if letter in _FRENCH:
        return 2
    if letter in _CAPITALS:
        return -1 if before.islower() or (before.isalpha() and after.islower()) else 1
    between = before.isalpha() and after.isalpha()
    return 1 if letter in _SIGNS and (not between or letter in "’öäñ") else -2
