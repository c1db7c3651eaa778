"""The tables of gateway.toml as frozen values (DESIGN §7). Decoding and checking them is app/config.py's business.

Paths are absolute once decoded. ``None`` means not configured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct


class Seconds(float):
    """A duration; written "15m", "5s", "12h", "2d" in the file."""


class Size(int):
    """A number of bytes; written "50MB" in the file."""


Hd = Annotated[str, Meta(pattern=r"^[^|^~\\&\x00-\x1f]+(\^[^|^~\\&\x00-\x1f]+\^[A-Z]+)?$")]
StructId = Annotated[str, Meta(pattern=r"^[0-9][0-9A-Za-z]{5,40}$")]
Oid = Annotated[str, Meta(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$")]
Tls = Literal["starttls", "implicit", "none"]
Auth = Literal["password", "external", "xoauth2"]
Trust = Literal["file-and-feed", "file", "review"]


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: an unknown key is an error."""


class Establishment(Table, frozen=True, kw_only=True):
    """Who we are. ``structure_id`` is the Struct_IdNat of the site, ``legal_entity`` the OU of the certificates."""

    name: str
    structure_id: StructId
    sector: str
    oid_root: Oid
    ipp_oid: Oid
    practice_setting: str = "ETABLISSEMENT"
    legal_entity: str | None = None
    test: bool = False


class Ledger(Table, frozen=True, kw_only=True):
    """Where rows and bytes are kept."""

    url: str = "sqlite:///gateway.db"
    vault: Path = Path("vault")
    key_file: Path = Path("ledger.key")
    retention_days: Annotated[int, Meta(ge=1)] = 90
    trail_years: Annotated[int, Meta(ge=1)] = 10


class Mailbox(Table, frozen=True, kw_only=True):
    """One IMAP mailbox."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]+$")]
    address: str
    host: str
    port: int = 143
    tls: Tls = "starttls"
    auth: Auth = "password"
    user: str | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    client_p12: Path | None = None
    client_password_file: Path | None = None
    ca: Path | None = None
    crl: Path | None = None
    folder: str = "INBOX"
    done_folder: str = "Traites"
    review_folder: str = "A verifier"
    service: str = ""
    service_code: str = ""
    structure_id: str | None = None
    reconcile_days: Annotated[int, Meta(ge=0)] = 7
    done_keep_days: Annotated[int, Meta(ge=1)] = 30
    max_size: Size = Size(50_000_000)
    poll: Seconds = Seconds(60)


class Smtp(Table, frozen=True, kw_only=True):
    """The SMTP inlet. ``recipients``: address → mailbox name. ``peers``: networks or certificate names."""

    listen: str
    hostname: str = "localhost"
    recipients: dict[str, str]
    peers: tuple[str, ...] = ()
    cert: Path | None = None
    key: Path | None = None
    p12: Path | None = None
    password_file: Path | None = None
    client_ca: Path | None = None
    max_size: Size = Size(50_000_000)


class Submission(Table, frozen=True, kw_only=True):
    """Where our mails are handed over. ``nil`` is the product's X-MSS-NIL.

    ``mailbox``: the one in whose name the hospital's documents leave; None: none does. ``max_size``: of such a mail.
    """

    host: str
    port: int = 587
    tls: Tls = "starttls"
    auth: Literal["password", "external", "none"] = "password"
    user: str | None = None
    password_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    client_p12: Path | None = None
    client_password_file: Path | None = None
    ca: Path | None = None
    crl: Path | None = None
    nil: str = ""
    mailbox: str | None = None
    max_size: Size = Size(25_000_000)
    flags: Literal["strict", "lenient"] = "lenient"


class Patients(Table, frozen=True, kw_only=True):
    """The patient index and its feed."""

    adt_listen: str | None = None
    adt_allow: tuple[str, ...] = ()
    max_age: Seconds = Seconds(48 * 3600)


class Hospital(Table, frozen=True, kw_only=True):
    """Where the hospital's own record hands over its documents, by MLLP (ORU^R01, MDM).

    ``speaker``: in whose name they go to the DMP, the sender that the message names or ``dmp.responsible``.
    """

    listen: str
    allow: tuple[str, ...] = ()
    cert: Path | None = None
    key: Path | None = None
    p12: Path | None = None
    password_file: Path | None = None
    client_ca: Path | None = None
    max_size: Size = Size(100_000_000)
    cleartext_accepted: bool = False
    speaker: Literal["sender", "responsible"] = "sender"


class Ack(Table, frozen=True, kw_only=True):
    """Where the record wants to learn what became of its documents, by MLLP (ZAM)."""

    url: str
    ca: Path | None = None
    crl: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    client_p12: Path | None = None
    client_password_file: Path | None = None
    cleartext_accepted: bool = False
    timeout: Seconds = Seconds(60)


class Senders(Table, frozen=True, kw_only=True):
    """Whom we believe."""

    trusted_domains: tuple[str, ...] = ("*.mssante.fr",)


class Matching(Table, frozen=True, kw_only=True):
    """What an exact match without INS, by OCR, or of a homonym may do."""

    without_ins: Trust = "review"
    ocr: Trust = "review"
    homonym: Trust = "review"
    parent_wait: Seconds = Seconds(15 * 60)


class Dpi(Table, frozen=True, kw_only=True):
    """The patient record's inlet."""

    kind: Literal["folder", "mllp", "fhir", "none"] = "none"
    path: Path | None = None
    url: str | None = None
    ca: Path | None = None
    crl: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    client_p12: Path | None = None
    client_password_file: Path | None = None
    token_file: Path | None = None
    cleartext_accepted: bool = False
    message: Literal["mdm", "oru"] = "mdm"
    charset: Literal["utf-8", "8859/15"] = "utf-8"
    sending_application: Hd = "GATEWAY"
    sending_facility: Hd = "GATEWAY"
    receiving_application: Hd = "DPI"
    receiving_facility: Hd = "DPI"
    add_ipp: bool = True
    commit_is_enough: bool = False
    timeout: Seconds = Seconds(60)
    connections: Annotated[int, Meta(ge=1, le=16)] = 2


