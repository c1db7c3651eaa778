"""XDS submission sets and document entries as values, and the UUIDs of their attributes (spec/dmp/metadata.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.model.documents import Code
from gateway.terminology import concept

Scheme = str

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
        return member("JDV_J59", self.content_type)


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


def member(value_set: str, code: str) -> Code:
    """A code as its set names it. MetadataError when the set does not hold it."""
    found = concept(value_set, code)
    if found is None:
        raise MetadataError(_ATTRIBUTES[value_set])
    return Code(found.code, found.system, found.label)
