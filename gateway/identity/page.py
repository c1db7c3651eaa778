"""A text laid out for reading: the letters as written beside the same without case nor accents, line by line."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 100_000
_WRAPPED = 55
_ALIKE = {"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-"}
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


@dataclass(frozen=True, slots=True)
class Page:
    """``text`` and ``folded`` have the same length: what is found in one is cut from the other.

    ``prose`` is ``folded`` with the line ends of wrapped paragraphs turned into blanks. ``starts`` are those of lines.
    """

    text: str
    folded: str
    prose: str
    starts: tuple[int, ...]

    def line_number(self, at: int) -> int:
        """The line, from 1, of an offset."""
        return bisect_right(self.starts, at)

    def line_start(self, at: int) -> int:
        """The offset at which the line of an offset begins."""
        return self.starts[self.line_number(at) - 1]

    def lines(self) -> list[tuple[int, str]]:
        """Every line with the offset of its beginning, folded, without its line end."""
        return list(zip(self.starts, self.folded.split("\n"), strict=True))


def lay_out(text: str) -> Page:
    """The first 100,000 characters, composed, with plain blanks, apostrophes and hyphens."""
    plain = unicodedata.normalize("NFC", _INVISIBLE.sub("", text[:LONGEST]))
    plain = re.sub(r"\r\n?|[\v\f\x85\u2028\u2029]", "\n", plain)
    written = "".join(_plain(letter) for letter in plain)
    folded = "".join(_fold(letter) for letter in written)
    starts = (0, *(match.end() for match in re.finditer("\n", folded)))
    return Page(written, folded, _unwrapped(folded), starts)


def _unwrapped(folded: str) -> str:
    lines = folded.split("\n")
    ends = [" " if _goes_on(line) else "\n" for line in lines[:-1]]
    return "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))


def _goes_on(line: str) -> bool:
    return len(line) >= _WRAPPED and line.rstrip()[-1:] not in (".", ":", ";", "!", "?", "")


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    if letter in _ALIKE:
        return _ALIKE[letter]
    return " " if letter != "\n" and letter.isspace() else letter


@lru_cache(maxsize=4096)
def _fold(letter: str) -> str:
    """One capital without accents for one letter; a ligature stays one sign."""
    bare = unicodedata.normalize("NFD", letter)[0]
    capital = bare.upper()
    return capital if len(capital) == 1 else bare
