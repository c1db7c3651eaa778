"""A document that is not a CDA, made one: CDA R2 level 1 as the CI-SIS asks (spec/dmp/metadata.md, "CDA R2 header").

The header speaks from values: the matched patient, the directory entry of the author, the establishment. Ids and times
are passed in, so that the same values always give the same bytes. The bytes are the canonical form of the document.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

import pybase64

from gateway.model.documents import Author, CdaHeader, Code, Organisation, Person, ServiceEvent
from gateway.model.identity import Patient
from gateway.model.people import Sender
from gateway.model.settings import Establishment
from gateway.protocols.canonical import line
from gateway.protocols.cda_header import CONFIDENTIALITY, around_body
from gateway.terminology import concept

PROFESSIONALS = "1.2.250.1.71.4.2.1"
STRUCTURES = "1.2.250.1.71.4.2.2"
TEMPLATES = ("2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20")
MEDIA_TYPES = frozenset({"application/pdf", "image/jpeg", "image/tiff", "text/rtf", "text/plain"})
TITLE_LIMIT = 128
_CIVILITIES = frozenset({"M", "MME"})  # JDV_J245
_TITLES = frozenset({"DR", "MC", "MG", "PC", "PG", "PR"})  # JDV_J246

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+\Z")
_STAMP = re.compile(r"[0-9]{14}[+-][0-9]{4}\Z")
_MOMENT = re.compile(r"[0-9]{4}([0-9]{2}([0-9]{2}([0-9]{2}([0-9]{2}([0-9]{2})?)?([+-][0-9]{4})?)?)?)?\Z")


class CdaError(ValueError):
    """The values cannot make a conforming document, or the bytes are no CDA. Its text holds no patient data."""


@dataclass(frozen=True, slots=True)
class WrapRequest:
    """What the header says of ``body``.

    ``id``, ``set_id``: plain OIDs. ``parent``: the replaced document's id (``root`` or ``root^extension``), empty when
    none. ``effective_time``: YYYYMMDDhhmmss+hhmm. ``act_date``: an HL7 time stamp of any precision; empty: the
    effective time. ``media_type``: one of MEDIA_TYPES.
    """

    id: str
    set_id: str
    version: int
    patient: Patient
    ipp_oid: str
    author: Sender
    establishment: Establishment
    type: Code
    title: str
    effective_time: str
    media_type: str
    body: bytes
    act_date: str = ""
    parent: str = ""


def build(request: WrapRequest) -> tuple[bytes, CdaHeader]:
    """The document and its header as a reader finds it there. Raises CdaError."""
    _check(request)
    header = _header(request)
    document = _document(header, request.body)
    sha1, sha256 = digests(document)
    return document, replace(header, canonical_sha1=sha1, canonical_sha256=sha256)


def digests(document: bytes) -> tuple[str, str]:
    """SHA-1 and SHA-256 (hex) of bytes that are already canonical."""
    return hashlib.sha1(document, usedforsecurity=False).hexdigest(), hashlib.sha256(document).hexdigest()


def split_id(unique_id: str) -> tuple[str, str]:
    """Root and extension of ``root`` or ``root^extension``."""
    root, _, extension = unique_id.partition("^")
    return root, extension


def _check(request: WrapRequest) -> None:
    if not all(_OID.match(oid) for oid in (request.id, request.set_id, request.ipp_oid)):
        raise CdaError("an id is not a plain OID")
    if request.version < 1:
        raise CdaError("the version is not positive")
    if not _STAMP.match(request.effective_time):
        raise CdaError("the effective time is not YYYYMMDDhhmmss+hhmm")
    if request.act_date and not _MOMENT.match(request.act_date):
        raise CdaError("the act date is not a date")
    if request.media_type not in MEDIA_TYPES:
        raise CdaError(f"media type {request.media_type} cannot be the body of a level 1 document")
    if not request.body:
        raise CdaError("the body is empty")
    if not request.type.code or not request.type.system:
        raise CdaError("the document has no type")


def _header(request: WrapRequest) -> CdaHeader:
    patient, structure = request.patient, _structure(request.author)
    person, performer = _person(request.author), _structure(request.author, _practice(request))
    specialty = concept("JDV_J01", request.author.specialty_code)
    parent_root, parent_extension = split_id(request.parent)
    first_given = line(patient.first_given) or line(patient.given_names).partition(" ")[0]
    return CdaHeader(
        id_root=request.id,
        id_extension="",
        code=Code(request.type.code, request.type.system, line(request.type.label)),
        title=line(request.title, TITLE_LIMIT) or line(request.type.label, TITLE_LIMIT) or "Document",
        effective_time=request.effective_time,
        confidentiality=CONFIDENTIALITY.code,
        language="fr-FR",
        set_id_root=request.set_id,
        version=request.version,
        template_ids=TEMPLATES,
        patient_ids=_patient_ids(patient, request.ipp_oid),
        birth_name=line(patient.birth_name),
        used_name=line(patient.used_name),
        first_given=first_given,
        given_names=line(patient.given_names) or first_given,
        birth_date=patient.birth_date,
        sex=patient.sex if patient.sex in {"M", "F"} else "U",
        birth_place=patient.birth_place,
        authors=(
            Author(
                person=person,
                organisation=structure,
                specialty=Code(specialty.code, specialty.system, specialty.label) if specialty else None,
                time=request.effective_time,
            ),
        ),
        custodian=Organisation(STRUCTURES, request.establishment.structure_id, line(request.establishment.name)),
        legal_authenticator=person,
        legal_authenticator_organisation=structure,
        events=(
            ServiceEvent(
                low=request.act_date or request.effective_time, performer=person, performer_organisation=performer
            ),
        ),
        facility=_facility(request),
        related="RPLC" if request.parent else "",
        parent_root=parent_root,
        parent_extension=parent_extension,
        media_type=request.media_type,
    )


def _patient_ids(patient: Patient, ipp_oid: str) -> tuple[tuple[str, str], ...]:
    ipp = (ipp_oid, line(patient.ipp))
    if patient.ins is not None and patient.qualified:
        return (patient.ins.oid, patient.ins.number), ipp
    return (ipp,)


def _person(author: Sender) -> Person:
    root, extension = _author_id(author)
    family = line(author.name)
    if not family:
        return Person(root, extension)
    prefix, suffix = _member(author.civility, _CIVILITIES), _member(author.title, _TITLES)
    return Person(root, extension, family, line(author.given), prefix, suffix)


def _member(word: str, allowed: frozenset[str]) -> str:
    code = line(word).rstrip(".").upper()
    return code if code in allowed else ""


def _author_id(author: Sender) -> tuple[str, str]:
    """A professional by "8" and his RPPS; a mailbox without a person by its structure (known to the record only)."""
    if author.is_person:
        return PROFESSIONALS, f"8{author.rpps}"
    return (STRUCTURES, author.structure_id) if author.structure_id else ("", "")


def _structure(author: Sender, sector: Code | None = None) -> Organisation:
    root = STRUCTURES if author.structure_id else ""
    return Organisation(root, author.structure_id, line(author.structure), sector)


def _practice(request: WrapRequest) -> Code:
    return _coded("JDV_J04", request.author.practice_setting or request.establishment.practice_setting)


def _facility(request: WrapRequest) -> Code:
    return _coded("JDV_J02", request.author.sector or request.establishment.sector)


def _coded(set_name: str, code: str) -> Code:
    found = concept(set_name, code)
    if found is None:
        raise CdaError(f"code {code} is not in {set_name}")
    return Code(found.code, found.system, found.label)


def _document(header: CdaHeader, body: bytes) -> bytes:
    before, after = around_body(header)
    return b"".join((before, pybase64.b64encode(body), after))
