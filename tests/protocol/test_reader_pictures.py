"""Pictures are looked at inside a confined reader: what OCR needs it can have there, and its remarks do not kill it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app.compose import open_house
from gateway.app.config import load
from gateway.flow.house import House
from gateway.flow.reader import ILLEGIBLE
from gateway.model.documents import DocumentReading
from gateway.model.ports import Silent
from tests.crash.house import build
from tests.unit.formats import builders, drawn


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(load(build(tmp_path / "house", "").config), Silent()) as opened:
        await opened.readers.start()
        try:
            yield opened
        finally:
            await opened.readers.close()


async def _looked_at(house: House, picture: bytes, name: str) -> DocumentReading:
    ref = house.vault.put([builders.mail(builders.text(), builders.attached(picture, name))])
    reading, _ = await house.readers.read(ref.address)
    (one,) = reading.documents
    assert one.image_only
    return await house.readers.look(ref.address, one, reading.envelope.date)


@pytest.mark.parametrize(("codec", "name"), [("TIFF", "fax.tif"), ("JPEG", "photo.jpg"), ("PDF", "scan.pdf")])
async def test_a_letter_is_read(house: House, codec: str, name: str) -> None:
    seen = await _looked_at(house, drawn.saved(drawn.page(), codec), name)
    assert [(claim.source, claim.family_name) for claim in seen.claims] == [("ocr", "KERGOAT")]


async def test_what_makes_tesseract_remark_is_survived(house: House) -> None:
    specks = drawn.specked(drawn.page(), 200)  # it then says that it detected diacritics
    assert (await _looked_at(house, drawn.saved(specks, "PNG"), "photo.png")).text
    blurred = drawn.illegible(drawn.page())
    assert (await _looked_at(house, drawn.saved(blurred, "PNG"), "photo.png")).detail == ILLEGIBLE
