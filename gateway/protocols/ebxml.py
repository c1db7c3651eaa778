"""ebXML registry messages: submissions, status updates, look-ups, and the registry's answers.

ITI-41, ITI-57 and ITI-18 in the DMP's variant (spec/dmp/transactions.md §6-7, spec/dmp/metadata.md). The values are
those of ``protocols.xds``; ids inside a message are symbolic, so that the same values make the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from lxml import etree

from gateway.model.documents import Code
from gateway.protocols.soap import SoapError
from gateway.protocols.xds import DOCUMENT_ENTRY, SUBMISSION_SET, Author, DocumentEntry, Scheme, SubmissionSet

PROVIDE = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
QUERY = "urn:ihe:iti:2007:RegistryStoredQuery"
UPDATE = "urn:ihe:iti:2010:UpdateDocumentSet"
XDSB = "urn:ihe:iti:xds-b:2007"

SET_ID, SIGNATURE_ID = "SubmissionSet", "Signature"

_LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
_RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
_RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
_QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
_HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
_SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
_REPLACES = "urn:ihe:iti:2007:AssociationType:RPLC"
_UPDATES_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
_GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
_STABLE_DOCUMENT = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
_SUBMISSION_SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
_STATUSES = {
    "Approved": "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved",
    "Archived": "urn:asip:ci-sis:2010:StatusType:Archived",
}
_DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"
_SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class RegistryError:
    """One error of the registry. ``context`` may quote patient data: it must not be logged."""

    code: str
    context: str
    location: str


@dataclass(frozen=True)
class RegistryAnswer:
    """What the registry answered: success, the errors (warnings left out), the entryUUIDs found."""

    success: bool
    errors: tuple[RegistryError, ...]
    found: tuple[str, ...] = ()


def submission(
    of: SubmissionSet, documents: dict[str, DocumentEntry], signature: DocumentEntry, replaces: dict[str, str]
) -> bytes:
    """The SubmitObjectsRequest of TD2.1. ``documents`` by symbolic id; ``replaces``: symbolic id → entryUUID (RPLC)."""
    request = _Request()
    request.submission_set(of)
    for identifier, entry in {**documents, SIGNATURE_ID: signature}.items():
        request.document_entry(identifier, entry)
        request.associate(_HAS_MEMBER, SET_ID, identifier, SubmissionSetStatus="Original")
    request.associate(_SIGNS, SIGNATURE_ID, SET_ID)
    for identifier, entry_uuid in replaces.items():
        request.associate(_REPLACES, identifier, entry_uuid)
    return request.to_bytes()


def package(of: SubmissionSet, documents: dict[str, DocumentEntry]) -> bytes:
    """The SubmitObjectsRequest of an XDM archive, METADATA.XML: the set, its documents by symbolic id, each its member
    (spec/mssante/mssante-mail.md §3.2).
    """
    request = _Request()
    request.submission_set(of)
    for identifier, entry in documents.items():
        request.document_entry(identifier, entry, status=_STATUSES["Approved"])
        request.associate(_HAS_MEMBER, SET_ID, identifier, SubmissionSetStatus="Original")
    return request.to_bytes(declaration=True)


def deletion(of: SubmissionSet, entry_uuid: str, original_status: str = "Approved") -> bytes:
    """The SubmitObjectsRequest of TD3.3c: logical deletion of an entry that is Approved, or Archived."""
    request = _Request()
    request.submission_set(of)
    request.associate(
        _UPDATES_STATUS, SET_ID, entry_uuid, OriginalStatus=_STATUSES[original_status], NewStatus=_DELETED
    )
    return request.to_bytes()


def look_up(unique_id: str) -> bytes:
    """The AdhocQueryRequest of TD3.1b: GetDocuments by uniqueId, references only."""
    root = etree.Element(f"{{{_QUERY}}}AdhocQueryRequest", nsmap={"query": _QUERY, "rim": _RIM})
    etree.SubElement(root, f"{{{_QUERY}}}ResponseOption", returnComposedObjects="true", returnType="ObjectRef")
    query = etree.SubElement(root, _rim("AdhocQuery"), id=_GET_DOCUMENTS)
    quoted = unique_id.replace("'", "''")
    _slot(query, "$XDSDocumentEntryUniqueId", f"('{quoted}')")
    return bytes(etree.tostring(root))


def read(answer: etree._Element) -> RegistryAnswer:
    """Read a RegistryResponse or an AdhocQueryResponse; ``SoapError`` for any other element."""
    if answer.tag not in (f"{{{_RS}}}RegistryResponse", f"{{{_QUERY}}}AdhocQueryResponse"):
        raise SoapError(f"the answer is {etree.QName(answer).localname}, not a registry's")
    errors = tuple(
        RegistryError(error.get("errorCode", ""), error.get("codeContext", ""), error.get("location", ""))
        for error in answer.iter(f"{{{_RS}}}RegistryError")
        if not error.get("severity", "").endswith(":Warning")
    )
    found = tuple(reference.get("id", "") for reference in answer.iter(_rim("ObjectRef")))
    return RegistryAnswer(answer.get("status") == _SUCCESS, errors, found)


class _Request:
    """A SubmitObjectsRequest under construction. Children come in the order of the ebRIM 3.0 schema."""

    def __init__(self) -> None:
        self._root = etree.Element(f"{{{_LCM}}}SubmitObjectsRequest", nsmap={"lcm": _LCM, "rim": _RIM})
        self._objects = etree.SubElement(self._root, _rim("RegistryObjectList"))
        self._numbers = count(1)

    def to_bytes(self, *, declaration: bool = False) -> bytes:
        return bytes(etree.tostring(self._root, encoding="UTF-8", xml_declaration=declaration))

    def submission_set(self, of: SubmissionSet) -> None:
        package = etree.SubElement(self._objects, _rim("RegistryPackage"), id=SET_ID)
        _slot(package, "submissionTime", of.submission_time)
        self._author(package, SUBMISSION_SET["author"], of.author)
        self._coded(package, SUBMISSION_SET["contentTypeCode"], of.content_type_code)
        self._classification(package, classificationNode=_SUBMISSION_SET_NODE)
        self._identified(package, "XDSSubmissionSet.patientId", SUBMISSION_SET["patientId"], of.patient_id)
        self._identified(package, "XDSSubmissionSet.sourceId", SUBMISSION_SET["sourceId"], of.source_id)
        self._identified(package, "XDSSubmissionSet.uniqueId", SUBMISSION_SET["uniqueId"], of.unique_id)

    def document_entry(self, identifier: str, entry: DocumentEntry, status: str = "") -> None:
        document = etree.SubElement(
            self._objects, _rim("ExtrinsicObject"), id=identifier, mimeType=entry.mime_type, objectType=_STABLE_DOCUMENT
        )
        if status:
            document.set("status", status)
        for name, values in entry.slots:
            _slot(document, name, *values)
        _name(document, entry.title)
        for author in entry.authors:
            self._author(document, DOCUMENT_ENTRY["author"], author)
        for name, codes in entry.codes:
            for code in codes:
                self._coded(document, DOCUMENT_ENTRY[name], code)
        self._identified(document, "XDSDocumentEntry.patientId", DOCUMENT_ENTRY["patientId"], entry.patient_id)
        self._identified(document, "XDSDocumentEntry.uniqueId", DOCUMENT_ENTRY["uniqueId"], entry.unique_id)

    def associate(self, kind: str, source: str, target: str, **slots: str) -> None:
        association = etree.SubElement(
            self._objects,
            _rim("Association"),
            id=f"as{next(self._numbers)}",
            associationType=kind,
            sourceObject=source,
            targetObject=target,
        )
        for name, value in slots.items():
            _slot(association, name, value)

    def _classification(self, of: etree._Element, **attributes: str) -> etree._Element:
        return etree.SubElement(
            of, _rim("Classification"), {"id": f"cl{next(self._numbers)}", "classifiedObject": _id(of), **attributes}
        )

    def _coded(self, of: etree._Element, scheme: Scheme, code: Code) -> None:
        element = self._classification(of, classificationScheme=scheme, nodeRepresentation=code.code)
        _slot(element, "codingScheme", code.system)
        _name(element, code.label)

    def _author(self, of: etree._Element, scheme: Scheme, author: Author) -> None:
        element = self._classification(of, classificationScheme=scheme, nodeRepresentation="")
        for name, value in author.slots():
            _slot(element, name, value)

    def _identified(self, of: etree._Element, name: str, scheme: Scheme, value: str) -> None:
        element = etree.SubElement(
            of,
            _rim("ExternalIdentifier"),
            id=f"ei{next(self._numbers)}",
            registryObject=_id(of),
            identificationScheme=scheme,
            value=value,
        )
        _name(element, name)


def _slot(parent: etree._Element, name: str, *values: str) -> None:
    listed = etree.SubElement(etree.SubElement(parent, _rim("Slot"), name=name), _rim("ValueList"))
    for value in values:
        etree.SubElement(listed, _rim("Value")).text = value


def _name(parent: etree._Element, text: str) -> None:
    string = etree.SubElement(etree.SubElement(parent, _rim("Name")), _rim("LocalizedString"))
    string.set("charset", "UTF8")
    string.set(_XML_LANG, "FR")
    string.set("value", text)


def _id(element: etree._Element) -> str:
    return element.get("id", "")


def _rim(name: str) -> str:
    return f"{{{_RIM}}}{name}"
