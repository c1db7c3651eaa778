"""Pages of print drawn for the tests, and what scanners and faxes make of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from random import Random

import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from gateway.formats.office import fonts

LETTER = (
    "Docteur Anselme Vigouroux",
    "27 avenue Jean Moulin",
    "",
    "Concerne : Madame Solène KERGOAT, née le 17/05/1962",
    "",
    "Cher confrère, je vous remercie de m'avoir confié cette patiente",
    "pour la surveillance de son hypertension artérielle.",
    "Le traitement est poursuivi, à revoir dans six mois.",
)


def page(lines: Sequence[str] = LETTER, *, dpi: int = 200) -> Image.Image:
    """A page of A5 in mode L."""
    picture = Image.new("L", (int(8.27 * dpi), int(5.8 * dpi)), 255)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(str(fonts.folder() / "DejaVuSans.ttf"), 11 * dpi / 72)
    for row, line in enumerate(lines):
        draw.text((0.8 * dpi, (0.6 + 0.25 * row) * dpi), line, font=font, fill=0)
    return picture


def noisy(picture: Image.Image, amount: float = 50) -> Image.Image:
    """Grey paper and grain of this standard deviation, always the same."""
    grain = Image.frombytes("L", picture.size, Random(7).randbytes(picture.width * picture.height))
    grain = grain.point([round(128 + (value - 128) * amount / 74) for value in range(256)])
    return ImageChops.add(picture.point([int(40 + value * 0.8) for value in range(256)]), grain, 1, -128)


def specked(picture: Image.Image, count: int) -> Image.Image:
    """With so many small blots on the lines of the print, always the same."""
    found, chance = picture.copy(), Random(3)
    for _ in range(count):
        left, top = chance.randrange(100, 1500), chance.randrange(100, 520)
        found.paste(0, (left, top, left + 3, top + 3))
    return found


def fax(picture: Image.Image) -> Image.Image:
    """Black and white, at half the height (204 × 98 dots an inch)."""
    small = picture.resize((picture.width, picture.height // 2), Image.Resampling.BOX)
    return small.point([255 if value > 130 else 0 for value in range(256)])


def illegible(picture: Image.Image) -> Image.Image:
    """Out of focus beyond reading."""
    return picture.filter(ImageFilter.GaussianBlur(9))


def symbol(text: str, side: int = 160) -> Image.Image:
    """A Data Matrix in mode L with its quiet zone."""
    made = zxingcpp.create_barcode(text.encode(), zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=4)
    height, width = made.shape
    plain = Image.frombytes("L", (width, height), bytes(memoryview(made)))  # type: ignore[arg-type]
    return ImageOps.expand(plain, 16, fill=255).resize((side, side), Image.Resampling.BOX)


def saved(picture: Image.Image, codec: str, **options: object) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    picture.save(out, codec, **options)
    return out.getvalue()
