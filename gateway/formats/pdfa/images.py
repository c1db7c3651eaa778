"""Pictures with a soft mask: PDF/A-1 has none (§6.4), so the alpha is settled against white paper.

White is a guess where something lies under the picture: the comparison of the pages decides.
"""

from __future__ import annotations

from typing import cast

import pikepdf
from pikepdf import Dictionary, Name, Object, Stream
from PIL import Image

from gateway.formats.pdfa.errors import UnsureError

_PIXELS = 40_000_000
_FILTERS = frozenset(
    {"/FlateDecode", "/DCTDecode", "/CCITTFaxDecode", "/JBIG2Decode", "/RunLengthDecode", "/LZWDecode"}
)
_FILTERS |= {"/ASCII85Decode", "/ASCIIHexDecode"}


def mend(pdf: pikepdf.Pdf, image: Object) -> None:
    """Take the soft mask away; UnsureError for what PDF 1.4 cannot decode."""
    if not filters_of(image) <= _FILTERS:
        raise UnsureError("a picture in a format that PDF 1.4 does not know")
    if image.get("/SMaskInData", 0) != 0:
        raise UnsureError("transparency")
    if "/SMask" not in image:
        return
    alpha = _picture(image.SMask).convert("L")
    if alpha.getextrema() != (255, 255):
        _settle(pdf, image, alpha)


def filters_of(stream: Object) -> set[str]:
    """The names of the filters of a stream."""
    filters: Object | list[Object] = stream.get("/Filter", [])
    return {str(filters)} if isinstance(filters, Name) else {str(one) for one in filters}


def _settle(pdf: pikepdf.Pdf, image: Object, alpha: Image.Image) -> None:
    if "/Matte" in image.SMask:
        raise UnsureError("a picture whose colours are premultiplied")
    picture = _picture(image).convert("RGB")
    if alpha.size != picture.size:
        picture = picture.resize((max(alpha.width, picture.width), max(alpha.height, picture.height)))
        alpha = alpha.resize(picture.size)
    settled = Image.composite(picture, Image.new("RGB", picture.size, "white"), alpha)
    stencil = alpha.point(lambda value: 0 if value else 255).convert("1")
    mask = pdf.make_stream(
        stencil.tobytes(),
        Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=picture.width,
            Height=picture.height,
            ImageMask=True,
            BitsPerComponent=1,
        ),
    )
    image.write(settled.tobytes())
    image.Width, image.Height, image.BitsPerComponent = picture.width, picture.height, 8
    image.ColorSpace, image.Mask = Name.DeviceRGB, mask
    if "/Decode" in image:
        del image["/Decode"]


def _picture(image: Object) -> Image.Image:
    if int(image.Width) * int(image.Height) > _PIXELS:
        raise UnsureError("a picture too large to be opened")
    return pikepdf.PdfImage(cast("Stream", image)).as_pil_image()
