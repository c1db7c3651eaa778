"""Who a document speaks of, who the index knows, and what comes of comparing them (DESIGN §5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.reasons import Reason

#: Authorities of the INS (spec/mssante/identity-ins.md §1.3).
INS_NIR = "1.2.250.1.213.1.4.8"
INS_NIA = "1.2.250.1.213.1.4.9"
INS_NIR_TEST = "1.2.250.1.213.1.4.10"
INS_NIR_DEMO = "1.2.250.1.213.1.4.11"
PRODUCTION_OIDS = frozenset({INS_NIR, INS_NIA})
TEST_OIDS = frozenset({INS_NIR_TEST, INS_NIR_DEMO})
INS_OIDS = PRODUCTION_OIDS | TEST_OIDS


@dataclass(frozen=True, slots=True, order=True)
class Ins:
    """A matricule of 15 characters and the OID of its authority."""

    number: str
    oid: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The identity that a document states, as written (nothing normalised). None: not stated.

    ``birth_date`` is YYYYMMDD (a partly known date keeps its zeros), ``sex`` M, F or U, ``birth_place`` a COG code.
    ``family_name`` is a family name of which the text does not say whether it is the birth or the used name.
    ``full_name`` holds family and given names of which the text shows neither the order nor the border (all in
    capitals, or none). ``given_names`` without ``first_given``: a list of which the first is not told apart.
    A year written with two digits keeps two zeros: 00870802. An INS printed without authority has an empty OID.
    ``source``: cda, metadata, text, ocr, hprim, hl7v2, datamatrix. ``found`` tells for each trait where it was read.
    """

    source: str
    ins: Ins | None = None
    birth_name: str | None = None
    used_name: str | None = None
    family_name: str | None = None
    first_given: str | None = None
    given_names: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    birth_place: str | None = None
    local_ids: tuple[tuple[str, str], ...] = ()
    found: tuple[tuple[str, str], ...] = ()
    full_name: str | None = None


class InsStatus(StrEnum):
    """Trust in a local identity (RNIV; identity-ins.md §4)."""

    QUALIFIEE = "qualifiee"
    VALIDEE = "validee"
    RECUPEREE = "recuperee"
    PROVISOIRE = "provisoire"


@dataclass(frozen=True, slots=True)
class Patient:
    """One row of the patient index. Names as the hospital writes them; dates YYYYMMDD.

    ``attributes``: homonyme, douteux, fictif, and the PID-32 codes (DPOT, DOUA, CACH…) as received.
    ``replaced_by`` is the IPP of the surviving record after a merge. ``row_version`` grows with each change.
    """

    ipp: str
    ins: Ins | None
    ins_status: InsStatus
    birth_name: str
    used_name: str
    given_names: str
    first_given: str
    birth_date: str
    sex: str
    birth_place: str
    opposed: bool = False
    attributes: frozenset[str] = frozenset()
    replaced_by: str | None = None
    row_version: int = 1

    @property
    def qualified(self) -> bool:
        """Whether his INS may leave the house (EXI ID 29)."""
        return self.ins is not None and self.ins_status is InsStatus.QUALIFIEE


class Likeness(StrEnum):
    """How one trait of a claim compares with the patient's."""

    EQUAL = "equal"
    NORMALISED = "equal after normalisation"
    CLOSE = "close"
    DIFFERENT = "different"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class TraitEvidence:
    """One trait compared: its name, the likeness, what the document says and what the index holds."""

    trait: str
    likeness: Likeness
    claimed: str | None
    held: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient proposed to a person, best first; never a ground for automatic filing."""

    ipp: str
    score: float
    evidence: tuple[TraitEvidence, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The outcome of identification: exactly one patient, or a reason for a person.

    ``rule`` names the line of the DESIGN §5 table that spoke. ``by_ins`` tells the two exact matches apart.
    ``feedable`` is False when the match may be filed and not fed, whatever else holds.
    """

    ipp: str | None
    reason: Reason | None
    rule: str
    by_ins: bool = False
    feedable: bool = True
    candidates: tuple[Candidate, ...] = ()
