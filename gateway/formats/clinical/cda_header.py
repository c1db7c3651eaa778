"""The header of a CDA R2 document as values (spec/dmp/metadata.md, spec/mssante/identity-ins.md §3)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from lxml import etree

from gateway.formats.errors import FormatError
from gateway.model.documents import Address, Author, CdaHeader, Code, Organisation, Person, ServiceEvent
from gateway.model.identity import INS_OIDS, Claim, Ins
from gateway.model.reasons import Reason

HL7: Final = "urn:hl7-org:v3"
PROFESSIONALS: Final = "1.2.250.1.71.4.2.1"
STRUCTURES: Final = "1.2.250.1.71.4.2.2"
_NS: Final = {"h": HL7}
_STREET: Final = (
    *("additionalLocator", "unitID", "houseNumber", "houseNumberSuffix", "streetNameType", "streetName"),
    *("streetNameBase", "postBox", "precinct"),
)
_FRANCE: Final = {"FR": "FRA", "FRANCE": "FRA"}
_COUNTRY: Final = re.compile("[A-Z]{3}")
_SEXES: Final = {"M": "M", "F": "F", "U": "U", "UN": "U", "I": "U"}
#: Kinds of reference kept: the order, its accession number (namespace of the DICOM part 20 extension), and the act.
_ACCESSION: Final = "{urn:dicom-org:ps3-20}accessionNumber"
_ACT_IDS: Final = "h:documentationOf/h:serviceEvent/h:id"


def header(root: etree._Element, *, self_presentable: bool, canonical: tuple[str, str]) -> CdaHeader:
    """The header of a ClinicalDocument element. FormatError: UNREADABLE when it has no id or no code."""
    identifier, code = _one(root, "h:id"), _code(_one(root, "h:code"))
    if identifier is None or not identifier.get("root") or code is None:
        raise FormatError(Reason.UNREADABLE, "Le CDA n'a pas d'identifiant ou pas de type.")
    parent = _one(root, "h:relatedDocument/h:parentDocument/h:id")
    related = _one(root, "h:relatedDocument")
    version = _attribute(root, "h:versionNumber", "value")
    role = _one(root, "h:recordTarget/h:patientRole")
    traits = _traits(role) if role is not None else Claim(source="cda")
    set_id = _one(root, "h:setId")
    authenticator = _one(root, "h:legalAuthenticator/h:assignedEntity")
    return CdaHeader(
        id_root=identifier.get("root", ""),
        id_extension=identifier.get("extension", ""),
        code=code,
        title=_text(_one(root, "h:title")),
        effective_time=_attribute(root, "h:effectiveTime", "value"),
        confidentiality=_attribute(root, "h:confidentialityCode", "code"),
        language=_attribute(root, "h:languageCode", "code"),
        set_id_root=_get(set_id, "root"),
        set_id_extension=_get(set_id, "extension"),
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None,
        template_ids=tuple(t.get("root", "") for t in _all(root, "h:templateId")),
        patient_ids=_ids(role),
        birth_name=traits.birth_name or traits.family_name or "",
        used_name=traits.used_name or "",
        first_given=traits.first_given or "",
        given_names=traits.given_names or "",
        birth_date=traits.birth_date or "",
        sex=traits.sex or "",
        birth_place=traits.birth_place or "",
        authors=tuple(_author(a) for a in _all(root, "h:author")),
        custodian=_organisation(_one(root, "h:custodian/h:assignedCustodian/h:representedCustodianOrganization")),
        legal_authenticator=None if authenticator is None else _person(authenticator),
        legal_authenticator_organisation=_organisation(_one(authenticator, "h:representedOrganization")),
        events=tuple(_event(e) for e in _all(root, "h:documentationOf/h:serviceEvent")),
        facility=_code(_one(root, "h:componentOf/h:encompassingEncounter/h:location/h:healthCareFacility/h:code")),
        related=_get(related, "typeCode"),
        parent_root=_get(parent, "root"),
        parent_extension=_get(parent, "extension"),
        references=(
            *(r for order in _all(root, "h:inFulfillmentOf/h:order") for r in _references(order)),
            *((i.get("extension", ""), i.get("root", ""), "act") for i in _all(root, _ACT_IDS) if i.get("root")),
        ),
        media_type=_attribute(root, "h:component/h:nonXMLBody/h:text", "mediaType"),
        self_presentable=self_presentable,
        canonical_sha1=canonical[0],
        canonical_sha256=canonical[1],
        address=_home(role),
        incomplete_identity=_incomplete(role),
    )


def claims(root: etree._Element) -> tuple[Claim, ...]:
    """What each recordTarget states; one claim per INS when a patient is given several."""
    found: list[Claim] = []
    for role in _all(root, "h:recordTarget/h:patientRole"):
        traits = _traits(role)
        numbers = [
            Ins(extension.strip(), oid) for oid, extension in _ids(role) if oid in INS_OIDS and extension.strip()
        ]
        found += [replace(traits, ins=ins) for ins in dict.fromkeys(numbers)] or [traits]
    return tuple(found)


def padded_date(value: str) -> str | None:
    """YYYYMMDD from an HL7 time stamp; unknown parts are zeros; None when there is not even a year."""
    digits = value.strip()[:8].partition("-")[0].partition("+")[0]
    if not digits.isascii() or not digits.isdigit() or len(digits) not in {4, 6, 8}:
        return None
    return digits.ljust(8, "0")


def _traits(role: etree._Element) -> Claim:
    """The traits of a patientRole, without INS (CI-SIS: family BR, CL, old SP; given BR; given alone = the list)."""
    families = _all(role, "h:patient/h:name/h:family")
    givens = _all(role, "h:patient/h:name/h:given")
    listed = [_text(g) for g in givens if not g.get("qualifier") and _text(g)]
    names = " ".join(listed)
    place = _text(_one(role, "h:patient/h:birthplace/h:place/h:addr/h:county"))
    first = _qualified(givens, "BR") or (listed[0] if listed and " " not in listed[0] else None)
    return Claim(
        source="cda",
        birth_name=_qualified(families, "BR"),
        used_name=_qualified(families, "CL", "SP"),
        family_name=next((_text(f) for f in families if not f.get("qualifier") and _text(f)), None),
        first_given=first,
        given_names=names or None,
        birth_date=padded_date(_attribute(role, "h:patient/h:birthTime", "value")),
        sex=_SEXES.get(_attribute(role, "h:patient/h:administrativeGenderCode", "code").upper()),
        birth_place=place or None,
        local_ids=tuple(pair for pair in _ids(role) if pair[0] not in INS_OIDS and pair[1]),
    )


def _incomplete(role: etree._Element | None) -> bool:
    """Birth name, given names and the first of them each in its own element, no qualifier but BR and CL; no null id."""
    names = _all(role, "h:patient/h:name/h:family") + _all(role, "h:patient/h:name/h:given")
    kinds = {(etree.QName(one).localname, one.get("qualifier", "")) for one in names}
    strange = {qualifier for _, qualifier in kinds} - {"", "BR", "CL"}
    null = any(one.get("nullFlavor") for one in _all(role, "h:id"))
    return bool(strange) or null or not kinds >= {("family", "BR"), ("given", ""), ("given", "BR")}


def _qualified(elements: list[etree._Element], *qualifiers: str) -> str | None:
    wanted = set(qualifiers)
    return next((_text(e) for e in elements if wanted & set(e.get("qualifier", "").split()) and _text(e)), None)


def _ids(role: etree._Element | None) -> tuple[tuple[str, str], ...]:
    return tuple((i.get("root", ""), i.get("extension", "")) for i in _all(role, "h:id") if i.get("root"))


def _home(role: etree._Element | None) -> Address | None:
    """The first address that says something, work apart."""
    written = (_address(e) for e in _all(role, "h:addr") if "WP" not in e.get("use", "").split())
    return next((address for address in written if address != Address()), None)


def _address(element: etree._Element) -> Address:
    parts = {etree.QName(child).localname: _text(child) for child in element.iterchildren("{*}*")}
    lines = [_text(line) for line in _all(element, "h:streetAddressLine")]
    country = parts.get("country", "").upper()
    return Address(
        street=" ".join(text for text in (*lines, *(parts.get(name, "") for name in _STREET)) if text),
        city=parts.get("city", ""),
        postal_code=parts.get("postalCode", ""),
        country=_FRANCE.get(country, country) if _COUNTRY.fullmatch(_FRANCE.get(country, country)) else "",
    )


def _author(element: etree._Element) -> Author:
    assigned = _one(element, "h:assignedAuthor")
    return Author(
        person=Person() if assigned is None else _person(assigned),
        organisation=_organisation(_one(assigned, "h:representedOrganization")),
        specialty=_code(_one(assigned, "h:code")),
        role=_code(_one(element, "h:functionCode")),
        time=_attribute(element, "h:time", "value"),
    )


def _person(assigned: etree._Element) -> Person:
    """Of an assignedAuthor or assignedEntity."""
    identifier = _identifier(assigned, PROFESSIONALS)
    name = _one(assigned, "h:assignedPerson/h:name")
    device = _one(assigned, "h:assignedAuthoringDevice")
    return Person(
        id_root=_get(identifier, "root"),
        id_extension=_get(identifier, "extension"),
        family=_text(_one(name, "h:family")),
        given=_text(_one(name, "h:given")),
        prefix=_text(_one(name, "h:prefix")),
        suffix=_text(_one(name, "h:suffix")),
        device=_text(_one(device, "h:softwareName")) or _text(_one(device, "h:manufacturerModelName")),
    )


def _identifier(element: etree._Element, national: str) -> etree._Element | None:
    """The national id among those of a person or structure, else the first that says something."""
    stated = [one for one in _all(element, "h:id") if one.get("root")]
    return next((one for one in stated if one.get("root") == national), stated[0] if stated else None)


def _organisation(element: etree._Element | None) -> Organisation | None:
    if element is None:
        return None
    identifier = _identifier(element, STRUCTURES)
    return Organisation(
        id_root=_get(identifier, "root"),
        id_extension=_get(identifier, "extension"),
        name=_text(_one(element, "h:name")),
        sector=_code(_one(element, "h:standardIndustryClassCode")),
    )


def _event(element: etree._Element) -> ServiceEvent:
    entity = _one(element, "h:performer/h:assignedEntity")
    translations = (_code(one) for one in _all(element, "h:code/h:translation"))
    return ServiceEvent(
        code=_code(_one(element, "h:code")),
        low=_attribute(element, "h:effectiveTime/h:low", "value") or _attribute(element, "h:effectiveTime", "value"),
        high=_attribute(element, "h:effectiveTime/h:high", "value"),
        performer=None if entity is None else _person(entity),
        performer_organisation=_organisation(_one(entity, "h:representedOrganization")),
        translations=tuple(code for code in translations if code is not None),
    )


def _references(order: etree._Element) -> list[tuple[str, str, str]]:
    found = [(i.get("extension", ""), i.get("root", ""), "order") for i in _all(order, "h:id")]
    found += [(i.get("extension", ""), i.get("root", ""), "accession") for i in order.findall(_ACCESSION)]
    return [reference for reference in found if reference[0] or reference[1]]


def _code(element: etree._Element | None) -> Code | None:
    if element is None or not element.get("code"):
        return None
    return Code(element.get("code", ""), element.get("codeSystem", ""), element.get("displayName", ""))


def _one(element: etree._Element | None, path: str) -> etree._Element | None:
    return None if element is None else element.find(path, _NS)


def _all(element: etree._Element | None, path: str) -> list[etree._Element]:
    return [] if element is None else element.findall(path, _NS)


def _attribute(element: etree._Element | None, path: str, name: str) -> str:
    return _get(_one(element, path), name)


def _get(element: etree._Element | None, name: str) -> str:
    return "" if element is None else element.get(name, "")


def _text(element: etree._Element | None) -> str:
    return "" if element is None else " ".join("".join(map(str, element.itertext())).split())
