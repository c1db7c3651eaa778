"""A claimed identity beside the patients of the index: one patient, or the reason for a person (DESIGN §5).

The rows of the table, by the name that ``Match.rule`` carries:

no-identity, two-persons, sources-disagree, ins-exact, ins-incomplete, ins-conflict, ins-unknown-traits-known,
ins-unusable, ins-shared, traits-exact, traits-incomplete, traits-ambiguous, close-spelling, nobody, doubtful-patient,
blocked-patient, merged-patient, ins-without-authority, and ``without-ins-review``, ``ocr-review``, ``homonym-review``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.identity.compare import candidate, compare, differing
from gateway.identity.keys import Keys, keys
from gateway.identity.sources import apart, heard, names_somebody, rank, several_patients, without_ins
from gateway.identity.strict import all_equal, conflicts, holds, lacking, near, usable
from gateway.model.identity import Candidate, Claim, Match, Patient
from gateway.model.reasons import Reason
from gateway.model.settings import Trust

__all__ = ["BLOCKING", "NEVER_FED", "Keys", "Policy", "keys", "match", "several_patients"]

#: Local statuses under which nothing is filed by itself (PID-32, table 0445), and those never fed.
NEVER_FED = frozenset({"cach", "anom", "usur"})
BLOCKING = NEVER_FED | {"fictif", "dpot", "doua", "colp", "colv"}
_SHOWN = 5
_WORTH_SHOWING = 0.5
_TRUST: tuple[Trust, ...] = ("file-and-feed", "file", "review")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the site allows: test OIDs, and the trust in an exact match without INS, by OCR, or of a homonym."""

    test: bool = False
    without_ins: Trust = "review"
    ocr: Trust = "review"
    homonym: Trust = "review"


def match(claims: Sequence[Claim], metadata: Claim | None, candidates: Sequence[Patient], policy: Policy) -> Match:
    """The one patient whom the document names beyond doubt, or the reason and the candidates for a person.

    ``claims`` are the document's, ``metadata`` that of METADATA.XML, ``candidates`` what the ledger found with
    ``keys``. The same inputs give the same answer. Never raises on what they hold.
    """
    index = _Index(candidates)
    stated = tuple(claim for claim in map(heard, claims) if names_somebody(claim))
    metadata = heard(metadata) if metadata else None
    speakers = stated or tuple(claim for claim in (metadata,) if claim and names_somebody(claim))
    if not speakers:
        return Match(None, Reason.IDENTITY_MISSING, "no-identity")
    main = min(speakers, key=lambda claim: rank(claim.source))
    others = tuple(claim for claim in (*stated, metadata) if claim is not None and claim is not main)
    divided = apart(stated, metadata)
    if divided is not None:
        reason, rule = divided
        return Match(None, reason, rule, candidates=_ranked(main, index.living))
    found = _by_ins(main, index, policy) if main.ins and main.ins.oid else _by_traits(main, index, policy)
    return _seconded(found, main, others, index)


class _Index:
    """The candidates: those alive, and where a merged one has gone."""

    def __init__(self, candidates: Sequence[Patient]) -> None:
        self.by_ipp = {patient.ipp: patient for patient in candidates}
        self.living = tuple(patient for patient in self.by_ipp.values() if patient.replaced_by is None)
        self.merged = tuple(patient for patient in self.by_ipp.values() if patient.replaced_by is not None)

    def survivor(self, patient: Patient) -> Patient | None:
        """The end of a chain of merges; None when it leaves the candidates or bites its tail."""
        seen: set[str] = set()
        while patient.replaced_by is not None:
            if patient.ipp in seen or patient.replaced_by not in self.by_ipp:
                return None
            seen.add(patient.ipp)
            patient = self.by_ipp[patient.replaced_by]
        return patient


def _by_ins(claim: Claim, index: _Index, policy: Policy) -> Match:
    """The rows of a claim that carries an INS with its authority."""
    holders = [patient for patient in index.living if holds(patient, claim)]
    incomplete = lacking(claim, with_ins=True)
    if holders and any(conflicts(claim, holder) for holder in holders):
        return _refused(claim, Reason.IDENTITY_CONFLICT, "ins-conflict", index.living)
    if incomplete:
        return _refused(claim, Reason.IDENTITY_INCOMPLETE, "ins-incomplete", index.living)
    strict = replace(claim, ins=None, used_name=None if claim.birth_name else claim.used_name)
    same = [patient for patient in index.living if all_equal(strict, patient)]
    if not usable(claim, test=policy.test):
        return _other(claim, index, "ins-unusable") if not same else _conflict(claim, same, "ins-unusable")
    if not holders:
        return _other(claim, index, "nobody") if not same else _conflict(claim, same, "ins-unknown-traits-known")
    if len(holders) > 1:
        return _refused(claim, Reason.IDENTITY_AMBIGUOUS, "ins-shared", index.living)
    if not all_equal(claim, holders[0], birth_name=True):
        return _refused(claim, Reason.IDENTITY_INCOMPLETE, "ins-incomplete", index.living)
    return _settled(claim, holders[0], policy, by_ins=True)


