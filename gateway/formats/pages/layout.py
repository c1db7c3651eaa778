"""Words and where they stand, into lines as a person reads them: no order of the file is believed by itself.

Words of one baseline are a row. Rows that a gutter cuts in two are columns when they were drawn as two blocks, or when
their baselines do not meet, and when the left ones are not the labels of the right ones: then the left column is read
whole, then the right one. A letterhead beside the patient's address would otherwise be read across.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SAME_ROW = 0.35  # in heights of a line, as all that follows
_CELL = 1.3
_CELL_OUT_OF_ORDER = 0.6
_GUTTER = 1.3
_LEADING = 2.6
_LONGEST_BAND = 120  # rows
_LABEL_WORDS = 3
_BOX_WORDS = 5
_MEASURE = re.compile(r"\d[.,]\d|\d ?(?:%|[gµmn]\w*/)")
_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}")
_PAIR = re.compile(r"\S\s*:\s*\S")
_SPLIT = re.compile(r"([^\W\d_])-$")


@dataclass(frozen=True, slots=True)
class Word:
    """A word from ``left`` to ``right`` on the line at ``base`` (downwards); ``place`` is its rank in the file."""

    text: str
    left: float
    right: float
    base: float
    height: float
    place: int


@dataclass(frozen=True, slots=True)
class _Cell:
    """Words of one row that stand together."""

    text: str
    left: float
    right: float
    place: int


@dataclass(frozen=True, slots=True)
class _Row:
    base: float
    height: float
    cells: tuple[_Cell, ...]


def lines(words: Iterable[Word]) -> list[str]:
    """The lines of a page, top to bottom; an empty one between two columns. Words cut at a line's end are whole."""
    return _whole_words(_read(_rows(words)))


def _rows(words: Iterable[Word]) -> list[_Row]:
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.base, word.left)):
        near = rows[-1][0] if rows else None
        if near and abs(word.base - near.base) <= _SAME_ROW * max(word.height, near.height):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [_Row(row[0].base, max(word.height for word in row), tuple(_cells(row))) for row in rows]


def _cells(row: list[Word]) -> Iterable[_Cell]:
    held: list[Word] = []
    for word in sorted(row, key=lambda word: (word.left, word.place)):
        if held and _drawn_twice(held[-1], word):
            continue
        if held and _apart(held[-1], word):
            yield _cell(held)
            held = []
        held.append(word)
    if held:
        yield _cell(held)


def _drawn_twice(one: Word, other: Word) -> bool:
    """Bold letters are sometimes the same letters, a hair to the right."""
    return one.text == other.text and abs(one.left - other.left) < 0.2 * one.height


def _apart(one: Word, other: Word) -> bool:
    gap, height = other.left - one.right, max(one.height, other.height)
    return gap > (_CELL if other.place == one.place + 1 else _CELL_OUT_OF_ORDER) * height


def _cell(words: Sequence[Word]) -> _Cell:
    right = max(word.right for word in words)
    return _Cell(" ".join(w.text for w in words), words[0].left, right, min(w.place for w in words))


def _read(rows: Sequence[_Row]) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(rows):
        end, gutter = _band(rows, at)
        if end - at < 2:
            found += _row_lines(rows[at])
            at += 1
            continue
        left, right = _side(rows[at:end], gutter, left=True), _side(rows[at:end], gutter, left=False)
        if _are_columns(left, right):
            found += ["", *_read(left), "", *_read(right), ""]
        else:
            found += [line for row in rows[at:end] for line in _row_lines(row)]
        at = end
    return found


def _row_lines(row: _Row) -> list[str]:
    """The row as one line; the boxes of a form are lines of their own, each label with the value that it announces."""
    found: list[str] = []
    form = len(row.cells) > 1 and all(_is_box(cell.text) for cell in row.cells)
    for cell in row.cells:
        apart = found and not found[-1].endswith(":") and (form or (_PAIR.search(found[-1]) and ":" in cell.text))
        if found and not apart:
            found[-1] += f" {cell.text}"
        else:
            found.append(cell.text)
    return found


def _is_box(text: str) -> bool:
    """A few words, and no measure: the columns of results stay on their line."""
    return len(text.split()) <= _BOX_WORDS and (_MEASURE.search(text) is None or _DATE.search(text) is not None)


def _band(rows: Sequence[_Row], at: int) -> tuple[int, float]:
    """The end of the rows from ``at`` on that one gutter cuts, and where it is; the end is ``at`` when none does."""
    free = [(float("-inf"), float("inf"))]
    end, gutter = at, 0.0
    for number in range(at, min(len(rows), at + _LONGEST_BAND)):
        row = rows[number]
        if number > at and row.base - rows[number - 1].base > _LEADING * max(row.height, rows[number - 1].height):
            break
        for cell in row.cells:
            free = [part for interval in free for part in _without(interval, cell.left, cell.right)]
        inner = [(b - a, (a + b) / 2) for a, b in free if b - a > _GUTTER * row.height and abs(b - a) != float("inf")]
        if not inner and number > at and len(row.cells) > 0 and not _outer(free, rows[at]):
            break
        if inner:
            end, gutter = number + 1, max(inner)[1]
    return end, gutter


def _outer(free: Iterable[tuple[float, float]], first: _Row) -> bool:
    """Whether what follows may still stand wholly beside the first row."""
    return any(
        b > first.cells[-1].right + 5 * first.height or a < first.cells[0].left - 5 * first.height for a, b in free
    )


def _without(interval: tuple[float, float], left: float, right: float) -> list[tuple[float, float]]:
    low, high = interval
    return [(a, b) for a, b in ((low, min(high, left)), (max(low, right), high)) if b > a]


def _side(rows: Iterable[_Row], gutter: float, *, left: bool) -> list[_Row]:
    cut = ((row, tuple(cell for cell in row.cells if (cell.left < gutter) is left)) for row in rows)
    return [_Row(row.base, row.height, cells) for row, cells in cut if cells]


def _are_columns(left: Sequence[_Row], right: Sequence[_Row]) -> bool:
    shared = {row.base for row in left} & {row.base for row in right}
    if _are_labels([row for row in left if row.base in shared]):
        return False
    if len(shared) * 2 < min(len(left), len(right)):
        return True
    sides = sorted([*((c.place, 0) for r in left for c in r.cells), *((c.place, 1) for r in right for c in r.cells)])
    turns = sum(one[1] != other[1] for one, other in pairwise(sides))
    return turns <= max(1, len(shared) // 2)


def _are_labels(rows: Sequence[_Row]) -> bool:
    """Whether these cells announce those beside them: "Nom :", or a word or two without a figure."""
    texts = [" ".join(cell.text for cell in row.cells) for row in rows]
    return bool(texts) and all(
        text.endswith(":") or (":" not in text and len(text.split()) <= _LABEL_WORDS and not re.search(r"\d", text))
        for text in texts
    )


def _whole_words(found: Sequence[str]) -> list[str]:
    whole: list[str] = []
    for line in found:
        cut = _SPLIT.search(whole[-1]) if whole else None
        if cut and line[:1].isalpha():
            word, _, rest = line.partition(" ")
            begun = whole[-1][:-1] if cut.group(1).islower() and word[0].islower() else whole[-1]
            whole[-1:] = [begun + word, rest] if rest else [begun + word]
        elif line or (whole and whole[-1]):
            whole.append(line)
    return whole
