"""What Latin-9 cannot write: nearest characters around the document, never in what identifies a patient."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.documents import Address, Envelope
from gateway.protocols import hl7v2, mdm, oru
from gateway.protocols.handover import Handover, HandoverError, Recipient
from gateway.protocols.hl7_charset import writable
from tests.unit.protocols.people import SENDER
from tests.unit.protocols.test_mdm import DOCUMENT, HEADER, request

Builder = Callable[[Handover], Iterable[bytes]]
LATIN_9 = "8859/15"
TEXT = st.text(st.characters(codec="utf-8"), max_size=80)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Cœur d'été à 3 €", "Cœur d'été à 3 €"),
        ("CR d\u2019examens \u2013 suite\u2026", "CR d'examens - suite..."),
        ("Dr Łukasz Đorđe, Ştefan Țăranu", "Dr Lukasz Dorde, Stefan Taranu"),
        ("\u201cUrgent\u201d \u2192 bloc", '"Urgent" -> bloc'),
        ("merci \U0001f642\ufe0f", "merci ?"),
        ("漢字", "??"),
        ("\ud800", "?"),
    ],
)
def test_the_nearest_characters(text: str, written: str) -> None:
    assert writable(text, "iso-8859-15") == written


@given(TEXT)
def test_whatever_comes_can_be_written_and_utf_8_keeps_it(text: str) -> None:
    assert writable(writable(text, "iso-8859-15"), "iso-8859-15").encode("iso-8859-15") is not None
    assert writable(text, "utf-8") == text


@given(TEXT)
def test_a_character_that_looks_like_a_separator_does_not_become_one(text: str) -> None:
    envelope = Envelope("<1@x>", f"{text}\uff5c\uff06\uff3e\uff5e\uff3c", SENDER.address)
    data = b"".join(mdm.build(request(envelope=envelope, charset=LATIN_9)))
    message = hl7v2.parse(data)
    assert len(message.segments) == len(hl7v2.parse(b"".join(mdm.build(request(charset=LATIN_9)))).segments)
    subject = message.named("OBX")[1]
    assert len(subject.fields) == 11
    assert subject.field(3, component=2).endswith("|&^~\\") or len(subject.field(3, component=2)) == 199


@pytest.mark.parametrize("build", [mdm.build, oru.build])
def test_the_document_is_untouched_and_the_words_are_in_the_set_of_the_message(build: Builder) -> None:
    envelope = Envelope("<1@x>", "R\u2019œuf", SENDER.address, body="Cœur – 3 €")
    data = b"".join(build(request(envelope=envelope, charset=LATIN_9)))
    message = hl7v2.parse(data)
    assert message.field("MSH", 18) == LATIN_9
    assert message.field("PID", 5) == HEADER.birth_name
    assert HEADER.birth_name.encode("iso-8859-15") in data
    first, *others = message.named("OBX")
    assert base64.b64decode(first.field(5, component=5)) == DOCUMENT
    words = next(o for o in others if o.field(2) == "ED").field(5, component=5)
    assert base64.b64decode(words).decode("iso-8859-15") == "Cœur - 3 €"
    assert "R'œuf" in data.decode("iso-8859-15")


def test_names_around_the_document_take_the_nearest_characters() -> None:
    sender = replace(SENDER, name="Țăranu", given="Łucja", structure="Poliklinika Čapek")
    service = Recipient("a@hopital.example.mssante.fr", "Chirurgie – bloc №2")
    header = replace(HEADER, address=Address("Vodičkova 7", "Kraków", "31-001", "POL"))
    message = hl7v2.parse(
        b"".join(mdm.build(request(sender=sender, recipients=(service,), header=header, charset=LATIN_9)))
    )
    sent, copied = message.named("PRT")
    assert (sent.field(5, component=2), sent.field(5, component=3), sent.field(8)) == (
        *("Taranu", "Lucja", "Poliklinika Čapek".replace("Č", "C")),
    )
    assert copied.field(8) == "Chirurgie - bloc No2"
    assert [message.field("PID", 11, component=n) for n in (1, 3)] == ["Vodickova 7", "Kraków"]


def test_a_damaged_header_of_the_mail_stops_no_document() -> None:
    envelope = Envelope("<1\ufffd@x>", "CR", "ștefan@x.mssante.fr", reply_to="łucja@x.mssante.fr")
    message = hl7v2.parse(b"".join(mdm.build(request(sender=None, envelope=envelope, charset=LATIN_9))))
    assert message.named("OBX")[1].field(3) == "<1?@x>"
    assert [p.field(4) for p in message.named("PRT")] == ["SB", "RCT"]
    assert message.first("PRT").field(15, component=4) == "stefan@x.mssante.fr"


@pytest.mark.parametrize(
    "changes",
    [
        {"birth_name": "Țăranu"},
        {"used_name": "ŁUKASZEWICZ"},
        {"first_given": "Ştefan"},
        {"patient_ids": (("1.2.3", "№7"),)},
        {"id_extension": "č-1", "set_id_root": "1.2", "set_id_extension": "č-1"},
    ],
)
def test_what_identifies_is_never_changed(changes: dict[str, Any]) -> None:
    odd = replace(HEADER, **changes)
    for build in (mdm.build, oru.build):
        with pytest.raises(HandoverError) as raised:
            build(request(header=odd, charset=LATIN_9))
        assert raised.value.code == "charset"
        assert not any(str(value) in str(raised.value) for value in changes.values())
    assert hl7v2.parse(b"".join(mdm.build(request(header=odd)))).syntax.codec == "utf-8"


def test_apostrophes_and_hyphens_of_a_name_are_those_of_the_set() -> None:
    odd = replace(HEADER, birth_name="L\u2019H\u00d4TE", used_name="LE\u2010BRAS", first_given="ANNE\u2011LISE")
    for build in (mdm.build, oru.build):
        message = hl7v2.parse(b"".join(build(request(header=odd, charset=LATIN_9))))
        assert message.field("PID", 5, component=1) == "L'H\u00d4TE"
        assert message.field("PID", 5, component=2) == "ANNE-LISE"
        kept = hl7v2.parse(b"".join(build(request(header=odd))))
        assert kept.field("PID", 5, component=1) == "L\u2019H\u00d4TE"