def _by_traits(claim: Claim, index: _Index, policy: Policy) -> Match:
    """The rows of a claim without INS; a number without authority may only contradict."""
    bare = without_ins(claim)
    if lacking(claim, with_ins=False):
        return _refused(bare, Reason.IDENTITY_INCOMPLETE, "traits-incomplete", index.living)
    anywhere = replace(bare, birth_place=None)
    homonyms = tuple(patient for patient in index.living if all_equal(anywhere, patient))
    if len(homonyms) > 1:  # a birthplace alone does not tell two homonyms apart: either record may hold it by mistake
        return _refused(bare, Reason.IDENTITY_AMBIGUOUS, "traits-ambiguous", homonyms)
    same = [patient for patient in homonyms if all_equal(bare, patient)]
    if not same:
        return _other(bare, index, "nobody")
    if claim.ins is not None and not holds(same[0], claim):
        return _conflict(claim, same, "ins-without-authority")
    return _settled(bare, same[0], policy, by_ins=False)


def _other(claim: Claim, index: _Index, rule: str) -> Match:
    """Nobody fits exactly: a merged record, one trait off by a typing error, or nobody."""
    bare = without_ins(claim)
    gone = [index.survivor(patient) for patient in index.merged if all_equal(bare, patient)]
    if gone:
        survivors = tuple(patient for patient in gone if patient is not None)
        return _refused(bare, Reason.IDENTITY_DOUBTFUL, "merged-patient", survivors)
    if any(near(bare, patient) for patient in index.living):
        return _refused(claim, Reason.IDENTITY_DOUBTFUL, "close-spelling", index.living)
    return _refused(claim, Reason.PATIENT_UNKNOWN, rule, index.living)


def _settled(claim: Claim, patient: Patient, policy: Policy, *, by_ins: bool) -> Match:
    """An exact match: what the local record's flags and the site's policy make of it."""
    shown = (candidate(claim, patient),)
    flags = {flag.lower() for flag in patient.attributes}
    if flags & BLOCKING:
        feedable = not flags & NEVER_FED
        return Match(None, Reason.IDENTITY_BLOCKED, "blocked-patient", by_ins, feedable, shown)
    if "douteux" in flags:
        return Match(None, Reason.IDENTITY_DOUBTFUL, "doubtful-patient", by_ins, candidates=shown)
    asked: list[tuple[str, Trust]] = []
    if not by_ins:
        asked.append(("without-ins", policy.without_ins))
    if claim.source == "ocr":
        asked.append(("ocr", policy.ocr))
    if flags & {"homonyme", "homd", "homa"}:
        asked.append(("homonym", policy.homonym))
    name, least = max(asked, key=lambda pair: _TRUST.index(pair[1]), default=("", "file-and-feed"))
    if least == "review":
        return Match(None, Reason.HELD_BY_RULE, f"{name}-review", by_ins, candidates=shown)
    rule = "ins-exact" if by_ins else "traits-exact"
    return Match(patient.ipp, None, rule, by_ins, feedable=least == "file-and-feed", candidates=shown)


def _seconded(found: Match, main: Claim, others: Iterable[Claim], index: _Index) -> Match:
    """A match stands only when nothing else that the mail says of the patient is other than his."""
    if found.ipp is None:
        return found
    patient = index.by_ipp[found.ipp]
    for other in others:
        heard = replace(other, used_name=None) if found.by_ins and other.birth_name else other
        if differing(compare(heard, patient)):
            shown = (candidate(main, patient), candidate(other, patient))
            return Match(None, Reason.IDENTITY_CONFLICT, "sources-disagree", found.by_ins, candidates=shown)
    return found


def _conflict(claim: Claim, patients: Sequence[Patient], rule: str) -> Match:
    return _refused(claim, Reason.IDENTITY_CONFLICT, rule, patients)


def _refused(claim: Claim, reason: Reason, rule: str, patients: Sequence[Patient]) -> Match:
    return Match(None, reason, rule, by_ins=bool(claim.ins), candidates=_ranked(claim, patients))


def _ranked(claim: Claim, patients: Sequence[Patient]) -> tuple[Candidate, ...]:
    each = (candidate(claim, patient) for patient in patients)
    worth = [shown for shown in each if shown.score >= _WORTH_SHOWING]
    return tuple(sorted(worth, key=lambda shown: (-shown.score, shown.ipp))[:_SHOWN])
