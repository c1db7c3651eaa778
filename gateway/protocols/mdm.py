"""HL7 v2.6 MDM^T02, T10 and T04 that hand a document to the patient record (spec/mssante/dpi-hl7v2.md §2–3).

One document a message, profile ``1.1^CISIS_CDA_HL7_LPS``. The message speaks of the patient as the document does; with
``ipp`` it also carries the number that the gateway matched, which is a stated departure from the volet (§3, PID).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pybase64

from gateway.model.documents import Action, CdaHeader, Envelope, Visibility
from gateway.model.identity import INS_NIA, INS_OIDS
from gateway.model.people import Sender
from gateway.protocols.hl7v2 import components, escape, segment
from gateway.protocols.mdm_participants import copied_to, reply_to, sent_by
from gateway.terminology import type_code

_EVENTS = {Action.CREATE: ("T02", "NW", "F"), Action.REPLACE: ("T10", "RO", "C"), Action.DELETE: ("T04", "CA", "D")}
_CHUNK = 3 << 20  # bytes of document a chunk; a multiple of 3, so that only the last one is padded
_LOINC = "2.16.840.1.113883.6.1"


class MdmError(ValueError):
    """No conforming message can be made of these values. Its text holds no patient data."""


@dataclass(frozen=True, slots=True)
class Parties:
    """MSH-3 to MSH-6, and whether this is a trial (MSH-11 T)."""

    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class MdmRequest:
    """What the message says. ``document`` is the CDA that ``header`` was read from.

    ``control_id`` is MSH-10; ``time`` is MSH-7 and EVN-2 (YYYYMMDDhhmmss+hhmm). ``sender`` None: only his address is
    known. ``recipient`` is the mailbox's address, ``service`` the service that it stands for. ``replaces`` is the
    replaced document's id where the document itself does not name it. ``ipp``: added to PID-3 under ``ipp_oid``.
    """

    control_id: str
    time: str
    parties: Parties
    action: Action
    header: CdaHeader
    document: bytes
    envelope: Envelope
    sender: Sender | None
    recipient: str
    visibility: Visibility
    modified_confidentiality: bool
    service: str = ""
    replaces: str = ""
    ipp: str = ""
    ipp_oid: str = ""


def build(request: MdmRequest) -> Iterator[bytes]:
    """The message in chunks, without MLLP bytes. Raises MdmError before the first one."""
    if request.visibility.masked_to_professionals:
        raise MdmError("a document hidden from professionals is not sent to the record")
    if not request.document:
        raise MdmError("there is no document")
    return _message(request, _before(request), _after(request))


def _message(request: MdmRequest, before: bytes, after: bytes) -> Iterator[bytes]:
    yield before
    document = memoryview(request.document)
    for start in range(0, len(document), _CHUNK):
        yield pybase64.b64encode(document[start : start + _CHUNK])
    yield after


def _before(request: MdmRequest) -> bytes:
    event, control, _ = _EVENTS[request.action]
    kind = _type(request.header)
    lines = [
        _msh(request, event),
        segment("EVN", {2: escape(request.time)}),
        _pid(request),
        segment("PV1", {2: "N"}),
        segment("ORC", {1: control}),
        segment("OBR", {4: kind}),
        _txa(request),
        f"OBX|1|ED|{kind}||^text^XML^Base64^".encode(),
    ]
    return b"".join(lines)


def _after(request: MdmRequest) -> bytes:
    *_, status = _EVENTS[request.action]
    envelope = request.envelope
    participants = [
        sent_by(request.sender, envelope.sender),
        copied_to(request.recipient, request.service),
        reply_to(envelope.reply_to),
    ]
    return b"".join([f"||||||{status}\r".encode(), *participants, _mail(request), *_flags(request)])


def _msh(request: MdmRequest, event: str) -> bytes:
    parties = request.parties
    return segment(
        "MSH",
        {
            2: "^~\\&",
            3: escape(parties.sending_application),
            4: escape(parties.sending_facility),
            5: escape(parties.receiving_application),
            6: escape(parties.receiving_facility),
            7: escape(request.time),
            9: f"MDM^{event}^MDM_T02",
            10: escape(request.control_id),
            11: "T" if parties.test else "P",
            12: "2.6",
            17: "FRA",
            18: "UNICODE UTF-8",
            21: "1.1^CISIS_CDA_HL7_LPS",
        },
    )


def _pid(request: MdmRequest) -> bytes:
    header = request.header
    values = {
        3: "~".join(_identifiers(request)),
        5: "~".join(_names(header)),
        7: escape(header.birth_date),
        8: escape({"UN": "U"}.get(header.sex, header.sex)),
    }
    if header.birth_place:
        values[11] = components("", "", "", "", "", "", "BDL", "", header.birth_place)
    if any(root in INS_OIDS for root, _ in header.patient_ids):
        values[32] = "VALI"  # a received INS is the sender's claim of qualification (identity-ins.md §4)
    return segment("PID", values)


def _identifiers(request: MdmRequest) -> list[str]:
    """The document's list, then our IPP unless it is already there."""
    ids = [(root, extension) for root, extension in request.header.patient_ids if root and extension]
    ours = (request.ipp_oid, request.ipp)
    if request.ipp and ours not in ids:
        ids.append(ours)
    return [_identifier(root, extension) for root, extension in ids]


