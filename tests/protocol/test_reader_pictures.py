"""Pictures are looked at inside a confined reader: what OCR needs it can have there, and its remarks do not kill it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from gateway.app.compose import open_house
from gateway.app.config import load
from gateway.flow.house import House
from gateway.flow.reading.reader import ILLEGIBLE
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


OTHER = (
    "Docteur Anselme Vigouroux",
    "",
    "Concerne : Monsieur Gatien OLLIVREAU, né le 03/02/1948",
    "",
    "Cher confrère, bilan stable.",
)


def _pdf(*pages: object, text: str = "") -> bytes:
    """Pictures as pages of a PDF, behind a page of text when there is one."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    for number, line in enumerate(text.splitlines()):
        canvas.drawString(50, 780 - 16 * number, line)
    if text:
        canvas.showPage()
    for page in pages:
        canvas.drawImage(ImageReader(page), 0, 300, A4[0], A4[0] * 0.7)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


async def test_the_last_page_of_a_scan_may_be_another_patients(house: House) -> None:
    seen = await _looked_at(house, _pdf(drawn.page(), drawn.page(OTHER)), "scan.pdf")
    assert {claim.family_name for claim in seen.claims} == {"KERGOAT", "OLLIVREAU"}


async def test_a_scanned_annex_tells_only_of_somebody_else(house: House) -> None:
    letter = "\n".join(drawn.LETTER)
    same = await _looked_at(house, _pdf(drawn.page(), text=letter), "lettre.pdf")
    assert [(claim.source, claim.family_name) for claim in same.claims] == [("text", "KERGOAT")]
    other = await _looked_at(house, _pdf(drawn.page(OTHER), text=letter), "lettre.pdf")
    assert [claim.family_name for claim in other.claims] == ["KERGOAT", "OLLIVREAU"]
    assert other.text_source == "text"
