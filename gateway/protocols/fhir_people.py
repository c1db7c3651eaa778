"""Who stands in a DocumentReference, as contained resources: patient, authors, structures.

Names and identifiers as FR Core has them (fr-core-patient, fr-core-practitioner, fr-core-organization 2.1), whose
identifier types are those of the directory of the ANS: IDNPS, RPPS, IDNST.
"""

from __future__ import annotations

from gateway.model.documents import Author, CdaHeader, Code, Organisation, Person
from gateway.model.identity import INS_NIA, INS_NIR, INS_NIR_DEMO, INS_NIR_TEST, INS_OIDS, Patient
from gateway.protocols.canonical import line
from gateway.protocols.fhir_types import (
    FRENCH_IDENTIFIERS,
    HL7_IDENTIFIERS,
    Json,
    concept,
    date,
    identifier,
    stated,
    urn,
)

_PROFESSIONALS, _STRUCTURES = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"
_RPPS = "https://rpps.esante.gouv.fr"
_INS_TYPES = {
    INS_NIR: "INS-NIR",
    INS_NIA: "INS-NIA",
    INS_NIR_TEST: "INS-NIR-TEST",
    INS_NIR_DEMO: "INS-NIR-DEMO",
}
_GENDERS = {"M": "male", "F": "female"}
_CORE = "https://hl7.fr/ig/fhir/core"
_RELIABILITY = f"{_CORE}/StructureDefinition/fr-core-identity-reliability"
_GIVEN_NAMES = f"{_CORE}/StructureDefinition/fr-core-patient-birth-list-given-name"
_BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
_INSEE = f"{_CORE}/StructureDefinition/fr-core-address-insee-code"
_COMMUNES = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"


class Contained:
    """The contained resources, each once, in the order in which they were named."""

    def __init__(self) -> None:
        self.resources: list[Json] = []

    def refer(self, resource: Json) -> Json:
        """Hold a resource; the reference to it."""
        for known in self.resources:
            if {**resource, "id": known["id"]} == known:
                return {"reference": f"#{known['id']}"}
        name = f"{resource['resourceType'].lower()}-{len(self.resources) + 1}"
        self.resources.append({"resourceType": resource["resourceType"], "id": name, **resource})
        return {"reference": f"#{name}"}


def subject(patient: Patient, ipp_oid: str) -> Json:
    """The patient of the record, by his INS when it is qualified, else by the IPP: a logical reference."""
    if patient.ins is not None and patient.qualified:
        found = _patient_identifier(patient.ins.oid, patient.ins.number)
    else:
        found = _patient_identifier(ipp_oid, patient.ipp)
    return {"type": "Patient", "identifier": found}


def source_patient(header: CdaHeader, local_id: tuple[str, str] | None) -> Json:
    """The patient as the document states him; ``local_id`` (authority, IPP) is added unless the document has it."""
    ids = [(root, extension) for root, extension in header.patient_ids if root and extension]
    if local_id is not None and local_id not in ids:
        ids.append(local_id)
    claimed = any(root in INS_OIDS for root, _ in ids)
    extensions = [*([_reliability()] if claimed else []), *_birth_place(header.birth_place)]
    return stated(
        {
            "resourceType": "Patient",
            "extension": extensions,
            "identifier": [_patient_identifier(root, extension) for root, extension in ids],
            "name": _patient_names(header),
            "gender": _GENDERS.get(header.sex, "unknown"),
            "birthDate": date(header.birth_date),
        }
    )


def author(of: Author, contained: Contained) -> Json | None:
    """An author: a device, a professional in his structure, or a structure alone; None when nothing tells who."""
    structure = _held(organisation(of.organisation), contained)
    if of.person.device and not of.person.family:
        return contained.refer(_device(of.person))
    if of.person.id_root == _STRUCTURES:
        return structure or _held(organisation(_as_structure(of.person)), contained)
    person = _held(_practitioner(of.person), contained)
    if person is None or (structure is None and of.specialty is None and of.role is None):
        return person or structure
    role = {
        "resourceType": "PractitionerRole",
        "practitioner": person,
        "organization": structure,
        "code": _concepts(of.role, ""),
        "specialty": _concepts(of.specialty, "JDV_J01"),
    }
    return contained.refer(stated(role))


