"""What reading a mail yields. Pure values: they cross the reader process and are stored as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.identity import Claim
from gateway.model.orders import Orders
from gateway.model.reasons import Ignored, Reason
from gateway.model.reports import Report


class Carrier(StrEnum):
    """How a document travelled."""

    XDM = "xdm"
    CDA = "cda"
    PDF = "pdf"
    OTHER = "other"
    BODY = "body"
    MAIL = "mail"


class Action(StrEnum):
    """What the sender asks for."""

    CREATE = "create"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value. ``system`` is an OID."""

    code: str
    system: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A professional or a device as a CDA header names it. ``id_root``/``id_extension`` as received, may be empty."""

    id_root: str = ""
    id_extension: str = ""
    family: str = ""
    given: str = ""
    prefix: str = ""
    suffix: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """A structure as a CDA header names it (id_extension = Struct_IdNat)."""

    id_root: str = ""
    id_extension: str = ""
    name: str = ""
    sector: Code | None = None  # standardIndustryClassCode


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person lives. ``street`` is one line; ``country`` of three letters (ISO 3166) or empty."""

    street: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Author:
    """One author element. ``role`` is functionCode, ``specialty`` assignedAuthor/code, ``time`` an HL7 time stamp."""

    person: Person
    organisation: Organisation | None = None
    specialty: Code | None = None
    role: Code | None = None
    time: str = ""


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """One documentationOf/serviceEvent. Times are HL7 time stamps as received; ``translations`` those of its code."""

    code: Code | None = None
    low: str = ""
    high: str = ""
    performer: Person | None = None
    performer_organisation: Organisation | None = None
    translations: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class CdaHeader:
    """A CDA R2 header, as received: what XDS metadata, MDM and the rules need (spec/dmp/metadata.md).

    ``patient_ids`` are (root, extension) in order. ``patient_names``: (qualifier, family, given) as received.
    ``media_type`` is the one of nonXMLBody, empty for a structured body. ``canonical`` maps sha1 and sha256 to the hex
    digest of the document's C14N 1.0 with comments. ``references``: (extension, root, kind), kind order or accession of
    an inFulfillmentOf order, or act of a serviceEvent (in an imaging report: the study). ``encoding`` is empty for
    UTF-8. ``address`` is the patient's home. ``incomplete_identity``: an id of the patient is null, or his names
    are not each where the CI-SIS has them.
    """

    id_root: str
    id_extension: str
    code: Code
    title: str
    effective_time: str
    confidentiality: str
    language: str
    set_id_root: str = ""
    set_id_extension: str = ""
    version: int | None = None
    template_ids: tuple[str, ...] = ()
    patient_ids: tuple[tuple[str, str], ...] = ()
    birth_name: str = ""
    used_name: str = ""
    first_given: str = ""
    given_names: str = ""
    birth_date: str = ""
    sex: str = ""
    birth_place: str = ""
    authors: tuple[Author, ...] = ()
    custodian: Organisation | None = None
    legal_authenticator: Person | None = None
    legal_authenticator_organisation: Organisation | None = None
    events: tuple[ServiceEvent, ...] = ()
    facility: Code | None = None
    related: str = ""  # RPLC, XFRM, APND or empty
    parent_root: str = ""
    parent_extension: str = ""
    references: tuple[tuple[str, str, str], ...] = ()
    media_type: str = ""
    self_presentable: bool = False
    canonical_sha1: str = ""
    canonical_sha256: str = ""
    encoding: str = ""
    address: Address | None = None
    incomplete_identity: bool = False

    @property
    def unique_id(self) -> str:
        """``root`` or ``root^extension``, as received."""
        return f"{self.id_root}^{self.id_extension}" if self.id_extension else self.id_root

    @property
    def parent_id(self) -> str:
        """The replaced document's id in the same form; empty when none."""
        return f"{self.parent_root}^{self.parent_extension}" if self.parent_extension else self.parent_root

    @property
    def set_id(self) -> str:
        """The document set in the same form; empty when none."""
        return f"{self.set_id_root}^{self.set_id_extension}" if self.set_id_extension else self.set_id_root


