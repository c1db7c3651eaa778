"""The CDA header as canonical XML, in the order of CDA R2 (spec/dmp/metadata.md, "order & cardinality")."""

from __future__ import annotations

from gateway.model.documents import Author, CdaHeader, Code, Organisation, Person, ServiceEvent
from gateway.protocols.canonical import element, text, value

HL7 = "urn:hl7-org:v3"
CONFIDENTIALITY = Code("N", "2.16.840.1.113883.5.25", "Normal")
GENDER = "2.16.840.1.113883.5.1"
GENDERS = {
    "M": Code("M", GENDER, "Masculin"),
    "F": Code("F", GENDER, "Féminin"),
    "U": Code("UN", GENDER, "Indéterminé"),
}


def around_body(header: CdaHeader) -> tuple[bytes, bytes]:
    """What stands before and after the base64 of a level 1 document."""
    opening = f'<component><nonXMLBody><text mediaType="{value(header.media_type)}" representation="B64">'
    before = f'<ClinicalDocument xmlns="{HL7}">{"".join(_header(header))}{opening}'
    return before.encode(), b"</text></nonXMLBody></component></ClinicalDocument>"


def _header(header: CdaHeader) -> list[str]:
    return [
        element("realmCode", {"code": "FR"}),
        element("typeId", {"root": "2.16.840.1.113883.1.3", "extension": "POCD_HD000040"}),
        *(element("templateId", {"root": root}) for root in header.template_ids),
        _ii("id", header.id_root, header.id_extension),
        _coded("code", header.code),
        element("title", {}, text(header.title)),
        element("effectiveTime", {"value": header.effective_time}),
        _coded("confidentialityCode", CONFIDENTIALITY),
        element("languageCode", {"code": header.language}),
        _ii("setId", header.set_id_root, header.set_id_extension),
        element("versionNumber", {"value": str(header.version)}),
        _record_target(header),
        *(_author(author) for author in header.authors),
        _custodian(header.custodian or Organisation()),
        _legal_authenticator(header),
        *(_documentation_of(event) for event in header.events),
        *([_related_document(header)] if header.related else []),
        _component_of(header),
    ]


def _record_target(header: CdaHeader) -> str:
    parts = [
        element("family", {"qualifier": "BR"}, text(header.birth_name)),
        element("given", {}, text(header.given_names)),
        element("given", {"qualifier": "BR"}, text(header.first_given)),
    ]
    if header.used_name:
        parts.append(element("family", {"qualifier": "CL"}, text(header.used_name)))
    born = {"value": header.birth_date} if header.birth_date else {"nullFlavor": "UNK"}
    patient = [
        element("name", {}, *parts),
        _coded("administrativeGenderCode", GENDERS[header.sex]),
        element("birthTime", born),
    ]
    if header.birth_place:
        county = element("county", {}, text(header.birth_place))
        patient.append(element("birthplace", {}, element("place", {}, element("addr", {}, county))))
    ids = (_ii("id", root, extension) for root, extension in header.patient_ids)
    return element("recordTarget", {}, element("patientRole", {}, *ids, element("patient", {}, *patient)))


def _author(author: Author) -> str:
    # StrucMin takes an author without code, and none whose code is null.
    specialty = [_coded("code", author.specialty)] if author.specialty else []
    assigned = [_ii("id", author.person.id_root, author.person.id_extension), *specialty, *_assigned(author.person)]
    if author.organisation:
        assigned.append(_organisation("representedOrganization", author.organisation))
    return element("author", {}, element("time", {"value": author.time}), element("assignedAuthor", {}, *assigned))


def _custodian(structure: Organisation) -> str:
    represented = _organisation("representedCustodianOrganization", structure)
    return element("custodian", {}, element("assignedCustodian", {}, represented))


def _legal_authenticator(header: CdaHeader) -> str:
    entity = _entity(header.legal_authenticator or Person(), header.legal_authenticator_organisation)
    time = element("time", {"value": header.effective_time})
    return element("legalAuthenticator", {}, time, element("signatureCode", {"code": "S"}), entity)


def _documentation_of(event: ServiceEvent) -> str:
    time = element("effectiveTime", {}, element("low", {"value": event.low}))
    entity = _entity(event.performer or Person(), event.performer_organisation)
    performer = element("performer", {"typeCode": "PRF"}, entity)
    return element("documentationOf", {}, element("serviceEvent", {}, time, performer))


def _related_document(header: CdaHeader) -> str:
    parent = element("parentDocument", {}, _ii("id", header.parent_root, header.parent_extension))
    return element("relatedDocument", {"typeCode": header.related}, parent)


def _component_of(header: CdaHeader) -> str:
    facility = element("healthCareFacility", {}, *([_coded("code", header.facility)] if header.facility else []))
    time = element("effectiveTime", {}, element("low", {"value": header.events[0].low}))
    encounter = element("encompassingEncounter", {}, time, element("location", {}, facility))
    return element("componentOf", {}, encounter)


def _entity(person: Person, organisation: Organisation | None) -> str:
    represented = [_organisation("representedOrganization", organisation)] if organisation else []
    return element(
        "assignedEntity", {}, _ii("id", person.id_root, person.id_extension), *_assigned(person), *represented
    )


def _assigned(person: Person) -> list[str]:
    if not person.family:
        return []
    parts = [("prefix", person.prefix), ("given", person.given), ("family", person.family), ("suffix", person.suffix)]
    name = element("name", {}, *(element(tag, {}, text(part)) for tag, part in parts if part))
    return [element("assignedPerson", {}, name)]


def _organisation(tag: str, organisation: Organisation) -> str:
    children = [_ii("id", organisation.id_root, organisation.id_extension)]
    if organisation.name:
        children.append(element("name", {}, text(organisation.name)))
    if organisation.sector:
        children.append(_coded("standardIndustryClassCode", organisation.sector))
    return element(tag, {}, *children)


def _ii(tag: str, root: str, extension: str) -> str:
    return element(tag, {"root": root, "extension": extension} if root else {"nullFlavor": "UNK"})


def _coded(tag: str, code: Code) -> str:
    return element(tag, {"code": code.code, "codeSystem": code.system, "displayName": code.label})