def organisation(of: Organisation | None) -> Json | None:
    """A structure; None when it has neither a name nor an identifier (org-1)."""
    if of is None:
        return None
    found = stated({"identifier": _ids(of.id_root, of.id_extension), "name": line(of.name)})
    return {"resourceType": "Organization", **found} if found else None


def _held(resource: Json | None, contained: Contained) -> Json | None:
    return contained.refer(resource) if resource is not None else None


def _as_structure(person: Person) -> Organisation:
    return Organisation(person.id_root, person.id_extension, person.family)


def _practitioner(person: Person) -> Json | None:
    name = stated(
        {
            "family": line(person.family),
            "given": _words(person.given),
            "prefix": _words(person.prefix),
            "suffix": _words(person.suffix),
        }
    )
    found = stated({"identifier": _ids(person.id_root, person.id_extension), "name": [name] if name else []})
    return {"resourceType": "Practitioner", **found} if found else None


def _device(device: Person) -> Json:
    name = {"name": line(device.device), "type": "user-friendly-name"}
    found = {"identifier": _ids(device.id_root, device.id_extension), "deviceName": [name]}
    return {"resourceType": "Device", **stated(found)}


def _ids(root: str, extension: str) -> list[Json]:
    """National identifiers with their type; the RPPS stands alone too, as the directory of the ANS writes it."""
    if not root:
        return []
    found = identifier(root, extension)
    if root == _STRUCTURES and extension:
        return [_typed(found, "IDNST")]
    if root != _PROFESSIONALS or not extension:
        return [found]
    number = line(extension)
    rpps = {"system": _RPPS, "value": number[1:]}
    return [_typed(found, "IDNPS"), *([_typed(rpps, "RPPS")] if _is_rpps(number) else [])]


def _is_rpps(number: str) -> bool:
    return len(number) == 12 and number.startswith("8") and number.isdecimal()


def _typed(found: Json, kind: str) -> Json:
    return {"use": "official", "type": {"coding": [{"system": FRENCH_IDENTIFIERS, "code": kind}]}, **found}


def _patient_identifier(root: str, extension: str) -> Json:
    kind = _INS_TYPES.get(root)
    system, code = (FRENCH_IDENTIFIERS, kind) if kind else (HL7_IDENTIFIERS, "PI")
    use = {None: "usual", "INS-NIA": "temp"}.get(kind, "official")
    named = {"coding": [{"system": system, "code": code}]}
    return {"use": use, "type": named, "system": urn(root), "value": line(extension)}


def _patient_names(header: CdaHeader) -> list[Json]:
    """The birth name (official), with every given name of the birth certificate, and the used name (usual)."""
    first = line(header.first_given) or line(header.given_names)
    names = []
    if header.birth_name:
        every = [{"url": _GIVEN_NAMES, "valueString": line(header.given_names)}] if line(header.given_names) else []
        names.append(stated({"extension": every, **_name("official", header.birth_name, first)}))
    if header.used_name:
        names.append(_name("usual", header.used_name, first))
    return names


def _name(use: str, family: str, given: str) -> Json:
    return stated({"use": use, "family": line(family), "given": [given] if given else []})


def _reliability() -> Json:
    """A received INS is the sender's claim of a validated identity (identity-ins.md §4)."""
    status = {"system": f"{_CORE}/CodeSystem/fr-core-cs-v2-0445", "code": "VALI"}
    return {"url": _RELIABILITY, "extension": [{"url": "identityStatus", "valueCoding": status}]}


def _birth_place(code: str) -> list[Json]:
    if not line(code):
        return []
    insee = {"url": _INSEE, "valueCoding": {"system": _COMMUNES, "code": line(code)}}
    return [{"url": _BIRTH_PLACE, "valueAddress": {"extension": [insee]}}]


def _concepts(code: Code | None, value_set: str) -> list[Json]:
    return [concept(code, value_set)] if code is not None and code.code else []


def _words(text: str) -> list[str]:
    return [line(text)] if line(text) else []
