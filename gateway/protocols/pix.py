"""TD0.2: does this INS have a DMP, and is it active (spec/dmp/transactions.md §5; HL7 v3 PRPA_IN201307UV02)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from xml.sax.saxutils import quoteattr

from lxml import etree

from gateway.model.identity import INS_OIDS, Ins
from gateway.protocols.soap import SoapError

ACTION = "urn:hl7-org:v3:PRPA_IN201307UV02"
HL7 = "urn:hl7-org:v3"
_DMP = "1.2.250.1.213.4.1.1.1"
_INTERACTIONS = "2.16.840.1.113883.1.6"
_NS = {"h": HL7}
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,59}")


class DmpStatus(StrEnum):
    """What TD0.2 says of a patient."""

    ACTIVE = "active"
    CLOSED = "closed"
    NONE = "none"


@dataclass(frozen=True)
class Existence:
    """The answer of TD0.2. ``code`` is the raw one: the patient's statusCode, or queryResponseCode when not found.

    ``closed_on`` (YYYYMMDD) and ``motive`` (a code) of a closed DMP, when the answer gives them.
    """

    status: DmpStatus
    code: str
    closed_on: str = ""
    motive: str = ""


class QueryRefusedError(Exception):
    """The DMP understood the question and did not answer it; ``code`` is its own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class OtherPatientError(SoapError):
    """The answer speaks of another patient than the one who was asked for."""


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


def read(answer: etree._Element, asked: Ins) -> Existence:
    """The status in a PRPA_IN201308UV02 for the patient who was asked for.

    ``QueryRefusedError`` when the answer is an error, ``SoapError`` when it says neither found nor not found, or speaks
    of somebody else. Where a closed DMP's date and motive stand is not public: HL7 v3's own places are read.
    """
    if answer.tag != f"{{{HL7}}}PRPA_IN201308UV02":
        raise SoapError(f"the answer is {etree.QName(answer).localname}, not PRPA_IN201308UV02")
    response = _code(answer.find(".//h:queryAck/h:queryResponseCode", _NS))
    if response == "NF":
        return Existence(DmpStatus.NONE, response)
    acknowledged = answer.find("h:acknowledgement", _NS)
    said = "AA" if acknowledged is None else acknowledged.get("typeCode", "")
    if response in ("AE", "QE") or said in ("AE", "AR", "CE", "CR"):
        raise QueryRefusedError(_detail(answer) or response or said)
    patient = _his(answer, asked)
    status = _code(patient.find("h:statusCode", _NS)) if patient is not None else ""
    if response != "OK" or patient is None or not status:
        raise SoapError(f"the existence test answers {response or 'nothing'} with status {status or 'absent'}")
    if status == "active":
        return Existence(DmpStatus.ACTIVE, status)
    return Existence(DmpStatus.CLOSED, status, _closed_on(patient), _motive(patient))


def _his(answer: etree._Element, asked: Ins) -> etree._Element | None:
    """The patient with this number; one of whom no INS is given is him, for the answer is to our question."""
    patients = list(answer.iterfind(".//h:patient", _NS))
    known = [(one, set(_ins_of(one))) for one in patients]
    named = [one for one, numbers in known if asked.number in numbers]
    fitting = named or [one for one, numbers in known if not numbers]
    if patients and not fitting:
        raise OtherPatientError("the answer speaks of another patient")
    if len(fitting) > 1:
        raise SoapError("the answer speaks of several patients")
    return fitting[0] if fitting else None


def _ins_of(patient: etree._Element) -> Iterator[str]:
    """His INS, of any authority; the INS-C and local numbers that may stand beside do not count."""
    for identifier in patient.iterfind("h:id", _NS):
        if identifier.get("root") in INS_OIDS:
            yield identifier.get("extension", "")


def _closed_on(patient: etree._Element) -> str:
    period = patient.find("h:effectiveTime", _NS)
    if period is None:
        return ""
    high = period.find("h:high", _NS)
    day = (period if high is None else high).get("value", "")[:8]
    return day if re.fullmatch("[0-9]{8}", day) else ""


def _motive(patient: etree._Element) -> str:
    holder: etree._Element | None = patient
    while holder is not None:
        found = holder.find("h:reasonCode", _NS)
        if found is not None:
            return _code(found) if _CODE.fullmatch(_code(found)) else ""
        holder = holder.getparent() if holder.tag != f"{{{HL7}}}registrationEvent" else None
    return ""


def _detail(answer: etree._Element) -> str:
    """The code of the error, when it looks like one: it is kept and shown."""
    code = _code(answer.find("h:acknowledgement/h:acknowledgementDetail/h:code", _NS))
    return code if _CODE.fullmatch(code) else ""


def _device(name: str, kind: str, oid: str, label: str) -> str:
    holder = etree.Element("name")
    holder.text = label
    return (
        f'<{name} typeCode="{kind}"><device classCode="DEV" determinerCode="INSTANCE"><id root={oid}/>'
        f"{etree.tostring(holder, encoding='unicode')}</device></{name}>"
    )


def _code(element: etree._Element | None) -> str:
    return "" if element is None else element.get("code", "")
