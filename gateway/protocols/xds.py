"""XDS metadata ← CDA header: the table of spec/dmp/metadata.md, one line an attribute. Values only: ``ebxml`` writes.

``TABLE`` is all that decides what an entry says. Cardinalities are those of the French model ("Partage de documents de
santé"); what the DMP demands and the header lacks raises ``MetadataError`` with the name of the attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, get_args

from gateway.model.documents import CdaHeader, Code, Visibility
from gateway.model.identity import Ins
from gateway.protocols import xds_rules as r
from gateway.protocols.xds_rules import Source, author
from gateway.protocols.xds_values import (
    DOCUMENT_ENTRY,
    SUBMISSION_SET,
    Author,
    Content,
    DocumentEntry,
    MetadataError,
    Scheme,
    SubmissionSet,
    member,
)

__all__ = [
    "DOCUMENT_ENTRY",
    "SUBMISSION_SET",
    "TABLE",
    "Author",
    "Content",
    "DocumentEntry",
    "MetadataError",
    "Row",
    "Scheme",
    "SubmissionSet",
    "author",
    "document_entry",
    "signature_entry",
]

#: How an attribute is written: in the entry itself, as a slot, as a coded classification, as the author.
Written = Literal["attribute", "slot", "code", "author"]


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of a document entry: how it is written and how often, where it comes from, by what rule."""

    written: Written
    attribute: str
    cardinality: str
    source: str
    rule: Callable[[Source], Iterator[Any]]

    def values(self, of: Source) -> tuple[Any, ...]:
        """Its values; MetadataError when there are fewer than it must have."""
        found = tuple(value for value in self.rule(of) if value)
        if not found and not self.cardinality.startswith("0"):
            raise MetadataError(self.attribute)
        return found


_REFERENCES: Final = "urn:ihe:iti:xds:2013:referenceIdList"
_PLACE: Final = "componentOf/encompassingEncounter/location"
_ACT: Final = "documentationOf/serviceEvent[main]"
_PRACTICE: Final = f"{_ACT}/performer/assignedEntity/representedOrganization"
_attribute, _slot, _code, _author = (partial(Row, written) for written in get_args(Written))

# fmt: off
TABLE: Final = (
    #          attribute                     card.   source in the CDA                              rule
    _attribute("mimeType",                   "1",    "the root element",                            r.mime_type),
    _attribute("uniqueId",                   "1",    "id/@root",                                    r.unique_id),
    _attribute("patientId",                  "1",    "recordTarget/patientRole/id[INS]",            r.patient),
    _attribute("title",                      "1",    "title",                                       r.title),
    _slot(     "creationTime",               "1",    "effectiveTime/@value",                        r.creation_time),
    _slot(     "hash",                       "1",    "the bytes that leave",                        r.sha1),
    _slot(     "size",                       "1",    "the bytes that leave",                        r.size),
    _slot(     "languageCode",               "1",    "languageCode/@code",                          r.language),
    _slot(     "legalAuthenticator",         "1",    "legalAuthenticator/assignedEntity",           r.signer),
    _slot(     "serviceStartTime",           "1",    f"{_ACT}/effectiveTime/low/@value",            r.service_start),
    _slot(     "serviceStopTime",            "0..1", f"{_ACT}/effectiveTime/high/@value",           r.service_stop),
    _slot(     "sourcePatientId",            "1",    "recordTarget/patientRole/id[IPP, else INS]",  r.local_id),
    _slot(     "sourcePatientInfo",          "1",    "recordTarget/patientRole/patient",            r.traits),
    _slot(     _REFERENCES,                  "0..*", "inFulfillmentOf/order, serviceEvent/id",      r.references),
    _author(   "author",                     "1..*", "author",                                      r.authors),
    _code(     "classCode",                  "1",    "code, by ASS_X04",                            r.class_code),
    _code(     "typeCode",                   "1",    "code",                                        r.type_of),
    _code(     "formatCode",                 "1",    "nonXMLBody/text/@mediaType, else templateId", r.format_of),
    _code(     "healthcareFacilityTypeCode", "1",    f"{_PLACE}/healthCareFacility/code",           r.facility),
    _code(     "practiceSettingCode",        "1",    f"{_PRACTICE}/standardIndustryClassCode",      r.practice_setting),
    _code(     "confidentialityCode",        "1..4", "confidentialityCode, then the visibility",    r.confidentiality),
    _code(     "eventCodeList",              "0..*", "serviceEvent/code, code/translation",         r.events),
)
# fmt: on


def document_entry(header: CdaHeader, patient: Ins, visibility: Visibility, content: Content) -> DocumentEntry:
    """The entry of a CDA document whose patient is ``patient``. MetadataError."""
    source = Source(header, patient, visibility, content)
    found = {row.attribute: row.values(source) for row in TABLE}
    return DocumentEntry(
        unique_id=found["uniqueId"][0],
        patient_id=found["patientId"][0],
        mime_type=found["mimeType"][0],
        title=found["title"][0],
        slots=tuple((row.attribute, found[row.attribute]) for row in _rows("slot") if found[row.attribute]),
        authors=found["author"],
        codes=tuple((row.attribute, found[row.attribute]) for row in _rows("code")),
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
            ("hash", (content.sha1,)),
            ("size", (str(content.size),)),
            ("languageCode", ("art",)),
            ("serviceStartTime", (of.submission_time,)),
            ("sourcePatientId", (of.patient_id,)),
        ),
        authors=(of.author,),
        codes=(
            ("classCode", (Code("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature"),)),
            ("typeCode", (Code("E1762", "ASTM", "Full Document"),)),
            ("formatCode", (member("JDV_J60", "http://www.w3.org/2000/09/xmldsig#"),)),
            ("confidentialityCode", (member("JDV_J08", "N"), *r.flags(hidden))),
            ("eventCodeList", (Code("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source"),)),
        ),
    )


def _rows(written: Written) -> Iterator[Row]:
    return (row for row in TABLE if row.written == written)
