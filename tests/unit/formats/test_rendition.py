"""What travels to the record: every word of the letter, every pixel of the picture, the same bytes each time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.office import drawing, fonts, words
from gateway.formats.office.blocks import Cell, Paragraph, Picture, Run, Table, written
from gateway.formats.rendition import media_type, rendition
from gateway.formats.sniff import Kind, sniff
from gateway.model.reasons import Reason
from tests.unit.formats.office_files import docx, odt, p, picture, r, section, table

PDF = "application/pdf"
FILLING = "Le traitement associe un diurétique et un inhibiteur, à surveiller « de près » jusqu’à 12 µg/L. "
LETTER = docx(
    p("Compte rendu opératoire", properties='<w:outlineLvl w:val="0"/>'),
    p(r("Mme "), r("Odile", "<w:b/>"), r(" MERCOEUR", "<w:i/><w:u w:val='single'/>"), r(", née le 07/02/1951")),
    table(("Hémoglobine", "13,2 g/dL", "12-16"), ("Leucocytes", "7,1 10⁹/L", FILLING * 3)),
    p(FILLING * 40),
    table((FILLING * 60, "à gauche"), ("fin", "")),
    p(r("barré", "<w:strike/>"), r(" suite\tà droite"), properties='<w:jc w:val="right"/>'),
    section("header:default:header1", "footer:default:footer1"),
    header1=p("Cabinet du Docteur Ada Exemple"),
    footer1=p("Page 1"),
)


def pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    return [document[number].get_textpage().get_text_range() for number in range(len(document))]


def counted(text: str) -> Counter[str]:
    return Counter(text.split())


def pictures(pdf: bytes) -> Iterator[Image.Image]:
    for page in pypdfium2.PdfDocument(pdf):
        for shown in page.get_objects():
            if shown.type == 3:  # an image
                yield shown.get_bitmap().to_pil()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.DOCX, LETTER),
        (Kind.ODT, odt(f"<text:h>Titre</text:h><text:p>{FILLING * 90}</text:p>")),
        (Kind.HTML, f"<html><h1>Titre</h1><ul><li>{FILLING}<li>b</ul><p>{FILLING * 90}</p></html>".encode()),
    ],
)
def test_every_word_is_in_the_pdf_and_no_other(kind: Kind, data: bytes) -> None:
    travels, pdf = rendition(kind, data, DEFAULT)
    assert (travels, sniff(pdf), media_type(kind, data)) == (PDF, Kind.PDF, PDF)
    shown = pages(pdf)
    assert len(shown) > 1
    assert counted("\n".join(shown)) == counted(words.read(kind, data, DEFAULT).text)


def test_every_page_stays_inside_its_margins() -> None:
    for page in pypdfium2.PdfDocument(rendition(Kind.DOCX, LETTER, DEFAULT)[1]):
        text = page.get_textpage()
        boxes = [text.get_charbox(at) for at in range(text.count_chars())]
        assert all(left > 40 and right < 555 and bottom > 40 for left, bottom, right, _ in boxes if right > left)


def test_the_same_bytes_each_time_whatever_the_process() -> None:
    script = (
        "import sys; from gateway.formats.rendition import rendition; from gateway.formats.limits import DEFAULT;"
        "from gateway.formats.sniff import Kind;"
        "sys.stdout.buffer.write(rendition(Kind(sys.argv[1]), sys.stdin.buffer.read(), DEFAULT)[1])"
    )
    for kind, data in ((Kind.DOCX, LETTER), (Kind.PNG, picture())):
        here = rendition(kind, data, DEFAULT)[1]
        there = subprocess.run(
            [sys.executable, "-c", script, kind.value],
            input=data,
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Pacific/Noumea"},
        ).stdout
        assert here == there


def test_letters_that_no_font_has_are_shown_as_missing() -> None:
    assert pages(rendition(Kind.HTML, "<p>Mme 李 e\u0301lu\u200bĸ 张</p>".encode(), DEFAULT)[1]) == ["Mme � éluĸ �"]


def test_pictures_inside_are_drawn_and_those_that_cannot_be_are_said() -> None:
    drawing_of = '<w:r><w:drawing><wp:extent cx="720000" cy="480000"/><a:blip r:embed="{}"/></w:drawing></w:r>'
    data = docx(p("avant", drawing_of.format("image1")), p(drawing_of.format("absent")), image1=picture())
    pdf = rendition(Kind.DOCX, data, DEFAULT)[1]
    assert [image.size for image in pictures(pdf)] == [(60, 40)]
    assert counted(pages(pdf)[0]) == Counter(("avant", "[image", "non", "reproduite]"))
    wrong = docx(p("avant", drawing_of.format("image1")), image1=b"\x01\x00EMF")
    assert "[image non reproduite]" in pages(rendition(Kind.DOCX, wrong, DEFAULT)[1])[0]
    assert "[image non reproduite]" in pages(rendition(Kind.DOCX, data, replace(DEFAULT, pictures=0))[1])[0]


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr("urllib.request.urlopen", refused)
    monkeypatch.setattr("socket.socket.connect", refused)
    page = b"<html><link rel=stylesheet href='http://x/a.css'><p>mot</p><img src='http://x/a.png'><img src='file:///x'>"
    said = " [image non reproduite]"
    assert counted(pages(rendition(Kind.HTML, page, DEFAULT)[1])[0]) == counted(f"mot {2 * said}")


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.GIF, Kind.BMP, Kind.WEBP])
def test_pictures_keep_their_pixels(kind: Kind) -> None:
    codec = kind.name
    data = picture(70, 90, mode="P" if codec == "GIF" else "RGB", codec=codec)
    travels, pdf = rendition(kind, data, DEFAULT)
    assert travels == media_type(kind, data) == PDF
    (shown,) = pictures(pdf)
    with Image.open(io.BytesIO(data)) as image:
        assert shown.convert("RGB").tobytes() == image.convert("RGB").tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_png(mode: str) -> None:
    if mode == "I;16":
        out = io.BytesIO()
        Image.frombytes("I;16", (2, 2), b"\x00\x00\xff\xff\x00\x80\x00\x10").save(out, "PNG")
        data = out.getvalue()
    else:
        data = picture(mode=mode)
    (shown,) = pictures(rendition(Kind.PNG, data, DEFAULT)[1])
    assert shown.size == ((2, 2) if mode == "I;16" else (60, 40))
    assert shown.convert("L").getextrema() == ((0, 255) if mode in {"1", "I;16"} else shown.convert("L").getextrema())


def test_frames_become_pages_and_transparency_is_white() -> None:
    frames = [Image.new("L", (40, 60), value) for value in (0, 90, 200)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert len(pages(rendition(Kind.GIF, out.getvalue(), DEFAULT)[1])) == 3
    with pytest.raises(FormatError) as caught:
        rendition(Kind.GIF, out.getvalue(), replace(DEFAULT, pdf_pages=2))
    assert caught.value.reason is Reason.TOO_LARGE
    clear = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(clear, "PNG")
    (shown,) = pictures(rendition(Kind.PNG, clear.getvalue(), DEFAULT)[1])
    assert shown.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_damaged_and_enormous_pictures() -> None:
    for data in (picture()[:60], b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(FormatError) as caught:
            rendition(Kind.PNG, data, DEFAULT)
        assert caught.value.reason is Reason.UNREADABLE
    with pytest.raises(FormatError) as caught:
        rendition(Kind.PNG, picture(), replace(DEFAULT, image_pixels=100))
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("data", "travels"),
    [
        (b"Lettre", ""),
        ("Éléonore".encode(), ""),
        ("Éléonore".encode("utf-8-sig"), "text/plain"),
        ("Éléonore\r\nDupré".encode("cp1252"), "text/plain"),
        ("Éléonore".encode("utf-16"), "text/plain"),
    ],
)
def test_texts_travel_in_utf_8(data: bytes, travels: str) -> None:
    assert media_type(Kind.TEXT, data) == travels
    kind, made = rendition(Kind.TEXT, data, DEFAULT)
    assert kind == "text/plain"
    assert made.decode() == words.plain(data)
    assert "Éléonore" in made.decode() or made == b"Lettre"


def test_messages_travel_as_their_text() -> None:
    message = (
        b"MSH|^~\\&|LABO|X|DPI|Y|20260101||ORU^R01|1|P|2.5\rPID|1||7||MERCOEUR^ODILE||19510207|F\rOBX|1|NM|NA||140|mmol"
    )
    assert media_type(Kind.HL7V2, message) == "text/plain"
    kind, made = rendition(Kind.HL7V2, message, DEFAULT)
    assert kind == "text/plain"
    assert "MERCOEUR" in made.decode()


@pytest.mark.parametrize("kind", [Kind.PDF, Kind.RTF, Kind.JPEG, Kind.TIFF])
def test_what_travels_as_it_is(kind: Kind) -> None:
    assert media_type(kind, b"x") == ""
    assert rendition(kind, b"x", DEFAULT) == (kind.value, b"x")


def test_fonts_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fonts, "_FOLDERS", (str(tmp_path),))
    fonts.folder.cache_clear()
    try:
        with pytest.raises(fonts.FontsMissingError, match="fonts-dejavu-core"):
            rendition(Kind.HTML, b"<p>a</p>", DEFAULT)
    finally:
        fonts.folder.cache_clear()


_RUNS = st.builds(
    Run,
    st.text(st.sampled_from("aé W.\n\t œ€W"), max_size=90) | st.just("x" * 300) | st.just("mot " * 300),
    st.sampled_from(["", "B", "BI", "SU"]),
)
_PARAGRAPHS = st.builds(
    Paragraph,
    st.lists(_RUNS | st.just(Picture(b"", 10, 5)) | st.just(Picture(picture(), 400, 900)), max_size=4).map(tuple),
    st.integers(0, 6),
    st.sampled_from(["", "•", "12.a)"]),
    st.integers(0, 60),
    st.sampled_from(["L", "C", "R", "J"]),
    st.booleans(),
)
_BLOCKS = st.recursive(
    _PARAGRAPHS,
    lambda inner: st.builds(
        Table,
        st.lists(
            st.lists(
                st.builds(Cell, st.lists(inner, max_size=2).map(tuple), st.integers(1, 4), st.integers(1, 3)),
                max_size=4,
            ).map(tuple),
            max_size=4,
        ).map(tuple),
        st.booleans(),
    ),
    max_leaves=5,
)


@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(_BLOCKS, min_size=3, max_size=12))
def test_no_letter_is_lost_whatever_the_page_holds(blocks: list[Paragraph | Table]) -> None:
    shown = "".join(pages(drawing.draw(blocks, DEFAULT)))
    wanted = Counter("".join(line for block in blocks for line in written(block)).replace(" ", "").replace("\t", ""))
    got = Counter("".join(shown.replace(drawing.NOT_SHOWN, "").split()))
    assert not wanted - got
