"""Pages as grey pictures: those of a PDF drawn by PDFium, those of image files opened by Pillow. Bounded in pixels."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Final

import pypdfium2
from PIL import Image, ImageOps

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.pages import pdf
from gateway.formats.sniff import IMAGES, Kind
from gateway.model.reasons import Reason

__all__ = ["IMAGES", "count", "pages"]

_CODECS: Final = {
    Kind.JPEG: ("JPEG", "MPO"),
    Kind.PNG: ("PNG",),
    Kind.TIFF: ("TIFF",),
    Kind.GIF: ("GIF",),
    Kind.BMP: ("BMP",),
    Kind.WEBP: ("WEBP",),
}
_FAX: Final = 1.5  # from this ratio of the resolutions on, the picture is stretched to its true shape
#: What Pillow lets escape from damaged files, and its refusal of bombs.
_DAMAGE: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    Image.DecompressionBombError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def count(data: bytes, kind: Kind, limits: Limits) -> int:
    """The pages of an image file, all of whose pixels can be decoded on the first. FormatError: UNREADABLE."""
    try:
        with _image(data, kind, limits) as image:
            image.load()
            return int(getattr(image, "n_frames", 1)) if kind is Kind.TIFF else 1
    except _DAMAGE as error:
        raise _unreadable() from error


def pages(data: bytes, kind: Kind, limits: Limits, *, wanted: Iterable[int], dpi: int) -> Iterator[Image.Image]:
    """The wanted pages (from 0), in mode L, upright as the file says; of a PDF at ``dpi``. FormatError: UNREADABLE.

    A page that is not there, or cannot be drawn, is left out.
    """
    drawn = _of_pdf(data, limits, wanted, dpi) if kind is Kind.PDF else _of_image(data, kind, limits, wanted)
    try:
        yield from drawn
    except _DAMAGE as error:
        raise _unreadable() from error


def _of_pdf(data: bytes, limits: Limits, wanted: Iterable[int], dpi: int) -> Iterator[Image.Image]:
    with pdf.opened(data) as document:
        for number in wanted:
            if number >= len(document):
                continue
            try:
                page = document[number]
            except pypdfium2.PdfiumError:
                continue
            with closing(page):
                yield _drawn(page, limits, dpi)


def _drawn(page: pypdfium2.PdfPage, limits: Limits, dpi: int) -> Image.Image:
    width, height = page.get_size()
    scale = min(dpi / 72, (limits.picture_pixels / max(1.0, width * height)) ** 0.5)
    drawn: Image.Image = page.render(scale=scale, grayscale=True).to_pil()
    return drawn.convert("L")


def _of_image(data: bytes, kind: Kind, limits: Limits, wanted: Iterable[int]) -> Iterator[Image.Image]:
    with _image(data, kind, limits) as image:
        for number in wanted:
            if number >= getattr(image, "n_frames", 1):
                continue
            image.seek(number)
            if image.width * image.height > limits.image_pixels:
                raise _unreadable()
            yield _fitted(_grey(_upright(image)), limits)


def _image(data: bytes, kind: Kind, limits: Limits) -> Image.Image:
    """The file opened by the codec of its kind, not decoded yet."""
    image = Image.open(io.BytesIO(data), formats=_CODECS[kind])
    if image.width * image.height > limits.image_pixels:
        raise FormatError(Reason.TOO_LARGE, "Cette image est trop grande pour être ouverte.")
    return image


def _upright(image: Image.Image) -> Image.Image:
    """As the camera held it (EXIF), and with the shape of the paper where a fax was sent in low resolution."""
    across, down = _resolution(image)
    turned = ImageOps.exif_transpose(image)
    if across > _FAX * down:
        return turned.resize((turned.width, round(turned.height * across / down)))
    if down > _FAX * across:
        return turned.resize((round(turned.width * down / across), turned.height))
    return turned


def _resolution(image: Image.Image) -> tuple[float, float]:
    stated = image.info.get("dpi", (1, 1))
    across, down = (float(side) for side in stated[:2])
    return (across, down) if 0 < across < 4 * down and 0 < down < 4 * across else (1.0, 1.0)


def _grey(image: Image.Image) -> Image.Image:
    """On white paper, whatever is transparent."""
    if image.mode.startswith("I"):  # sixteen bits a point
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if "A" in image.getbands() or "transparency" in image.info:
        solid = image.convert("RGBA")
        paper = Image.new("RGBA", solid.size, "white")
        return Image.alpha_composite(paper, solid).convert("L")
    return image.convert("L")


def _fitted(image: Image.Image, limits: Limits) -> Image.Image:
    pixels = image.width * image.height
    if pixels <= limits.picture_pixels:
        return image
    scale = (limits.picture_pixels / pixels) ** 0.5
    return image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))), Image.Resampling.BOX)


def _unreadable() -> FormatError:
    return FormatError(Reason.UNREADABLE, "Cette image est abîmée et ne s'ouvre pas.")
