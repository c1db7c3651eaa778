"""PDF by PDFium: pages, the text that a person sees, and the pages that are pictures. Bounded in pages and objects."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.pages import pdfdangers, pdfpage
from gateway.formats.pages.layout import lines
from gateway.model.reasons import Reason

# What its reader cannot do, it tells: not for a log.
logging.getLogger("pypdfium2").setLevel(logging.CRITICAL)

_PICTURE = 0.4  # share of a page from which pictures are its matter...
_ANY_PICTURE = 0.02  # the same where it bears no letter: a blank page is none
_FEW_LETTERS = 400  # ...unless it bears that many letters
_UNREADABLE = 0.1  # share of words without known letters from which a page is to be read as a picture


@dataclass(frozen=True, slots=True)
class PdfReading:
    """Pages in all, and the text of the first ones.

    ``source`` is ocr when the text is the invisible layer of a scan: somebody's OCR, of unknown worth. ``pictures`` are
    the pages (from 0) whose matter is a picture, ``drawn`` those where a symbol may stand.
    """

    pages: int
    text: str
    source: str = "text"
    pictures: tuple[int, ...] = ()
    drawn: tuple[int, ...] = ()

    @property
    def image_only(self) -> bool:
        """Whether words are to be read from pictures."""
        return bool(self.pictures) or not self.text


@dataclass(frozen=True, slots=True)
class _Page:
    lines: tuple[str, ...] = ()
    share: float = 0.0
    hidden: bool = False
    drawn: bool = False

    @property
    def is_picture(self) -> bool:
        letters = sum(letter.isalnum() for line in self.lines for letter in line)
        if not letters:
            return self.drawn or self.share >= _ANY_PICTURE
        return not self.hidden and letters < _FEW_LETTERS and self.share >= _PICTURE


def read(data: bytes, limits: Limits) -> PdfReading:
    """Pages and text (empty: no text layer). FormatError: UNREADABLE, ENCRYPTED (a password is needed) or UNSAFE."""
    with opened(data) as document:
        pages = len(document)
        pdfdangers.refuse(data, document, limits)
        found = _pages(document, min(pages, limits.pdf_pages), limits)
    text = _clean("\n".join(line for page in found for line in page.lines))[: limits.document_text]
    return PdfReading(
        pages,
        text,
        "ocr" if any(page.hidden for page in found) else "text",
        tuple(number for number, page in enumerate(found) if page.is_picture),
        tuple(number for number, page in enumerate(found) if page.drawn),
    )


@contextmanager
def opened(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """The document, repaired where it can be, with its form. FormatError: UNREADABLE or ENCRYPTED."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}:
            raise FormatError(Reason.ENCRYPTED, "Le PDF est protégé par un mot de passe.") from error
        raise FormatError(Reason.UNREADABLE, "Le PDF est abîmé et ne s'ouvre pas.") from error
    with closing(document):
        if not len(document):
            raise FormatError(Reason.UNREADABLE, "Le PDF ne contient aucune page.")
        with suppress(pypdfium2.PdfiumError):
            document.init_forms()
        yield document


def _pages(document: pypdfium2.PdfDocument, count: int, limits: Limits) -> list[_Page]:
    found: list[_Page] = []
    objects = letters = 0
    for number in range(count):
        try:
            page, notes = _flat(document, number)
        except pypdfium2.PdfiumError:
            found.append(_Page())
            continue
        with closing(page):
            objects += pdfium.FPDFPage_CountObjects(page)
            if objects > limits.pdf_objects:
                break
            found.append(_read(page, notes))
        letters += sum(map(len, found[-1].lines))
        if letters > limits.document_text:
            break
    return found


def _flat(document: pypdfium2.PdfDocument, number: int) -> tuple[pypdfium2.PdfPage, list[str]]:
    """The page with what is filled in or stuck on it, and the words of its notes."""
    page = document[number]
    flattened, notes = pdfpage.flatten(page)
    if flattened:
        page.close()
        page = document[number]
    return page, notes


def _read(page: pypdfium2.PdfPage, notes: list[str]) -> _Page:
    words, pictures = pdfpage.words(page), pdfpage.pictures(page)
    scanned = pictures.share >= _PICTURE and len(words.hidden) > len(words.shown)
    kept = words.hidden if scanned else words.shown
    if words.unknown > _UNREADABLE * len(kept):
        return _Page(share=pictures.share, drawn=True)  # what nobody can spell is a drawing
    written = lines(kept)
    together = "".join("".join(written).split())
    written += [note for note in notes if "".join(note.split()) not in together]
    return _Page(tuple(written), pictures.share, scanned, pictures.drawn)


def _clean(text: str) -> str:
    return re.sub(r"[^\S\n]+", " ", text.replace("\r", "\n")).strip()
