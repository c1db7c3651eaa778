"""HL7 v2.6 MDM^T02, T10 and T04 that hand a document to the patient record (spec/mssante/dpi-hl7v2.md §2–3).

One document a message, profile ``1.1^CISIS_CDA_HL7_LPS``. Beside what the volet asks for, the fields that its examples
fill and that we know: EVN-5 and 6, PV1-1, OBR-1, TXA-4, TXA-22.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pybase64

from gateway.model.documents import Action, CdaHeader
from gateway.protocols.handover import Handover, checked, written
from gateway.protocols.handover_segments import (
    CONTROL,
    document_begun,
    document_ended,
    document_id,
    flags,
    hidden,
    modified,
    msh,
    pv1,
    type_of,
)
from gateway.protocols.hl7_charset import CODECS
from gateway.protocols.hl7v2 import components, escape, line
from gateway.protocols.pid import pid

_EVENTS = {Action.CREATE: "T02", Action.REPLACE: "T10", Action.DELETE: "T04"}
_PROFESSIONALS = "1.2.250.1.71.4.2.1"
_SUBJECT = 199  # characters of CWE.2 in v2.6
_TIME = re.compile(r"\d{4,14}(\.\d{1,4})?([+-]\d{4})?")


def build(handover: Handover) -> Iterator[bytes]:
    """The message in chunks, without MLLP bytes. Raises HandoverError before the first one."""
    one = checked(handover)
    before = [
        msh(one, f"MDM^{_EVENTS[one.action]}^MDM_T02", "2.6", "1.1^CISIS_CDA_HL7_LPS"),
        _evn(one),
        pid(one),
        pv1(),
        line("ORC", {1: CONTROL[one.action]}),
        line("OBR", {1: "1", 4: type_of(one.header)}),
        _txa(one),
        document_begun(one, "text"),
    ]
    after = [*document_ended(one), _mail(one), *flags([*hidden(one), modified(one)], 3, "CWE")]
    return written(one, before, after)


def _evn(one: Handover) -> str:
    """Recorded and happened when the mail was sent; the operator is this gateway (XCN of type RI)."""
    name, authority = one.parties.sending_application.partition("^")[0], one.parties.authority
    device = f"{components(name, name)}^^^^^^^&{escape(authority)}&ISO^U^^^RI" if authority else ""
    return line("EVN", {2: escape(one.time), 5: device, 6: escape(one.time)})


def _txa(one: Handover) -> str:
    header = one.header
    values = {1: "1", 2: escape(header.code.code), 3: "TEXT", 4: _happened(header), 17: "AU", 22: _signed(header)}
    values[12] = document_id(header.unique_id)
    if one.action is Action.REPLACE:
        values[13] = document_id(one.parent)
    return line("TXA", values)


def _happened(header: CdaHeader) -> str:
    """When the act documented began, else when the document was made."""
    time = next((event.low for event in header.events if event.low), "") or header.effective_time
    return time if _TIME.fullmatch(time) else ""


def _signed(header: CdaHeader) -> str:
    """The national number of the professional who answers for the document."""
    signer = header.legal_authenticator
    return escape(signer.id_extension) if signer is not None and signer.id_root == _PROFESSIONALS else ""


def _mail(one: Handover) -> str:
    envelope = one.envelope
    identity = components(envelope.message_id or one.control_id, _subject(envelope.subject) or "(sans objet)")
    content = pybase64.b64encode(envelope.body.encode(CODECS[one.charset])).decode()
    return line("OBX", {1: "2", 2: "ED", 3: identity, 5: f"^text^^Base64^{content}", 11: "F"})


def _subject(text: str) -> str:
    """On one line, as long as the field may be."""
    plain = " ".join(text.split())
    return plain if len(plain) <= _SUBJECT else f"{plain[: _SUBJECT - 3]}..."
