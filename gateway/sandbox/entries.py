"""What a submission says, read and checked as far as a DMP that trains people needs (spec/dmp/metadata.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from gateway.sandbox.soap import Request, RequestError
from gateway.terminology import contains

RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
_XDSB = "{urn:ihe:iti:xds-b:2007}"
_ENTRY = {
    "uniqueId": "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab",
    "patientId": "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427",
    "typeCode": "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983",
    "classCode": "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a",
    "formatCode": "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d",
    "healthcareFacilityTypeCode": "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
    "practiceSettingCode": "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead",
    "confidentialityCode": "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f",
    "author": "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d",
}
_CODES = tuple(name for name in _ENTRY if name.endswith("Code"))
_SLOTS = ("creationTime", "languageCode", "serviceStartTime", "sourcePatientId", "legalAuthenticator")
_SET = {
    "uniqueId": "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8",
    "patientId": "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446",
    "author": "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d",
}
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*)){2,}\Z")
_PATIENT = re.compile(r"[0-9A-Z]{15}\^\^\^&1\.2\.250\.1\.213\.1\.4\.(8|9|10)&ISO\^NH\Z")
_HIDDEN = {"MASQUE_PS", "INVISIBLE_PATIENT"}


class RefusedError(Exception):
    """The registry refuses. ``code`` is the XDS error, the text (French) its context."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Submitted:
    """One document of a submission. ``replaces`` is an entryUUID, empty when new; ``institutions``: of its authors."""

    unique_id: str
    ins: str
    title: str
    type_code: str
    confidentiality: tuple[str, ...]
    sha1: str
    replaces: str
    institutions: tuple[str, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class SubmissionSet:
    """The set itself: its id, whose it is, the structures of its authors."""

    unique_id: str
    ins: str
    institutions: tuple[str, ...]


def submission_set(payload: etree._Element) -> SubmissionSet:
    """The set of a request. RequestError without one, RefusedError when it cannot be accepted."""
    package = payload.find(f".//{RIM}RegistryPackage")
    unique_id = _external(package, _SET["uniqueId"]) if package is not None else ""
    if package is None or not unique_id:
        raise RequestError("le lot de soumission n'a pas d'identifiant")
    _check_id(unique_id)
    patient = _external(package, _SET["patientId"])
    _check_patient(patient)
    return SubmissionSet(unique_id, patient.partition("^")[0], tuple(_institutions(package, _SET["author"])))


def documents(request: Request) -> list[Submitted]:
    """The documents of a submission, without its signature. RequestError or RefusedError, as above."""
    payload = request.payload
    included = {one.get("id", ""): one for one in payload.iter(f"{_XDSB}Document")}
    associations = [(one.get("associationType", ""), one) for one in payload.iter(f"{RIM}Association")]
    signatures = {one.get("sourceObject") for kind, one in associations if kind.endswith(":signs")}
    members = {one.get("targetObject") for kind, one in associations if kind.endswith(":HasMember")}
    replaces = {a.get("sourceObject", ""): a.get("targetObject", "") for kind, a in associations if ":RPLC" in kind}
    entries = {one.get("id", ""): one for one in payload.iter(f"{RIM}ExtrinsicObject")}
    if len(signatures & entries.keys()) != 1:
        raise RefusedError("XDSRegistryMetadataError", "le lot n'est pas signé, ou l'est deux fois")
    if entries.keys() - members:
        raise RefusedError("XDSRegistryMetadataError", "une fiche n'est pas membre du lot (HasMember)")
    if entries.keys() - included.keys():
        raise RefusedError("XDSMissingDocument", "une fiche de document n'a pas son document")
    if included.keys() - entries.keys():
        raise RefusedError("XDSMissingDocumentMetadata", "un document n'a pas sa fiche")
    found = [
        _submitted(entry, request.document(included[name]), replaces.get(name, ""))
        for name, entry in entries.items()
        if name not in signatures
    ]
    if not found:
        raise RequestError("la soumission ne porte aucun document")
    return found


def _submitted(entry: etree._Element, data: bytes, replaces: str) -> Submitted:
    _check_described(entry)
    title = entry.find(f"{RIM}Name/{RIM}LocalizedString")
    confidentiality = tuple(_codes(entry, _ENTRY["confidentialityCode"]))
    if set(confidentiality) >= _HIDDEN:
        text = "confidentialityCode : MASQUE_PS et INVISIBLE_PATIENT ne vont pas ensemble"
        raise RefusedError("XDSRegistryMetadataError", text)
    size = _slot(entry, "size")
    if size and size != str(len(data)):
        raise RefusedError("XDSRepositoryMetadataError", "la taille annoncée n'est pas celle du document")
    return Submitted(
        unique_id=_external(entry, _ENTRY["uniqueId"]),
        ins=_external(entry, _ENTRY["patientId"]).partition("^")[0],
        title=title.get("value", "") if title is not None else "",
        type_code=next(_codes(entry, _ENTRY["typeCode"])),
        confidentiality=confidentiality,
        sha1=_slot(entry, "hash").lower(),
        replaces=replaces,
        institutions=tuple(_institutions(entry, _ENTRY["author"])),
        data=data,
    )


def _check_described(entry: etree._Element) -> None:
    _check_id(_external(entry, _ENTRY["uniqueId"]))
    _check_patient(_external(entry, _ENTRY["patientId"]))
    missing = [name for name in _CODES if not any(_codes(entry, _ENTRY[name]))]
    missing += [name for name in _SLOTS if not _slot(entry, name)]
    if entry.find(f"{RIM}Classification[@classificationScheme='{_ENTRY['author']}']") is None:
        missing.append("author")
    if missing:
        raise RefusedError("XDSRegistryMetadataError", f"la fiche n'a pas {missing[0]}")
    if not contains("JDV_J66", next(_codes(entry, _ENTRY["typeCode"]))):
        raise RefusedError("XDSRegistryMetadataError", "typeCode : type de document inconnu du DMP (JDV_J66)")


def _check_id(unique_id: str) -> None:
    if not _OID.match(unique_id):
        raise RefusedError("XDSRegistryMetadataError", "uniqueId : un OID est attendu, sans extension")


def _check_patient(patient: str) -> None:
    if not _PATIENT.match(patient):
        raise RefusedError("XDSPatientIdDoesNotMatch", "patientId : INS^^^&OID&ISO^NH est attendu")


def _external(of: etree._Element, scheme: str) -> str:
    found = of.find(f"{RIM}ExternalIdentifier[@identificationScheme='{scheme}']")
    return found.get("value", "") if found is not None else ""


def _codes(of: etree._Element, scheme: str) -> Iterator[str]:
    for one in of.iterfind(f"{RIM}Classification[@classificationScheme='{scheme}']"):
        yield one.get("nodeRepresentation", "")


def _slot(of: etree._Element, name: str) -> str:
    return of.findtext(f"{RIM}Slot[@name='{name}']/{RIM}ValueList/{RIM}Value", "").strip()


def _institutions(of: etree._Element, scheme: str) -> Iterator[str]:
    """The structures (XON.10) of the authors."""
    for author in of.iterfind(f"{RIM}Classification[@classificationScheme='{scheme}']"):
        for value in author.iterfind(f"{RIM}Slot[@name='authorInstitution']/{RIM}ValueList/{RIM}Value"):
            yield (value.text or "").strip().rpartition("^")[2]
