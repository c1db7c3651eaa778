"""Pages as grey pictures: every codec, every mode, bounded."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.pages import raster
from gateway.formats.sniff import Kind
from gateway.model.reasons import Reason
from tests.unit.formats import builders, drawn

PAGE = drawn.page(("Lettre",), dpi=60)
CODECS = {
    Kind.JPEG: "JPEG",
    Kind.PNG: "PNG",
    Kind.TIFF: "TIFF",
    Kind.GIF: "GIF",
    Kind.BMP: "BMP",
    Kind.WEBP: "WEBP",
}


def _pages(data: bytes, kind: Kind, *wanted: int, dpi: int = 72) -> list[Image.Image]:
    return list(raster.pages(data, kind, DEFAULT, wanted=wanted or (0,), dpi=dpi))


@pytest.mark.parametrize(("kind", "codec"), CODECS.items())
def test_every_codec(kind: Kind, codec: str) -> None:
    data = drawn.saved(PAGE.convert("RGB"), codec)
    (page,) = _pages(data, kind)
    assert (page.mode, page.size, raster.count(data, kind, DEFAULT)) == ("L", PAGE.size, 1)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_every_mode_is_ink_on_white_paper(mode: str) -> None:
    deep = Image.frombytes("I;16", PAGE.size, bytes(byte for value in PAGE.tobytes() for byte in (0, value)))
    picture = deep if mode == "I;16" else PAGE.convert(mode)
    (page,) = _pages(drawn.saved(picture, "PNG"), Kind.PNG)
    values = set(page.tobytes())
    assert min(values) < 60
    assert max(values) > 200


def test_what_is_transparent_is_paper() -> None:
    picture = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    assert _pages(drawn.saved(picture, "PNG"), Kind.PNG)[0].getextrema() == (255, 255)


def test_the_pages_of_a_tiff() -> None:
    data = drawn.saved(PAGE, "TIFF", save_all=True, append_images=[PAGE.rotate(180), PAGE])
    assert raster.count(data, Kind.TIFF, DEFAULT) == 3
    assert len(_pages(data, Kind.TIFF, 0, 1, 2, 3)) == 3


def test_a_photo_is_turned_as_the_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert _pages(drawn.saved(PAGE, "JPEG", exif=exif), Kind.JPEG)[0].size == PAGE.size[::-1]


def test_a_fax_of_low_resolution_has_the_shape_of_its_paper() -> None:
    data = drawn.saved(drawn.fax(PAGE).convert("1"), "TIFF", dpi=(204, 98))
    width, height = _pages(data, Kind.TIFF)[0].size
    assert width == PAGE.width
    assert abs(height - PAGE.height) < 0.1 * PAGE.height


def test_pages_of_a_pdf_and_their_bound() -> None:
    data = builders.pdf("Lettre")
    (page,) = _pages(data, Kind.PDF, 0, 7, dpi=144)
    assert abs(page.width / page.height - 595 / 842) < 0.01
    small = replace(DEFAULT, picture_pixels=10_000)
    (page,) = raster.pages(data, Kind.PDF, small, wanted=(0,), dpi=300)
    assert page.width * page.height < 11_000


def test_images_are_bounded() -> None:
    data = drawn.saved(PAGE, "PNG")
    with pytest.raises(FormatError) as refused:
        raster.count(data, Kind.PNG, replace(DEFAULT, image_pixels=1000))
    assert refused.value.reason is Reason.TOO_LARGE
    (page,) = raster.pages(data, Kind.PNG, replace(DEFAULT, picture_pixels=10_000), wanted=(0,), dpi=72)
    assert page.width * page.height <= 10_000


def test_another_codec_than_that_of_the_kind_is_not_tried() -> None:
    with pytest.raises(FormatError):
        raster.count(drawn.saved(PAGE, "PNG"), Kind.JPEG, DEFAULT)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(CODECS)), st.integers(0, 4000), st.binary(min_size=1, max_size=6), st.booleans())
def test_any_damage_is_a_format_error_or_a_page(kind: Kind, at: int, patch: bytes, cut: bool) -> None:
    data = drawn.saved(PAGE.convert("RGB"), CODECS[kind])
    at %= len(data)
    damaged = data[:at] if cut else data[:at] + patch + data[at + len(patch) :]
    with suppress(FormatError):
        raster.count(damaged, kind, DEFAULT)
    with suppress(FormatError):
        _pages(damaged, kind)