def _identifier(root: str, extension: str) -> str:
    if root not in INS_OIDS:
        return f"{escape(extension)}^^^&{escape(root)}&ISO^PI"
    authority = "ASIP-SANTE-INS-NIA" if root == INS_NIA else "ASIP-SANTE-INS-NIR"
    return f"{escape(extension)}^^^{authority}&{root}&ISO^INS"


def _names(header: CdaHeader) -> list[str]:
    """The birth name (type L) and, when there is one, the used name (type D)."""
    first, given = header.first_given, header.given_names
    names = [components(header.birth_name or header.used_name, first, given, "", "", "", "L")]
    if header.used_name:
        names.append(components(header.used_name, first, "", "", "", "", "D"))
    return names


def _type(header: CdaHeader) -> str:
    known = type_code(header.code.code)
    label = header.code.label or (known.label if known else header.code.code)
    return components(header.code.code, label, "LN" if header.code.system == _LOINC else "TRE_A05")


def _txa(request: MdmRequest) -> bytes:
    values = {1: "1", 2: escape(request.header.code.code), 3: "TEXT", 17: "AU"}
    values[12] = _document_id(request.header.unique_id)
    if request.action is Action.REPLACE:
        values[13] = _document_id(_parent(request))
    return segment("TXA", values)


def _parent(request: MdmRequest) -> str:
    header = request.header
    parent = header.parent_id if header.related == "RPLC" else ""
    parent = parent or request.replaces
    if not parent:
        raise MdmError("a replacement names no replaced document")
    return parent


def _document_id(unique_id: str) -> str:
    """``ext^^root^ISO``, or the root alone."""
    root, _, extension = unique_id.partition("^")
    return components(extension, "", root, "ISO") if extension else escape(root)


def _mail(request: MdmRequest) -> bytes:
    envelope = request.envelope
    identity = components(envelope.message_id or request.control_id, _line(envelope.subject) or "(sans objet)")
    content = pybase64.b64encode(envelope.body.encode("utf-8", "replace")).decode()
    return segment("OBX", {1: "2", 2: "ED", 3: identity, 5: f"^text^^Base64^{content}", 11: "F"})


def _line(text: str) -> str:
    return " ".join(text.split())


def _flags(request: MdmRequest) -> list[bytes]:
    """MetaDMPMSS, in the order of the volet. The code REP_LEGAUX is HL7's, not the one of JDV_J08."""
    visibility = request.visibility
    flags = (
        ("MASQUE_PS", "Masqué aux professionnels de Santé", visibility.masked_to_professionals),
        ("INVISIBLE_PATIENT", "Document Non Visible par le patient", visibility.invisible_to_patient),
        (
            "INVISIBLE_REP_LEGAUX",
            "Non visible par les représentants Légaux du patient",
            visibility.invisible_to_representatives,
        ),
        ("MODIF_CONF_CODE", "Modification Confidentiality Code", request.modified_confidentiality),
    )
    return [_flag(number, *flag) for number, flag in enumerate(flags, 3)]


def _flag(number: int, code: str, label: str, raised: bool) -> bytes:
    answer = f"{'Y' if raised else 'N'}^^expandedYes-NoIndicator"
    return segment("OBX", {1: str(number), 2: "CWE", 3: f"{code}^{label}^MetaDMPMSS", 5: answer, 11: "F"})
