"""METADATA.XML of an XDM archive (IHE XDM; spec/mssante/mssante-mail.md §3.2), with the faults of real ones.

Attributes are read from inside each ExtrinsicObject; what points elsewhere (``classifiedObject``) is only a fallback.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from lxml import etree

from gateway.formats import xmltree
from gateway.formats.clinical.cda_header import padded_date
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.messages.delimited import Signs
from gateway.model.documents import Action, Code, Visibility
from gateway.model.identity import INS_OIDS, Claim, Ins
from gateway.model.reasons import Reason

_TYPE_CODE = "f0306f51-975f-434e-a61c-c59651d33983"
_CONFIDENTIALITY = "f4f85eac-e6cb-4883-b524-f2705394840f"
_UNIQUE_ID = "2e82c1f6-a085-4c72-9da3-8640a32e42ab"
_PATIENT_ID = "58a6f841-87b3-4a3e-92fd-a8ffeff98427"
_LONG_VALUE = re.compile(r"^\d{1,2}\|")
_HL7 = Signs(field="|", component="^", repetition="~", escape="\\", sub="&")
_SEXES = {"M": "M", "F": "F", "U": "U", "O": "U", "I": "U"}


@dataclass(frozen=True, slots=True)
class EntryMetadata:
    """What METADATA.XML says of one document. ``uri`` as written, with ``/`` as separator."""

    uri: str
    unique_id: str
    hash: str
    size: str
    action: Action
    type: Code | None
    title: str
    media_type: str
    start_time: str
    confidentiality: frozenset[str]
    claim: Claim

    @property
    def visibility(self) -> Visibility:
        """The flags of JDV_J08."""
        return Visibility(
            masked_to_professionals="MASQUE_PS" in self.confidentiality,
            invisible_to_patient="INVISIBLE_PATIENT" in self.confidentiality,
            invisible_to_representatives="INVISIBLE_REPRESENTANTS_LEGAUX" in self.confidentiality,
        )

    def agrees_with(self, data: bytes) -> bool:
        """Whether size and hash, where given, are those of ``data`` (SHA-1 or SHA-256, hexadecimal or base64)."""
        if self.size and self.size != str(len(data)):
            return False
        return not self.hash or any(_same_digest(self.hash, name, data) for name in ("sha1", "sha256"))


def read(data: bytes, limits: Limits) -> tuple[EntryMetadata, ...]:
    """The documents of a METADATA.XML. FormatError: UNSAFE, or MALFORMED_XDM when it lists none or is not XML."""
    try:
        root = xmltree.parse(data, limits)
    except FormatError as error:
        reason = error.reason if error.reason is Reason.UNSAFE else Reason.MALFORMED_XDM
        raise FormatError(reason, f"METADATA.XML : {error.detail}") from error
    strays = [e for e in root.iter() if xmltree.local(e).lower() in {"classification", "externalidentifier"}]
    entries = tuple(_entry(e, strays) for e in root.iter() if xmltree.local(e).lower() == "extrinsicobject")
    if not entries:
        raise FormatError(Reason.MALFORMED_XDM, "METADATA.XML ne décrit aucun document.")
    return entries


def _entry(element: etree._Element, strays: list[etree._Element]) -> EntryMetadata:
    slots = _slots(element)
    inside = [e for e in element if xmltree.local(e).lower() in {"classification", "externalidentifier"}]
    identity = element.get("id", "")
    pointing = [e for e in strays if identity and identity in {e.get("classifiedObject"), e.get("registryObject")}]
    about = inside + [e for e in pointing if e not in inside]
    types = [e for e in about if _scheme(e) == _TYPE_CODE]
    return EntryMetadata(
        uri=_LONG_VALUE.sub("", "".join(_LONG_VALUE.sub("", v) for v in slots.get("uri", []))).replace("\\", "/"),
        unique_id=next((e.get("value", "").strip() for e in about if _scheme(e) == _UNIQUE_ID), "").removeprefix(
            "urn:oid:"
        ),
        hash=_first(slots, "hash"),
        size=_first(slots, "size"),
        action=_action(slots),
        type=_coded(types[0]) if types else None,
        title=_name(element),
        media_type=element.get("mimeType", ""),
        start_time=_first(slots, "servicestarttime"),
        confidentiality=frozenset(
            e.get("nodeRepresentation", "").strip().upper() for e in about if _scheme(e) == _CONFIDENTIALITY
        ),
        claim=_claim(next((e.get("value", "") for e in about if _scheme(e) == _PATIENT_ID), ""), slots),
    )


def _action(slots: dict[str, list[str]]) -> Action:
    """C replaces, D deletes; the slot's name is known only from the ANS tool, so it is looked for loosely."""
    for name, values in slots.items():
        if "action" in name and "extrametadata" in name and values:
            return {"C": Action.REPLACE, "D": Action.DELETE}.get(values[0].strip().upper(), Action.CREATE)
    return Action.CREATE


