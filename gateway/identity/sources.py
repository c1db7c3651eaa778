"""The claims of one document or mail beside each other: who speaks first, and whether they speak of one person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from gateway.identity.compare import claimed_givens, contradict
from gateway.model.identity import Claim
from gateway.model.reasons import Reason

_SPEAKS_FIRST = ("cda", "hl7v2", "hprim", "datamatrix", "text", "ocr", "metadata")
_WRITES_SHORT_YEARS = frozenset(("text", "ocr", "hprim"))


def several_patients(documents: Iterable[Sequence[Claim]]) -> bool:
    """Whether the documents of one mail, each with its claims, name different persons (none of them is then filed)."""
    stated = [[claim for claim in map(heard, claims) if names_somebody(claim)] for claims in documents]
    each = [(min(claims, key=lambda claim: rank(claim.source)), claims) for claims in stated if claims]
    return any(
        contradict(one, other)
        or any(_is_another(one, claim) for claim in theirs)
        or any(_is_another(other, claim) for claim in ours)
        for (one, ours), (other, theirs) in combinations(each, 2)
    )


def _is_another(one: Claim, stated: Claim) -> bool:
    """Whether a claim names somebody else in full, though its document's first source does not."""
    family = stated.birth_name or stated.used_name or stated.family_name
    return bool(family and claimed_givens(stated) and stated.birth_date) and contradict(one, stated)


def apart(stated: Sequence[Claim], metadata: Claim | None) -> tuple[Reason, str] | None:
    """Two persons of one source are several patients; two sources that disagree, or two INS of one, a conflict."""
    for one, other in combinations(stated, 2):
        if contradict(one, other):
            bare = without_ins(one), without_ins(other)
            one_person = all(map(names_somebody, bare)) and not contradict(*bare)
            if one.source == other.source and not one_person:
                return Reason.SEVERAL_PATIENTS, "two-persons"
            return Reason.IDENTITY_CONFLICT, "sources-disagree"
    if metadata is not None and any(contradict(claim, metadata) for claim in stated):
        return Reason.IDENTITY_CONFLICT, "sources-disagree"
    return None


def rank(source: str) -> int:
    """The place of a source among those that speak for a document, 0 for the first."""
    return _SPEAKS_FIRST.index(source) if source in _SPEAKS_FIRST else len(_SPEAKS_FIRST)


def heard(claim: Claim) -> Claim:
    """A year of two digits is a way to write, not a value of a coded field: there it is no date."""
    if claim.source in _WRITES_SHORT_YEARS or not (claim.birth_date or "").startswith("00"):
        return claim
    return replace(claim, birth_date=None)


def names_somebody(claim: Claim) -> bool:
    """A sex, a place or a local number alone names nobody."""
    named = claim.birth_name or claim.used_name or claim.family_name or claim.full_name
    return bool(claim.ins or named or claimed_givens(claim) or claim.birth_date)


def without_ins(claim: Claim) -> Claim:
    """The traits alone."""
    return replace(claim, ins=None)
