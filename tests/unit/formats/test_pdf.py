"""PDF: text, passwords, damage, bounds."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pikepdf
import pypdf
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.office import fonts
from gateway.formats.pages import pdf
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


def test_pages_objects_and_characters_are_bounded() -> None:
    data = _pages(3)
    assert pdf.read(data, replace(DEFAULT, pdf_pages=2)).text.split()[-1] == "1"
    assert pdf.read(data, replace(DEFAULT, pdf_objects=1)).text.split()[-1] == "0"
    assert len(pdf.read(data, replace(DEFAULT, document_text=4)).text) == 4


def test_junk_before_the_header_and_a_wrong_cross_reference_are_read() -> None:
    data = builders.pdf("Lettre")
    assert pdf.read(b"\r\n\r\n" + data, DEFAULT).text == "Lettre"
    assert pdf.read(data.replace(b"startxref\n", b"startxref\n9"), DEFAULT).text == "Lettre"


def test_a_page_that_draws_no_text_is_a_picture() -> None:
    data = builders.pdf("Lettre").replace(b"Tj", b"xx")
    assert pdf.read(data, DEFAULT).text == ""
    assert pdf.read(data, DEFAULT).image_only


def _drawn(*marks: tuple[float, float, str], size: float = 10, extra: Callable[[Canvas], None] | None = None) -> bytes:
    """A page with words where they are said to be (millimetres from the left and from the top), in that order."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setFont("Helvetica", size)
    for left, top, text in marks:
        canvas.drawString(left * mm, A4[1] - top * mm, text)
    if extra:
        extra(canvas)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _lines(data: bytes) -> list[str]:
    return [line for line in pdf.read(data, DEFAULT).text.splitlines() if line]


def test_words_drawn_one_by_one_are_lines_again_in_whatever_order_they_were_drawn() -> None:
    words = [
        (20, 30, "Je"),
        (25, 30, "vois"),
        (33.5, 30, "Madame"),
        (48, 30, "Claire"),
        (60, 30, "AUBERTIN"),
        (20, 36, "suivie"),
    ]
    assert _lines(_drawn(*words)) == ["Je vois Madame Claire AUBERTIN", "suivie"]
    assert _lines(_drawn(*reversed(words))) == ["Je vois Madame Claire AUBERTIN", "suivie"]


LEFT = ("Dr Paul DUMESNIL", "Cardiologue", "12 rue des Lilas", "Tel 02 40 00 00 00")
RIGHT = ("Monsieur Jean VASSEUR", "né le 12/03/1950", "3 rue des Fleurs", "44000 Nantes")


@pytest.mark.parametrize("lower", [0, 2.5])
def test_a_letterhead_beside_an_address_is_not_read_across(lower: float) -> None:
    left = [(20, 20 + 5 * row, text) for row, text in enumerate(LEFT)]
    right = [(120, 20 + lower + 5 * row, text) for row, text in enumerate(RIGHT)]
    below = (20, 60, "Cher confrère, je vous remercie de m'avoir confié ce patient pour la surveillance annuelle.")
    read = _lines(_drawn(*left, *right, below))
    assert read == [*LEFT, *RIGHT, below[2]]


def test_labels_drawn_before_their_values_stand_beside_them() -> None:
    labels = [(20, 20 + 6 * row, text) for row, text in enumerate(("Nom :", "Prénom :", "Né(e) le :"))]
    values = [(60, 20 + 6 * row, text) for row, text in enumerate(("VASSEUR", "Jean", "12/03/1950"))]
    assert _lines(_drawn(*labels, *values)) == ["Nom : VASSEUR", "Prénom : Jean", "Né(e) le : 12/03/1950"]


def test_two_pairs_on_a_line_are_two_lines_and_results_stay_on_theirs() -> None:
    pairs = [(20, 20, "Nom : VASSEUR"), (110, 20, "Adressé par : Dr DUMESNIL")]
    results = [(20, 30, "Hémoglobine"), (80, 30, "13,8 g/dL"), (130, 30, "12,0-16,0")]
    assert _lines(_drawn(*pairs, *results)) == [
        "Nom : VASSEUR",
        "Adressé par : Dr DUMESNIL",
        "Hémoglobine 13,8 g/dL 12,0-16,0",
    ]


