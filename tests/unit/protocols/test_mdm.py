"""The MDM, read back by our own codec: every field where the volet wants it."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.documents import Action, Address, Envelope, Visibility
from gateway.protocols import cda, hl7v2, mdm
from gateway.protocols.handover import Handover, HandoverError, Parties, Recipient
from gateway.protocols.hl7v2 import Message, Segment
from tests.unit.protocols.people import DEPARTMENT, ESTABLISHMENT, PATIENT, SENDER, UNQUALIFIED, wrap_request

WORDS = st.text(st.characters(exclude_categories=["Cs"]))
_TOP = ("MSH", "EVN", "PID", "PV1", "ORC", "OBR", "TXA")
DOCUMENT, HEADER = cda.build(wrap_request())


def request(**changes: Any) -> Handover:
    values: dict[str, Any] = {
        "control_id": "c-1",
        "time": "20260105101112+0100",
        "parties": Parties("GATEWAY", "CLINIQUE", "DPI", "CLINIQUE"),
        "action": Action.CREATE,
        "header": HEADER,
        "document": DOCUMENT,
        "envelope": Envelope(message_id="<1@example>", subject="CR", sender=SENDER.address, body="Bonjour"),
        "sender": SENDER,
        "recipients": (Recipient("urologie@hopital.example.mssante.fr"),),
        "visibility": Visibility(),
        "modified_confidentiality": False,
    }
    return Handover(**{**values, **changes})


def message(**changes: Any) -> Message:
    return hl7v2.parse(b"".join(mdm.build(request(**changes))))


def observations(found: Message) -> list[Segment]:
    return list(found.named("OBX"))


def test_the_segments_are_those_of_the_volet_in_order() -> None:
    names = [s.name for s in message(envelope=Envelope(reply_to="r@example.mssante.fr")).segments]
    assert names == [*_TOP, "OBX", "PRT", "PRT", "PRT", *["OBX"] * 5]


@pytest.mark.parametrize(
    ("action", "event", "control", "status"),
    [
        (Action.CREATE, "T02", "NW", "F"),
        (Action.REPLACE, "T10", "RO", "C"),
        (Action.DELETE, "T04", "CA", "D"),
    ],
)
def test_the_action_stands_in_three_places(action: Action, event: str, control: str, status: str) -> None:
    found = message(action=action, replaces="1.2.3")
    assert [found.field("MSH", 9, component=n) for n in (1, 2, 3)] == ["MDM", event, "MDM_T02"]
    assert found.field("ORC", 1) == control
    assert observations(found)[0].field(11) == status
    assert found.field("TXA", 13) == ("1.2.3" if action is Action.REPLACE else "")


def test_the_document_comes_back_whole() -> None:
    big = DOCUMENT + b" " * (7 << 20)
    chunks = list(mdm.build(request(document=big)))
    assert len(chunks) == 5
    document = observations(hl7v2.parse(b"".join(chunks)))[0]
    assert [document.field(5, component=n) for n in (1, 2, 3, 4)] == ["", "text", "XML", "Base64"]
    assert base64.b64decode(document.field(5, component=5), validate=True) == big


@given(WORDS, WORDS)
def test_subject_and_body_survive(subject: str, body: str) -> None:
    envelope = Envelope(message_id="<a|b^c@example>", subject=subject, body=body)
    mail = observations(message(envelope=envelope))[1]
    assert mail.field(3) == "<a|b^c@example>"
    assert mail.field(3, component=2) == (" ".join(subject.split())[:199] or "(sans objet)")
    assert base64.b64decode(mail.field(5, component=5)).decode() == body


def test_the_patient_is_the_one_of_the_document() -> None:
    pid = message().first("PID")
    assert PATIENT.ins is not None
    assert [pid.field(3, 1, n) for n in (1, 5)] == [PATIENT.ins.number, "INS"]
    assert [pid.field(3, 1, 4, n) for n in (1, 2, 3)] == ["ASIP-SANTE-INS-NIR", PATIENT.ins.oid, "ISO"]
    assert [pid.field(3, 2, n) for n in (1, 5)] == [PATIENT.ipp, "PI"]
    assert [pid.field(5, 1, n) for n in (1, 2, 3, 7)] == [PATIENT.birth_name, "ZOÉ", "ZOÉ ANNE", "L"]
    assert [pid.field(5, 2, n) for n in (1, 2, 7)] == [PATIENT.used_name, "ZOÉ", "D"]
    assert [pid.field(7), pid.field(8), pid.field(11, 1, 7), pid.field(11, 1, 9)] == ["19560819", "F", "BDL", "99326"]
    assert pid.field(32) == "VALI"


def test_no_claim_of_qualification_without_ins() -> None:
    document, header = cda.build(wrap_request(patient=UNQUALIFIED))
    pid = message(document=document, header=header).first("PID")
    assert pid.field(32) == "PROV"
    assert pid.repetitions(3) == 1


def test_the_matched_ipp_is_added_once() -> None:
    header = replace(HEADER, patient_ids=HEADER.patient_ids[:1])
    added = message(header=header, ipp="A^9", ipp_oid="1.2.9").first("PID")
    assert [added.field(3, 2, n) for n in (1, 5)] == ["A^9", "PI"]
    assert added.field(3, 2, 4, 2) == "1.2.9"
    same = message(ipp=PATIENT.ipp, ipp_oid=ESTABLISHMENT.ipp_oid).first("PID")
    assert same.repetitions(3) == 2


def test_ids_with_and_without_extension() -> None:
    found = message(header=replace(HEADER, id_root="1.2", id_extension="a^1"), action=Action.REPLACE, replaces="1.3^b")
    assert [found.field("TXA", 12, component=n) for n in (1, 2, 3, 4)] == ["a^1", "", "1.2", "ISO"]
    assert [found.field("TXA", 13, component=n) for n in (1, 2, 3, 4)] == ["b", "", "1.3", "ISO"]
    assert message().first("TXA").raw(12) == HEADER.id_root


def test_the_parent_is_the_one_that_the_document_names() -> None:
    header = replace(HEADER, related="RPLC", parent_root="1.5")
    assert message(header=header, action=Action.REPLACE, replaces="1.6").field("TXA", 13) == "1.5"


def test_the_sender_is_a_professional_of_a_structure() -> None:
    sent = message().first("PRT")
    assert [sent.field(4, component=n) for n in (1, 2, 3)] == ["SB", "Send by", "participation"]
    assert [sent.field(5, component=n) for n in (1, 2, 3, 10, 13)] == ["810107507153", "Durand", "Marc", "D", "IDNPS"]
    assert sent.field(5, component=9, sub=2) == "1.2.250.1.71.4.2.1"
    assert [sent.field(8, component=n) for n in (1, 7, 10)] == [SENDER.structure, "IDNST", SENDER.structure_id]
    assert sent.field(8, component=6, sub=2) == "1.2.250.1.71.4.2.2"
    assert [sent.field(15, component=n) for n in (3, 4)] == ["X.400", SENDER.address]


def test_a_sender_without_person_or_entry() -> None:
    assert message(sender=DEPARTMENT).first("PRT").field(5) == ""
    unknown = message(sender=None, envelope=Envelope(sender="x@example.mssante.fr")).first("PRT")
    assert unknown.field(15, component=4) == "x@example.mssante.fr"
    application = message(sender=replace(DEPARTMENT, kind="APP")).first("PRT")
    assert application.field(10) == DEPARTMENT.address


def test_the_service_of_the_mailbox_is_named() -> None:
    urology = Recipient("urologie@hopital.example.mssante.fr", "Service d'urologie", "3435", "120456789")
    surgery = Recipient("chirurgie@hopital.example.mssante.fr", "Chirurgie & co")
    both = message(recipients=(urology, surgery)).named("PRT")[1:]
    assert both[0].raw(8) == "Service d'urologie^^^^^120456789^UF^^^3435"
    assert both[1].raw(8) == "Chirurgie \\T\\ co"
    assert [one.field(15, component=4) for one in both] == [urology.address, surgery.address]
    assert {one.raw(4) for one in both} == {"RCT^Result Copies To^participation"}


def test_the_flags_are_in_the_order_of_the_volet() -> None:
    flags = observations(message(visibility=Visibility(False, True, True), modified_confidentiality=True))[2:]
    assert [(f.field(1), f.field(3), f.field(5)) for f in flags] == [
        ("3", "MASQUE_PS", "N"),
        ("4", "INVISIBLE_PATIENT", "Y"),
        ("5", "INVISIBLE_REP_LEGAUX", "Y"),
        ("6", "MODIF_CONF_CODE", "Y"),
    ]


def test_who_has_no_rpps() -> None:
    older = message(sender=replace(SENDER, rpps="", adeli="759312345")).first("PRT")
    assert [older.field(5, component=n) for n in (1, 2, 13)] == ["0759312345", "Durand", "IDNPS"]
    unnumbered = message(sender=replace(SENDER, rpps="")).first("PRT")
    assert unnumbered.raw(5) == "^Durand^Marc"


def test_whose_mailbox_received_it() -> None:
    mine = message(recipients=(Recipient("marc.durand@hopital.example.mssante.fr", owner=SENDER),)).named("PRT")[1]
    assert [mine.field(5, component=n) for n in (1, 2, 3)] == ["810107507153", "Durand", "Marc"]


def test_each_party_is_a_name_or_an_hd() -> None:
    found = message(parties=Parties("GATEWAY^1.2.250.1.9^ISO", "CLINIQUE & FILS", "DPI", "SITE", authority="1.2.250"))
    assert found.first("MSH").raw(3) == "GATEWAY^1.2.250.1.9^ISO"
    assert [found.field("MSH", n) for n in (4, 5, 6)] == ["CLINIQUE & FILS", "DPI", "SITE"]
    assert found.first("EVN").raw(5) == "GATEWAY^GATEWAY^^^^^^^&1.2.250&ISO^U^^^RI"
    assert message().first("EVN").raw(5) == ""


def test_the_instant_is_the_same_in_its_three_places() -> None:
    found = message()
    assert {found.field("MSH", 7), found.field("EVN", 2), found.field("EVN", 6)} == {"20260105101112+0100"}


def test_what_the_examples_fill_beside_the_volet() -> None:
    found = message()
    assert [found.field("PV1", n) for n in (1, 2)] == ["1", "N"]
    assert [found.field("OBR", 1), found.field("PID", 31)] == ["1", "N"]
    assert found.field("TXA", 4) == HEADER.events[0].low
    assert found.field("TXA", 22) == "810107507153"
    bare = message(header=replace(HEADER, events=(), effective_time="hier", legal_authenticator=None))
    assert [bare.field("TXA", n) for n in (4, 22)] == ["", ""]


@pytest.mark.parametrize(("stated", "written"), [("F", "F"), ("M", "M"), ("UN", "U"), ("I", "U"), ("", "")])
def test_the_sex_is_of_table_0001(stated: str, written: str) -> None:
    assert message(header=replace(HEADER, sex=stated)).field("PID", 8) == written


def test_home_and_birth_place() -> None:
    home = Address("2 rue Haute & Basse", "RIOM", "63200", "FRA")
    pid = message(header=replace(HEADER, address=home)).first("PID")
    assert [pid.field(11, 1, n) for n in (1, 3, 5, 6, 7)] == ["2 rue Haute & Basse", "RIOM", "63200", "FRA", "H"]
    assert [pid.field(11, 2, n) for n in (7, 9)] == ["BDL", "99326"]


def test_only_a_replacement_names_a_parent() -> None:
    header = replace(HEADER, related="RPLC", parent_root="1.5")
    assert message(header=header, action=Action.DELETE).field("TXA", 13) == ""
    assert message(header=header).field("TXA", 13) == ""


def test_a_subject_longer_than_its_field_is_cut_and_says_so() -> None:
    mail = observations(message(envelope=Envelope("<1@x>", "é^" * 33_000, SENDER.address)))[1]
    assert len(mail.field(3, component=2)) == 199
    assert mail.field(3, component=2).endswith("é^...")


@given(WORDS)
def test_nothing_that_comes_in_changes_the_segments(text: str) -> None:
    sender = replace(SENDER, name=text, given=text, structure=text)
    envelope = Envelope(text, text, f"{text}@x", reply_to=text or "r", body=text)
    header = replace(
        HEADER, birth_name=f"A{text}", used_name=text, first_given=text, id_extension=text, address=Address(text, text)
    )
    changes = {"sender": sender, "envelope": envelope, "recipients": (Recipient(text, text, text, text),)}
    found = message(**changes, header=header)
    assert [s.name for s in found.segments] == [*_TOP, "OBX", "PRT", "PRT", "PRT", *["OBX"] * 5]
    assert (found.field("PID", 5), found.first("PRT").field(5, component=3)) == (f"A{text}", text)
    assert b"\x1c" not in b"".join(mdm.build(request(**changes, header=header)))


def test_a_trial_is_marked() -> None:
    assert message().field("MSH", 11) == "P"
    assert message(parties=Parties("a", "b", "c", "d", test=True)).field("MSH", 11) == "T"


@pytest.mark.parametrize(
    "changes",
    [
        {"visibility": Visibility(masked_to_professionals=True)},
        {"document": b""},
        {"action": Action.REPLACE},
    ],
)
def test_what_must_not_be_sent_is_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(HandoverError):
        mdm.build(request(**changes))
