"""A text laid out for reading: the letters as written beside the same without case nor accents, line by line."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

LONGEST = 100_000
_WRAPPED = 55
_BEFORE = 120
_LABELLED = re.compile(r"[ \-*•]*[A-Z][A-Z' ]{1,30}(?:\([A-Z]\))? ?:")  # a line that begins anew: "Concerne :"
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

    def before(self, at: int) -> str:
        """What stands, folded, before an offset on its line; the last 120 letters."""
        return self.folded[max(self.line_start(at), at - _BEFORE) : at]

    def between(self, first: int, last: int) -> str:
        """The lines, folded, from one number to another, both included and from 1."""
        first, last = max(1, first), min(len(self.starts), last)
        end = self.starts[last] - 1 if last < len(self.starts) else len(self.folded)
        return self.folded[self.starts[first - 1] : end]

    def written_between(self, first: int, last: int) -> str:
        """The same as written."""
        start = self.starts[max(1, first) - 1]
        return self.text[start : start + len(self.between(first, last))]

    def lines(self) -> list[tuple[int, str]]:
        """Every line with the offset of its beginning, folded, without its line end."""
        return list(zip(self.starts, self.folded.split("\n"), strict=True))


def lay_out(text: str) -> Page:
    """The first 100,000 characters, composed, with plain blanks, apostrophes and hyphens."""
    plain = unicodedata.normalize("NFC", _INVISIBLE.sub("", text[:LONGEST]))
    plain = re.sub(r"\r\n?|[\v\f\x85\u2028\u2029]", "\n", plain)
    written = plain.translate(_PLAIN)
    folded = written.translate(_FOLDED)
    starts = (0, *(match.end() for match in re.finditer("\n", folded)))
    return Page(written, folded, _unwrapped(folded), starts)


def _unwrapped(folded: str) -> str:
    lines = folded.split("\n")
    ends = [" " if _goes_on(line) and not _LABELLED.match(after) else "\n" for line, after in pairwise(lines)]
    return "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))


def _goes_on(line: str) -> bool:
    return len(line) >= _WRAPPED and line.rstrip()[-1:] not in (".", ":", ";", "!", "?", "")


class _Letters(dict[int, str]):
    """A table for ``str.translate`` that works out each letter once."""

    def __init__(self, change: Callable[[str], str]) -> None:
        super().__init__()
        self._change = change

    def __missing__(self, code: int) -> str:
        self[code] = changed = self._change(chr(code))
        return changed


def _plain(letter: str) -> str:
    if letter in _ALIKE:
        return _ALIKE[letter]
    return " " if letter != "\n" and letter.isspace() else letter


def _fold(letter: str) -> str:
    """One capital without accents for one letter; a ligature stays one sign."""
    bare = unicodedata.normalize("NFD", letter)[0]
    capital = bare.upper()
    return capital if len(capital) == 1 else bare


_PLAIN = _Letters(_plain)
_FOLDED = _Letters(_fold)
