"""A received CDA made acceptable to the DMP: same body, author, set and version; header completed (DESIGN §5).

Three things change: the document's id (a plain OID), the patient (the INS first, with the traits of the matched and
qualified patient), and the relation to the document that this one comes from or replaces. The result is in canonical
form. It parses what strangers wrote and is therefore called inside a reader process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from xml.parsers import expat

from lxml import etree

from gateway.model.documents import CdaHeader
from gateway.model.identity import INS_OIDS, Ins, Patient
from gateway.protocols.canonical import line
from gateway.protocols.cda import CdaError, digests, split_id
from gateway.protocols.cda_header import GENDERS, HL7

MAX_BYTES = 100_000_000

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+\Z")
_NS = {"h": HL7}
_AFTER_RELATED = ("authorization", "componentOf", "component")
_AFTER_BIRTHPLACE = ("languageCommunication",)
_AFTER_BIRTH_TIME = ("maritalStatusCode", "religiousAffiliationCode", "raceCode", "ethnicGroupCode", "guardian")
_BIRTHPLACE = ("birthplace", *_AFTER_BIRTHPLACE)


@dataclass(frozen=True, slots=True)
class Completion:
    """What the transformation puts in. ``header`` is the original's, as read; ``id`` a plain OID of ours.

    ``patient``: matched, INS *qualifiée*. ``parent``: for a document that replaces another, the id under which that one
    was fed; empty when it never was: the document is then fed as new, without relation.
    """

    header: CdaHeader
    id: str
    patient: Patient
    parent: str = ""


def transform(cda: bytes, completion: Completion) -> tuple[bytes, CdaHeader]:
    """The new document and its header. Raises CdaError."""
    if not _OID.match(completion.id):
        raise CdaError("the new id is not a plain OID")
    tree = _parse(cda).getroottree()
    document = _clinical_document(tree.getroot())
    _set_id(document, completion.id)
    header = replace(completion.header, id_root=completion.id, id_extension="")
    header = _complete_patient(document, completion.patient, header)
    header = _relate(document, completion, header)
    content = _canonical(tree)
    sha1, sha256 = digests(content)
    return content, replace(header, canonical_sha1=sha1, canonical_sha256=sha256)


def _parse(cda: bytes) -> etree._Element:
    if len(cda) > MAX_BYTES:
        raise CdaError("the document is larger than the limit")
    cda = cda.lstrip(b" \t\r\n")
    _refuse_doctype(cda)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        return etree.fromstring(cda, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise CdaError("the document is not well-formed XML") from error


class _RootReached(Exception):  # noqa: N818 - not an error
    """The prolog is over."""


def _refuse_doctype(cda: bytes) -> None:
    """Read the prolog only: entities are dangerous as soon as they are declared."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _doctype
    parser.StartElementHandler = _root
    try:
        parser.Parse(cda[:1_000_000], False)
    except _RootReached:
        return
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise CdaError("the document is not well-formed XML") from error
    raise CdaError("the document has no root element")


def _doctype(*_: object) -> None:
    raise CdaError("the document has a DTD")


def _root(*_: object) -> None:
    raise _RootReached


def _clinical_document(root: etree._Element) -> etree._Element:
    name = f"{{{HL7}}}ClinicalDocument"
    found = root if root.tag == name else next(root.iter(name), None)
    if found is None:
        raise CdaError("there is no ClinicalDocument")
    return found


def _canonical(tree: etree._ElementTree) -> bytes:
    try:
        return etree.tostring(tree, method="c14n", with_comments=True)
    except etree.LxmlError as error:
        raise CdaError("the document has no canonical form") from error


def _set_id(document: etree._Element, new: str) -> None:
    identifier = document.find("h:id", _NS)
    if identifier is None:
        raise CdaError("the document has no id")
    identifier.attrib.clear()
    identifier.set("root", new)


def _complete_patient(document: etree._Element, patient: Patient, header: CdaHeader) -> CdaHeader:
    role = document.find("h:recordTarget/h:patientRole", _NS)
    person = None if role is None else role.find("h:patient", _NS)
    if role is None or person is None:
        raise CdaError("the document has no patient")
    if patient.ins is None or not patient.qualified:
        raise CdaError("the INS of the patient is not qualified")
    ids = _identify(role, patient.ins)
    used = _rename(person, patient)
    _coded_gender(person, patient)
    _born(person, patient)
    given = line(patient.given_names) or line(patient.first_given)
    return replace(
        header,
        patient_ids=ids,
        incomplete_identity=False,
        birth_name=line(patient.birth_name),
        used_name=used,
        first_given=line(patient.first_given),
        given_names=given,
        birth_date=patient.birth_date,
        sex=patient.sex if patient.sex in {"M", "F"} else "U",
        birth_place=patient.birth_place or header.birth_place,
    )


