"""PDF/A-1b out of letters: what the standard forbids is found by the check, then mended, drawn, or refused."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from gateway.formats.errors import FormatError
from gateway.formats.pdfa import check, metadata, raster, substitutes
from gateway.formats.pdfa.colour import profile_problems, srgb_profile
from gateway.formats.pdfa.compare import opened, text_of, words
from gateway.formats.pdfa.content import Bounds
from gateway.formats.pdfa.convert import Archived, Route, archive
from gateway.formats.pdfa.errors import UnsureError
from gateway.model.reasons import Reason

BOUNDS = Bounds()
LINE = "Mme Éloïse GARRIGUES, née le 02/11/1948 : cœur régulier, œdèmes « discrets », créatinine 74 µmol/L, 3 €."
Change = Callable[[pikepdf.Pdf], None]


def drawn(draw: Callable[[Canvas], None] = lambda _: None, *, font: str = "Helvetica", pages: int = 1) -> bytes:
    """A letter in a font that is not embedded, with something more on each page."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=True)
    canvas.setTitle("Lettre de Mme É.")
    for number in range(pages):
        canvas.setFont(font, 11)
        canvas.drawString(50, 780, f"Page {number + 1}. {LINE}"[:90])
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def changed(data: bytes, change: Change, **saving: object) -> bytes:
    """The same file after a change, otherwise written as PDF/A is."""
    options: dict[str, object] = {
        "force_version": "1.4",
        "object_stream_mode": pikepdf.ObjectStreamMode.disable,
        "deterministic_id": True,
        "fix_metadata_version": False,
    }
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        pdf.save(out, **{**options, **saving})  # type: ignore[arg-type]
    return out.getvalue()


def says(data: bytes) -> list[str]:
    """The words of all pages."""
    with opened(data) as document:
        return [word for page in document for word in words(text_of(page))]


def _translucent(pages: int = 1) -> bytes:
    """A letter that must be drawn."""

    def veil(canvas: Canvas) -> None:
        canvas.setFillAlpha(0.4)
        canvas.rect(50, 600, 90, 40, fill=1)

    return drawn(veil, pages=pages)


def sound(source: bytes, *routes: Route) -> Archived:
    """Archive it, by one of these routes, into something that the check passes and that says the same."""
    made = archive(source)
    assert made.route in routes, made.doubts
    assert check.problems(made.data, BOUNDS) == []
    assert says(made.data) == says(source)
    return made


@pytest.fixture(scope="module")
def good() -> bytes:
    return archive(drawn()).data


@pytest.mark.parametrize("font", ["Helvetica", "Times-BoldItalic", "Courier-Bold"])
def test_a_letter_in_a_standard_font_gets_its_metric_equal(font: str) -> None:
    made = sound(drawn(font=font), Route.CLEANED)
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        fonts = [one for one in pdf.objects if isinstance(one, Dictionary) and one.get("/Type") == Name.Font]
        assert all("/FontFile2" in one.FontDescriptor for one in fonts)


def test_what_is_pdfa_already_stays_byte_for_byte(good: bytes) -> None:
    assert archive(good) == Archived(good, Route.AS_IS)


