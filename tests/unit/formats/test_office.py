"""Office files as a person sees them: what is shown is read, what is deleted or hidden is not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats import mail
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.office import words
from gateway.formats.sniff import Kind, sniff
from gateway.model.documents import Carrier, DocumentReading
from gateway.model.reasons import Ignored, Reason
from tests.unit.formats import builders
from tests.unit.formats.office_files import docx, fodt, odt, p, picture, r, section, table

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LETTER = "Concerne : Mme Odile MERCOEUR, née le 07/02/1951"


def read(data: bytes) -> str:
    return words.read(words.kind_in(data, DEFAULT), data, DEFAULT).text


def lines(data: bytes) -> list[str]:
    return [line for line in read(data).splitlines() if line]


def attached(data: bytes, name: str) -> DocumentReading:
    return mail.read(builders.mail(builders.text(), builders.attached(data, name))).documents[0]


def problem(data: bytes) -> FormatError:
    with pytest.raises(FormatError) as caught:
        read(data)
    return caught.value


# What they are


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (docx(p(LETTER)), DOCX),
        (docx(p(LETTER), main="word/document2.xml"), DOCX),
        (docx(p(LETTER), types=DOCX.replace("document", "template") + ".main+xml"), DOCX),
        (odt(f"<text:p>{LETTER}</text:p>"), "application/vnd.oasis.opendocument.text"),
        (
            odt(f"<text:p>{LETTER}</text:p>", mimetype="application/vnd.oasis.opendocument.text-template"),
            "application/vnd.oasis.opendocument.text",
        ),
        (fodt(f"<text:p>{LETTER}</text:p>"), "application/vnd.oasis.opendocument.text"),
        (f"<html><body><p>{LETTER}</p></body></html>".encode(), "text/html"),
        (f"<div>{LETTER}</div>".encode(), "text/html"),
        (LETTER.encode("utf-16"), "text/plain"),
        (LETTER.encode("utf-16-le"), "text/plain"),
        (b"\r\n{\\rtf1 Concerne : Mme Odile MERCOEUR, n\\'e9e le 07/02/1951}", "application/rtf"),
    ],
)
def test_the_content_decides_and_the_words_are_read(data: bytes, media_type: str) -> None:
    document = attached(data, "courrier.bin")
    assert (document.carrier, document.problem, document.media_type) == (Carrier.OTHER, None, media_type)
    assert document.text == LETTER
    assert mail.extract(builders.mail(builders.text(), builders.attached(data, "x")), document.part) == data


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (builders.zipped({"[Content_Types].xml": b'<Types a="spreadsheetml.sheet.main+xml"/>'}), "bureautique"),
        (builders.zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "classeur"),
        (builders.zipped({"mimetype": b"application/vnd.oasis.opendocument.presentation"}), "présentation"),
        (builders.zipped({"Index/Document.iwa": b"x", "preview.jpg": b"\xff\xd8\xff"}), "Pages"),
        (builders.ole("WordDocument"), "Word d'ancien format"),
        (builders.ole("Workbook"), "Excel d'ancien format"),
    ],
)
def test_what_is_not_a_letter_is_said_in_french(data: bytes, what: str) -> None:
    document = attached(data, "courrier.docx")
    assert document.problem is Reason.UNSUPPORTED_FORMAT
    assert what in document.detail
    assert "PDF" in document.detail


def test_macros_and_passwords_stay_what_they_were() -> None:
    macros = docx(p("a"), types="application/vnd.ms-word.document.macroEnabled.main+xml")
    assert attached(macros, "a.docx").problem is Reason.UNSAFE
    assert problem(macros).reason is Reason.UNSAFE
    manifest = b'<manifest><file-entry><encryption-data checksum="x"/></file-entry></manifest>'
    locked = builders.zipped(
        {"mimetype": b"application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": manifest, "content.xml": b"?"}
    )
    assert attached(locked, "a.odt").problem is Reason.ENCRYPTED
    assert attached(docx(), "a.docx").problem is Reason.UNREADABLE


def test_a_document_type_inside_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><w:document xmlns:w="x"><w:body/></w:document>'
    data = builders.zipped({"word/document.xml": bomb})
    assert problem(data).reason is Reason.UNSAFE


def test_an_empty_one_and_one_of_pictures_alone() -> None:
    assert attached(docx(p("")), "a.docx").problem is Reason.UNREADABLE
    drawing = '<w:r><w:drawing><a:blip r:embed="image1"/></w:drawing></w:r>'
    scanned = attached(docx(p(drawing), image1=picture()), "a.docx")
    assert (scanned.image_only, scanned.problem, scanned.rendition) == (True, None, "application/pdf")
    assert attached(b"{\\rtf1{\\pict\\pngblip 89504e47}}", "a.rtf").problem is Reason.UNSUPPORTED_FORMAT


def test_a_letter_inside_an_archive() -> None:
    document = attached(builders.zipped({"courriers/lettre.docx": docx(p(LETTER))}), "courriers.zip")
    assert (document.filename, document.text, document.rendition) == ("lettre.docx", LETTER, "application/pdf")


def test_a_text_that_is_a_notice_is_none() -> None:
    assert attached(b"Ce message est confidentiel.", "ATT001.txt").ignored is Ignored.NOT_A_DOCUMENT


# DOCX


def test_tracked_changes_are_accepted() -> None:
    data = docx(
        p(r("Mme "), "<w:del><w:r><w:delText>DUPONT</w:delText></w:r></w:del>", f"<w:ins>{r('MERCOEUR')}</w:ins>"),
        f"<w:moveFrom>{p('parti')}</w:moveFrom>",
        p(f"<w:moveFrom>{r('ancien')}</w:moveFrom><w:moveTo>{r(' déplacé')}</w:moveTo>"),
        "<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p><w:r><w:t>DUPONT</w:t></w:r></w:p></w:tc></w:tr></w:tbl>",
    )
    assert lines(data) == ["Mme MERCOEUR", " déplacé"]


def test_hidden_letters_and_instructions_are_left_out() -> None:
    def mark(kind: str, inner: str = "") -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}">{inner}</w:fldChar></w:r>'

    field = f"{mark('begin')}<w:r><w:instrText>MERGEFIELD nom</w:instrText></w:r>{mark('separate')}"
    nested = f"{mark('begin')}{r('IF ')}{field}{r('caché')}{mark('end')}{mark('separate')}{r('Odile')}{mark('end')}"
    box = mark("begin", "<w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData>") + mark("separate") + mark("end")
    styles = '<w:style w:styleId="H"><w:rPr><w:vanish/></w:rPr></w:style>'
    data = docx(
        p(r("vu"), r("secret", "<w:vanish/>"), r("secret", '<w:rStyle w:val="H"/>'), r("!", '<w:vanish w:val="0"/>')),
        p(nested),
        p(box, r(" fumeur")),
        p(r("majuscules", "<w:caps/>"), r("10"), r("9", '<w:vertAlign w:val="superscript"/>'), r("/L")),
        styles=styles,
    )
    assert lines(data) == ["vu!", "Odile", "☒ fumeur", "MAJUSCULES10⁹/L"]


def test_headers_first_then_boxes_where_they_stand_then_notes_and_footers() -> None:
    box = (
        "<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx><w:txbxContent>"
        f"{p('Dans la zone')}</w:txbxContent></wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox><w:txbxContent>{p('Dans la zone')}</w:txbxContent></v:textbox></w:pict>"
        "</mc:Fallback></mc:AlternateContent></w:r>"
    )
    data = docx(
        p(r("Texte"), box, '<w:r><w:footnoteReference w:id="2"/></w:r>'),
        "<w:sdt><w:sdtContent>" + p("Contrôle") + "</w:sdtContent></w:sdt>",
        section("header:default:header1", "footer:default:footer1"),
        header1=p("Cabinet médical"),
        footer1=p("Page 1"),
        footnotes=f'<w:footnote w:id="2">{p("La note")}</w:footnote><w:footnote w:id="3">{p("Autre")}</w:footnote>',
    )
    assert lines(data) == ["Cabinet médical", "Texte¹", "Dans la zone", "Contrôle", "¹", "La note", "Page 1"]


def test_a_header_of_even_pages_that_is_not_used() -> None:
    data = docx(p("Texte"), section("header:even:header1"), header1=p("Mme AUTRE"))
    assert lines(data) == ["Texte"]
    used = docx(p("Texte"), section("header:even:header1"), header1=p("Vu"), settings="<w:evenAndOddHeaders/>")
    assert lines(used) == ["Vu", "Texte"]


def test_rows_beside_each_other_columns_below_each_other() -> None:
    data = docx(table(("Nom", "MERCOEUR"), ("Née le", "07/02/1951")), table(("Dr Ada\nExemple", "Mme Odile\nMERCOEUR")))
    assert lines(data) == ["Nom\tMERCOEUR", "Née le\t07/02/1951", "Dr Ada", "Exemple", "Mme Odile", "MERCOEUR"]
    labels = docx(table(("Nom :\nPrénom :\nNé le :", "MERCOEUR\nOdile\n07/02/1951")))
    assert lines(labels) == ["Nom :\tMERCOEUR", "Prénom :\tOdile", "Né le :\t07/02/1951"]


def test_lists_count_as_word_does() -> None:
    level = '<w:lvl w:ilvl="{}"><w:numFmt w:val="{}"/><w:lvlText w:val="{}"/></w:lvl>'
    numbers = level.format(0, "decimal", "%1.") + level.format(1, "lowerLetter", "%1.%2)")
    numbering = (
        f'<w:abstractNum w:abstractNumId="0">{numbers}</w:abstractNum>'
        f'<w:abstractNum w:abstractNumId="1">{level.format(0, "bullet", "&#xF0B7;")}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    )

    def item(text: str, number: int, depth: int = 0) -> str:
        return p(text, properties=f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')

    data = docx(item("un", 1), item("a", 1, 1), item("b", 1, 1), item("deux", 1), item("point", 2), numbering=numbering)
    assert lines(data) == ["1. un", "1.a) a", "1.b) b", "2. deux", "• point"]


# ODT


def test_an_opendocument_text_as_it_is_seen() -> None:
    automatic = (
        '<style:style style:name="H"><style:text-properties text:display="none"/></style:style>'
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" '
        'style:num-suffix="."/></text:list-style>'
    )
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>DUPONT</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
        '<text:h text:outline-level="1">Compte   rendu</text:h>'
        '<text:p>Mme<text:s text:c="2"/>Odile<text:tab/><text:span>MERCOEUR</text:span><text:line-break/>née'
        '<text:span text:style-name="H">caché</text:span><office:annotation><text:p>remarque</text:p>'
        "</office:annotation><text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>La note</text:p></text:note-body></text:note></text:p>"
        '<text:section text:display="none"><text:p>caché</text:p></text:section>'
        '<text:list text:style-name="L"><text:list-item><text:p>un</text:p></text:list-item>'
        "<text:list-item><text:p>deux</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>Nom</text:p></table:table-cell>"
        '<table:covered-table-cell/><table:table-cell table:number-columns-repeated="2"><text:p>x</text:p>'
        '</table:table-cell><table:table-cell table:number-columns-repeated="1000"/></table:table-row></table:table>'
        "<text:p><draw:frame><draw:text-box><text:p>Dans la zone</text:p></draw:text-box></draw:frame></text:p>"
    )
    styles = (
        "<office:master-styles><style:master-page><style:header><text:p>Cabinet</text:p></style:header>"
        '<style:header-left style:display="false"><text:p>Mme AUTRE</text:p></style:header-left>'
        "<style:footer><text:p>Page 1</text:p></style:footer></style:master-page></office:master-styles>"
    )
    assert lines(odt(body, styles=styles, automatic=automatic)) == [
        "Cabinet", "Compte rendu", "Mme  Odile\tMERCOEUR", "née¹", "1. un", "2. deux", "Nom\tx\tx", "Dans la zone",
        "¹", "La note", "Page 1",
    ]  # fmt: skip


def test_rows_repeated_without_end_are_bounded() -> None:
    def repeated(inner: str) -> str:
        row = '<table:table-row table:number-rows-repeated="99"><table:table-cell table:number-columns-repeated="99">'
        return f"<table:table>{row}{inner}</table:table-cell></table:table-row></table:table>"

    assert len(read(odt(repeated("<text:p>x</text:p>")))) == 99 * 99 * 2 - 1
    once = repeated(repeated(repeated(repeated("<text:p>x</text:p>"))))
    header = f"<style:header>{once}</style:header><style:header-first>{once} </style:header-first>"
    assert problem(odt(once)).reason is Reason.TOO_LARGE
    assert problem(odt("<text:p>x</text:p>", styles=header)).reason is Reason.TOO_LARGE


# HTML


def test_html_as_a_browser_shows_it() -> None:
    page = """<html><head><title>Titre</title><style>/* x */ .c, #z { display:none } @media print { .d {display:none} }
      span.m{ text-transform: uppercase }</style></head><body>
      <p>Mme <b>Odile</b>
         <span class=m>Mercoeur</span>,&nbsp;née le&#160;07/02/1951</p><div class="a c">caché</div><p id=z>caché</p>
      <p style="mso-hide:all">caché</p><p hidden>caché</p><p style="font-size:0px">caché</p><p class=d>montré</p>
      <ol start=3><li>un<ul><li>puce</li></ul></li><li>deux</li></ol>
      <table><tr><th>Nom<td>MERCOEUR<tr><td>Prénom<td>Odile</table>
      <pre>a  b
