"""The last route: each page a picture, with its text underneath for searching."""

from __future__ import annotations

import io
import zlib

import pikepdf
import pypdfium2
from pikepdf import Dictionary, Name, Object
from PIL import Image, ImageChops

from gateway.formats.pdfa.compare import opened
from gateway.formats.pdfa.errors import UnsureError
from gateway.formats.pdfa.layer import Layer, placed_words, stacked_words
from gateway.formats.pdfa.prune import LARGEST, SMALLEST

#: The finest that fits into the pixels allowed for a whole document is taken.
RESOLUTIONS = (200, 150, 110)
PIXELS = 240_000_000
_PAGE_PIXELS = 40_000_000
_GREY = 12


def render(source: bytes, *, placed: bool) -> pikepdf.Pdf:
    """A document of pictures. UnsureError when there are too many pages.

    ``placed``: each word lies where it is seen; otherwise they lie one below the other, which no reader can misorder.
    """
    made = pikepdf.new()
    layer = Layer(made)
    with opened(source) as document:
        resolution = _resolution(document)
        for number in range(len(document)):
            _page(made, document[number], resolution, layer, placed=placed)
    layer.close()
    return made


def _resolution(document: pypdfium2.PdfDocument) -> int:
    sizes = [document.get_page_size(number) for number in range(len(document))]
    if any(not SMALLEST <= side <= LARGEST for size in sizes for side in size):
        raise UnsureError("the size of a page")
    for resolution in RESOLUTIONS:
        pixels = [width * height * (resolution / 72) ** 2 for width, height in sizes]
        if sum(pixels) <= PIXELS and max(pixels) <= _PAGE_PIXELS:
            return resolution
    raise UnsureError("too many pages to be rendered")


def _page(made: pikepdf.Pdf, page: pypdfium2.PdfPage, resolution: int, layer: Layer, *, placed: bool) -> None:
    width, height = page.get_size()
    picture = page.render(scale=resolution / 72).to_pil().convert("RGB")
    content = f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /P Do Q\n".encode()
    content += layer.content(placed_words(page) if placed else stacked_words(page))
    made.add_blank_page(page_size=(width, height))
    target = made.pages[-1].obj
    target.Resources = Dictionary(XObject=Dictionary(P=_image(made, picture)), Font=Dictionary(T=layer.font))
    target.Contents = made.make_stream(content)
    page.close()


def _image(made: pikepdf.Pdf, picture: Image.Image) -> Object:
    """Without loss when that is small, as JPEG when it is not; grey unless there are colours."""
    red, green, blue = picture.split()
    if max(_greatest(red, blue), _greatest(red, green)) <= _GREY:
        picture = picture.convert("L")
    pixels = picture.tobytes()
    packed, name = zlib.compress(pixels, 6), Name.FlateDecode
    if len(packed) > len(pixels) // 8:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=85)
        packed, name = out.getvalue(), Name.DCTDecode
    return made.make_stream(
        packed,
        Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=picture.width,
            Height=picture.height,
            BitsPerComponent=8,
            ColorSpace=Name.DeviceGray if picture.mode == "L" else Name.DeviceRGB,
            Filter=name,
        ),
    )


def _greatest(one: Image.Image, other: Image.Image) -> int:
    return max(level for level, count in enumerate(ImageChops.difference(one, other).histogram()) if count)
