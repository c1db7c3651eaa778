"""What a message says and nothing more: the look-up, the answer on a DMP, the words and the fields of a mail."""

from __future__ import annotations

import email
import email.policy
from dataclasses import fields

from lxml import etree

from gateway.model.identity import INS_NIR, Ins
from gateway.protocols import ebxml, mailparts, mdn, pix
from gateway.protocols.pix import DmpStatus, Existence
from tests.unit.protocols.test_mdn import BOX, request

RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
PATIENT = Ins("255069999999934", INS_NIR)


def test_the_look_up_names_the_document_alone() -> None:
    """No search, and no patient: his INS may have changed (EX_3.1-1055)."""
    asked = etree.fromstring(ebxml.look_up("1.2.3'4"))
    (option, query) = asked
    assert option.get("returnType") == "ObjectRef"
    assert query.get("id") == GET_DOCUMENTS
    said = {str(slot.get("name")): [value.text for value in slot.iter(f"{RIM}Value")] for slot in query}
    assert said == {"$XDSDocumentEntryUniqueId": ["('1.2.3''4')"]}


def test_of_an_answer_only_the_status_is_kept() -> None:
    """Not a trait of what the DMP says of the person (RG_0320)."""
    answer = etree.fromstring(
        f'<PRPA_IN201308UV02 xmlns="{pix.HL7}"><acknowledgement typeCode="AA"/><controlActProcess><subject>'
        f'<registrationEvent><subject1><patient><id root="{INS_NIR}" extension="{PATIENT.number}"/>'
        '<statusCode code="terminated"/><effectiveTime value="20240131"/><patientPerson><name><family>MARTIN</family>'
        '<given>ZOE</given></name><birthTime value="19560819"/></patientPerson></patient></subject1>'
        '</registrationEvent></subject><queryAck><queryResponseCode code="OK"/></queryAck></controlActProcess>'
        "</PRPA_IN201308UV02>"
    )
    found = pix.read(answer, PATIENT)
    assert found == Existence(DmpStatus.CLOSED, "terminated", "20240131")
    assert [one.name for one in fields(Existence)] == ["status", "code", "closed_on", "motive"]


def test_the_body_of_a_mail_is_utf_8_text() -> None:
    part = email.message_from_bytes(mailparts.text("Chère consœur,\r\nvoici… €"), policy=email.policy.default)
    assert (part.get_content_type(), part.get_content_charset()) == ("text/plain", "utf-8")
    assert part.get_content().split("\n")[0].strip() == "Chère consœur,"
    assert "… €" in part.get_content()


def test_every_field_of_the_notification() -> None:
    machine = list(email.message_from_bytes(mdn.build(request(code="902"))).walk())[2]
    assert machine.get_content_type() == "message/disposition-notification"
    content = mdn.build(request(code="902")).split(b"message/disposition-notification", 1)[1].split(b"\r\n\r\n", 2)[1]
    said = dict(line.split(": ", 1) for line in content.decode("ascii").splitlines())
    assert sorted(said) == ["Disposition", "Error", "Final-Recipient", "Original-Message-ID", "Reporting-UA"]
    assert said["Reporting-UA"] == f"{BOX.rpartition('@')[2]}; {mailparts.PRODUCT}"
