"""TD0.2's answers, PRPA_IN201308UV02 (spec/dmp/transactions.md §5).

How the date and the motive of a closed DMP are written is not public: they stand where HL7 v3 has room for them.
"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from lxml import etree

from gateway.sandbox.disk import Known

HL7 = "urn:hl7-org:v3"
_CLOSED_ON, _MOTIVE = "20250101", "DEMANDE_PATIENT"
_INS_TEST = "1.2.250.1.213.1.4.10"


def asked(payload: etree._Element) -> tuple[str, str]:
    """The OID and the number of the patient who is asked for; empty when the question names none."""
    value = payload.find(f".//{{{HL7}}}patientIdentifier/{{{HL7}}}value")
    return ("", "") if value is None else (value.get("root", ""), value.get("extension", ""))


def state(known: Known, root: str) -> str:
    """What is known of a patient: active, closed with its date and motive, or not found."""
    if known.dmp_state == "none":
        return _answer("AA", "", "NF")
    status = "active" if known.dmp_state == "active" else "terminated"
    patient = f'<id root={quoteattr(root or _INS_TEST)} extension={quoteattr(known.ins)}/><statusCode code="{status}"/>'
    if status == "active":
        return _answer("AA", f"<patient>{patient}</patient>", "OK")
    ended = f"<effectiveTime><high value={quoteattr(known.closed_on or _CLOSED_ON)}/></effectiveTime>"
    motive = f"<reasonCode code={quoteattr(known.closed_why or _MOTIVE)}/>"
    return _answer("AA", f"<patient>{patient}{ended}{motive}</patient>", "OK")


def error() -> str:
    """Neither found nor not found."""
    return _answer("AE", "", "AE")


def _answer(acknowledgement: str, patient: str, response: str) -> str:
    event = f'<subject typeCode="SUBJ"><registrationEvent><subject1>{patient}</subject1></registrationEvent></subject>'
    return (
        f'<PRPA_IN201308UV02 xmlns="{HL7}" ITSVersion="XML_1.0"><acknowledgement><typeCode code="{acknowledgement}"/>'
        '</acknowledgement><controlActProcess classCode="CACT" moodCode="EVN">'
        f'{event if patient else ""}<queryAck><queryResponseCode code="{response}"/></queryAck></controlActProcess>'
        "</PRPA_IN201308UV02>"
    )
