"""XDS metadata ← CDA header, by the table of spec/dmp/metadata.md. Values only: ``ebxml`` writes them.

What the DMP demands and the header lacks raises ``MetadataError`` with the name of the attribute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from gateway.model import documents
from gateway.model.documents import CdaHeader, Code, Visibility
from gateway.model.identity import INS_OIDS, Ins
from gateway.protocols.datatypes import cx, escape, patient_id, utc, utc_second, xcn, xon
from gateway.protocols.xds_formats import format_code
from gateway.terminology import concept, label, type_code

Scheme = str
_T = TypeVar("_T")

SUBMISSION_SET: dict[str, Scheme] = {
    "author": "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d",
    "contentTypeCode": "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500",
    "patientId": "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446",
    "sourceId": "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832",
    "uniqueId": "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8",
}
DOCUMENT_ENTRY: dict[str, Scheme] = {
    "author": "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d",
    "classCode": "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a",
    "typeCode": "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983",
    "formatCode": "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d",
    "healthcareFacilityTypeCode": "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
    "practiceSettingCode": "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead",
    "confidentialityCode": "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f",
    "eventCodeList": "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4",
    "patientId": "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427",
    "uniqueId": "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab",
}

_ATTRIBUTES = {"JDV_J08": "confidentialityCode", "JDV_J59": "contentTypeCode", "JDV_J60": "formatCode"}
_CLASS_SYSTEM = "1.2.250.1.213.1.1.4.1"
_REFERENCE_KINDS = {"order": "urn:ihe:iti:xds:2013:order", "accession": "urn:ihe:iti:xds:2013:accession"}


class MetadataError(ValueError):
    """The header cannot give an attribute that the DMP demands; ``attribute`` is its XDS name."""

    def __init__(self, attribute: str) -> None:
        super().__init__(f"the CDA header gives no {attribute}")
        self.attribute = attribute


@dataclass(frozen=True)
class Author:
    """One author, each value in its HL7 v2 form. Empty: not known."""

    person: str
    institution: str = ""
    role: str = ""
    specialty: str = ""

    def slots(self) -> Iterator[tuple[str, str]]:
        """The slots to write, in the usual order."""
        named = ("authorPerson", self.person), ("authorInstitution", self.institution)
        for name, value in (*named, ("authorRole", self.role), ("authorSpecialty", self.specialty)):
            if value:
                yield name, value


@dataclass(frozen=True)
class SubmissionSet:
    """A submission set. ``submission_time`` YYYYMMDDhhmmss UTC; ``source_id`` and ``unique_id`` plain OIDs;
    ``content_type`` a code of JDV_J59.
    """

    unique_id: str
    source_id: str
    submission_time: str
    patient_id: str
    author: Author
    content_type: str

    @property
    def content_type_code(self) -> Code:
        """The content type as JDV_J59 names it."""
        return _in_set("JDV_J59", self.content_type)


@dataclass(frozen=True)
class DocumentEntry:
    """A document entry: slots and coded attributes in the order in which they are written."""

    unique_id: str
    patient_id: str
    mime_type: str
    title: str
    slots: tuple[tuple[str, tuple[str, ...]], ...]
    authors: tuple[Author, ...]
    codes: tuple[tuple[str, tuple[Code, ...]], ...]


@dataclass(frozen=True)
class Content:
    """The bytes of a document as its entry tells them: hexadecimal SHA-1 and size."""

    sha1: str
    size: int


def document_entry(header: CdaHeader, patient: Ins, visibility: Visibility, content: Content) -> DocumentEntry:
    """The entry of a CDA document whose patient is ``patient``."""
    if header.id_extension:
        raise MetadataError("uniqueId")
    return DocumentEntry(
        unique_id=_required("uniqueId", header.id_root),
        patient_id=patient_id(patient),
        mime_type="application/xslt+xml" if header.self_presentable else "text/xml",
        title=_required("title", " ".join(header.title.split())),
        slots=tuple(_slots(header, patient, content)),
        authors=_required("author", tuple(author(one) for one in header.authors)),
        codes=(
            ("classCode", (_class_code(header.code),)),
            ("typeCode", (_labelled(header.code, "JDV_J66"),)),
            ("formatCode", (_format_code(header),)),
            ("healthcareFacilityTypeCode", (_facility(header),)),
            ("practiceSettingCode", (_practice_setting(header),)),
            ("confidentialityCode", tuple(_confidentiality(header.confidentiality, visibility))),
            ("eventCodeList", tuple(_events(header))),
        ),
    )


def signature_entry(unique_id: str, of: SubmissionSet, content: Content) -> DocumentEntry:
    """The entry of the XAdES document that signs the set: constants of spec/dmp/metadata.md."""
    hidden = Visibility(masked_to_professionals=True, invisible_to_patient=True)
    return DocumentEntry(
        unique_id=unique_id,
        patient_id=of.patient_id,
        mime_type="text/xml",
        title="Source",
        slots=(
            ("creationTime", (of.submission_time,)),
            *_integrity(content),
            ("languageCode", ("art",)),
            ("serviceStartTime", (of.submission_time,)),
            ("sourcePatientId", (of.patient_id,)),
        ),
        authors=(of.author,),
        codes=(
            ("classCode", (Code("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature"),)),
            ("typeCode", (Code("E1762", "ASTM", "Full Document"),)),
            ("formatCode", (_in_set("JDV_J60", "http://www.w3.org/2000/09/xmldsig#"),)),
            ("confidentialityCode", tuple(_confidentiality("N", hidden))),
            ("eventCodeList", (Code("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source"),)),
        ),
    )


def author(of: documents.Author) -> Author:
    """An author of the header. A specialty that JDV_J01 does not hold is left out, as is a role without label."""
    known = concept("JDV_J01", of.specialty.code) if of.specialty else None
    return Author(
        person=xcn(of.person),
        institution=xon(of.organisation) if of.organisation else "",
        role=" ".join(of.role.label.split()) if of.role else "",
        specialty=f"{known.code}^{escape(known.label)}^{known.system}" if known else "",
    )


def _slots(header: CdaHeader, patient: Ins, content: Content) -> Iterator[tuple[str, tuple[str, ...]]]:
    event = header.events[0] if header.events else documents.ServiceEvent()
    yield "creationTime", (utc_second(_required("creationTime", header.effective_time)),)
    yield from _integrity(content)
    yield "languageCode", (_required("languageCode", header.language),)
    yield "legalAuthenticator", (xcn(_required("legalAuthenticator", header.legal_authenticator)),)
    yield "serviceStartTime", (utc(_required("serviceStartTime", event.low)),)
    if event.high:
        yield "serviceStopTime", (utc(event.high),)
    yield "sourcePatientId", (_source_patient_id(header, patient),)
    yield "sourcePatientInfo", tuple(_source_patient_info(header))
    references = tuple(_references(header))
    if references:
        yield "urn:ihe:iti:xds:2013:referenceIdList", references


def _integrity(content: Content) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "hash", (content.sha1,)
    yield "size", (str(content.size),)


def _source_patient_id(header: CdaHeader, patient: Ins) -> str:
    """The IPP of the sender, else the INS."""
    local = ((root, extension) for root, extension in header.patient_ids if extension and root not in INS_OIDS)
    root, extension = next(local, (patient.oid, patient.number))
    return cx(extension, root)


def _source_patient_info(header: CdaHeader) -> Iterator[str]:
    given = header.first_given or header.given_names
    yield f"PID-5|{escape(header.birth_name)}^{escape(given)}^^^^^L"
    yield f"PID-7|{header.birth_date[:8]}"
    yield f"PID-8|{header.sex if header.sex in ('M', 'F') else 'U'}"


def _references(header: CdaHeader) -> Iterator[str]:
    for extension, root, kind in header.references:
        if extension and root and kind in _REFERENCE_KINDS:
            yield f"{escape(extension)}^^^&{root}&ISO^{_REFERENCE_KINDS[kind]}"


def _class_code(code: Code) -> Code:
    known = type_code(code.code)
    if known is None or not known.class_code:
        raise MetadataError("classCode")
    return Code(known.class_code, _CLASS_SYSTEM, known.class_label)


def _format_code(header: CdaHeader) -> Code:
    return _in_set("JDV_J60", _required("formatCode", format_code(header.media_type, header.template_ids)))


def _facility(header: CdaHeader) -> Code:
    return _labelled(_required("healthcareFacilityTypeCode", header.facility), "JDV_J61")


def _practice_setting(header: CdaHeader) -> Code:
    organisation = header.events[0].performer_organisation if header.events else None
    return _labelled(_required("practiceSettingCode", organisation.sector if organisation else None), "JDV_J04")


def _confidentiality(basic: str, visibility: Visibility) -> Iterator[Code]:
    yield _in_set("JDV_J08", basic)
    for code, wanted in (
        ("MASQUE_PS", visibility.masked_to_professionals),
        ("INVISIBLE_PATIENT", visibility.invisible_to_patient),
        ("INVISIBLE_REPRESENTANTS_LEGAUX", visibility.invisible_to_representatives),
    ):
        if wanted:
            yield _in_set("JDV_J08", code)


def _events(header: CdaHeader) -> Iterator[Code]:
    """Each act once. An act without a label bears its code."""
    seen = {(event.code.code, event.code.system): event.code for event in header.events if event.code}
    for code in seen.values():
        if code.code and code.system:
            yield Code(code.code, code.system, code.label or code.code)


def _labelled(code: Code, value_set: str) -> Code:
    """The code as received, with its label there, else the one of the set."""
    return Code(code.code, code.system, " ".join(code.label.split()) or label(value_set, code.code) or code.code)


def _in_set(value_set: str, code: str) -> Code:
    found = concept(value_set, code)
    if found is None:
        raise MetadataError(_ATTRIBUTES[value_set])
    return Code(found.code, found.system, found.label)


def _required(attribute: str, value: _T | None) -> _T:
    if not value:
        raise MetadataError(attribute)
    return value
