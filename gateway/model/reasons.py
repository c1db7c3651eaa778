"""The closed list of reasons (DESIGN §6) and the codes of the ANS volet that go with them."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a document waits for a person. The members are the codes that every command and file shows."""

    PATIENT_UNKNOWN = "patient-unknown"
    IDENTITY_MISSING = "identity-missing"
    IDENTITY_INCOMPLETE = "identity-incomplete"
    IDENTITY_CONFLICT = "identity-conflict"
    IDENTITY_AMBIGUOUS = "identity-ambiguous"
    IDENTITY_DOUBTFUL = "identity-doubtful"
    IDENTITY_BLOCKED = "identity-blocked"
    IDENTITY_CHANGED = "identity-changed"
    SEVERAL_PATIENTS = "several-patients"
    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    UNSAFE = "unsafe"
    MALFORMED_XDM = "malformed-xdm"
    UNSUPPORTED_FORMAT = "unsupported-format"
    TOO_LARGE = "too-large"
    POISON = "poison"
    UNTRUSTED_SENDER = "untrusted-sender"
    PATIENT_MAIL = "patient-mail"
    MASKED = "masked"
    REPLACES_UNKNOWN = "replaces-unknown"
    NOT_AUTHOR = "not-author"
    VERSION_CONFLICT = "version-conflict"
    CANCELLED_RESULT = "cancelled-result"
    NO_DOCUMENT = "no-document"
    HELD_BY_RULE = "held-by-rule"
    DPI_REFUSED = "dpi-refused"
    DMP_REFUSED = "dmp-refused"
    MSSANTE_REFUSED = "mssante-refused"


class Ignored(StrEnum):
    """Why a document is set aside without anybody being asked."""

    COPY = "copy"
    DUPLICATE = "duplicate"
    REPORT = "report"
    NOT_A_DOCUMENT = "not-a-document"


class NotFed(StrEnum):
    """Why a filed document does not go to the DMP: an answer, not an error."""

    INS_NOT_QUALIFIED = "ins-not-qualified"
    NO_DMP = "no-dmp"
    DMP_CLOSED = "dmp-closed"
    OPPOSED = "opposed"
    TYPE_NOT_ACCEPTED = "type-not-accepted"
    TYPE_TO_CONFIRM = "type-to-confirm"
    CONFIDENTIALITY = "confidentiality"
    NOT_VALIDATED = "not-validated"
    AUTHOR_UNKNOWN = "author-unknown"
    AUTHOR_FEEDS = "author-feeds"
    MINOR_RULE = "minor-rule"
    FORMAT = "format"
    RULE = "rule"
    INDEX_STALE = "index-stale"
    IDENTITY_BLOCKED = "identity-blocked"
    OFF = "off"


#: What only the sender can mend: a negative receipt leaves at once (DESIGN §5, Receipts).
SENDER_MENDS = frozenset({Reason.UNREADABLE, Reason.ENCRYPTED, Reason.MALFORMED_XDM, Reason.UNSAFE})

#: HL7 user table 0533 of the volet (spec/mssante/dpi-hl7v2.md §4), shown beside our own reasons.
HL7_CODES = {
    Reason.VERSION_CONFLICT: "900",
    Reason.NOT_AUTHOR: "901",
    Reason.PATIENT_UNKNOWN: "902",
    Reason.IDENTITY_MISSING: "903",
    Reason.IDENTITY_CONFLICT: "904",
    Reason.IDENTITY_INCOMPLETE: "905",
}


def hl7_code(reason: Reason) -> str:
    """The code of table 0533 for a reason; 906 (other) when none is closer."""
    return HL7_CODES.get(reason, "906")