class Responsible(Table, frozen=True, kw_only=True):
    """The person responsible for the automatic processing, who stands in the VIHF."""

    id: str
    name: str
    role: str
    specialty: str | None = None


class Dmp(Table, frozen=True, kw_only=True):
    """The DMP, in INDIRECTE mode with the establishment's certificates."""

    enabled: bool = False
    base_url: str | None = None
    proxy: str | None = None
    auth_cert: Path | None = None
    auth_key: Path | None = None
    auth_p12: Path | None = None
    auth_password_file: Path | None = None
    sign_cert: Path | None = None
    sign_key: Path | None = None
    sign_p12: Path | None = None
    sign_password_file: Path | None = None
    ca: Path | None = None
    crl: Path | None = None
    lps_name: str = ""
    lps_version: str = ""
    lps_homologation_file: Path | None = None
    responsible: Responsible | None = None
    vihf_version: Literal["3.0", "4.0"] = "3.0"
    vihf_mode_attribute: Literal["Authentification_Mode", "Authentification_mode"] = "Authentification_Mode"
    vihf_issuer: Literal["cn-first", "c-first"] = "cn-first"
    authn_context: Literal["unspecified", "Password", "SmartcardPKI", "TLSClient"] = "unspecified"
    signature: Literal["sha256", "sha1"] = "sha256"
    xades_signature: Literal["sha256", "sha1"] | None = None
    content_type: str = "97"
    existence_ttl: Seconds = Seconds(12 * 3600)
    feed_received_cda: Literal["check-first", "always", "never"] = "check-first"
    order: Literal["together", "after-dpi"] = "together"
    withdraw_on_refusal: bool = True
    uncertain_type: Literal["hold", "invisible", "feed"] = "hold"
    pdfa: Literal["convert", "as-is"] = "convert"
    minor_secret: bool = False
    minor_attribute: Literal[
        "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code", "Confidentiality_code"
    ] = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
    minor_code: str = "INVISIBLE_REPRESENTANTS_LEGAUX"
    allow_masked_and_invisible: bool = False
    age_of_majority: int = 18
    schemas: Path | None = None
    unknown_wait: Seconds = Seconds(120)
    timeout: Seconds = Seconds(60)
    connections: Annotated[int, Meta(ge=1, le=16)] = 4
    web_ps: Annotated[str, Meta(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]+)?/?$")] | None = None


class Antivirus(Table, frozen=True, kw_only=True):
    """The antivirus asked before a mail is opened. ``clamd``: unix:/path, or tcp://host:port on loopback."""

    clamd: str
    timeout: Seconds = Seconds(60)


class Revocation(Table, frozen=True, kw_only=True):
    """Where our authorities publish their lists. ``urls`` empty: only the files named by ``crl`` are used."""

    urls: tuple[str, ...] = ()
    folder: Path = Path("revocation")
    refresh: Seconds = Seconds(6 * 3600)


class Terminology(Table, frozen=True, kw_only=True):
    """Where the hospital's own versions of the value sets are; None: those that ship with us."""

    folder: Path | None = None


class Rules(Table, frozen=True, kw_only=True):
    """Where the rules are."""

    folder: Path = Path("rules")


class Quarantine(Table, frozen=True, kw_only=True):
    """Where a person looks."""

    folder: Path = Path("quarantine")


class Receipt(Table, frozen=True, kw_only=True):
    """When and how the sender is answered. ``error_mailbox`` learns what failed when no receipt was asked."""

    max_wait: Seconds = Seconds(72 * 3600)
    form: Literal["1.1.3", "1.1.2"] = "1.1.3"
    error_mailbox: str = ""
    notify_sender: bool = False


class Retry(Table, frozen=True, kw_only=True):
    """Backoff and breaker."""

    first: Seconds = Seconds(5)
    max: Seconds = Seconds(3600)
    breaker_after: Annotated[int, Meta(ge=1)] = 5


class Settings(Table, frozen=True, kw_only=True):
    """The whole file."""

    establishment: Establishment
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    mailbox: tuple[Mailbox, ...] = ()
    smtp: Smtp | None = None
    submission: Submission | None = None
    antivirus: Antivirus | None = None
    patients: Patients = msgspec.field(default_factory=Patients)
    hospital: Hospital | None = None
    ack: Ack | None = None
    senders: Senders = msgspec.field(default_factory=Senders)
    matching: Matching = msgspec.field(default_factory=Matching)
    dpi: Dpi = msgspec.field(default_factory=Dpi)
    dmp: Dmp = msgspec.field(default_factory=Dmp)
    revocation: Revocation = msgspec.field(default_factory=Revocation)
    terminology: Terminology = msgspec.field(default_factory=Terminology)
    rules: Rules = msgspec.field(default_factory=Rules)
    quarantine: Quarantine = msgspec.field(default_factory=Quarantine)
    receipt: Receipt = msgspec.field(default_factory=Receipt)
    retry: Retry = msgspec.field(default_factory=Retry)
