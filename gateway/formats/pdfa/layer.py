"""Text that is there and not seen (render mode 3): words under the picture of a page, in a font without outlines."""

from __future__ import annotations

import ctypes
import io
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pikepdf
import pypdfium2
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph
from pikepdf import Array, Dictionary, Name
from pypdfium2 import raw

from gateway.formats.pdfa.compare import text_of, words
from gateway.formats.pdfa.encodings import to_unicode
from gateway.formats.pdfa.errors import UnsureError

_CHARACTERS = 400_000
_DISTINCT = 8000
_ADVANCE = 500
_FINE = 20
_EPOCH = 3_000_000_000  # seconds since 1904: some day, the same each time


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its place: left, bottom, right, top in points of the page as shown."""

    text: str
    box: tuple[float, float, float, float]


def placed_words(page: pypdfium2.PdfPage) -> Iterator[Word]:
    """The words in PDFium's order, each where its characters lie."""
    text = page.get_textpage()
    letters, boxes = "", list[tuple[float, float, float, float]]()
    if text.count_chars() > _CHARACTERS:
        raise UnsureError("too much text")
    for index in range(text.count_chars()):
        letter = chr(raw.FPDFText_GetUnicode(text.raw, index))
        if letter.isspace() and letters:
            yield Word(letters, _around(page, boxes))
            letters, boxes = "", []
        elif not letter.isspace() and unicodedata.category(letter)[0] != "C":
            letters += unicodedata.normalize("NFKC", letter)
            boxes.append(text.get_charbox(index))
    if letters:
        yield Word(letters, _around(page, boxes))
    text.close()


def stacked_words(page: pypdfium2.PdfPage) -> Iterator[Word]:
    """The words one below the other."""
    found = words(text_of(page))
    height = page.get_height()
    step = height / (len(found) + 1)
    for number, text in enumerate(found, 1):
        bottom = height - number * step
        yield Word(text, (1, bottom, 1 + step, bottom + step * 0.8))


class Layer:
    """The invisible text of one document; ``font`` is filled when it is closed."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._cids: dict[str, int] = {}
        self.font = pdf.make_indirect(Dictionary(Type=Name.Font))

    def content(self, found: Iterable[Word]) -> bytes:
        """The operators that place these words, under the name /T of the font."""
        lines = [self._line(word) for word in found]
        return "\n".join(["BT 3 Tr", *lines, "ET", ""]).encode() if lines else b""

    def close(self) -> None:
        """Make the font of the characters that came by."""
        program = _program(len(self._cids) + 1)
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name.Invisible,
            Flags=4,
            FontBBox=Array([0, 0, _ADVANCE, 1000]),
            ItalicAngle=0,
            Ascent=1000,
            Descent=0,
            CapHeight=1000,
            StemV=80,
            FontFile2=self._pdf.make_stream(program, Length1=len(program)),
        )
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name.Invisible,
            CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
            FontDescriptor=self._pdf.make_indirect(descriptor),
            DW=_ADVANCE,
            CIDToGIDMap=Name.Identity,
        )
        self.font.Subtype, self.font.BaseFont, self.font.Encoding = Name.Type0, Name.Invisible, Name("/Identity-H")
        self.font.DescendantFonts = Array([self._pdf.make_indirect(descendant)])
        meanings = {cid: character for character, cid in self._cids.items()}
        self.font.ToUnicode = self._pdf.make_stream(to_unicode(meanings, 4))

    def _line(self, word: Word) -> str:
        left, bottom, right, top = word.box
        size = max(top - bottom, 1.0)
        stretch = 100 * max(right - left, 0.5) / (len(word.text) * size * _ADVANCE / 1000)
        codes = "".join(f"{self._cid(character):04x}" for character in f"{word.text} ")
        return f"/T {size:.2f} Tf {min(stretch, 2000):.2f} Tz 1 0 0 1 {left:.2f} {bottom:.2f} Tm <{codes}> Tj"

    def _cid(self, character: str) -> int:
        if len(self._cids) > _DISTINCT:
            raise UnsureError("too many different characters")
        return self._cids.setdefault(character, len(self._cids) + 1)


def _around(
    page: pypdfium2.PdfPage, boxes: list[tuple[float, float, float, float]]
) -> tuple[float, float, float, float]:
    """The box of a word on the page as it is shown: cropped and turned."""
    width, height = page.get_size()
    corners = [
        _shown(page, x, y, width, height)
        for left, bottom, right, top in boxes
        for x, y in ((left, bottom), (right, top))
    ]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _shown(page: pypdfium2.PdfPage, x: float, y: float, width: float, height: float) -> tuple[float, float]:
    right, down = ctypes.c_int(), ctypes.c_int()
    size = round(width * _FINE), round(height * _FINE)
    raw.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, ctypes.byref(right), ctypes.byref(down))
    return right.value / _FINE, height - down.value / _FINE


def _program(glyphs: int) -> bytes:
    """A TrueType font of empty glyphs; no date of today in it."""
    names = [".notdef", *(f"c{number}" for number in range(1, glyphs))]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({})
    builder.setupGlyf({name: Glyph() for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (_ADVANCE, 0)))
    builder.setupHorizontalHeader(ascent=1000, descent=0)
    builder.setupPost(keepGlyphNames=False)
    builder.updateHead(created=_EPOCH, modified=_EPOCH)
    builder.font.recalcTimestamp = False
    out = io.BytesIO()
    builder.font.save(out)
    return out.getvalue()
