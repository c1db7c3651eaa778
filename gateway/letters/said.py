"""Everything that a letter says of itself, in one value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.letters.act_date import act_date
from gateway.letters.classifier import guess
from gateway.letters.finality import Finality, finality
from gateway.letters.page import lay_out, words
from gateway.letters.signatory import signatories
from gateway.letters.title import title
from gateway.model.documents import Signatory, TypeGuess
from gateway.model.identity import Claim


@dataclass(frozen=True, slots=True)
class Said:
    """``act_date`` is YYYYMMDD; empty when the letter does not say, or not clearly. ``guess`` None: too few words."""

    title: str
    act_date: str
    finality: Finality
    guess: TypeGuess | None
    signatories: tuple[Signatory, ...]


def read(text: str, claims: Iterable[Claim] = (), received: str = "") -> Said:
    """Read a letter. ``claims`` are the patient's, who signs nothing and gives no title. No act of the letter can lie
    after ``received`` (YYYYMMDD, or empty).
    """
    page = lay_out(text)
    claims = tuple(claims)
    patient = frozenset(word for claim in claims for name in _names(claim) for word in words(name).split())
    births = {claim.birth_date for claim in claims if claim.birth_date}
    return Said(
        title=title(page, patient),
        act_date=act_date(page, births, received),
        finality=finality(page),
        guess=guess(page),
        signatories=signatories(page, patient),
    )


def _names(claim: Claim) -> list[str]:
    names = (
        claim.birth_name,
        claim.used_name,
        claim.family_name,
        claim.first_given,
        claim.given_names,
        claim.full_name,
    )
    return [name for name in names if name]
