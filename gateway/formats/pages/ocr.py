"""Words read from grey pictures of pages by Tesseract, in process, in French. What is doubtful is said to be so.

A doubtful word is written ``[?]``, and so are the names and figures that it touches: half of a name, or a date of which
one figure was guessed, would otherwise be somebody else's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops, ImageFilter, ImageOps

from gateway.formats.pages.layout import Word, lines

os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # read when the library is loaded: one page, one core

import tesserocr

DOUBTFUL: Final = "[?]"
_SURE: Final = 70.0  # confidence of a word, from 0 to 100, from which a name or a figure read twice is believed
_SECOND: Final = 1.2  # the scale of the second reading: at it other letters are mistaken than at the first
_READABLE: Final = 75.0  # mean confidence from which a page needs no other try
_WORTHLESS: Final = 50.0  # and under which nothing on it is believed
_LANGUAGE: Final = "fra"
_PLACES: Final = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
)
_SIGNS: Final = frozenset(":;,-–—()/")  # kept where they stand alone; other signs are mostly specks
_CARRIES: Final = re.compile(r"[^\W_]")
_NAME_OR_FIGURE: Final = re.compile(r"[^\w]*(?:[A-ZÀ-ÖØ-ÞŒ]|\d)")
_NOISY: Final = 0.06  # share of pixels at the edge of ink: a page of print has 0.005 to 0.03
_LEAST: Final = 30  # letters of a page that says anything
_SLOPES: Final = (tuple(range(-5, 6)), (-0.6, -0.3, 0, 0.3, 0.6), (-0.15, 0, 0.15))  # degrees
_THREAD: Final = 30  # times as long as wide: no page, and what it would cost has no end
_SMALL: Final = 400  # pixels across in which the slope of the lines is measured


class OcrMissingError(Exception):
    """The words of the language are not installed here: no fault of the document."""


@dataclass(frozen=True, slots=True)
class OcrPage:
    """The lines of a page, doubtful words marked, and the mean confidence (0 to 100) of what was read."""

    lines: tuple[str, ...]
    confidence: float

    @property
    def text(self) -> str:
        """The lines together."""
        return "\n".join(self.lines)


def read(picture: Image.Image) -> OcrPage:
    """The words of a page (mode L), turned upright. OcrMissingError."""
    quiet = None if max(picture.size) > _THREAD * min(picture.size) else _quiet(picture)
    if quiet is None:
        return OcrPage((), 0.0)
    best = _best(_straight(quiet))
    if best.confidence < _WORTHLESS:
        return OcrPage((), best.confidence)
    again = _recognise(_scaled(best.picture, _SECOND))
    return OcrPage(tuple(lines(_marked(best.seen, again))), best.confidence)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A word with its confidence; ``tall`` when it stands higher than wide, as on a page turned by a quarter."""

    word: Word
    confidence: float
    tall: bool


@dataclass(frozen=True, slots=True)
class _Try:
    """What was read of a page in one way; the confidence is nothing where too little was read."""

    picture: Image.Image
    seen: tuple[_Seen, ...]
    confidence: float


def _best(picture: Image.Image) -> _Try:
    """The page the right way up: as it is, turned, then without specks, and stretched as a coarse fax must be."""
    best = _try(picture)
    lying = sum(2 * one.tall - 1 for one in best.seen if len(one.word.text) > 3) > 0
    if lying:
        best = replace(best, confidence=0.0)
    ways = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270) if lying else (Image.Transpose.ROTATE_180,)
    for way in ways:
        if best.confidence < _READABLE:
            best = max(best, _try(picture.transpose(way)), key=lambda one: one.confidence)
    if best.confidence < _READABLE:
        best = max(best, _try(best.picture.filter(ImageFilter.MedianFilter(3))), key=lambda one: one.confidence)
    if best.confidence < _READABLE and picture.width > picture.height:
        tall = best.picture.resize((best.picture.width, best.picture.height * 2), Image.Resampling.BICUBIC)
        best = max(best, _try(tall), key=lambda one: one.confidence)
    return best


def _try(picture: Image.Image) -> _Try:
    seen = _recognise(picture)
    return _Try(picture, seen, _mean(seen) if _letters(seen) >= _LEAST else 0.0)


def _quiet(picture: Image.Image) -> Image.Image | None:
    """The page without the noise that Tesseract would take for letters, speck by speck; None: there is only noise."""
    for radius in (0, 1, 2):
        smooth = picture.filter(ImageFilter.GaussianBlur(radius)) if radius else picture
        if _edges(smooth) < _NOISY:
            return smooth
    return None


def _edges(picture: Image.Image) -> float:
    """The share of pixels where ink begins or ends on a row."""
    level = _threshold(picture.histogram())
    black = picture.point(lambda value: 255 if value > level else 0)
    return ImageChops.difference(black, ImageChops.offset(black, 1, 0)).histogram()[255] / (
        picture.width * picture.height
    )


def _threshold(histogram: Sequence[int]) -> int:
    """The level that best divides ink from paper (Otsu)."""
    total, weight = sum(histogram), sum(level * count for level, count in enumerate(histogram))
    best, found, below, dark = 0.0, 127, 0, 0
    for level, count in enumerate(histogram[:-1]):
        below += count
        dark += level * count
        if 0 < below < total:
            spread = (weight * below / total - dark) ** 2 / (below * (total - below))
            best, found = max((best, found), (spread, level))
    return found


