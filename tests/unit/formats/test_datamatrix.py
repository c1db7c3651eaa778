"""Symbols on pages: in pictures and in PDFs, as printers and scanners leave them."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageFilter
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from gateway.formats import mail
from gateway.formats.limits import DEFAULT
from gateway.formats.pages import datamatrix
from tests.unit.formats import builders, drawn

INS = "IS01" + "0" * 22 + "S1185057512345673S21.2.250.1.213.1.4.8\x1dS3ADA\x1dS4LOVELACE\x1dS5FS610-12-1815S799100"


def _scan(text: str = INS) -> Image.Image:
    page = drawn.page()
    page.paste(drawn.symbol(text), (page.width - 300, 60))
    return page


def _pdf(*symbols: str, side: float = 60) -> bytes:
    """A page of text for each symbol; none where it is empty."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    for text in symbols:
        canvas.drawString(60, 700, "Cher confrère, merci de m'avoir confié cette patiente.")
        if text:
            canvas.drawImage(ImageReader(drawn.symbol(text, 400)), 450, 740, side, side)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize(
    "page",
    [
        _scan(),
        _scan().rotate(90, expand=True),
        _scan().rotate(180),
        _scan().rotate(4, fillcolor=255),
        _scan().filter(ImageFilter.GaussianBlur(1)),
        drawn.noisy(_scan(), 30),
    ],
)
def test_a_symbol_on_a_scan(page: Image.Image) -> None:
    assert datamatrix.of_pictures([page]) == (INS,)


@pytest.mark.parametrize("side", [24, 40, 100])
def test_a_symbol_in_a_pdf_small_or_large(side: float) -> None:
    assert datamatrix.of_pdf(_pdf(INS, side=side), [0], DEFAULT) == (INS,)


def test_other_symbols_and_damage_say_nothing() -> None:
    assert datamatrix.of_pictures([_scan("DC04FR0000011E"), drawn.page()]) == ()
    assert datamatrix.of_pdf(b"%PDF-1.4", [0], DEFAULT) == ()


def test_two_symbols_are_both_told_and_one_twice_once() -> None:
    other = INS.replace("ADA", "EVE")
    assert datamatrix.of_pictures([_scan(), _scan(other), _scan()]) == (INS, other)


def test_the_first_and_the_last_page_of_an_attached_letter_are_looked_at() -> None:
    def symbols(*pages: str) -> tuple[str, ...]:
        sent = builders.attached(_pdf(*pages), "lettre.pdf")
        return mail.read(builders.mail(sent)).documents[0].symbols

    assert symbols(INS) == symbols(INS, "", "") == symbols("", "", INS) == (INS,)
    assert symbols("", INS, "") == symbols("") == ()