def _claim(patient_id: str, slots: dict[str, list[str]]) -> Claim:
    """patientId, sourcePatientId and the PID fields of sourcePatientInfo as one claim."""
    ids = [i for i in map(_identifier, [patient_id, *slots.get("sourcepatientid", [])]) if i[0]]
    facts: dict[str, str] = {}
    for value in slots.get("sourcepatientinfo", []):
        field, _, content = value.strip().partition("|")
        if field == "PID-3":
            ids += [i for i in map(_identifier, content.split("~")) if i[0]]
        elif field == "PID-5":
            for repetition in content.split("~"):
                _add_name(facts, repetition)
        else:
            facts.setdefault(field, content.strip())
    numbers = [Ins(number, oid) for number, oid in ids if oid in INS_OIDS]
    return Claim(
        source="metadata",
        ins=numbers[0] if numbers else None,
        birth_name=facts.get("birth_name"),
        used_name=facts.get("used_name"),
        family_name=facts.get("family_name"),
        first_given=facts.get("first_given"),
        birth_date=padded_date(facts.get("PID-7", "")),
        sex=_SEXES.get(facts.get("PID-8", "").upper()),
        local_ids=tuple(dict.fromkeys((oid, number) for number, oid in ids if oid not in INS_OIDS)),
    )


def _add_name(facts: dict[str, str], repetition: str) -> None:
    parts = [_HL7.unescape(p).strip() for p in repetition.split("^")] + [""] * 7
    kind = {"L": "birth_name", "D": "used_name"}.get(parts[6], "family_name")
    if parts[0]:
        facts.setdefault(kind, parts[0])
    if parts[1] and kind != "used_name":
        facts.setdefault("first_given", parts[1])


def _identifier(value: str) -> tuple[str, str]:
    """(number, OID) of an HL7 CX ``number^^^&OID&ISO^type``."""
    parts = value.strip().split("^")
    authority = parts[3].split("&") if len(parts) > 3 else []
    return parts[0].strip(), authority[1].strip() if len(authority) > 1 else ""


def _slots(element: etree._Element) -> dict[str, list[str]]:
    slots: dict[str, list[str]] = {}
    for slot in element:
        if xmltree.local(slot).lower() == "slot":
            values = [(v.text or "").strip() for v in slot.iter() if xmltree.local(v).lower() == "value"]
            slots.setdefault(slot.get("name", "").strip().lower(), values)
    return slots


def _first(slots: dict[str, list[str]], name: str) -> str:
    return next(iter(slots.get(name, [])), "")


def _scheme(element: etree._Element) -> str:
    scheme = element.get("classificationScheme") or element.get("identificationScheme") or ""
    return scheme.strip().lower().removeprefix("urn:uuid:")


def _coded(element: etree._Element) -> Code:
    return Code(element.get("nodeRepresentation", ""), _first(_slots(element), "codingscheme"), _name(element))


def _name(element: etree._Element) -> str:
    for child in element:
        if xmltree.local(child).lower() == "name":
            return next((str(v.get("value", "")) for v in child if xmltree.local(v).lower() == "localizedstring"), "")
    return ""


def _same_digest(given: str, algorithm: str, data: bytes) -> bool:
    digest = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    if given.strip().lower() == digest.hex():
        return True
    try:
        return base64.b64decode(given, validate=True) == digest
    except (binascii.Error, ValueError):
        return False