def test_other_processes_make_the_same_bytes(good: bytes) -> None:
    """No clock, no chance, no order of a hash."""
    code = (
        "import sys; from gateway.formats.pdfa.convert import archive; "
        "sys.stdout.buffer.write(archive(sys.stdin.buffer.read()).data)"
    )
    for seed in ("1", "2"):
        made = subprocess.run(
            [sys.executable, "-c", code],
            input=drawn(),
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert made.stdout == good


def test_a_rendered_page_is_the_same_each_time() -> None:
    source = _translucent()
    assert sound(source, Route.RENDERED).data == archive(source).data


# What breaks a rule ---------------------------------------------------------------------------------------------------


def _page(pdf: pikepdf.Pdf) -> Dictionary:
    found = pdf.pages[0].obj
    assert isinstance(found, Dictionary)
    return found


def _font(pdf: pikepdf.Pdf) -> Dictionary:
    return next(
        one for one in pdf.objects if isinstance(one, Dictionary) and one.get("/Type") == Name.Font and "/Widths" in one
    )


def _set(holder: Callable[[pikepdf.Pdf], pikepdf.Object], key: str, value: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        holder(pdf)[key] = value

    return change


def _without(holder: Callable[[pikepdf.Pdf], pikepdf.Object], key: str) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        del holder(pdf)[key]

    return change


def _more(content: bytes, **resources: Dictionary) -> Change:
    """Content after that of the first page, with its resources."""

    def change(pdf: pikepdf.Pdf) -> None:
        page = pdf.pages[0]
        page.contents_add(pdf.make_stream(content))
        for key, value in resources.items():
            page.obj.Resources[f"/{key}"] = value

    return change


def _form(**keys: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        form = pdf.make_stream(
            b"0 0 1 rg 0 0 20 20 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 20, 20])
        )
        for key, value in keys.items():
            form[f"/{key}"] = value
        _more(b"q 1 0 0 1 300 300 cm /X0 Do Q", XObject=Dictionary(X0=form))(pdf)

    return change


def _picture(data: bytes = b"\x80" * 64, **keys: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        image = pdf.make_stream(
            data,
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=8,
            Height=8,
            BitsPerComponent=8,
            ColorSpace=Name.DeviceGray,
        )
        for key, value in keys.items():
            image[f"/{key}"] = value(pdf) if callable(value) else value
        _more(b"q 80 0 0 80 300 300 cm /X0 Do Q", XObject=Dictionary(X0=image))(pdf)

    return change


def _annotation(**keys: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        look = pdf.make_stream(
            b"1 0 0 rg 0 0 40 40 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 40, 40])
        )
        one = Dictionary(
            Type=Name.Annot, Subtype=Name.Stamp, Rect=Array([300, 300, 340, 340]), F=4, AP=Dictionary(N=look)
        )
        for key, value in keys.items():
            one[f"/{key}"] = value
        _page(pdf)["/Annots"] = Array([pdf.make_indirect(one)])

    return change


def _grey_mask(pdf: pikepdf.Pdf) -> Stream:
    return pdf.make_stream(
        bytes(range(0, 256, 4)),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=8,
        Height=8,
        BitsPerComponent=8,
        ColorSpace=Name.DeviceGray,
    )


def _cmyk_profile(pdf: pikepdf.Pdf) -> None:
    profile = bytearray(srgb_profile())
    profile[8] = 4
    stream = pdf.make_stream(bytes(profile), N=3)
    colours = Dictionary(C0=Array([Name.ICCBased, stream]))
    _more(b"/C0 cs 0.2 0.4 0.6 sc 300 300 40 40 re f", ColorSpace=colours)(pdf)


def _font_program(pdf: pikepdf.Pdf) -> None:
    del _font(pdf).FontDescriptor["/FontFile2"]


def _wrong_widths(pdf: pikepdf.Pdf) -> None:
    font = _font(pdf)
    font.Widths = Array([int(width) + 30 for width in font.Widths])


def _state(**keys: object) -> Change:
    return _more(
        b"/G0 gs 0 0.5 0 rg 300 300 90 90 re f",
        ExtGState=Dictionary(
            G0=Dictionary({"/Type": Name.ExtGState, **{f"/{key}": value for key, value in keys.items()}})
        ),
    )


def _root(pdf: pikepdf.Pdf) -> pikepdf.Object:
    return pdf.Root


MENDED = {
    "no metadata": (_without(_root, "/Metadata"), "no metadata"),
    "no output intent": (_without(_root, "/OutputIntents"), "no output intent"),
    "a script on opening": (_set(_root, "/OpenAction", Dictionary(S=Name.JavaScript, JS="1")), "an action"),
    "a launch": (_set(_root, "/OpenAction", Dictionary(S=Name.Launch, F="x")), "an action"),
    "actions of the catalog": (_set(_root, "/AA", Dictionary()), "actions of their own accord"),
    "an attached file": (
        _set(_root, "/Names", Dictionary(EmbeddedFiles=Dictionary(Names=Array([])))),
        "an embedded file",
    ),
    "a form in XML": (_set(_root, "/AcroForm", Dictionary(Fields=Array([]), XFA="x")), "a form in XML"),
    "a form to be drawn": (
        _set(_root, "/AcroForm", Dictionary(Fields=Array([]), NeedAppearances=True)),
        "a form without its appearance",
    ),
    "another title": (
        lambda pdf: pdf.trailer.Info.__setitem__("/Title", "autre"),
        "XMP and the information dictionary differ",
    ),
    "a group on the page": (
        _set(_page, "/Group", Dictionary(Type=Name.Group, S=Name.Transparency)),
        "transparency",
    ),
    "a group in a form": (_form(Group=Dictionary(S=Name.Transparency)), "transparency"),
    "a picture elsewhere": (_form(OPI=Dictionary()), "a picture elsewhere"),
    "a picture to be smoothed": (_picture(Interpolate=True), "interpolation"),
    "alternate pictures": (_picture(Alternates=Array([])), "alternate pictures"),
    "a soft mask": (_picture(SMask=_grey_mask), "transparency"),
    "a transfer function": (_state(TR=Name.Identity), "a transfer function"),
    "a later profile": (_cmyk_profile, "an ICC profile of a later version"),
    "a hidden stamp": (_annotation(F=2), "an annotation that may be hidden"),
    "a stamp of other kind": (_annotation(Subtype=Name.Sound), "an annotation of another kind"),
    "a coloured stamp": (_annotation(C=Array([1, 0, 0])), "an annotation with colours"),
    "another width": (_wrong_widths, "a font is not as wide as it says"),
}
DRAWN = {
    "paint that is seen through": (_state(ca=0.5), "transparency"),
    "paint that is mixed": (_state(BM=Name.Multiply), "transparency"),
    "ink colours": (_more(b"0.1 0.9 0 0 k 300 300 90 90 re f"), "colours that no output intent explains"),
    "a font without its program": (_font_program, "a font is not embedded"),
    "a drawn character without a glyph": (
        _more(b"BT /F1 12 Tf 300 300 Td (\x01) Tj ET"),
        "a character without a glyph",
    ),
    "deep states": (_more(b"q " * 29 + b"0 0 1 rg 300 300 9 9 re f " + b"Q " * 29), "graphics states nested too deep"),
}


@pytest.mark.parametrize("name", [*MENDED, *DRAWN])
def test_what_is_forbidden_is_found_and_gone(good: bytes, name: str) -> None:
    change, expected = {**MENDED, **DRAWN}[name]
    source = changed(good, change)
    assert expected in check.problems(source, BOUNDS)
    made = archive(source)
    assert check.problems(made.data, BOUNDS) == []
    assert says(made.data) == says(source)
    assert made.route is (Route.CLEANED if name in MENDED else Route.RENDERED), made.doubts


#: An encrypted file has no identifier of its content, and qpdf writes none as PDF 1.4.
_LOCKED = {"deterministic_id": False, "force_version": "1.6"}


@pytest.mark.parametrize(
    ("saving", "expected"),
    [
        ({"object_stream_mode": pikepdf.ObjectStreamMode.generate, "force_version": "1.5"}, "compressed objects"),
        ({"force_version": "1.7"}, "the header"),
        ({**_LOCKED, "encryption": pikepdf.Encryption(owner="o", user="", R=4)}, "encryption"),
    ],
)
def test_how_the_file_is_written(good: bytes, saving: dict[str, object], expected: str) -> None:
    source = changed(good, lambda _: None, **saving)
    assert expected in check.problems(source, BOUNDS)
    assert archive(source).route is Route.CLEANED


def test_bytes_around_the_file(good: bytes) -> None:
    assert check.problems(b"\n" + good, BOUNDS)
    assert "data after the end" in check.problems(good + b"<script>", BOUNDS)
    assert "updates" in check.problems(good + good, BOUNDS)


def test_lzw_is_written_anew() -> None:
    packed = bytes.fromhex("800b6050220c0c8501")  # the example of the PDF Reference, §3.3.3

    def change(pdf: pikepdf.Pdf) -> None:
        stream = Stream(pdf, packed)
        stream.stream_dict = Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=9,
            Height=1,
            BitsPerComponent=8,
            ColorSpace=Name.DeviceGray,
            Filter=Name.LZWDecode,
        )
        _more(b"q 80 0 0 80 300 300 cm /X0 Do Q", XObject=Dictionary(X0=stream))(pdf)

    source = changed(drawn(), change, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    assert b"/LZWDecode" in source
    assert b"/LZWDecode" not in sound(source, Route.CLEANED).data


# What cannot be -------------------------------------------------------------------------------------------------------


def test_what_cannot_be_is_refused() -> None:
    locked = changed(drawn(), lambda _: None, **_LOCKED, encryption=pikepdf.Encryption(owner="o", user="u", R=4))
    for source in (b"%PDF-1.4\nrien", drawn()[:300], locked, b""):
        with pytest.raises(FormatError) as refused:
            archive(source)
        assert refused.value.reason is Reason.UNSUPPORTED_FORMAT


def test_too_many_pages_to_be_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "PIXELS", 3_000_000)
    assert sound(_translucent(pages=2), Route.RENDERED)
    with pytest.raises(FormatError) as refused:
        archive(_translucent(pages=3))
    assert "too many pages" in str(refused.value.__cause__)


def test_content_is_bounded() -> None:
    """Beyond the operators that are read, the pages are drawn; their check is as bounded."""
    source = drawn(lambda canvas: canvas.lines([(50, 500, 60, y) for y in range(300)]))
    made = archive(source, Bounds(operators=500))
    assert (made.route, made.doubts) == (Route.RENDERED, ("cleaned: too many operators",))


def test_without_the_metric_equal_letters_are_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(substitutes, "_PLACES", (tmp_path,))
    for cached in (substitutes._file, substitutes._subset):
        cached.cache_clear()
    assert sound(drawn(), Route.RENDERED).doubts == ("cleaned: the metric equal is not installed",)


@pytest.mark.parametrize("name", ["Verdana", "Symbol", "ZapfDingbats", "ArialUnicodeMS", "Arial-Black", "Calibri,Bold"])
def test_other_fonts_have_no_equal(name: str) -> None:
    with pytest.raises(UnsureError):
        substitutes.face_of(name)


@pytest.mark.parametrize(
    ("name", "face"),
    [
        ("Helvetica", "LiberationSans-Regular"),
        ("Arial,Bold", "LiberationSans-Bold"),
        ("Arial-BoldItalicMT", "LiberationSans-BoldItalic"),
        ("ABCDEF+TimesNewRomanPS-ItalicMT", "LiberationSerif-Italic"),
        ("Times-Roman", "LiberationSerif-Regular"),
        ("Courier-BoldOblique", "LiberationMono-BoldItalic"),
        ("CourierNewPSMT", "LiberationMono-Regular"),
        ("ArialNarrow-Bold", "LiberationSansNarrow-Bold"),
    ],
)
def test_the_names_of_standard_fonts(name: str, face: str) -> None:
    assert substitutes.face_of(name) == face


# What is kept ---------------------------------------------------------------------------------------------------------


def test_a_filled_form_keeps_what_was_written() -> None:
    def fill(canvas: Canvas) -> None:
        canvas.acroForm.textfield(name="a", value="Kaliémie", x=50, y=500, width=200, height=20)
        canvas.acroForm.checkbox(name="b", checked=True, x=50, y=460)

    made = archive(drawn(fill))
    assert check.problems(made.data, BOUNDS) == []
    assert "Kaliémie" in says(made.data)


def test_a_logo_with_alpha_stays_a_letter() -> None:
    logo = Image.new("RGBA", (200, 80), (0, 0, 0, 0))
    ImageDraw.Draw(logo).ellipse((5, 5, 190, 70), fill=(20, 90, 160, 255))
    logo = logo.resize((101, 41)).resize((200, 80))
    made = sound(drawn(lambda canvas: _image(canvas, logo)), Route.CLEANED)
    assert b"/SMask" not in made.data


def test_a_logo_with_alpha_over_colour_is_drawn() -> None:
    """White is not what lies under it: the comparison of the pages sees it."""
    logo = Image.new("RGBA", (200, 80), (200, 0, 0, 120))

    def draw(canvas: Canvas) -> None:
        canvas.setFillColorRGB(0.1, 0.1, 0.6)
        canvas.rect(40, 390, 300, 120, fill=1)
        _image(canvas, logo)

    assert sound(drawn(draw), Route.RENDERED).doubts == ("cleaned: the look differs",)


def _image(canvas: Canvas, picture: Image.Image) -> None:
    canvas.drawImage(ImageReader(picture), 50, 400, mask="auto")


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_scan_keeps_its_pixels(mode: str) -> None:
    out = io.BytesIO()
    Image.effect_noise((600, 800), 40).convert(mode).save(out, "PDF", resolution=72)
    made = sound(out.getvalue(), Route.CLEANED)
    assert len(made.data) < len(out.getvalue()) + 20_000


def test_hidden_words_of_a_scan_stay_hidden_words() -> None:
    def hide(canvas: Canvas) -> None:
        text = canvas.beginText(50, 600)
        text.setTextRenderMode(3)
        text.setFont("Helvetica", 10)
        text.textLine("mots reconnus à la lecture")
        canvas.drawText(text)

    assert "reconnus" in says(sound(drawn(hide), Route.CLEANED).data)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_turned_and_cropped_page_keeps_its_words(angle: int) -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        _page(pdf).Rotate = angle
        _page(pdf).CropBox = Array([20, 30, 580, 820])

    for source, route in (
        (drawn(), Route.CLEANED),
        (_translucent(), Route.RENDERED),
    ):
        sound(changed(source, change), route)


def test_an_embedded_truetype_font_stays() -> None:
    path = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    if not path.exists():
        pytest.skip("absent: fonts-dejavu-core")
    pdfmetrics.registerFont(TTFont("DejaVu", str(path)))
    with pikepdf.open(io.BytesIO(sound(drawn(font="DejaVu"), Route.CLEANED).data)) as pdf:
        names = {str(o.BaseFont) for o in pdf.objects if isinstance(o, Dictionary) and "/BaseFont" in o}
    assert any("DejaVu" in name for name in names)


# The parts ------------------------------------------------------------------------------------------------------------


def test_the_profile_is_of_version_two() -> None:
    with pikepdf.new() as pdf:
        assert profile_problems(pdf.make_stream(srgb_profile(), N=3)) == set()
        assert profile_problems(pdf.make_stream(srgb_profile(), N=4)) != set()
        assert profile_problems(pdf.make_stream(b"", N=3)) != set()


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ("D:20260603101530+02'00'", "2026-06-03T10:15:30+02:00"),
        ("D:20260603101530Z", "2026-06-03T10:15:30Z"),
        ("D:20260603101530", "2026-06-03T10:15:30Z"),
        ("D:2026", ""),
        ("D:20261303101530Z", ""),
        ("3 juin 2026", ""),
    ],
)
def test_dates_as_xmp_writes_them(stated: str, date: str) -> None:
    assert metadata.iso_date(stated) == date


def test_hostile_information_is_escaped_and_agrees() -> None:
    info = Dictionary(Title="a <b> & \x00 ]]>", Author="É", Keywords="x" * 5000, CreationDate="D:hier", Trapped="no")
    said = metadata.information(info)
    written = metadata.info_dictionary(said.entries)
    assert metadata.problems(metadata.packet(said.properties), written) == []
    assert set(said.entries) == {"/Title", "/Author", "/Keywords"}


@pytest.mark.parametrize("packet", [b"", b"<x", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'])
def test_a_packet_that_claims_nothing(packet: bytes) -> None:
    assert metadata.problems(packet, None)
