"""The PID of a message to the record: the patient as the document states him (spec/mssante/dpi-hl7v2.md §3, PID)."""

from __future__ import annotations

from gateway.model.documents import CdaHeader
from gateway.model.identity import INS_NIA, INS_OIDS
from gateway.protocols.handover import Handover
from gateway.protocols.hl7v2 import components, escape, line

_SEXES = frozenset("MFOUAN")  # table 0001
_BIRTH_PLACE = 9  # PID-11.9 of a repetition of type BDL holds the COG code


def pid(one: Handover) -> str:
    """The segment. PID-31: nobody unknown is sent; PID-32: an INS is its sender's claim of a validated identity."""
    header = one.header
    claims = any(root in INS_OIDS for root, _ in header.patient_ids)
    values = {
        3: "~".join(_identifiers(one)),
        5: "~".join(_names(header)),
        7: escape(header.birth_date),
        8: header.sex if header.sex in _SEXES or not header.sex else "U",
        11: "~".join(_addresses(header)),
        31: "N",
        32: "VALI" if claims else "PROV",
    }
    return line("PID", values)


def _identifiers(one: Handover) -> list[str]:
    """The document's list, then our IPP unless it is already there."""
    ids = [(root, extension) for root, extension in one.header.patient_ids if root and extension]
    ours = (one.ipp_oid, one.ipp)
    if one.ipp and ours not in ids:
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


def _addresses(header: CdaHeader) -> list[str]:
    """Home (type H) and birth place (type BDL), as far as the document tells them."""
    found = []
    if home := header.address:
        found.append(components(home.street, "", home.city, "", home.postal_code, home.country, "H"))
    if header.birth_place:
        found.append(components(*[""] * 6, "BDL", *[""] * (_BIRTH_PLACE - 8), header.birth_place))
    return found