c</pre><select><option>Femme<option selected>Homme</select><input type=checkbox checked> fumeur
      <textarea>note</textarea><img width=1 height=1 src="http://x/p.gif"><script>x()</script></body></html>"""
    data = page.encode("cp1252")
    assert sniff(data) is Kind.HTML
    assert [line.replace("\xa0", " ") for line in lines(data)] == [
        "Mme Odile MERCOEUR, née le 07/02/1951", "montré", "3. un", "• puce", "4. deux", "Nom\tMERCOEUR",
        "Prénom\tOdile", "a  b", "c", "Homme☒ fumeur note",
    ]  # fmt: skip


def test_html_says_its_encoding_or_is_guessed() -> None:
    for encoding in ("utf-8", "cp1252", "mac_roman"):
        assert lines("<html><p>Hélène est née</p></html>".encode(encoding)) == ["Hélène est née"]
    named = '<html><meta http-equiv=Content-Type content="text/html; charset=windows-1250"><p>Dvořák</html>'
    assert lines(named.encode("cp1250")) == ["Dvořák"]
    wrong = '<html><meta charset="utf-8"><p>Hélène</html>'
    assert lines(wrong.encode("cp1252")) == ["Hélène"]


def test_a_script_is_still_unsafe() -> None:
    assert attached(b"<html><script>alert(1)</script>x</html>", "a.html").problem is Reason.UNSAFE


def test_html_nested_without_end_is_refused() -> None:
    assert problem(b"<html>" + b"<div>" * 5000 + b"x").reason is Reason.UNSAFE


# Bounds and damage


def test_more_than_a_letter_can_have_is_refused() -> None:
    small = replace(DEFAULT, office_blocks=3)
    with pytest.raises(FormatError) as caught:
        words.read(Kind.DOCX, docx(p("a"), p("b"), p("c"), p("d")), small)
    assert caught.value.reason is Reason.TOO_LARGE
    with pytest.raises(FormatError):
        words.read(Kind.HTML, b"<p>abcdef</p>", replace(DEFAULT, office_text=5))


@pytest.mark.parametrize(
    "page",
    [
        "<select>" + "<option>x" * 30_000,
        "<style>" + "@a" * 150_000,
        "<style>" + "/*" * 150_000,
        "<style>" + "a{" * 150_000,
        "<style>" + ",".join(f".c{n}" for n in range(50_000)) + "{display:none}</style>",
    ],
)
def test_long_ones_are_read_in_the_time_that_their_length_takes(page: str) -> None:
    assert words.read(Kind.HTML, f"<html>{page}".encode(), DEFAULT).text in {"", "x"}


_SEEDS = (
    docx(p(LETTER), table(("a", "b")), section("header:default:header1"), header1=p("x"), image1=picture()),
    odt(f"<text:p>{LETTER}</text:p><text:list><text:list-item/></text:list>"),
    fodt(f"<text:p>{LETTER}</text:p>"),
    b"<html><style>p{color:red}</style><table><td colspan=9><ul><li>a<td>b</table><p>c</html>",
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_SEEDS), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_raises_nothing_but_format_errors(seed: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(seed)
    for at, value in changes:
        data[at % len(data)] = value
    with suppress(FormatError):
        kind = words.kind_in(bytes(data), DEFAULT)
        if kind in words.KINDS:
            words.read(kind, bytes(data), DEFAULT)


_VALUES = st.sampled_from(("", "0", "1", "-1", "9" * 20, "x", "²", "page", "begin", "separate", "end", "image1"))


def _trees(names: str, attributes: str) -> st.SearchStrategy[str]:
    def around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        said = st.dictionaries(st.sampled_from(attributes.split()), _VALUES, max_size=3)
        return st.builds(_element, st.sampled_from(names.split()), said, st.lists(inner, max_size=4))

    return st.recursive(st.just("mot "), around, max_leaves=30)


def _element(name: str, said: dict[str, str], inner: list[str]) -> str:
    attributes = "".join(f' {key}="{value}"' for key, value in said.items())
    return f"<{name}{attributes}>{''.join(inner)}</{name}>"


_WORD = _trees(
    "w:p w:pPr w:r w:rPr w:t w:tbl w:tr w:tc w:tcPr w:gridSpan w:vMerge w:fldChar w:ffData w:ddList w:default w:sym "
    "w:numPr w:ilvl w:numId w:drawing wp:extent a:blip w:footnoteReference mc:AlternateContent mc:Choice w:sdt "
    "w:sectPr w:headerReference w:vertAlign w:b w:outlineLvl w:jc",
    "w:val w:char w:font w:fldCharType w:type r:embed r:id w:id cx cy",
)
_OPEN = _trees(
    "text:p text:h text:span text:s text:tab text:list text:list-item table:table table:table-row "
    "table:table-cell draw:frame draw:text-box draw:image text:note text:note-body office:annotation "
    "text:section draw:g",
    "text:c text:outline-level text:style-name text:start-value table:number-columns-repeated draw:name svg:width "
    "table:number-rows-spanned table:number-rows-repeated xlink:href text:continue-numbering",
)


@settings(max_examples=200, deadline=None)
@given(_WORD, _OPEN)
def test_elements_in_any_order_are_read(word: str, opened: str) -> None:
    numbering = '<w:abstractNum w:abstractNumId="1"/><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    for data in (docx(word, numbering=numbering, image1=b"x"), odt(opened)):
        with suppress(FormatError):
            words.read(words.kind_in(data, DEFAULT), data, DEFAULT)


_TAGS = st.sampled_from(
    ["<p>", "</p>", "<table>", "</table>", "<tr>", "<td>", "</td>", "<ul>", "<li>", "</ul>", "<b>", "<br>", "x", " ",
     "<img src='data:image/png;base64,AAA='>", "<div style='display:none'>", "</div>", "<option>", "<pre>", "<h1>"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(_TAGS, max_size=40))
def test_any_soup_of_tags_is_read(tags: list[str]) -> None:
    words.read(Kind.HTML, f"<html>{''.join(tags)}".encode(), DEFAULT)