def _recognise(picture: Image.Image) -> tuple[_Seen, ...]:
    engine = _engine()
    engine.SetImageBytes(picture.tobytes(), picture.width, picture.height, 1, picture.width)
    engine.SetSourceResolution(max(70, picture.width * 25 // 210))
    try:
        return tuple(_words(engine)) if engine.Recognize() else ()
    finally:
        engine.Clear()


def _words(engine: tesserocr.PyTessBaseAPI) -> Iterator[_Seen]:
    found = engine.GetIterator()
    if found is None:
        return
    level = tesserocr.RIL.WORD
    for place, word in enumerate(tesserocr.iterate_level(found, level)):
        box = None if word.Empty(level) else word.BoundingBox(level)
        base = word.Baseline(level) if box else None
        text = word.GetUTF8Text(level).strip() if box else ""
        if not box or not text:
            continue
        low = (base[0][1] + base[1][1]) / 2 if base else box[3]
        height = float(word.RowAttributes()["row_height"])
        tall = box[3] - box[1] > box[2] - box[0]
        yield _Seen(Word(text, box[0], box[2], low, height, place), word.Confidence(level), tall)


@lru_cache(maxsize=1)
def _engine() -> tesserocr.PyTessBaseAPI:
    folder = _folder()
    engine = tesserocr.PyTessBaseAPI(path=folder, lang=_LANGUAGE, psm=tesserocr.PSM.AUTO, oem=tesserocr.OEM.LSTM_ONLY)
    # Its default is /dev/null, opened for writing at the first remark: refused in a reader, where it then crashes. The
    # standard error, where remarks go without it, leads nowhere there.
    engine.SetVariable("debug_file", "")
    return engine


def _folder() -> str:
    """Where the words of the language lie: TESSDATA_PREFIX, or where distributions put them. OcrMissingError."""
    for place in (os.environ.get("TESSDATA_PREFIX", ""), *_PLACES):
        if place and (Path(place) / f"{_LANGUAGE}.traineddata").is_file():
            return place
    raise OcrMissingError("no French words for OCR (Debian: tesseract-ocr-fra)")


def _mean(seen: Sequence[_Seen]) -> float:
    weights = [len(one.word.text) for one in seen]
    return sum(one.confidence * weight for one, weight in zip(seen, weights, strict=True)) / (sum(weights) or 1)


def _letters(seen: Sequence[_Seen]) -> int:
    return sum(letter.isalnum() for one in seen for letter in one.word.text)


def _straight(picture: Image.Image) -> Image.Image:
    """With its lines level: the slope at which rows of ink and rows of paper differ most."""
    small = ImageOps.autocontrast(
        picture.resize((_SMALL, max(1, picture.height * _SMALL // picture.width)), Image.Resampling.BOX)
    )
    best = 0.0
    for steps in _SLOPES:
        best = max((best + step for step in steps), key=lambda slope: (_contrast(small, slope), -abs(slope)))
    return picture if abs(best) < 0.2 else picture.rotate(best, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def _contrast(small: Image.Image, slope: float) -> int:
    rows = small.rotate(slope, Image.Resampling.BILINEAR, fillcolor=255).resize((1, small.height), Image.Resampling.BOX)
    levels = rows.tobytes()
    return sum((one - other) ** 2 for one, other in pairwise(levels))


def _marked(seen: Sequence[_Seen], again: Sequence[_Seen]) -> list[Word]:
    """The words, with a mark in the place of those that are doubtful and of the names and figures beside them."""
    carry = [one for one in seen if _CARRIES.search(one.word.text)]
    told = _Told(again)
    doubtful = [not told.same(one) for one in carry]
    for order in (range(1, len(carry)), range(len(carry) - 2, -1, -1)):
        for at in order:
            before = at - order.step
            if doubtful[before] and _touch(carry[before].word, carry[at].word):
                doubtful[at] = doubtful[at] or _NAME_OR_FIGURE.match(carry[at].word.text) is not None
    signs = [one.word for one in seen if one.word.text in _SIGNS]
    return [*signs, *(_mark(one.word) if bad else one.word for one, bad in zip(carry, doubtful, strict=True))]


def _mark(word: Word) -> Word:
    return replace(word, text=DOUBTFUL)


class _Told:
    """What a second reading of the same page, at another scale, says in each place."""

    def __init__(self, again: Sequence[_Seen]) -> None:
        self._words: dict[str, list[tuple[Word, float]]] = {}
        for one in again:
            word = one.word
            here = replace(word, left=word.left / _SECOND, right=word.right / _SECOND, base=word.base / _SECOND)
            self._words.setdefault(_plain(word.text), []).append((here, one.confidence))

    def same(self, one: _Seen) -> bool:
        """Whether it reads the same word there; a name or a figure must also be sure in one reading or the other."""
        alike = [sure for word, sure in self._words.get(_plain(one.word.text), ()) if _over(word, one.word)]
        carries = _NAME_OR_FIGURE.match(one.word.text) is not None
        return bool(alike) and (not carries or max(one.confidence, *alike) >= _SURE)


def _over(one: Word, other: Word) -> bool:
    """Whether two words stand in one place."""
    return abs(one.base - other.base) < other.height and one.left < other.right and other.left < one.right


def _plain(text: str) -> str:
    """The letters and figures, without the signs that stick to them."""
    return text.strip("'\"‘’“”«».,;:!?()[]|_-–—°*•")


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    size = round(picture.width * scale), round(picture.height * scale)
    return picture.resize(size, Image.Resampling.LANCZOS)


def _touch(one: Word, other: Word) -> bool:
    """Neighbours on a line."""
    left, right = sorted((one, other), key=lambda word: word.left)
    height = max(one.height, other.height)
    return abs(one.base - other.base) < height / 2 and right.left - left.right < 1.5 * height