def test_words_cut_at_the_end_of_a_line_are_whole_and_names_keep_their_hyphen() -> None:
    lines = [
        (20, 20, "revue en hospi-"),
        (20, 25, "talisation hier"),
        (20, 40, "avec Jean-"),
        (20, 45, "Pierre ce jour"),
    ]
    assert _lines(_drawn(*lines)) == ["revue en hospitalisation", "hier", "avec Jean-Pierre", "ce jour"]


def test_bold_made_by_drawing_twice_is_read_once_and_what_is_off_the_page_is_not_seen() -> None:
    assert _lines(_drawn((20, 20, "VASSEUR"), (20.1, 20, "VASSEUR"), (20, 400, "caché"))) == ["VASSEUR"]


def test_a_line_longer_than_the_paper_is_read_to_its_end_and_no_other_thing_off_the_page() -> None:
    whole = (
        "Bien cordialement à vous, Monsieur Yves Tréhorenteuc, né le 12/03/1956, accompagnant de la personne examinée."
    )
    assert _lines(_drawn((40, 190, whole), (900, 300, "ailleurs"))) == [whole]


@pytest.mark.parametrize("beyond", [-4.0, -2.0, 0.8, 1.5])
def test_two_strings_that_touch_are_two_words(beyond: float) -> None:
    end = 40 + (stringWidth("KERMORVAN", "Helvetica", 10) + beyond) / mm
    assert _lines(_drawn((40, 100, "KERMORVAN"), (end, 100, "Solène"))) == ["KERMORVAN Solène"]


def test_letters_drawn_one_by_one_are_words() -> None:
    at, letters = 40.0, []
    for letter in "Madame Kermorvan":
        letters.append((at, 100.0, letter))
        at += stringWidth(letter, "Helvetica", 10) / mm
    assert _lines(_drawn(*[mark for mark in letters if mark[2] != " "])) == ["Madame Kermorvan"]


def test_a_turned_page_is_read_along_its_lines() -> None:
    writer = pypdf.PdfWriter()
    writer.append(io.BytesIO(_drawn((20, 20, "Monsieur Jean VASSEUR"), (20, 26, "né le 12/03/1950"))))
    writer.pages[0].rotate(90)
    out = io.BytesIO()
    writer.write(out)
    assert _lines(out.getvalue()) == ["Monsieur Jean VASSEUR", "né le 12/03/1950"]


def _scan(canvas: Canvas) -> None:
    picture = Image.new("L", (620, 877), "white")
    canvas.drawImage(ImageReader(picture), 0, 0, *A4)


def test_the_invisible_layer_of_a_scan_is_somebodys_ocr_and_elsewhere_nobody_sees_it() -> None:
    def layer(canvas: Canvas) -> None:
        text = canvas.beginText(20 * mm, 250 * mm)
        text.setTextRenderMode(3)
        text.textLine("Monsieur Jean VASSEUR né le 12/03/1950")
        canvas.drawText(text)

    def scanned(canvas: Canvas) -> None:
        _scan(canvas)
        layer(canvas)

    found = pdf.read(_drawn(extra=scanned), DEFAULT)
    assert (found.source, found.image_only, found.text) == ("ocr", False, "Monsieur Jean VASSEUR né le 12/03/1950")
    found = pdf.read(_drawn((20, 20, "Lettre"), extra=layer), DEFAULT)
    assert (found.source, found.text) == ("text", "Lettre")


def test_a_letterhead_over_a_scan_is_a_picture_and_a_letter_with_a_logo_is_not() -> None:
    assert pdf.read(_drawn((20, 20, "Centre de radiologie"), extra=_scan), DEFAULT).image_only
    assert pdf.read(_drawn(extra=_scan), DEFAULT).image_only
    logo = pdf.read(
        _drawn((60, 20, "Lettre"), extra=lambda c: c.drawImage(ImageReader(Image.new("L", (9, 9))), 0, 0, 90, 90)),
        DEFAULT,
    )
    assert (logo.image_only, logo.drawn) == (False, (0,))


