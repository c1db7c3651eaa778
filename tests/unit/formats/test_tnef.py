"""winmail.dat, made here by the rules of MS-OXTNEF, and every way in which its lengths can lie."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats import mail
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT, Limits
from gateway.formats.mails import lzfu, tnef
from gateway.model.reasons import Ignored, Reason
from tests.unit.formats import builders
from tests.unit.formats.builders import attached, attribute, mapi, pdf, text, zipped

LETTER = pdf("Cher confrere, je vous remercie de m'avoir adresse ce patient pour avis specialise.")
OTHER = pdf("Une autre lettre, a propos d'une autre consultation, assez longue pour etre lue.")
_LONG = mapi((0x1F, 0x3707, "Compte rendu de Léonie.pdf\0".encode("utf-16-le")))
_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")
_STORAGE = bytes.fromhex("0b00000000000000c000000000000046")


def _mail(data: bytes, words: str = "Bonjour", name: str = "winmail.dat", kind: str = "application/ms-tnef") -> bytes:
    return builders.mail(text(words), attached(data, name, kind))


def _props(*properties: tuple[int, int, bytes]) -> bytes:
    return attribute(1, 0x69003, mapi(*properties))


def test_long_names_and_bytes() -> None:
    raw = _mail(builders.tnef(("COMPTE~1.PDF", LETTER), properties=_LONG))
    (reading,) = mail.read(raw).documents
    assert (reading.filename, reading.problem, reading.part) == ("Compte rendu de Léonie.pdf", None, "1.2.1")
    assert mail.extract(raw, reading.part) == LETTER


def test_short_name_in_the_code_page_of_the_message() -> None:
    page = attribute(1, 0x69007, struct.pack("<II", 850, 0))
    files = [attribute(2, 0x69002, bytes(14)), attribute(2, 0x18010, "reçu.pdf\0".encode("cp850"))]
    data = bytes.fromhex("789f3e220100") + page + b"".join(files) + attribute(2, 0x6800F, LETTER)
    assert [one.filename for one in mail.read(_mail(data)).documents] == ["reçu.pdf"]


@pytest.mark.parametrize("name", ["winmail.dat", "document.pdf", "ATT00001.bin"])
@pytest.mark.parametrize("kind", ["application/ms-tnef", "application/octet-stream", "application/pdf"])
def test_known_by_its_content(name: str, kind: str) -> None:
    data = builders.tnef(("a.pdf", LETTER), ("b.pdf", OTHER))
    readings = mail.read(_mail(data, name=name, kind=kind)).documents
    assert [one.filename for one in readings] == ["a.pdf", "b.pdf"]


def test_message_attached_to_the_message() -> None:
    inner = builders.tnef(("dedans.pdf", LETTER))
    carried = mapi((0xD, 0x3701, _MESSAGE + inner))
    raw = _mail(builders.tnef(("Message", b""), properties=carried))
    (reading,) = mail.read(raw).documents
    assert (reading.filename, reading.problem, mail.extract(raw, reading.part)) == ("dedans.pdf", None, LETTER)


def test_ole_object_is_given_as_the_storage_it_is() -> None:
    storage = builders.ole("WordDocument")
    (file,) = tnef.read(builders.tnef(("x", b""), properties=mapi((0xD, 0x3701, _STORAGE + storage))), DEFAULT).files
    assert file.data == storage


def test_body_is_shown_only_where_there_is_no_other_text() -> None:
    data = builders.tnef(
        ("a.pdf", LETTER), message=[_props((0x1F, 0x1000, "Écrit dans Outlook\0".encode("utf-16-le")))]
    )
    assert mail.read(_mail(data, words="")).envelope.body == "Écrit dans Outlook"
    assert mail.read(_mail(data, words="Bonjour")).envelope.body == "Bonjour"
    html = builders.tnef(message=[_props((0x102, 0x1013, b"<p>Bonjour</p><p>Suite</p>"))])
    assert mail.read(_mail(html, words="")).envelope.body == "Bonjour\nSuite"
    stored = b"{\\rtf1\\ansi Bonjour Ad\\'e8le\\par Suite}"
    rich = builders.tnef(
        message=[_props((0x102, 0x1009, struct.pack("<IIII", len(stored) + 12, len(stored), 0x414C454D, 0) + stored))]
    )
    assert mail.read(_mail(rich, words="")).envelope.body == "Bonjour Adèle\nSuite"
    assert mail.read(_mail(rich, words="")).problem is Reason.NO_DOCUMENT


def test_hprim_in_the_body_is_a_document() -> None:
    lines = ["0001", "PETITJEAN", "OCTAVE", "1 rue", "", "63000 X", "03/04/1951", "", "55", "02/06/2026", "L1 L", "H D"]
    body = "\r\n".join([*lines, "", "Uree 5", "****FIN****", ""])
    data = builders.tnef(message=[attribute(1, 0x2800C, body.encode() + b"\0")])
    assert len(mail.read(_mail(data, words="")).documents) == 1


def test_logo_hidden_in_the_text_is_no_document() -> None:
    logo = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 120, 40) + bytes(900)
    data = builders.tnef(("image001.png", logo), ("a.pdf", LETTER))
    assert [one.ignored for one in mail.read(_mail(data)).documents] == [Ignored.NOT_A_DOCUMENT, None]


def test_empty_one_is_no_document_and_a_report_is_a_report() -> None:
    reading = mail.read(_mail(builders.tnef()))
    assert [one.ignored for one in reading.documents] == [Ignored.NOT_A_DOCUMENT]
    assert reading.problem is Reason.NO_DOCUMENT
    report = builders.tnef(("a.pdf", LETTER), message_class="REPORT.IPM.Note.NDR")
    assert mail.read(_mail(report)).ignored is Ignored.REPORT


def test_inside_an_archive() -> None:
    raw = _mail(zipped({"winmail.dat": builders.tnef(("a.pdf", LETTER), ("b.pdf", OTHER))}), name="envoi.zip")
    readings = mail.read(raw).documents
    assert [one.filename for one in readings] == ["a.pdf", "b.pdf"]
    assert [mail.extract(raw, one.part) for one in readings] == [LETTER, OTHER]


def test_properties_of_every_type_are_stepped_over() -> None:
    count = struct.pack("<I", 8)
    guid = bytes(16)
    several = struct.pack("<HHI", 0x1003, 0x6001, 2) + struct.pack("<II", 1, 2)
    shorts = struct.pack("<HHI", 0x1002, 0x6002, 3) + struct.pack("<HHH", 1, 2, 3) + b"\0\0"
    fixed = struct.pack("<HHHH", 2, 0x6003, 7, 0) + struct.pack("<HHQ", 0x40, 0x6004, 1)
    by_number = struct.pack("<HH", 3, 0x8001) + guid + struct.pack("<III", 0, 9, 5)
    by_name = struct.pack("<HH", 3, 0x8002) + guid + struct.pack("<II", 1, 6) + b"a\0b\0\0\0\0\0" + struct.pack("<I", 5)
    truth = struct.pack("<HHHH", 0xB, 0x6005, 1, 0)
    data = builders.tnef(
        ("x", LETTER), properties=count + several + shorts + fixed + by_number + by_name + truth + _LONG[4:]
    )
    assert tnef.read(data, DEFAULT).files[0].name == "Compte rendu de Léonie.pdf"


def test_lengths_that_lie_are_unreadable() -> None:
    data = builders.tnef(("a.pdf", LETTER))
    for cut in (len(data) - 1 - len(LETTER), 20, 40):
        with pytest.raises(FormatError) as caught:
            tnef.read(data[:cut], DEFAULT)
        assert caught.value.reason is Reason.UNREADABLE
    for properties in (b"\xff\0\0\0", mapi((0x1F, 0x3707, b"x"))[:-6], struct.pack("<IHH", 1, 0x99, 1)):
        with pytest.raises(FormatError):
            tnef.read(builders.tnef(("a", b"x"), properties=properties), DEFAULT)
    (reading,) = mail.read(_mail(data[: len(data) // 2])).documents
    assert reading.problem is Reason.UNREADABLE


def test_what_follows_the_last_attribute_is_no_damage_when_its_sum_is_right() -> None:
    data = builders.tnef(("a.pdf", LETTER))
    assert len(tnef.read(data + b"KKAKd1c", DEFAULT).files) == 1
    with pytest.raises(FormatError):
        tnef.read(data[:-1] + b"\xff" + b"KKAKd1c", DEFAULT)


def test_too_many_attributes_are_unsafe() -> None:
    with pytest.raises(FormatError) as caught:
        tnef.read(builders.tnef(*[("a", b"x")] * 5), Limits(tnef_attributes=10))
    assert caught.value.reason is Reason.UNSAFE


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=6))
def test_no_damage_raises_anything_else(at: int, patch: bytes) -> None:
    data = builders.tnef(("a.pdf", b"%PDF-1.4 x"), properties=_LONG)
    spoilt = data[:at] + patch + data[at + len(patch) :]
    with suppress(FormatError):
        assert isinstance(tnef.read(spoilt, DEFAULT).files, tuple)


def test_compressed_rtf_of_the_specification() -> None:
    whole = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert lzfu.decompress(whole, 1000) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert lzfu.decompress(crossing, 1000) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    assert lzfu.decompress(crossing, 5) == b"{\\rtf"


def test_rtf_stored_and_rtf_spoilt() -> None:
    stored = struct.pack("<IIII", 17, 5, 0x414C454D, 0) + b"{\\rtf1}"
    assert lzfu.decompress(stored, 100) == b"{\\rtf"
    for spoilt in (b"", b"abc", struct.pack("<IIII", 17, 5, 1, 0)):
        with pytest.raises(FormatError):
            lzfu.decompress(spoilt, 100)
