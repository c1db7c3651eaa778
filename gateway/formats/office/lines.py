"""Letters laid into lines: broken at blanks, never between two letters of a word unless no line can hold it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.formats.office.blocks import Run

#: The width of letters in a style, in millimetres.
Measure = Callable[[str, str], float]

_PIECES: Final = re.compile(r"\n|\t| +|[^ \n\t]+")
_TAB: Final = 12.5
_GAP: Final = 2.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Letters of one style and how far from the beginning of the line they stand, in millimetres."""

    text: str
    style: str
    x: float


@dataclass(slots=True)
class Line:
    """A line and its width, without the blanks at its end."""

    pieces: list[Piece] = field(default_factory=list)
    width: float = 0


def laid(runs: Iterable[Run], width: float, measure: Measure) -> list[Line]:
    """The lines, each at most ``width`` wide; one empty line for an empty paragraph."""
    setter = _Setter(width, measure)
    for token in _tokens(runs):
        setter.take(token)
    return setter.lines


def widest(runs: Iterable[Run], measure: Measure) -> tuple[float, float]:
    """The width of the longest word, and that of the longest line if nothing breaks it."""
    words = [sum(measure(*one) for one in word) for word in _tokens(runs) if word[0][0].strip()]
    return max(words, default=0), max(line.width for line in laid(runs, 10_000, measure))


#: A word (letters may change style inside), or a blank, a tab, a line end.
_Token = list[tuple[str, str]]


def _tokens(runs: Iterable[Run]) -> Iterator[_Token]:
    word: _Token = []
    for run in runs:
        for piece in _PIECES.findall(run.text):
            if piece[0] not in " \n\t":
                word.append((piece, run.style))
                continue
            if word:
                yield word
                word = []
            yield [(piece, run.style)]
    if word:
        yield word


class _Setter:
    def __init__(self, width: float, measure: Measure) -> None:
        self._width, self._measure = width, measure
        self.lines = [Line()]
        self._x = 0.0

    def take(self, token: _Token) -> None:
        """Place a token on the line, or on the next."""
        text, style = token[0]
        if text == "\n":
            self._next()
        elif text == "\t":
            stop = (int((self._x + _GAP) / _TAB) + 1) * _TAB
            if stop > self._width:
                self._next()
            else:
                self._x = stop
        elif text[0] == " ":
            self._put(text, style, blank=True)
        else:
            self._word(token)

    def _word(self, word: _Token) -> None:
        wide = sum(self._measure(*one) for one in word)
        if self._x + wide > self._width and self.lines[-1].pieces:
            self._next()
        for text, style in word:
            if wide <= self._width:
                self._put(text, style)
                continue
            for letter in text:
                if self._x + self._measure(letter, style) > self._width and self.lines[-1].pieces:
                    self._next()
                self._put(letter, style)

    def _put(self, text: str, style: str, *, blank: bool = False) -> None:
        line = self.lines[-1]
        before = line.pieces[-1] if line.pieces else None
        wide = self._measure(text, style)
        if before and before.style == style and abs(before.x + self._measure(before.text, style) - self._x) < 0.01:
            line.pieces[-1] = Piece(before.text + text, style, before.x)
        else:
            line.pieces.append(Piece(text, style, self._x))
        self._x += wide
        if not blank:
            line.width = self._x

    def _next(self) -> None:
        self.lines.append(Line())
        self._x = 0
