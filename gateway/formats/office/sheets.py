"""Sheets of paper on which a PDF is drawn: letters, lines, pictures; the same drawing gives the same bytes."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from fpdf import FPDF
from PIL import Image, ImageOps

from gateway.formats.limits import Limits
from gateway.formats.office import fonts
from gateway.formats.office.blocks import Picture
from gateway.formats.office.lines import Line

# fontTools tells each table that it keeps, fpdf each letter that it lacks: not for a log.
logging.getLogger("fontTools").setLevel(logging.ERROR)
logging.getLogger("fpdf").setLevel(logging.ERROR)

WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 18.0
BOTTOM: Final = HEIGHT - MARGIN
LEADING: Final = 1.3
_POINT: Final = 25.4 / 72
_BASELINE: Final = 0.98
_SLANT: Final = 12
_FORMATS: Final = ("PNG", "JPEG", "MPO", "GIF", "BMP", "TIFF", "WEBP")
_ORIENTATION: Final = 0x0112
_PIXEL: Final = 25.4 / 96
#: What Pillow lets escape from damaged files, and its refusal of bombs.
DAMAGE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    NotImplementedError,
    Image.DecompressionBombError,
)


class Sheets:
    """A PDF in the making, A4, in millimetres from the top left."""

    def __init__(self, limits: Limits) -> None:
        """FontsMissingError."""
        self._limits = limits
        self._pdf = new_pdf()
        for style, name in fonts.FILES.items():
            self._pdf.add_font("DejaVu", style, fonts.folder() / name)
        self._letters = self._pdf.fonts["dejavu"].cmap  # type: ignore[union-attr]
        self.measure = lru_cache(maxsize=20_000)(self._measure)
        self._size = 0.0
        self.page()

    def page(self) -> None:
        """Begin a new page."""
        self._pdf.add_page()

    def set_size(self, points: float) -> None:
        """The size of the letters measured and drawn from now on."""
        if points != self._size:
            self._size = points
            self.measure.cache_clear()

    @property
    def line_height(self) -> float:
        """Of a line in the present size."""
        return self._size * LEADING * _POINT

    def drawable(self, text: str) -> str:
        """The text in letters that can be drawn."""
        return fonts.drawable(text, self._letters)

    def _measure(self, text: str, style: str) -> float:
        self._pdf.set_font("DejaVu", "B" if "B" in style else "", self._size)
        return float(self._pdf.get_string_width(text))

    def write(self, line: Line, x: float, y: float, points: float) -> None:
        """Draw a line whose top left corner is given."""
        base = y + points * _BASELINE * _POINT
        for piece in line.pieces:
            at = x + piece.x
            self._pdf.set_font("DejaVu", "".join(one for one in piece.style if one in "BSU"), points)
            if "I" in piece.style:
                with self._pdf.skew(ax=_SLANT, x=at, y=base):
                    self._pdf.text(at, base, piece.text)
            else:
                self._pdf.text(at, base, piece.text)

    def rule(self, x: float, y: float, width: float, height: float) -> None:
        """Draw the four sides of a cell."""
        self._pdf.set_line_width(0.15)
        self._pdf.rect(x, y, width, height)

    def show(self, shown: Shown, x: float, y: float, sides: tuple[float, float]) -> None:
        """Draw a picture."""
        self._pdf.image(shown.source, x=x, y=y, w=sides[0], h=sides[1])

    def output(self) -> bytes:
        """The PDF."""
        return bytes(self._pdf.output())


def new_pdf() -> FPDF:
    """An empty PDF whose bytes depend on nothing but what is drawn."""
    pdf = FPDF(unit="mm", format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))
    pdf.set_producer("passerelle-mssante")
    pdf.set_lang("fr-FR")
    return pdf


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that can be drawn: its sides in pixels, and what is put into the PDF."""

    width: int
    height: int
    source: Image.Image | io.BytesIO


def opened(data: bytes, limits: Limits) -> Shown | None:
    """A picture decoded (a photograph stays compressed as it is); None when it cannot be, or is beyond measure."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        if image.width * image.height > limits.image_pixels:
            return None
        turned = ImageOps.exif_transpose(image)
        if image.format == "JPEG" and image.mode in {"L", "RGB"} and image.getexif().get(_ORIENTATION, 1) == 1:
            return Shown(image.width, image.height, io.BytesIO(data))
        return Shown(turned.width, turned.height, embeddable(turned))
    except DAMAGE:
        return None


def embeddable(image: Image.Image) -> Image.Image:
    """The same pixels in a mode that a PDF has, on white where they are transparent."""
    if image.mode in {"1", "L", "RGB"}:
        image.load()
        return image
    if image.mode in {"I;16", "I;16B", "I", "F"}:
        _, high = image.getextrema()
        most = 255 if isinstance(high, (int, float)) and high <= 255 else 65535
        return image.point(lambda value: value * (255 / most)).convert("L")
    if "transparency" in image.info or image.mode in {"LA", "PA", "RGBA", "La", "RGBa"}:
        coloured = image.convert("RGBA")
        page = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(page, coloured).convert("RGB")
    return image.convert("RGB")


def sides(picture: Picture, shown: Shown, width: float, height: float) -> tuple[float, float]:
    """The sides in millimetres: as the document says, else by the pixels; within a frame, in proportion."""
    ratio = shown.height / shown.width
    wide = picture.width or (picture.height / ratio if picture.height else shown.width * _PIXEL)
    tall = picture.height if picture.width and picture.height else wide * ratio
    shrink = min(1.0, width / wide, height / tall)
    return wide * shrink, tall * shrink
