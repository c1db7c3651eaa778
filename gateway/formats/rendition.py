"""What travels to the record when a document cannot travel as it came (DESIGN §5); the original stays in the vault.

DOCX, ODT and HTML are drawn as PDF, pictures that a CDA cannot hold are put on the pages of one, texts and messages go
as UTF-8. The same bytes give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

from PIL import Image, ImageSequence

from gateway.formats import containers
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.office import drawing, sheets, words
from gateway.formats.sniff import Kind
from gateway.model.reasons import Reason

PDF: Final = "application/pdf"
TEXT: Final = "text/plain"
_DRAWN: Final = frozenset({Kind.DOCX, Kind.ODT, Kind.HTML})
_PICTURES: Final = {Kind.PNG: "PNG", Kind.GIF: "GIF", Kind.BMP: "BMP", Kind.WEBP: "WEBP"}
_EDGE: Final = 8.0


def media_type(kind: Kind, data: bytes) -> str:
    """In what such a document travels; empty when it travels as it is."""
    if kind in _DRAWN or kind in _PICTURES:
        return PDF
    if kind in containers.MESSAGES:
        return TEXT
    return TEXT if kind is Kind.TEXT and words.plain(data).encode() != data else ""


def rendition(kind: Kind, data: bytes, limits: Limits) -> tuple[str, bytes]:
    """The media type and the bytes that travel; for what travels as it is, those very bytes.

    FormatError; FontsMissingError when the fonts are not installed here.
    """
    found = media_type(kind, data)
    if kind in _DRAWN:
        return PDF, drawing.draw(words.read_blocks(kind, data, limits), limits)
    if kind in _PICTURES:
        return PDF, _pages(data, _PICTURES[kind], limits)
    if kind in containers.MESSAGES:
        return TEXT, containers.MESSAGES[kind].read(data, limits).text.encode()
    return (TEXT, words.plain(data).encode()) if found else (kind.value, data)


def _pages(data: bytes, codec: str, limits: Limits) -> bytes:
    """A PDF with a picture on each page, every pixel of it kept."""
    pdf = sheets.new_pdf()
    try:
        for frame in _frames(data, codec, limits):
            orientation = "landscape" if frame.width > frame.height else "portrait"
            pdf.add_page(orientation=orientation)
            scale = min((pdf.w - 2 * _EDGE) / frame.width, (pdf.h - 2 * _EDGE) / frame.height)
            wide, tall = frame.width * scale, frame.height * scale
            pdf.image(frame, x=(pdf.w - wide) / 2, y=_EDGE, w=wide, h=tall)
    except sheets.DAMAGE as error:
        raise FormatError(Reason.UNREADABLE, "L'image est abîmée et ne s'ouvre pas.") from error
    return bytes(pdf.output())


def _frames(data: bytes, codec: str, limits: Limits) -> Iterator[Image.Image]:
    with Image.open(io.BytesIO(data), formats=[codec]) as image:
        if image.width * image.height > limits.image_pixels:
            raise FormatError(Reason.TOO_LARGE, "Cette image est trop grande pour être ouverte.")
        for number, frame in enumerate(ImageSequence.Iterator(image)):
            if number == limits.pdf_pages:
                raise FormatError(Reason.TOO_LARGE, "Cette image a trop de pages.")
            yield sheets.embeddable(frame.copy())
