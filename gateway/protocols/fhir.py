"""A document published to a FHIR R4 record: the DocumentReference of PDSm's simplified publication, and its changes.

Profile ``pdsm-simplified-publish`` 3.1.1 of the ANS (flux 9, IHE MHD 4.2.3 ITI-105): one resource that carries the
document in ``content.attachment.data``. A change of status is a JSON Patch of ``status`` alone, the only element that
flux 3 lets change besides the confidentiality and the archive mark.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec
import pybase64

from gateway.model.documents import Action, Author, CdaHeader, Code, Visibility
from gateway.model.identity import Patient
from gateway.model.settings import Establishment
from gateway.protocols.canonical import line
from gateway.protocols.fhir_people import Contained, author, organisation, source_patient, subject
from gateway.protocols.fhir_types import (
    URI,
    FhirError,
    Json,
    coding,
    concept,
    date_time,
    identifier,
    stated,
    token,
    unique_id,
)
from gateway.protocols.xds_formats import format_code
from gateway.terminology import concept as member
from gateway.terminology import type_code

PROFILE = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-simplified-publish"
_TRIAL = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
_CLASSES = "1.2.250.1.213.1.1.4.1"
_RELATIONS = {"RPLC": "replaces", "XFRM": "transforms", "APND": "appends"}
_REFERENCES = {"order": "urn:ihe:iti:xds:2013:order", "accession": "urn:ihe:iti:xds:2013:accession"}
_STRUCTURES = "1.2.250.1.71.4.2.2"


@dataclass(frozen=True, slots=True)
class Publication:
    """What the record is told of a document. ``document`` is the CDA that ``header`` was read from.

    ``instant`` (UTC) is the time of the publication, the same at each attempt. ``subject``: whose record it goes to;
    ``with_ipp``: his IPP stands beside the identifiers that the document states. ``replaces`` is the replaced
    document's id where the document itself does not name it, ``located`` its resource there (``DocumentReference/1``),
    empty when it is not known. ``comment`` is a line for the reader.
    """

    header: CdaHeader
    document: bytes
    action: Action
    subject: Patient
    establishment: Establishment
    visibility: Visibility
    instant: datetime
    comment: str = ""
    with_ipp: bool = True
    replaces: str = ""
    located: str = ""

    @property
    def parent(self) -> str:
        """The id of the document that is replaced: as the document says it, else as we know it. Raises FhirError."""
        named = self.header.parent_id if self.header.related == "RPLC" else ""
        if not (named or self.replaces):
            raise FhirError("a replacement names no replaced document")
        return named or self.replaces


def document_reference(of: Publication) -> bytes:
    """The resource, as JSON. Raises FhirError."""
    if of.visibility.masked_to_professionals:
        raise FhirError("a document hidden from professionals is not sent to the record")
    if not of.document:
        raise FhirError("there is no document")
    contained = Contained()
    content = _resource(of, contained)
    return msgspec.json.encode({"resourceType": "DocumentReference", **content})


def search_token(written: str) -> str:
    """``identifier=`` of this document (``root`` or ``root^extension``) in a search or a condition. FhirError."""
    return f"identifier={token(unique_id(written))}"


def status_patch(status: str) -> bytes:
    """A JSON Patch (RFC 6902) that sets the status."""
    return msgspec.json.encode([{"op": "replace", "path": "/status", "value": status}])


def _resource(of: Publication, contained: Contained) -> Json:
    header = of.header
    local = (of.establishment.ipp_oid, of.subject.ipp) if of.with_ipp else None
    patient = contained.refer(source_patient(header, local))
    authors = _authors(of, contained)
    custodian = _custodian(of, contained)
    unique = unique_id(header.unique_id)
    security = [_TRIAL] if of.establishment.test else []
    validator = header.legal_authenticator
    known = type_code(header.code.code)
    return stated(
        {
            "meta": stated({"profile": [PROFILE], "security": security}),
            "contained": contained.resources,
            "masterIdentifier": unique,
            "identifier": [{"use": "usual", **unique}],
            "status": "current",
            "type": concept(header.code, "JDV_J07"),
            "category": _category(known.class_code, known.class_label) if known and known.class_code else [],
            "subject": subject(of.subject, of.establishment.ipp_oid),
            "date": f"{of.instant:%Y-%m-%dT%H:%M:%S}Z",
            "author": authors,
            "authenticator": _authenticator(header, contained) if validator else None,
            "custodian": custodian,
            "relatesTo": list(_relations(of)),
            "description": line(of.comment),
            "securityLabel": list(_security_labels(header.confidentiality or "N", of.visibility)),
            "content": [_content(of)],
            "context": _context(header, patient),
        }
    )


def _category(code: str, label: str) -> list[Json]:
    return [concept(Code(code, _CLASSES, label))]


def _authors(of: Publication, contained: Contained) -> list[Json]:
    """Those of the document, else its custodian: the profile wants one."""
    found = [author(one, contained) for one in of.header.authors]
    return [one for one in found if one is not None] or [_custodian(of, contained)]


def _custodian(of: Publication, contained: Contained) -> Json:
    ours = of.establishment
    named = organisation(of.header.custodian)
    if named is None:
        named = {
            "resourceType": "Organization",
            "identifier": [identifier(_STRUCTURES, ours.structure_id)],
            "name": line(ours.name),
        }
    return contained.refer(named)


def _authenticator(header: CdaHeader, contained: Contained) -> Json | None:
    """Who answers for the content, in his structure; the author himself when he is the one."""
    validator = header.legal_authenticator
    for one in header.authors:
        if one.person == validator and one.person.id_extension:
            return author(one, contained)
    if validator is None:
        return None
    return author(Author(validator, header.legal_authenticator_organisation), contained)


def _relations(of: Publication) -> Iterator[Json]:
    """What the document replaces, transforms or completes: its resource when known, and always its identifier."""
    header = of.header
    if of.action is Action.REPLACE:
        target = {"reference": of.located, **_logical(of.parent)}
        yield {"code": "replaces", "target": stated(target)}
    elif header.related in _RELATIONS and header.parent_id:
        yield {"code": _RELATIONS[header.related], "target": _logical(header.parent_id)}


def _logical(written: str) -> Json:
    return {"type": "DocumentReference", "identifier": unique_id(written)}


def _security_labels(basic: str, visibility: Visibility) -> Iterator[Json]:
    flags = (
        (basic, True),
        ("INVISIBLE_PATIENT", visibility.invisible_to_patient),
        ("INVISIBLE_REPRESENTANTS_LEGAUX", visibility.invisible_to_representatives),
    )
    for code, raised in flags:
        known = member("JDV_J08", code)
        if raised and known is None:
            raise FhirError("the confidentiality is not of JDV_J08")
        if raised and known is not None:
            yield concept(Code(known.code, known.system, known.label))


def _content(of: Publication) -> Json:
    header, document = of.header, of.document
    code = format_code(header.media_type, header.template_ids)
    known = member("JDV_J60", code) if code else None
    attachment = {
        "contentType": "application/xslt+xml" if header.self_presentable else "text/xml",
        "language": header.language,
        "data": msgspec.Raw(b"".join((b'"', pybase64.b64encode(document), b'"'))),
        "size": len(document),
        "hash": pybase64.b64encode(hashlib.sha1(document, usedforsecurity=False).digest()).decode(),
        "title": line(header.title) or line(header.code.label) or "Document",
        "creation": date_time(header.effective_time),
    }
    form = coding(Code(known.code, known.system, known.label)) if known else None
    return stated({"attachment": stated(attachment), "format": form})


def _context(header: CdaHeader, patient: Json) -> Json:
    """The profile allows one event: the first act; the others stay in the document."""
    acts = [event.code for event in header.events if event.code and event.code.code]
    first = header.events[0] if header.events else None
    setting = first.performer_organisation.sector if first and first.performer_organisation else None
    period = stated({"start": date_time(first.low), "end": date_time(first.high)}) if first else {}
    return stated(
        {
            "event": [concept(acts[0])] if acts else [],
            "period": period,
            "facilityType": concept(header.facility, "JDV_J02") if header.facility else None,
            "practiceSetting": concept(setting, "JDV_J04") if setting else None,
            "sourcePatientInfo": patient,
            "related": [_related(*reference) for reference in header.references if reference[2] in _REFERENCES],
        }
    )


def _related(extension: str, root: str, kind: str) -> Json:
    named = {"coding": [{"system": URI, "code": _REFERENCES[kind]}]}
    return {"identifier": {"type": named, **identifier(root, extension)}}
