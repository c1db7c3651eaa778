"""What stands on pages that are pictures: their words by OCR, and their symbols. Bounded in pages and pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.pages import datamatrix, ocr, pdf, raster
from gateway.formats.sniff import IMAGES, Kind
from gateway.model.reasons import Reason

_DPI: Final = 250  # scans are made at 200 or 300: little is lost of these, and nothing of those


@dataclass(frozen=True, slots=True)
class PicturesReading:
    """The text of the pages looked at, doubtful words marked ``[?]`` (empty: nothing legible), and the symbols."""

    text: str
    symbols: tuple[str, ...]


def read(data: bytes, kind: Kind, limits: Limits) -> PicturesReading:
    """Look at every page that is a picture: the last one may be another patient's.

    FormatError: UNREADABLE. OcrMissingError when the words of the language are not installed.
    """
    texts: list[str] = []
    found: dict[str, None] = {}
    numbers = _numbers(data, kind, limits)
    for picture in raster.pages(data, kind, limits, wanted=numbers[: limits.ocr_pages], dpi=_DPI):
        found |= dict.fromkeys(datamatrix.of_pictures([picture]))
        texts.append(ocr.read(picture).text)
    if not found and kind is Kind.PDF and numbers:
        found |= dict.fromkeys(datamatrix.of_pdf(data, sorted({numbers[0], numbers[-1]}), limits))
    text = "\n".join(one for one in texts if one)
    return PicturesReading(text[: limits.document_text], tuple(found))


def _numbers(data: bytes, kind: Kind, limits: Limits) -> tuple[int, ...]:
    """The pages that are pictures."""
    if kind is Kind.PDF:
        return pdf.read(data, limits).pictures
    if kind in IMAGES:
        return tuple(range(raster.count(data, kind, limits)))
    raise FormatError(Reason.UNREADABLE, "Ce document n'est pas fait d'images.")
