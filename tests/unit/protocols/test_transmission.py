"""What the messages of the hospital's own record ask, and why one is refused."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.model.documents import Action
from gateway.protocols.hl7v2 import parse
from gateway.protocols.transmission import Transmission, TransmissionError, read
from tests.hospital import TO_DMP, mdm, oru

CDA = b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>"
PATIENT = (
    "PID|||160012B00000152^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS||AUDIARD^LOUISE^LOUISE^^^^L||19600101|F"
)
TO_BOTH = {"DESTMSSANTEPS": "Y", "DESTMSSANTEPAT": "Y"}
HODA = (
    "PRT||UC||RCT^^participation|801234567897^HODA^Adam^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    "||||||||||^^X.400^Adam.HODA@exemple.mssante.fr"
)
WARD = "PRT||UC||RCT^^participation||||Radiologie^^^^^120456789^UF^^^3435|||||||^NET^X.400^radio@exemple.mssante.fr"
REPLY = "PRT||UC||REPLY^^participation|||||||||||^^X.400^secretariat@exemple.mssante.fr"


def taken(message: bytes) -> Transmission:
    return read(parse(message))


def refused(message: bytes) -> tuple[str, str]:
    with pytest.raises(TransmissionError) as problem:
        taken(message)
    assert "AUDIARD" not in str(problem.value)
    return problem.value.error.condition, problem.value.error.location


@pytest.mark.parametrize(("status", "action"), [("F", Action.CREATE), ("C", Action.REPLACE), ("D", Action.DELETE)])
def test_both_families_say_what_is_to_be_done(status: str, action: Action) -> None:
    for message in (mdm(CDA, PATIENT, number="1", status=status), oru([CDA], PATIENT, number="1", status=status)):
        found = taken(message)
        assert (found.action, found.documents, found.orders.to_dmp) == (action, (CDA,), True)
        assert (found.orders.receipt_wanted, found.orders.reading_wanted) == (True, False)


def test_an_oru_may_carry_two_forms_and_an_mdm_of_anything_else_is_refused() -> None:
    assert len(taken(oru([CDA, CDA + b" "], PATIENT, number="1")).documents) == 2
    assert refused(oru([CDA] * 3, PATIENT, number="1")) == ("198", "OBX")


def test_who_sends_who_receives_and_whom_to_answer() -> None:
    orders = taken(mdm(CDA, PATIENT, number="1", flags=TO_BOTH, prt="\n".join((HODA, WARD, REPLY, HODA)))).orders
    assert orders.sent_by is not None
    assert (orders.sent_by.id, orders.sent_by.id_oid, orders.sent_by.id_type) == (
        "810107507153",
        "1.2.250.1.71.4.2.1",
        "IDNPS",
    )
    assert [one.address for one in orders.recipients] == ["adam.hoda@exemple.mssante.fr", "radio@exemple.mssante.fr"]
    assert (orders.recipients[0].family, orders.recipients[0].given) == ("HODA", "Adam")
    assert orders.reply_to == "secretariat@exemple.mssante.fr"


def test_the_words_of_the_mail_and_the_end_of_the_exchange() -> None:
    words = base64.b64encode("Chère consœur, voici".encode()).decode().rstrip("=")
    message = mdm(CDA, PATIENT, number="1", flags=TO_BOTH, prt=HODA).decode()
    to_patient = "DESTMSSANTEPAT^x^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F\r"
    message = message.replace(to_patient, f"{to_patient}NTE||||FIN\r")
    message += f"OBX|12|ED|CORPSMAIL_PS^x^MetaDMPMSS||^text^^Base64^{words}||||||F\r"
    orders = taken(message.encode()).orders
    assert (orders.words_for_professionals, orders.words_for_patient) == ("Chère consœur, voici", "")
    assert orders.no_answer
    assert not taken(mdm(CDA, PATIENT, number="1")).orders.no_answer


def test_the_origin_is_kept_to_answer_it() -> None:
    origin = taken(mdm(CDA, PATIENT, number="n°1", visit="R", profile="2.0^ CISIS_CDA_HL7_V2")).orders
    assert origin.patient_class == "R"
    assert (origin.origin.control_id, origin.origin.profile, origin.origin.processing) == ("n°1", "2.0", "T")
    assert (origin.origin.sending_application, origin.origin.receiving_application) == ("DPI", "PASSERELLE")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"version": "2.5"}, ("203", "MSH^1^12")),
        ({"event": "T01"}, ("201", "MSH^1^9")),
        ({"event": "T04"}, ("199", "OBX^1^11")),
        ({"control": "CA"}, ("199", "OBX^1^11")),
        ({"event": "T05"}, ("201", "MSH^1^9")),
        ({"profile": "1.1^CISIS_CDA_HL7_LPS"}, ("103", "MSH^1^21")),
        ({"number": " "}, ("101", "MSH^1^10")),
    ],
)
def test_what_contradicts_itself_is_refused(changes: dict[str, Any], error: tuple[str, str]) -> None:
    number = changes.pop("number", "1")
    assert refused(mdm(CDA, PATIENT, number=number, **changes)) == error


def test_a_status_that_says_nothing_known_is_refused() -> None:
    message = mdm(CDA, PATIENT, number="1").replace(b"||||||F\rPRT", b"||||||P\rPRT")
    assert refused(message) == ("103", "OBX^1^11")


@pytest.mark.parametrize("document", [b"", b"words", b"%PDF-1.4"])
def test_what_holds_no_cda_is_refused(document: bytes) -> None:
    assert refused(mdm(document, PATIENT, number="1"))[1] == "OBX^1^5"


def test_a_document_that_is_not_base64_is_refused() -> None:
    message = mdm(CDA, PATIENT, number="1")
    packed = base64.b64encode(CDA)
    assert refused(message.replace(packed, b"***")) == ("102", "OBX^1^5")
    assert refused(message.replace(b"Base64", b"Hex", 1)) == ("102", "OBX^1^5")
    assert taken(message.replace(packed, packed.rstrip(b"="))).documents == (CDA,)


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("size", [20, 9_000])
def test_a_document_cut_short_or_spread_over_two_obx_is_refused(codec: str, size: int) -> None:
    text = f"<h:ClinicalDocument><title>{'x' * size}</title></h:ClinicalDocument>\n<!-- {'é' * size} -->"
    whole = text.encode(codec)
    message = mdm(whole, PATIENT, number="1")
    assert taken(message).documents == (whole,)
    packed = base64.b64encode(whole)
    half = len(packed) // 12 * 4
    assert refused(message.replace(packed, packed[:half])) == ("102", "OBX^1^5")
    obx = next(line for line in message.split(b"\r") if packed in line)
    spread = (obx.replace(packed, packed[:half]), obx.replace(packed, packed[half:]))
    assert refused(message.replace(obx, b"\r".join(spread))) == ("102", "OBX^1^5")


def test_two_patients_or_none_are_refused() -> None:
    assert refused(mdm(CDA, f"{PATIENT}\r{PATIENT}", number="1")) == ("100", "PID^1")
    assert refused(mdm(CDA, "NTE|1", number="1")) == ("100", "PID^1")


@pytest.mark.parametrize("name", ["MASQUE_PS", "INVISIBLE_PATIENT", "DESTDMP", "DESTMSSANTEPS", "CONNEXION_SECRETE"])
def test_a_flag_that_is_absent_or_unclear_is_refused(name: str) -> None:
    assert refused(mdm(CDA, PATIENT, number="1", flags={**TO_DMP, name: ""}))[0] == "101"
    assert refused(mdm(CDA, PATIENT, number="1", flags={**TO_DMP, name: "oui"}))[0] == "103"


def test_flags_of_former_versions_are_understood_in_any_order() -> None:
    message = mdm(CDA, PATIENT, number="1", flags={"INVISIBLE_REP_LEGAUX": "Y", "ACK_RECEPTION": "", "DESTDMP": "Y"})
    message = message.replace(b"INVISIBLE_REP_LEGAUX^x^MetaDMPMSS", b"INVISIBLE_REPRESENTANTS_LEGAUX^x")
    message = message.replace(b"MODIF_CONF_CODE^x^MetaDMPMSS", b"MODIF_CONFIDENTIALITYCODE^x")
    orders = taken(message).orders
    assert (orders.invisible_to_representatives, orders.receipt_wanted) == (True, False)


@pytest.mark.parametrize(
    ("flags", "allowed"),
    [
        (TO_BOTH, True),
        ({**TO_BOTH, "DESTDMP": "Y", "CONNEXION_SECRETE": "Y"}, True),
        ({**TO_BOTH, "MASQUE_PS": "Y"}, False),
        ({**TO_BOTH, "INVISIBLE_PATIENT": "Y"}, False),
        ({**TO_BOTH, "INVISIBLE_REP_LEGAUX": "Y"}, False),
        ({"DESTMSSANTEPS": "Y", "INVISIBLE_PATIENT": "Y"}, True),
        ({"DESTMSSANTEPS": "Y", "MASQUE_PS": "Y"}, False),
        ({"DESTMSSANTEPAT": "Y"}, True),
        ({"DESTMSSANTEPAT": "Y", "MASQUE_PS": "Y", "INVISIBLE_REP_LEGAUX": "Y"}, True),
        ({"DESTMSSANTEPAT": "Y", "DESTDMP": "Y"}, False),
        ({"DESTMSSANTEPAT": "Y", "CONNEXION_SECRETE": "Y"}, False),
        ({"DESTDMP": "Y", "MASQUE_PS": "Y", "INVISIBLE_PATIENT": "Y"}, True),
    ],
)
def test_the_matrix_of_what_may_go_together(flags: Mapping[str, str], allowed: bool) -> None:
    message = mdm(CDA, PATIENT, number="1", flags=flags, prt=HODA)
    if allowed:
        taken(message)
        return
    with pytest.raises(TransmissionError) as problem:
        taken(message)
    assert (problem.value.error.condition, problem.value.error.code) == ("207", "906")
    assert "DEST" in str(problem.value), "the words name what does not go together"


def test_a_mail_to_professionals_needs_an_address() -> None:
    assert refused(mdm(CDA, PATIENT, number="1", flags={"DESTMSSANTEPS": "Y"})) == ("101", "PRT^1^15")


def test_an_admission_is_not_for_here() -> None:
    assert refused(mdm(CDA, PATIENT, number="1").replace(b"MDM^T02^MDM_T02", b"ADT^A01^ADT_A01")) == ("200", "MSH^1^9")


@pytest.mark.parametrize("name", ["INVISIBLE_PATIENT", "MASQUE_PS", "DESTMSSANTEPS"])
def test_a_flag_with_two_values_is_refused_and_one_said_twice_is_not(name: str) -> None:
    sent = mdm(CDA, PATIENT, number="1", flags={"DESTDMP": "Y", name: "Y"}, prt=HODA)
    again = f"OBX|30|CWE|{name}^x^MetaDMPMSS||%s^^expandedYes-NoIndicator||||||F\r"
    assert refused(sent + (again % "N").encode()) == ("198", "OBX^30^5")
    assert refused(sent.replace(f"{name}^x^MetaDMPMSS||Y".encode(), f"{name}^x^MetaDMPMSS||N~Y".encode()))[0] == "103"
    combined = mdm(CDA, PATIENT, number="1", flags={"DESTDMP": "Y", "INVISIBLE_PATIENT": "Y"})
    assert taken(
        combined + (again % ("Y" if name == "INVISIBLE_PATIENT" else "N")).encode()
    ).orders.invisible_to_patient


def test_a_note_below_another_flag_ends_no_exchange() -> None:
    message = mdm(CDA, PATIENT, number="1", flags=TO_BOTH, prt=HODA).decode()
    to_professionals = "DESTMSSANTEPS^x^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F\r"
    assert to_professionals in message
    noted = message.replace(to_professionals, f"{to_professionals}NTE||||FIN\r")
    assert not taken(noted.encode()).orders.no_answer