def test_glyphs_of_unknown_letters_are_no_text() -> None:
    letter = FPDF()
    letter.add_page()
    letter.add_font("DejaVu", fname=str(fonts.folder() / "DejaVuSans.ttf"))
    letter.set_font("DejaVu", size=11)
    letter.text(20, 30, "Je vois ce jour Madame Claire Aubertin, née le 12/03/1950, pour le suivi de son asthme.")
    data = bytes(letter.output())
    with pikepdf.open(io.BytesIO(data)) as structure:
        for thing in structure.objects:
            if isinstance(thing, pikepdf.Dictionary) and "/ToUnicode" in thing:
                del thing["/ToUnicode"]
        broken = io.BytesIO()
        structure.save(broken)
    assert pdf.read(data, DEFAULT).text.startswith("Je vois ce jour Madame Claire Aubertin, née le")
    found = pdf.read(broken.getvalue(), DEFAULT)
    assert (found.text, found.image_only, found.pictures) == ("", True, (0,))


def test_what_is_filled_in_a_form_belongs_to_its_line() -> None:
    def form(canvas: Canvas) -> None:
        canvas.acroForm.textfield(
            name="nom", value="VASSEUR", x=40 * mm, y=A4[1] - 21 * mm, width=100, height=14, fontSize=10
        )

    assert _lines(_drawn((20, 20, "Nom :"), extra=form)) == ["Nom : VASSEUR"]


def _with(root: dict[str, object]) -> bytes:
    with pikepdf.open(io.BytesIO(builders.pdf("Lettre"))) as structure:
        for key, value in root.items():
            structure.Root[key] = value
        out = io.BytesIO()
        structure.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return out.getvalue()


LAUNCH = pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("calc"))
SCRIPT = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.launchURL('http://a')"))
PRINT = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("this.print(true);"))


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        ({"/OpenAction": LAUNCH}, Reason.UNSAFE),
        ({"/OpenAction": SCRIPT}, Reason.UNSAFE),
        ({"/OpenAction": PRINT}, None),
        ({"/OpenAction": pikepdf.Dictionary(S=pikepdf.Name.GoTo, Next=LAUNCH)}, Reason.UNSAFE),
        ({"/AA": pikepdf.Dictionary(WC=SCRIPT)}, Reason.UNSAFE),
        (
            {"/Names": pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=pikepdf.Array(["a", SCRIPT])))},
            Reason.UNSAFE,
        ),
    ],
)
def test_programs_and_scripts_that_a_pdf_starts(root: dict[str, object], reason: Reason | None) -> None:
    assert _reason(_with(root)) is reason


@pytest.mark.parametrize(("content", "reason"), [(b"MZ\x90\x00" + bytes(300), Reason.UNSAFE), (b"a,b\n1,2\n", None)])
def test_files_inside(content: bytes, reason: Reason | None) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(builders.pdf("Lettre")))
    writer.add_attachment("donnees.csv", content)
    out = io.BytesIO()
    writer.write(out)
    assert _reason(out.getvalue()) is reason


def test_thousands_of_pages_and_a_huge_page_are_bounded() -> None:
    found = pdf.read(_pages(1500), DEFAULT)
    assert (found.pages, found.text.split()[-1]) == (1500, "29")
    assert pdf.read(builders.pdf("Lettre").replace(b"595 842", b"1440000 1440000"), DEFAULT).pages == 1


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", b"%PDF-1.4\n%%EOF", builders.pdf("a")[:120]])
def test_damage(data: bytes) -> None:
    assert _reason(data) is Reason.UNREADABLE


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8), st.booleans())
def test_any_damage_is_a_format_error(at: int, patch: bytes, cut: bool) -> None:
    data = builders.pdf("Lettre", extra="/Names << /EmbeddedFiles << /Names [(a) << /EF << /F 4 0 R >> >>] >> >>")
    at %= len(data)
    _reason(data[:at] if cut else data[:at] + patch + data[at + len(patch) :])
