"""HL7 v2.6 ZAM^Z01, Z02 and Z03: what became of a document, told to the record that handed it over.

The volet "Transmission de documents CDA en HL7 v2", business acknowledgements (spec/mssante/dpi-hl7v2.md §6). It is
answered in the version of the volet that the record speaks (its MSH-21.1): the examples of 2.0 and the text of 2.1
name three tables otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.orders import Origin, Tidings, ZamEvent
from gateway.protocols.hl7v2 import components, escape, segment

_STATUS = {
    ZamEvent.DMP: ("ACK_RECEPTION_DMP", "Accusé de réception DMP"),
    ZamEvent.DELIVERED: ("ACK_RECEPTION_MSS", "Accusé de réception MSSanté"),
    ZamEvent.READ: ("ACK_LECTURE_MSS", "Accusé de lecture"),
}
_PARTY = {
    ZamEvent.DELIVERED: ("DESTINATAIRE_MSS", "Destinataire MSSanté"),
    ZamEvent.READ: ("LECTEUR_MSS", "Lecteur du courriel MSSanté"),
}
_TABLE = "AckMetierZAM"


@dataclass(frozen=True, slots=True)
class _Dialect:
    """What one version of the volet writes: MSH-21.1, the table of Y and N, ERR-3, and the table of each ERR-5."""

    version: str
    yes_no: str
    error: tuple[str, str, str]
    codes: tuple[str, str, str]

    def table(self, event: ZamEvent) -> str:
        return self.codes[list(ZamEvent).index(event)]


_OF_2_0 = _Dialect(
    "2.0",
    "HL70136",
    ("207", "Application internal error", "HL70357"),
    ("DMPERRORCODE", "SMTPERRORCODE", "applicationErrorCondition"),
)
_OF_2_1 = _Dialect(
    "2.1",
    "expandedYes-NoIndicator",
    ("207", "Application error", "messageErrorCondition"),
    ("DMP_ERROR_CODE", "SMTPERRORCODE", "applicationErrorCondition"),
)


def build(origin: Origin, tidings: Tidings, control_id: str, time: str) -> bytes:
    """The message, which answers the one of ``origin``. ``control_id`` is MSH-10, ``time`` MSH-7 and EVN-2."""
    dialect = _OF_2_0 if origin.profile == "2.0" else _OF_2_1
    lines = [_header(origin, tidings.event, control_id, time, dialect), segment("EVN", {2: time})]
    lines.append(_status(origin, tidings, dialect))
    if tidings.event in _PARTY:
        lines.append(_party(tidings))
    if not tidings.done:
        lines.append(_error(tidings, dialect))
    return b"".join(lines)


def _header(origin: Origin, event: ZamEvent, control_id: str, time: str, dialect: _Dialect) -> bytes:
    values = {
        2: "^~\\&",
        3: origin.receiving_application,
        4: origin.receiving_facility,
        5: origin.sending_application,
        6: origin.sending_facility,
        7: time,
        9: components("ZAM", event, "ZAM_Z01"),
        10: escape(control_id),
        11: escape(origin.processing),
        12: "2.6",
        17: "FRA",
        18: "UNICODE UTF-8",
        21: components(dialect.version, "CISIS_CDA_HL7_V2"),
    }
    return segment("MSH", values)


def _status(origin: Origin, tidings: Tidings, dialect: _Dialect) -> bytes:
    answer = components("Y" if tidings.done else "N", "", dialect.yes_no)
    what = components(*_STATUS[tidings.event], _TABLE)
    return segment("OBX", {1: "1", 2: "CWE", 3: what, 4: escape(origin.control_id), 5: answer, 11: "F"})


def _party(tidings: Tidings) -> bytes:
    what = components(*_PARTY[tidings.event], _TABLE)
    address = components("", "", "X.400", tidings.address)
    return segment("OBX", {1: "2", 2: "XTN", 3: what, 4: escape(tidings.party_id), 5: address, 11: "F"})


def _error(tidings: Tidings, dialect: _Dialect) -> bytes:
    code = components(tidings.code, tidings.label, dialect.table(tidings.event))
    return segment("ERR", {3: components(*dialect.error), 4: "E", 5: code})
