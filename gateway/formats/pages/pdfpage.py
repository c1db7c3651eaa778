"""One page of a PDF as PDFium holds it: its words where they stand, its pictures, what is filled in or stuck on it."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pypdfium2
import pypdfium2.raw as pdfium

from gateway.formats.pages.layout import Word

_INVISIBLE = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})
_SHOWN = frozenset(
    {pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_STAMP, pdfium.FPDF_ANNOT_TEXT}
)
_WRITTEN = frozenset({pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_TEXT})
_ANNOTATIONS = 500
_NESTING = 3  # forms in forms, where pictures are looked for
_LETTERS = 100_000
_THINGS = 5000
_SYMBOL = 120  # strokes of which the smallest symbol may be drawn
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_HYPHENS = frozenset({0x2, 0xAD, 0xFFFE})  # PDFium's own marks of a word cut at a line's end, and the soft hyphen
_BLANKS = frozenset({0, 0xFFFF, *(code for code in range(0x3001) if chr(code).isspace())})
#: Where the file does not tell which letters its glyphs are, PDFium guesses; it is right where these come out.
_EVERYDAY = frozenset(
    "à au ce de des docteur dr du en est et il je la le les madame mme monsieur nom né née par pas pour un une".split()  # noqa: SIM905
)
_UNKNOWN = "\ufffd"
#: Letters that two words have at the least; how far apart two strings of one word may be, and two letters drawn alone.
_TOUCHING = 4
_TOUCH = 0.05
_SPACED = 0.3
_LINE_GOES_ON = 1.3


@dataclass(frozen=True, slots=True)
class PageWords:
    """``shown`` are the words that a person sees, ``hidden`` those of an invisible layer.

    ``unknown``: how many words are of glyphs of which the file does not tell the letters.
    """

    shown: list[Word]
    hidden: list[Word]
    unknown: int


@dataclass(frozen=True, slots=True)
class Pictures:
    """``share`` of the page that is under pictures (0 to 1). ``drawn``: whether a symbol may stand on it."""

    share: float
    drawn: bool


def words(page: pypdfium2.PdfPage) -> PageWords:
    """The words of a page, in page units, along the direction in which most are written; the others stand last."""
    text = pdfium.FPDFText_LoadPage(page)
    if not text:
        return PageWords([], [], 0)
    try:
        found = list(_found(text, page.get_bbox()))
    finally:
        pdfium.FPDFText_ClosePage(text)
    told = any(word.guessed and word.text.casefold() in _EVERYDAY for word in found)
    turns = [word.turn for word in found]
    most = max(set(turns), key=turns.count, default=0)
    upright = {word.place: word.at(most) for word in found if word.turn == most}
    bottom = max((word.base for word in upright.values()), default=0.0)
    placed = [(word, upright.get(word.place) or word.below(bottom)) for word in found]
    return PageWords(
        [at for word, at in placed if not word.hidden],
        [at for word, at in placed if word.hidden],
        sum((_UNKNOWN in word.text and len(word.text) > 1) or (word.guessed and not told) for word in found),
    )


def pictures(page: pypdfium2.PdfPage) -> Pictures:
    """How much of a page is pictures."""
    left, bottom, right, top = page.get_bbox()
    share, strokes, images = 0.0, 0, 0
    for thing in islice(page.get_objects(max_depth=_NESTING), _THINGS):
        if thing.type == pdfium.FPDF_PAGEOBJ_PATH:
            strokes += max(0, pdfium.FPDFPath_CountSegments(thing))
        elif thing.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            images += 1
            box = thing.get_bounds()
            width, height = min(box[2], right) - max(box[0], left), min(box[3], top) - max(box[1], bottom)
            share += max(0.0, width) * max(0.0, height)
    area = (right - left) * (top - bottom)
    return Pictures(min(1.0, share / area) if area > 0 else 0.0, images > 0 or strokes >= _SYMBOL)


def flatten(page: pypdfium2.PdfPage) -> tuple[bool, list[str]]:
    """Make what is filled in and stuck on part of the page, which must then be loaded again; and the notes' words."""
    kinds, notes = set[int](), list[str]()
    for number in range(min(pdfium.FPDFPage_GetAnnotCount(page), _ANNOTATIONS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        if annotation:
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            kinds.add(kind)
            notes += [_string(annotation, b"Contents")] if kind in _WRITTEN else []
            pdfium.FPDFPage_CloseAnnot(annotation)
    flat = bool(kinds & _SHOWN) and pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS
    return flat, [note for note in notes if note.strip()]


@dataclass(slots=True)
class _Found:
    """A word as found: the origin of its first letter, the corners of its letters, its direction in quarter turns."""

    text: str
    x: float
    y: float
    corners: tuple[float, float, float, float]
    turn: int
    hidden: bool
    guessed: bool
    place: int

    def goes_on(self, x: float, y: float, place: int) -> bool:
        """Whether a word off the page goes on with the line of this one: a line longer than the paper is still said."""
        height = self.corners[3] - self.corners[1]
        beside = abs(y - self.y) < height / 3 and 0 <= x - self.corners[2] < _LINE_GOES_ON * height
        return place == self.place + 1 and beside

    def at(self, turn: int) -> Word:
        """Along a direction: 0 to the right, then anticlockwise."""
        if turn == 0:
            return Word(self.text, self.x, self.corners[2], -self.y, self.corners[3] - self.corners[1], self.place)
        cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[turn % 4]
        left, bottom, right, top = self.corners
        along = [x * cosine + y * sine for x in (left, right) for y in (bottom, top)]
        across = [x * sine - y * cosine for x in (left, right) for y in (bottom, top)]
        base = self.x * sine - self.y * cosine
        start = self.x * cosine + self.y * sine
        return Word(self.text, start, max(along), base, max(across) - min(across), self.place)

    def below(self, bottom: float) -> Word:
        """A word written otherwise, under the page."""
        word = self.at(self.turn)
        return Word(
            word.text, word.left, word.right, bottom + 1000 * (self.turn + 1) + word.base, word.height, self.place
        )


def _found(text: pdfium.FPDF_TEXTPAGE, box: tuple[float, float, float, float]) -> Iterator[_Found]:
    count = min(pdfium.FPDFText_CountChars(text), _LETTERS)
    codes = [pdfium.FPDFText_GetUnicode(text, at) for at in range(count)]
    measure = _Measure(text)
    left, bottom, right, top = box
    kept: _Found | None = None
    spans = (part for span in _spans(codes) for part in measure.drawings(*span))
    for place, (start, end) in enumerate(spans):
        x, y = measure.origin(start)
        on_page = left - 1 <= x <= right + 1 and bottom - 1 <= y <= top + 1
        if not on_page and not (kept and kept.goes_on(x, y, place)):
            continue
        kept = _Found(
            "".join(map(_letter, codes[start:end])),
            *(x, y),
            measure.corners(start, end - 1),
            measure.turn(start),
            measure.hidden(start),
            measure.is_guessed(start),
            place,
        )
        yield kept


def _spans(codes: list[int]) -> Iterator[tuple[int, int]]:
    """Where words begin and end: at blanks, and after the hyphen of a word cut at the end of a line."""
    start = 0
    for at, code in enumerate(codes):
        if code in _HYPHENS:
            yield start, at + 1
            start = at + 1
        elif code in _BLANKS:
            if at > start:
                yield start, at
            start = at + 1
    if len(codes) > start:
        yield start, len(codes)


def _letter(code: int) -> str:
    if code in _HYPHENS:
        return "-"
    if code < 0x20 or 0xD800 <= code <= 0xF8FF or code > 0x10FFFF:
        return _UNKNOWN
    return _LIGATURES.get(code) or chr(code)


class _Measure:
    """PDFium's measures of letters, without an allocation for each."""

    def __init__(self, text: pdfium.FPDF_TEXTPAGE) -> None:
        self._text = text
        self._x, self._y, self._box = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()

    def drawing(self, at: int) -> int:
        """What a letter was drawn with: the same number for the letters of one string."""
        return ctypes.cast(pdfium.FPDFText_GetTextObject(self._text, at), ctypes.c_void_p).value or 0

    def drawings(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """A word, cut where two strings only touch: "KOWALCZYK" running into the next column's "Prénom"."""
        if end - start < _TOUCHING:
            yield start, end
            return
        cuts = [at for at in range(start + 1, end) if self.drawing(at) != self.drawing(at - 1)]
        bounds = [start, *cuts, end]
        begin = start
        for before, cut, after in zip(bounds, cuts, bounds[2:], strict=False):
            pieces = min(cut - before, after - cut)
            if abs(self._gap(cut)) > (_TOUCH if pieces > 1 else _SPACED):
                yield begin, cut
                begin = cut
        yield begin, end

    def _gap(self, at: int) -> float:
        """Between a letter and the one before, in heights; nothing when they are on two lines."""
        before, here = self.corners(at - 1, at - 1), self.corners(at, at)
        height = max(before[3] - before[1], here[3] - here[1], 1e-6)
        return (here[0] - before[2]) / height if self.turn(at) == 0 else 0.0

    def origin(self, at: int) -> tuple[float, float]:
        pdfium.FPDFText_GetCharOrigin(self._text, at, self._x, self._y)
        return self._x.value, self._y.value

    def corners(self, first: int, last: int) -> tuple[float, float, float, float]:
        pdfium.FPDFText_GetLooseCharBox(self._text, first, self._box)
        left, bottom, right, top = self._box.left, self._box.bottom, self._box.right, self._box.top
        pdfium.FPDFText_GetLooseCharBox(self._text, last, self._box)
        return (
            min(left, self._box.left),
            min(bottom, self._box.bottom),
            max(right, self._box.right),
            max(top, self._box.top),
        )

    def turn(self, at: int) -> int:
        quarters: float = pdfium.FPDFText_GetCharAngle(self._text, at) / (math.pi / 2)
        return round(quarters) % 4

    def hidden(self, at: int) -> bool:
        return pdfium.FPDFTextObj_GetTextRenderMode(pdfium.FPDFText_GetTextObject(self._text, at)) in _INVISIBLE

    def is_guessed(self, at: int) -> bool:
        return bool(pdfium.FPDFText_HasUnicodeMapError(self._text, at) == 1)


def _string(annotation: pdfium.FPDF_ANNOTATION, key: bytes) -> str:
    length = pdfium.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFAnnot_GetStringValue(annotation, key, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), length)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\x00")
