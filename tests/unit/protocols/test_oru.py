"""The ORU^R01, read back by our own codec: every field where the sister volet and its examples have it."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.documents import Action, Envelope, Visibility
from gateway.protocols import hl7v2, mdm, oru
from gateway.protocols.handover import HandoverError
from gateway.protocols.hl7v2 import Message
from tests.unit.protocols.people import ESTABLISHMENT, PATIENT, SENDER
from tests.unit.protocols.test_mdm import DOCUMENT, HEADER, request

FLAGS = (
    *("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "CONNEXION_SECRETE", "MODIF_CONF_CODE"),
    *("DESTDMP", "DESTMSSANTEPS", "DESTMSSANTEPAT", "ACK_RECEPTION", "ACK_LECTURE_MSS"),
)


def message(**changes: Any) -> Message:
    return hl7v2.parse(b"".join(oru.build(request(**changes))))


def test_the_segments_in_order() -> None:
    names = [s.name for s in message(envelope=Envelope("<1@x>", "CR", reply_to="r@example.mssante.fr")).segments]
    participants = ["PRT"] * 3
    assert names == [*("MSH", "PID", "PV1", "ORC", "OBR", "OBX"), *participants, *["OBX"] * 11, "NTE", "NTE"]


def test_it_says_what_it_is() -> None:
    msh = message().first("MSH")
    assert [msh.raw(n) for n in (9, 11, 12, 17, 18, 21)] == [
        *("ORU^R01^ORU_R01", "P", "2.5", "FRA", "UNICODE UTF-8", "2.1^CISIS_CDA_HL7_V2"),
    ]


@pytest.mark.parametrize(
    ("action", "control", "status"),
    [(Action.CREATE, "NW", "F"), (Action.REPLACE, "RO", "C"), (Action.DELETE, "CA", "D")],
)
def test_the_action_stands_in_two_places(action: Action, control: str, status: str) -> None:
    found = message(action=action, replaces="1.2.3")
    assert [found.field("MSH", 9, component=n) for n in (1, 2)] == ["ORU", "R01"]
    assert (found.field("ORC", 1), found.named("OBX")[0].field(11)) == (control, status)


def test_the_document_and_its_type() -> None:
    found = message()
    document = found.named("OBX")[0]
    assert document.raw(3) == found.first("OBR").raw(4)
    assert [document.field(5, component=n) for n in (1, 2, 3, 4)] == ["", "TEXT", "XML", "Base64"]
    assert base64.b64decode(document.field(5, component=5), validate=True) == DOCUMENT


def test_all_versions_of_a_document_share_a_number() -> None:
    header = replace(HEADER, set_id_root="1.2", set_id_extension="s^1", id_root="1.3")
    found = message(header=header)
    assert [found.field("OBR", 3, component=n) for n in (1, 3, 4)] == ["s^1", "1.2", "ISO"]
    assert found.first("ORC").raw(3) == found.first("OBR").raw(3)
    assert message(header=replace(header, set_id_root="", set_id_extension="")).first("OBR").raw(3) == "1.3"


def test_the_flags_are_ce_and_ask_for_no_diffusion() -> None:
    found = message(visibility=Visibility(False, True, True), modified_confidentiality=True)
    flags = found.named("OBX")[1:11]
    assert tuple(f.field(3) for f in flags) == FLAGS
    assert {f.field(3) for f in flags if f.field(5) == "Y"} == {
        *("INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "MODIF_CONF_CODE"),
    }
    assert {(f.field(2), f.field(3, component=3), f.field(5, component=3), f.field(11)) for f in flags} == {
        ("CE", "MetaDMPMSS", "expandedYes-NoIndicator", "F"),
    }
    assert [o.field(1) for o in found.named("OBX")] == [str(n) for n in range(1, 13)]


def test_patient_and_participants_are_those_of_the_mdm() -> None:
    changes = {"ipp": PATIENT.ipp, "ipp_oid": ESTABLISHMENT.ipp_oid}
    other = hl7v2.parse(b"".join(mdm.build(request(**changes))))
    found = message(**changes)
    for name in ("PID", "PV1", "PRT"):
        assert [s.fields for s in found.named(name)] == [s.fields for s in other.named(name)]


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_the_words_of_the_mail_survive(subject: str, body: str) -> None:
    found = message(envelope=Envelope("<a|b@x>", subject, SENDER.address, body=body))
    words = found.named("OBX")[-1]
    assert words.field(3) == "CORPSMAIL_PS"
    assert base64.b64decode(words.field(5, component=5)).decode() == body
    assert [note.field(3) for note in found.named("NTE")] == [
        text for text in ("<a|b@x>", " ".join(subject.split())) if text
    ]


@pytest.mark.parametrize(
    "changes",
    [{"visibility": Visibility(masked_to_professionals=True)}, {"document": b""}, {"action": Action.REPLACE}],
)
def test_what_must_not_be_sent_is_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(HandoverError):
        oru.build(request(**changes))