def _identify(role: etree._Element, ins: Ins) -> tuple[tuple[str, str], ...]:
    """The INS first, once; the other ids as they were."""
    for old in role.findall("h:id", _NS):
        if old.get("root") in INS_OIDS or old.get("nullFlavor"):
            role.remove(old)
    first = etree.Element(f"{{{HL7}}}id", {"extension": ins.number, "root": ins.oid})
    role.insert(_index(role, ("id", "addr", "telecom", "patient")), first)
    found = [(i.get("root", ""), i.get("extension", "")) for i in role.findall("h:id", _NS)]
    return tuple(pair for pair in found if pair[0])


def _rename(person: etree._Element, patient: Patient) -> str:
    """Birth name and given names as the INS wants them; the used name stays when the document gives one."""
    name = person.find("h:name", _NS)
    if name is None:
        name = etree.Element(f"{{{HL7}}}name")
        person.insert(_index(person, ("administrativeGenderCode", "birthTime", *_AFTER_BIRTH_TIME, *_BIRTHPLACE)), name)
    name.attrib.pop("nullFlavor", "")
    for part in name.findall("h:family", _NS) + name.findall("h:given", _NS):
        if _is_used(part):
            part.set("qualifier", "CL")
        else:
            name.remove(part)
    given = line(patient.given_names) or line(patient.first_given)
    parts = [("family", "BR", patient.birth_name), ("given", "", given), ("given", "BR", patient.first_given)]
    for at, (tag, qualifier, content) in enumerate(parts):
        name.insert(at, _part(tag, qualifier, content))
    kept = next((line("".join(map(str, f.itertext()))) for f in name.findall("h:family", _NS) if _is_used(f)), "")
    if not kept and line(patient.used_name):
        name.append(_part("family", "CL", patient.used_name))
    return kept or line(patient.used_name)


def _is_used(part: etree._Element) -> bool:
    """CL, or SP as older documents have it."""
    return bool({"CL", "SP"} & set(part.get("qualifier", "").split()))


def _part(tag: str, qualifier: str, content: str) -> etree._Element:
    part = etree.Element(f"{{{HL7}}}{tag}", {"qualifier": qualifier} if qualifier else {})
    part.text = line(content)
    return part


def _coded_gender(person: etree._Element, patient: Patient) -> None:
    code = GENDERS.get(patient.sex, GENDERS["U"])
    gender = _child(person, "administrativeGenderCode", ("birthTime", *_AFTER_BIRTH_TIME, *_BIRTHPLACE))
    if gender.get("code") != code.code:
        gender.attrib.clear()
        gender.attrib.update({"code": code.code, "codeSystem": code.system, "displayName": code.label})


def _born(person: etree._Element, patient: Patient) -> None:
    time = _child(person, "birthTime", (*_AFTER_BIRTH_TIME, *_BIRTHPLACE))
    if time.get("value", "")[:8] != patient.birth_date:
        time.attrib.clear()
        time.set("value", patient.birth_date)
    if not patient.birth_place:
        return
    birthplace = _child(person, "birthplace", _AFTER_BIRTHPLACE)
    address = _child(_child(birthplace, "place", ()), "addr", ())
    county = _child(address, "county", ("*",))
    for element in (birthplace, address, county):
        element.attrib.pop("nullFlavor", "")
    county.text = line(patient.birth_place)
    for inner in list(county):
        county.remove(inner)


def _relate(document: etree._Element, completion: Completion, header: CdaHeader) -> CdaHeader:
    """XFRM to the original of a first version; RPLC to the parent as fed; nothing when the parent never was."""
    for old in document.findall("h:relatedDocument", _NS):
        document.remove(old)
    kind, parent = _relation(completion)
    if not parent:
        return replace(header, related="", parent_root="", parent_extension="")
    root, extension = split_id(parent)
    related = etree.Element(f"{{{HL7}}}relatedDocument", {"typeCode": kind})
    ids = {"root": root} | ({"extension": extension} if extension else {})
    etree.SubElement(etree.SubElement(related, f"{{{HL7}}}parentDocument"), f"{{{HL7}}}id", ids)
    document.insert(_index(document, _AFTER_RELATED), related)
    return replace(header, related=kind, parent_root=root, parent_extension=extension)


def _relation(completion: Completion) -> tuple[str, str]:
    if completion.parent or completion.header.related == "RPLC":
        return "RPLC", completion.parent
    return "XFRM", completion.header.unique_id


def _child(parent: etree._Element, tag: str, before: tuple[str, ...]) -> etree._Element:
    """The first child of this name, made in its place when absent."""
    found = parent.find(f"h:{tag}", _NS)
    if found is None:
        found = etree.Element(f"{{{HL7}}}{tag}")
        parent.insert(_index(parent, before), found)
    return found


def _index(parent: etree._Element, following: tuple[str, ...]) -> int:
    """Where a child stands that comes before the ``following`` ones; the end when there is none of them."""
    names = {f"{{{HL7}}}{tag}" for tag in following}
    for at, child in enumerate(parent):
        if child.tag in names or ("*" in following and isinstance(child.tag, str)):
            return at
    return len(parent)
