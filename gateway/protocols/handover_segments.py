"""The segments that MDM and ORU have in common, in the two volets of the CI-SIS (spec/mssante/dpi-hl7v2.md §3, §6)."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.documents import Action, CdaHeader
from gateway.protocols.handover import Handover
from gateway.protocols.hl7v2 import components, escape, line
from gateway.protocols.prt import copied_to, reply_to, sent_by
from gateway.terminology import type_code

#: ORC-1 by action; below, OBX-11 of the document.
CONTROL = {Action.CREATE: "NW", Action.REPLACE: "RO", Action.DELETE: "CA"}
_STATUS = {Action.CREATE: "F", Action.REPLACE: "C", Action.DELETE: "D"}
#: A flag of the table MetaDMPMSS: its code, its label, whether it is raised.
Flag = tuple[str, str, bool]
_LOINC = "2.16.840.1.113883.6.1"


def msh(one: Handover, kind: str, version: str, profile: str) -> str:
    """MSH. MSH-15 and MSH-16 stay empty: the record answers in original mode."""
    parties = one.parties
    values = {
        2: "^~\\&",
        3: _hd(parties.sending_application),
        4: _hd(parties.sending_facility),
        5: _hd(parties.receiving_application),
        6: _hd(parties.receiving_facility),
        7: escape(one.time),
        9: kind,
        10: escape(one.control_id),
        11: "T" if parties.test else "P",
        12: version,
        17: "FRA",
        18: one.charset,
        21: profile,
    }
    return line("MSH", values)


def pv1() -> str:
    """No visit is spoken of."""
    return line("PV1", {1: "1", 2: "N"})


def type_of(header: CdaHeader) -> str:
    """OBR-4 and OBX-3: code, label and system of the document's type."""
    known = type_code(header.code.code)
    label = header.code.label or (known.label if known else header.code.code)
    return components(header.code.code, label, "LN" if header.code.system == _LOINC else "TRE_A05")


def document_id(unique_id: str) -> str:
    """``ext^^root^ISO``, or the root alone."""
    root, _, extension = unique_id.partition("^")
    return components(extension, "", root, "ISO") if extension else escape(root)


def document_begun(one: Handover, text: str) -> str:
    """OBX 1 up to the document's base64. ``text`` is OBX-5.2 as the volet writes it."""
    return f"OBX|1|ED|{type_of(one.header)}||^{text}^XML^Base64^"


def document_ended(one: Handover) -> list[str]:
    """The end of OBX 1 and the PRT below it."""
    copies = [copied_to(mailbox) for mailbox in one.recipients]
    sender = sent_by(one.sender, one.envelope.sender)
    return [f"||||||{_STATUS[one.action]}\r", sender, *copies, reply_to(one.envelope.reply_to)]


def hidden(one: Handover) -> list[Flag]:
    """The three flags of visibility. The code REP_LEGAUX is HL7's, not the one of JDV_J08."""
    seen = one.visibility
    representatives = "Non visible par les représentants Légaux du patient"
    return [
        ("MASQUE_PS", "Masqué aux professionnels de Santé", seen.masked_to_professionals),
        ("INVISIBLE_PATIENT", "Document Non Visible par le patient", seen.invisible_to_patient),
        ("INVISIBLE_REP_LEGAUX", representatives, seen.invisible_to_representatives),
    ]


def modified(one: Handover) -> Flag:
    """Whether this replacement changes who sees the document."""
    return "MODIF_CONF_CODE", "Modification Confidentiality Code", one.modified_confidentiality


def flags(raised: Sequence[Flag], start: int, data_type: str) -> list[str]:
    """One OBX a flag, numbered from ``start``. ``data_type``: CWE in v2.6, CE in v2.5."""
    return [_flag(number, data_type, *one) for number, one in enumerate(raised, start)]


def _flag(number: int, data_type: str, code: str, label: str, raised: bool) -> str:
    answer = f"{'Y' if raised else 'N'}^^expandedYes-NoIndicator"
    return line("OBX", {1: str(number), 2: data_type, 3: f"{code}^{label}^MetaDMPMSS", 5: answer, 11: "F"})


def _hd(value: str) -> str:
    """A name, or namespace^universal id^type as configured."""
    return components(*value.split("^"))
