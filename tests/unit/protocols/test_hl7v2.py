"""The HL7 v2 codec: exact escapes, tolerant reading, acknowledgements both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols import hl7_ack, hl7v2
from gateway.protocols.hl7_ack import Ack, AckError
from gateway.protocols.hl7v2 import Hl7Error
from tests import outside

HEADER = b"MSH|^~\\&|APP|FAC|DPI|HOP|20260101120000||ADT^A28^ADT_A05|42|P|2.5|||||FRA|UNICODE UTF-8"
VALUES = st.text(st.characters(exclude_categories=["Cs"]))


@given(VALUES)
def test_any_value_survives_writing_and_reading(value: str) -> None:
    line = hl7v2.segment("PID", {5: hl7v2.components(value, "x"), 8: hl7v2.escape("F")})
    message = hl7v2.parse(HEADER + b"\r" + line)
    assert message.field("PID", 5) == value
    assert message.field("PID", 5, component=2) == "x"
    assert message.field("PID", 8) == "F"


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_the_one_error(data: bytes) -> None:
    for content in (data, b"MSH" + data, HEADER + b"\r" + data):
        try:
            hl7v2.parse(content)
        except Hl7Error:
            continue


def test_numbers_are_those_of_the_standard() -> None:
    message = hl7v2.parse(HEADER + b"\rPID|||1^^^A&1.2&ISO^PI~2^^^B&1.3&ISO^INS||DURAND^JEAN")
    assert message.field("MSH", 1) == "|"
    assert message.field("MSH", 2) == "^~\\&"
    assert message.field("MSH", 9, component=2) == "A28"
    assert message.control_id == "42"
    assert message.field("PID", 3, 2, 4, 2) == "1.3"
    assert message.first("PID").repetitions(3) == 2
    assert message.first("PID").repetitions(4) == 0
    assert message.field("PID", 3, 3) == message.field("PID", 99) == message.field("ZZZ", 1) == ""


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_any_line_end_is_read(end: bytes) -> None:
    message = hl7v2.parse(end.join([HEADER, b"PID|1", b"", b"PV1|1|N", b""]))
    assert [s.name for s in message.segments] == ["MSH", "PID", "PV1"]


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("8859/1", "latin-1"),
        ("8859/15", "iso-8859-15"),
        ("", "utf-8"),
        ("", "latin-1"),
        ("utf8", "utf-8"),
        ("UNICODE_UTF-8", "utf-8"),
        ("ISO-8859-1", "latin-1"),
        ("ISO 8859/15", "iso-8859-15"),
        ("ISO IR6", "utf-8"),
    ],
)
def test_the_character_set_is_that_of_msh_18(declared: str, codec: str) -> None:
    text = HEADER.decode().replace("UNICODE UTF-8", declared) + "\rPID|||||L\u00c9ON\u00c7O"
    assert hl7v2.parse(text.encode(codec)).field("PID", 5) == "L\u00c9ON\u00c7O"


def test_the_euro_of_latin_15_is_a_euro() -> None:
    data = HEADER.replace(b"UNICODE UTF-8", b"8859/15") + b"\rNTE|1||12 \xa4 \\XA4\\"
    assert hl7v2.parse(data).field("NTE", 3) == "12 € €"


def test_other_separators_are_read_from_msh() -> None:
    message = hl7v2.parse(b"MSH#*+!@#A*B#C\rPID###1*2@3+4#!F!!S!!R!!E!!T!")
    assert message.field("MSH", 3, component=2) == "B"
    assert message.field("PID", 3, component=2, sub=2) == "3"
    assert message.field("PID", 3, 2) == "4"
    assert message.field("PID", 4) == "#*+!@"


def test_escapes_of_text_are_resolved_and_unknown_ones_kept() -> None:
    message = hl7v2.parse(HEADER + rb"|\rNTE|1||".replace(rb"\r", b"\r") + rb"a\.br\b\H\c\N\ \XC3A9\ \Zx\ \XZZ\ d\ ")
    assert message.field("NTE", 3) == "a\nbc é \\Zx\\ \\XZZ\\ d\\ "


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PID|1",
        b"MSH|",
        b"MSH|^^^^|",
        b"MSH|ABCD|",
        HEADER + b"\rhello world",
        HEADER + b"\rPID|\xff",
        HEADER.replace(b"UNICODE UTF-8", b"UNICODE UTF-16") + b"\r",
        HEADER + b"\rPID" + b"|" * 1001,
        HEADER + b"\rZZZ" * 10_000,
    ],
)
def test_what_is_not_hl7_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(Hl7Error):
        hl7v2.parse(data)


def test_an_error_holds_no_content() -> None:
    with pytest.raises(Hl7Error) as caught:
        hl7v2.parse(HEADER + b"\rDURAND Jean")
    assert "DURAND" not in str(caught.value)


def test_an_acknowledgement_is_read_as_it_was_built() -> None:
    request = hl7v2.parse(HEADER)
    errors = (
        AckError("207", "902", "Patient inconnu", "PID^1^3"),
        AckError("101", text="PID-3 absent", location="PID^1^3"),
    )
    answer = hl7v2.parse(hl7_ack.build_ack(request, "AE", errors, control_id="r1", time="20260101120001"))
    assert hl7_ack.read_ack(answer) == Ack("AE", "42", errors)
    assert [answer.field("MSH", n) for n in (3, 4, 5, 6, 10, 11, 12, 17)] == [
        *("DPI", "HOP", "APP", "FAC", "r1", "P", "2.5", "FRA")
    ]
    assert [answer.field("MSH", 9, component=n) for n in (1, 2, 3)] == ["ACK", "A28", "ACK"]


def test_an_acknowledgement_echoes_what_needs_escaping() -> None:
    request = hl7v2.parse(b"MSH#*+!@#A|B*1.2@ISO#F###2026##ADT*A28#7^8#P#2.5")
    answer = hl7v2.parse(hl7_ack.build_ack(request, "AA", control_id="r", time="2026"))
    assert answer.field("MSH", 5) == "A|B"
    assert answer.field("MSH", 5, component=2, sub=2) == "ISO"
    assert hl7_ack.read_ack(answer) == Ack("AA", "7^8")


def test_stray_blanks_of_the_examples_are_trimmed() -> None:
    lines = HEADER + b"\rMSA| AE |42 \rERR||PID^1^3|207 ^Application error^messageErrorCondition| E|902 ^x^y"
    assert hl7_ack.read_ack(hl7v2.parse(lines)) == Ack("AE", "42", (AckError("207", "902", "x", "PID^1^3"),))


@pytest.mark.parametrize("tail", [b"", b"\rMSA|AA", b"\rMSA||42"])
def test_an_acknowledgement_without_its_answer_is_an_error(tail: bytes) -> None:
    with pytest.raises(Hl7Error):
        hl7_ack.read_ack(hl7v2.parse(HEADER + tail))


def test_the_examples_of_the_ans_are_read() -> None:
    files = sorted(outside.corpora("hl7v2-fr").rglob("*.er7"))
    contents = [file.read_bytes() for file in files]
    # some were damaged by a word processor, which bent their separators: no receiver can read them
    read = [hl7v2.parse(content) for content in contents if b"MSH|^~\\&|" in content[:20]]
    assert read
    assert all(message.field("MSH", 9) for message in read)
    acks = [hl7_ack.read_ack(m) for m in read if m.field("MSH", 9) == "ACK" and m.named("MSA")]
    assert {ack.code for ack in acks} <= {"AA", "AE", "AR"}
    assert acks
