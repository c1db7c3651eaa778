"""RTF as a person sees it: letters in the encoding of their font, what is hidden or deleted left out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.office import rtf
from gateway.model.reasons import Reason

FONTS = (
    r"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fnil\fcharset2 Wingdings;}{\f2\fcharset238 Arial CE;}"
    r"{\f3\fnil\fcharset2 Symbol;}{\f4\fcharset77 Geneva;}}"
)


def read(body: str | bytes, head: str = r"\ansi\ansicpg1252\deff0") -> str:
    inner = body if isinstance(body, bytes) else body.encode("cp1252")
    return rtf.read(b"{\\rtf1" + head.encode() + FONTS.encode() + inner + b"}", DEFAULT)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\pard Mme Odile MERCOEUR, n\'e9e\par le 7 f\'e9vrier\par", "Mme Odile MERCOEUR, née\nle 7 février"),
        (r"\u233\endash\u233\f0 ?e", "éée"),
        (r"n\u233\'e9e \u-10179?\u-8704?.", "née 😀."),
        (r"{\uc2 n\u233\'c3\'a9e}{\uc0 n\u233e}", "néenée"),
        (r"\u8364\u49? \{a\}\\ b\~c\_d\-e \lquote x\rquote  \bullet", "€\u0031 {a}\\ b\xa0c\u2011de ‘x’ •"),
        (r"\f1\'a8 \'fe\f0  fumeur \f3 a\f0  \f2 \'f8\f4 \'8e", "☐ ☑ fumeur α řé"),
        (r"vu{\v cach\'e9}{\deleted DUPONT}{\revised\b  MERCOEUR}\v x\v0  vu", "vu MERCOEUR vu"),
        (r"10{\super 9}/L 1{\super er} H{\sub 2}O {\caps majuscules}", "10⁹/L 1er H₂O MAJUSCULES"),
        (
            r"\trowd Nom\cell MERCOEUR\cell\row N\'e9e le\cell 07/02/1951\cell\row",
            "Nom\tMERCOEUR\t\nNée le\t07/02/1951\t",
        ),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt le lien}} {\upr{d?}{\*\ud{d\u233?}}}", "le lien dé"),
        (r"{\listtext 1.\tab}un\par{\pntext\bullet\tab}deux", "1.\tun\n•\tdeux"),
        (r"a{\pict\pngblip 89504e47}b{\*\inconnu x}{\bkmkstart y}{\info{\title T}}{\*\generator z}c", "abc"),
        (r"a{\pict\bin4 }}{{ff}c", "ac"),
    ],
)
def test_letters(body: str, text: str) -> None:
    assert read(body) == text.strip("\n")


def test_streams_in_the_order_of_reading() -> None:
    body = (
        r"{\footer Page 1\par}{\header Cabinet\par}Texte{\super\chftn{\footnote {\super\chftn} La note}}\par "
        r"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt Dans la zone\par}}{\shprslt Dans la zone}}"
    )
    assert read(body) == "Cabinet\nTexte¹\nDans la zone\n La note\nPage 1"


def test_the_code_page_of_the_document_and_letters_in_utf_8() -> None:
    assert read(rb"\'8e", r"\mac") == "é"
    assert read(rb"\'82", r"\pc") == "é"
    assert read(rb"\'f8", r"\ansi\ansicpg1250") == "ř"
    assert read(rb"\'e9", r"\ansi\ansicpg99999") == "é"
    assert read("née à Nîmes".encode()) == "née à Nîmes"
    assert read("née à Nîmes".encode("cp1252")) == "née à Nîmes"


@pytest.mark.parametrize(
    "body", [r"{\object\objemb{\*\objdata 0105}}", r"{\object{\*\objdata0105}}", "{\\object{\\*\\objdata\r\n01}}"]
)
def test_an_object_inside_is_unsafe(body: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(body)
    assert caught.value.reason is Reason.UNSAFE


def test_depth_and_cuts() -> None:
    with pytest.raises(FormatError) as caught:
        read("{" * 2000 + "x" + "}" * 2000)
    assert caught.value.reason is Reason.UNSAFE
    for data in (b"{\\rtf1 Texte {\\b et {\\i la suite", b"Texte"):
        with pytest.raises(FormatError) as caught:
            rtf.read(data, DEFAULT)
        assert caught.value.reason is Reason.UNREADABLE
    assert rtf.read(b"{\\rtf1 Texte", DEFAULT) == "Texte"
    assert len(rtf.read(b"{\\rtf1 " + b"x" * 500 + b"}", replace(DEFAULT, document_text=99))) == 99


_PIECES = st.sampled_from(
    [b"{", b"}", b"{\\*\\", b"\\par ", b"\\u-233", b"\\uc99 ", b"\\'e", b"\\'e9", b"\\bin5", b"\\f1", b"\\fonttbl",
     b"x", b"\\fcharset2", b"\\f", b"\\", b"\\v", b"\\upr", b"\\ud", b"\\shpinst", b"\\header", b"\\footnote",
     b"\\chftn", b"\\u55357", b"\xe9", "é".encode(), b"\\super", b"\\plain", b"\\deff7", b"\\cpg1252", b"\\-"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=60))
def test_any_sequence_of_words_is_a_text_or_a_format_error(pieces: list[bytes]) -> None:
    with suppress(FormatError):
        rtf.read(b"{\\rtf1" + b"".join(pieces), DEFAULT).encode()