@dataclass(frozen=True, slots=True)
class Visibility:
    """The XDS flags of METADATA.XML (JDV_J08); they are never in the CDA."""

    masked_to_professionals: bool = False
    invisible_to_patient: bool = False
    invisible_to_representatives: bool = False


@dataclass(frozen=True, slots=True)
class TypeGuess:
    """What a letter seems to be by its words and layout: a type of JDV_J07, how sure (0 to 1), and the words."""

    code: str
    confidence: float
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signatory:
    """A professional who signs a letter, as written. ``rpps`` may be empty; ``line`` counts from 1."""

    family: str
    given: str = ""
    rpps: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """One document (or thing set aside) found in a mail.

    ``part`` locates the bytes inside the mail, understood by ``formats.mail.extract``. ``sha256`` (hex) and ``sha1``
    are of the bytes as carried. ``text`` is the bounded plain text (words for the rules and for a person).
    ``problem`` sends the document to quarantine with ``detail`` (French, for a person; no bytes of the document).
    ``claims`` are the identities stated, the document's own first; ``metadata_claim`` is METADATA.XML's.
    ``schema_errors`` are those of the CDA schema, when it was checked. ``confidentiality`` is the stricter of what the
    CDA and METADATA.XML say (N, R or V; empty: neither says). ``rendition`` is the media type in which a document
    travels that cannot travel as carried (empty: as carried). ``text_source`` is that of its text: text, or ocr;
    ``image_only`` when its pages are pictures of which no text was read. ``symbols`` are the texts of the Data Matrix
    symbols found on its pages. ``dates`` are the whole dates that its text writes, as ``Claim.birth_date`` holds them.
    ``orders`` is what the hospital's own record asks for it; None for what came otherwise.
    """

    ordinal: int
    carrier: Carrier
    part: str
    filename: str
    media_type: str
    size: int
    sha256: str
    sha1: str
    unique_id: str = ""
    action: Action = Action.CREATE
    title: str = ""
    type: Code | None = None
    act_date: str = ""
    visibility: Visibility = Visibility()
    header: CdaHeader | None = None
    claims: tuple[Claim, ...] = ()
    metadata_claim: Claim | None = None
    text: str = ""
    final: bool = True
    ignored: Ignored | None = None
    problem: Reason | None = None
    detail: str = ""
    schema_errors: tuple[str, ...] = ()
    pages: int | None = None
    confidentiality: str = ""
    rendition: str = ""
    text_source: str = "text"
    image_only: bool = False
    symbols: tuple[str, ...] = ()
    guess: TypeGuess | None = None
    signatories: tuple[Signatory, ...] = ()
    dates: tuple[str, ...] = ()
    orders: Orders | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the header fields say of the mail. Addresses are bare and lower case; unsigned hints, never identity.

    ``receipt_to`` is Disposition-Notification-To; ``automatic`` is true for reports, automatic answers and lists.
    ``signature`` is the state of an S/MIME signature: valid, invalid, unverified, or empty when there is none.
    ``listed``: a mailing list passed it on (RFC 2919, RFC 2369), though a person may have written it.
    """

    message_id: str = ""
    subject: str = ""
    sender: str = ""
    sender_name: str = ""
    return_path: str | None = None
    reply_to: str = ""
    recipients: tuple[str, ...] = ()
    date: str = ""
    receipt_to: str = ""
    automatic: bool = False
    body: str = ""
    signature: str = ""
    listed: bool = False


@dataclass(frozen=True, slots=True)
class MailReading:
    """A whole mail read. ``reader`` is the version of the readers, stored with the result.

    When the mail holds no document, ``ignored`` (a report) or ``problem`` (no-document, unreadable) says why.
    ``report`` is what a report says of a mail of ours, as far as it could be read.
    """

    reader: str
    envelope: Envelope
    documents: tuple[DocumentReading, ...]
    ignored: Ignored | None = None
    problem: Reason | None = None
    detail: str = ""
    report: Report | None = None
