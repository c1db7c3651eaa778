"""The texts of Data Matrix symbols on pages (ISO/IEC 16022), as far as they announce an INS (identity-ins.md §6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import zxingcpp
from PIL import Image

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.pages import raster
from gateway.formats.sniff import Kind

_HEADER: Final = "IS01"
_LONGEST: Final = 600
_MOST: Final = 4
_LONGEST_SIDE: Final = 65_535  # pixels
_SCALES: Final = (120, 250)  # dots an inch: modules of half a millimetre, then of a quarter


def of_pdf(data: bytes, pages: Iterable[int], limits: Limits) -> tuple[str, ...]:
    """The texts on these pages (from 0) of a PDF, each once; the higher scale only where the lower shows nothing."""
    wanted = tuple(pages)
    for dpi in _SCALES:
        try:
            found = of_pictures(raster.pages(data, Kind.PDF, limits, wanted=wanted, dpi=dpi))
        except FormatError:
            return ()
        if found:
            return found
    return ()


def of_pictures(pictures: Iterable[Image.Image]) -> tuple[str, ...]:
    """The texts on these pictures, each once. The group separator is kept as 0x1D."""
    only = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.DataMatrix])
    found: dict[str, None] = {}
    for picture in pictures:
        if max(picture.size) > _LONGEST_SIDE:  # a thread of a page: the library refuses it
            continue
        for symbol in zxingcpp.read_barcodes(picture, formats=only):
            text = symbol.bytes.decode("latin-1")
            if text.startswith(_HEADER) and len(text) <= _LONGEST and len(found) < _MOST:
                found[text] = None
    return tuple(found)
