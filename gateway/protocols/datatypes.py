"""HL7 data types as XDS metadata and the VIHF write them (spec/dmp/metadata.md): CX, XCN, XON, DTM in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from gateway.model.documents import Organisation, Person
from gateway.model.identity import INS_OIDS, Ins

STRUCTURE_OID = "1.2.250.1.71.4.2.2"

_ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})
_STAMP = re.compile(r"(\d{4,14})(?:\.\d+)?([+-]\d{4})?")
_FORMATS = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_FRANCE = ZoneInfo("Europe/Paris")


def escape(text: str) -> str:
    """Text with the HL7 delimiters escaped and blanks collapsed."""
    return " ".join(text.split()).translate(_ESCAPES)


def cx(value: str, oid: str) -> str:
    """An identifier of a patient: type NH for an INS, PI for a local number."""
    return f"{escape(value)}^^^&{oid}&ISO^{'NH' if oid in INS_OIDS else 'PI'}"


def cxi(value: str, authority: str, kind: str) -> str:
    """A reference (CXi of IHE ITI TF-3, 4.2.3.1.2). A number that is one by itself, like a UID, has no authority."""
    return f"{escape(value)}^^^{f'&{authority}&ISO' if authority else ''}^{kind}"


def patient_id(ins: Ins) -> str:
    """``INS^^^&OID&ISO^NH``, as patientId and resource-id want it."""
    return cx(ins.number, ins.oid)


def xcn(person: Person) -> str:
    """A professional (D, IDNPS) or a device (U, RI). What has no identifier leaves these components empty."""
    device = bool(person.device and not person.family)
    kind = "U" if device else "D"
    names = (person.device, "") if device else (person.family, person.given)
    value, oid = _identifier(person.id_root, person.id_extension)
    authority, id_type = (f"&{oid}&ISO", "RI" if device else _person_type(oid)) if value else ("", "")
    return "^".join(
        (escape(value), escape(names[0]), escape(names[1]), "", "", "", "", "", authority, kind, "", "", id_type)
    ).rstrip("^")


def xon(organisation: Organisation) -> str:
    """A structure: name, then authority, IDNST and identifier when it has one."""
    value, oid = _identifier(organisation.id_root, organisation.id_extension)
    if not value:
        return escape(organisation.name)
    id_type = "IDNST" if oid == STRUCTURE_OID else "XX"
    return f"{escape(organisation.name)}^^^^^&{oid}&ISO^{id_type}^^^{escape(value)}"


def utc(stamp: str) -> str:
    """An HL7 v3 time stamp as a DTM in UTC, of the precision given: YYYYMMDDhhmmss, YYYYMMDDhhmm or YYYYMMDD.

    Without offset it is French legal time. A date alone is kept as it is, and so is what is not a time stamp: the
    registry then says so.
    """
    match = _STAMP.fullmatch(stamp)
    if match is None or len(match[1]) not in _FORMATS:
        return match[1] if match else stamp
    form = _FORMATS[len(match[1])]
    try:
        moment = datetime.strptime(match[1], form).replace(tzinfo=_zone(match[2]))
    except ValueError:
        return stamp
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M" if form == "%Y%m%d%H" else form)


def utc_second(stamp: str) -> str:
    """The same, always to the second."""
    return utc(stamp).ljust(14, "0")


def _zone(offset: str | None) -> ZoneInfo | timezone:
    if offset is None:
        return _FRANCE
    span = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5]))
    return timezone(-span if offset[0] == "-" else span)


def _identifier(root: str, extension: str) -> tuple[str, str]:
    """(value, authority): an id without extension is its own value."""
    return extension or root, root


def _person_type(oid: str) -> str:
    return "NH" if oid in INS_OIDS else "IDNPS"
