"""Whether a made PDF says and shows what its source does: words in order, pages of the same size that look alike."""

from __future__ import annotations

import logging
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pypdfium2
from PIL import Image, ImageChops
from pypdfium2 import PdfiumError

from gateway.formats.pdfa.errors import UnsureError

logging.getLogger("pypdfium2").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike pages must look: dots per inch at which they are drawn; greatest difference, out of 255, averaged over
    a square of four millimetres, and over a page.
    """

    resolution: int
    square: int
    page: float


#: The same fonts and pictures, drawn by the same PDFium.
EXACT = Likeness(48, 4, 0.5)
#: Other outlines of the same letters.
METRIC = Likeness(96, 70, 6)
#: A picture of the page.
PICTURE = Likeness(144, 12, 1.5)


def require_same(source: bytes, made: bytes, likeness: Likeness, *, more_text: bool = False) -> None:
    """UnsureError for what differs. ``more_text``: words may have come, none may have gone."""
    with opened(source) as before, opened(made) as after:
        if len(before) != len(after):
            raise UnsureError("the number of pages")
        for number in range(len(before)):
            with _page(before, number) as one, _page(after, number) as other:
                if any(abs(a - b) > 1 for a, b in zip(one.get_size(), other.get_size(), strict=True)):
                    raise UnsureError("the size of a page")
                _require_text(words(text_of(one)), words(text_of(other)), more_text=more_text)
                _require_alike(_picture(one, likeness), _picture(other, likeness), likeness)


@contextmanager
def opened(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """A document with its forms drawn. UnsureError when PDFium does not open it."""
    try:
        document = pypdfium2.PdfDocument(data)
    except PdfiumError as error:
        raise UnsureError("PDFium does not open it") from error
    try:
        document.init_forms()
        yield document
    finally:
        document.close()


def words(text: str) -> list[str]:
    """What a person reads in an extracted text: ligatures undone, marks and hyphens of the extraction left out."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(c if unicodedata.category(c)[0] != "C" or c.isspace() else "" for c in plain).split()


@contextmanager
def _page(document: pypdfium2.PdfDocument, number: int) -> Iterator[pypdfium2.PdfPage]:
    page = document[number]
    try:
        yield page
    finally:
        page.close()


def _require_text(said: list[str], says: list[str], *, more_text: bool) -> None:
    if said != says and not (more_text and Counter(said) <= Counter(says)):
        raise UnsureError("the text differs")


def text_of(page: pypdfium2.PdfPage) -> str:
    """The text of a page as PDFium orders it."""
    text = page.get_textpage()
    try:
        return str(text.get_text_range())
    finally:
        text.close()


def _picture(page: pypdfium2.PdfPage, likeness: Likeness) -> Image.Image:
    picture: Image.Image = page.render(scale=likeness.resolution / 72).to_pil().convert("RGB")
    return picture.reduce(max(1, likeness.resolution // 6))


def _require_alike(one: Image.Image, other: Image.Image, likeness: Likeness) -> None:
    if one.size != other.size:
        other = other.resize(one.size)
    values = ImageChops.difference(one, other).convert("L").tobytes()
    if max(values) > likeness.square or sum(values) / len(values) > likeness.page:
        raise UnsureError("the look differs")
