"""TD0.2: does this INS have a DMP, and is it active (spec/dmp/transactions.md §5; HL7 v3 PRPA_IN201307UV02)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from xml.sax.saxutils import quoteattr

from lxml import etree

from gateway.model.identity import Ins
from gateway.protocols.soap import SoapError

ACTION = "urn:hl7-org:v3:PRPA_IN201307UV02"
HL7 = "urn:hl7-org:v3"
_DMP = "1.2.250.1.213.4.1.1.1"
_INTERACTIONS = "2.16.840.1.113883.1.6"


class DmpStatus(StrEnum):
    """What TD0.2 says of a patient."""

    ACTIVE = "active"
    CLOSED = "closed"
    NONE = "none"


@dataclass(frozen=True)
class Existence:
    """The answer of TD0.2. ``code`` is the raw one: the patient's statusCode, or queryResponseCode when not found."""

    status: DmpStatus
    code: str


def query(patient: Ins, *, sender: tuple[str, str], message: str, instant: datetime, test: bool) -> bytes:
    """The request. ``sender`` is (OID, name) of the software, ``message`` a token new for each call."""
    root, extension, oid = quoteattr(patient.oid), quoteattr(patient.number), quoteattr(sender[0])
    token = quoteattr(message)
    return (
        f'<PRPA_IN201307UV02 xmlns="{HL7}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ITSVersion="XML_1.0">'
        f'<id root={oid} extension={token}/><creationTime value="{instant:%Y%m%d%H%M%S}"/>'
        f'<interactionId root="{_INTERACTIONS}" extension="PRPA_IN201307UV02"/>'
        f'<processingCode code="{"D" if test else "P"}"/><processingModeCode code="T"/><acceptAckCode code="AL"/>'
        f"{_device('receiver', 'RCV', quoteattr(_DMP), 'DMP')}{_device('sender', 'SND', oid, sender[1])}"
        '<attentionLine xsi:nil="true"/>'
        '<controlActProcess classCode="CACT" moodCode="EVN">'
        f'<code code="PRPA_TE201307UV02" codeSystem="{_INTERACTIONS}"/>'
        '<reasonCode code="TEST_EXST" codeSystem="1.2.250.1.213.1.1.4.11"/>'
        f'<queryByParameter><queryId root={oid} extension={token}/><statusCode code="new"/>'
        '<responsePriorityCode code="I"/><parameterList><patientIdentifier>'
        f"<value root={root} extension={extension}/><semanticsText>Patient.id</semanticsText>"
        "</patientIdentifier></parameterList></queryByParameter></controlActProcess></PRPA_IN201307UV02>"
    ).encode()


def read(answer: etree._Element) -> Existence:
    """The status in a PRPA_IN201308UV02; ``SoapError`` when the answer says neither found nor not found."""
    if answer.tag != f"{{{HL7}}}PRPA_IN201308UV02":
        raise SoapError(f"the answer is {etree.QName(answer).localname}, not PRPA_IN201308UV02")
    response = _code(answer.find(f".//{{{HL7}}}queryAck/{{{HL7}}}queryResponseCode"))
    if response == "NF":
        return Existence(DmpStatus.NONE, response)
    status = _code(answer.find(f".//{{{HL7}}}patient/{{{HL7}}}statusCode"))
    if response != "OK" or not status:
        raise SoapError(f"the existence test answers {response or 'nothing'} with status {status or 'absent'}")
    return Existence(DmpStatus.ACTIVE if status == "active" else DmpStatus.CLOSED, status)


def _device(name: str, kind: str, oid: str, label: str) -> str:
    holder = etree.Element("name")
    holder.text = label
    return (
        f'<{name} typeCode="{kind}"><device classCode="DEV" determinerCode="INSTANCE"><id root={oid}/>'
        f"{etree.tostring(holder, encoding='unicode')}</device></{name}>"
    )


def _code(element: etree._Element | None) -> str:
    return "" if element is None else element.get("code", "")
