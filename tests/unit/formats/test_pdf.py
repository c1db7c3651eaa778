"""PDF: text, passwords, damage, bounds."""

from __future__ import annotations

import io
from dataclasses import replace

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats import pdf
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.model.reasons import Reason
from tests.unit.formats import builders


def _locked(user: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(builders.pdf("Lettre")))
    writer.encrypt(user_password=user, owner_password="maitre", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _pages(count: int) -> bytes:
    writer = pypdf.PdfWriter()
    for number in range(count):
        writer.append(io.BytesIO(builders.pdf(f"page {number}")))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _reason(data: bytes) -> Reason | None:
    try:
        pdf.read(data, DEFAULT)
    except FormatError as error:
        return error.reason
    return None


def test_text_and_pages() -> None:
    reading = pdf.read(_pages(3), DEFAULT)
    assert (reading.pages, reading.text.split()) == (3, ["page", "0", "page", "1", "page", "2"])


def test_password() -> None:
    assert _reason(_locked("secret")) is Reason.ENCRYPTED
    assert pdf.read(_locked(""), DEFAULT).text == "Lettre"


def test_pages_operations_and_characters_are_bounded() -> None:
    data = _pages(3)
    assert pdf.read(data, replace(DEFAULT, pdf_pages=2)).text.split()[-1] == "1"
    assert pdf.read(data, replace(DEFAULT, pdf_operations=8)).text.split()[-1] == "0"
    assert len(pdf.read(data, replace(DEFAULT, document_text=4)).text) == 4


def test_junk_before_the_header_and_a_wrong_cross_reference_are_read() -> None:
    data = builders.pdf("Lettre")
    assert pdf.read(b"\r\n\r\n" + data, DEFAULT).text == "Lettre"
    assert pdf.read(data.replace(b"startxref\n", b"startxref\n9"), DEFAULT).text == "Lettre"


def test_a_page_that_cannot_be_drawn_has_no_text() -> None:
    data = builders.pdf("Lettre").replace(b"/Length", b"/Filter /Fl /Length")
    assert pdf.read(data, DEFAULT).text == ""


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", b"%PDF-1.4\n%%EOF", builders.pdf("a")[:120]])
def test_damage(data: bytes) -> None:
    assert _reason(data) is Reason.UNREADABLE


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8), st.booleans())
def test_any_damage_is_a_format_error(at: int, patch: bytes, cut: bool) -> None:
    data = builders.pdf("Lettre", extra="/Names << /EmbeddedFiles << /Names [(a) << /EF << /F 4 0 R >> >>] >> >>")
    at %= len(data)
    _reason(data[:at] if cut else data[:at] + patch + data[at + len(patch) :])
