"""What the ledger looks up so that a match sees every patient who could fit, and the near misses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.identity import dates
from gateway.identity.compare import claimed_givens
from gateway.identity.ins import compact
from gateway.identity.names import normalise, tokens
from gateway.identity.words import text_words
from gateway.model.identity import Claim

_LONGEST_NAME = 12  # words


@dataclass(frozen=True, slots=True)
class Keys:
    """Look-up keys; names are normalised, dates YYYYMMDD.

    Needed: every patient with one of ``ins`` (number alone, whatever the OID), or one of ``birth_dates``, or one of
    ``names`` as birth or used name *and* one of ``first_words`` as the first word of his first given name; then, for
    each of these that was merged, the survivors along ``replaced_by``. No row may be left out by a limit: a patient
    not seen makes an ambiguous identity look certain. ``local_ids`` (root, extension) are for display only.

    Also every patient with one of ``text_dates`` whose first given name and birth or used name begin with words of
    ``text_words``: those who may stand in the text, whatever its wording.
    """

    ins: frozenset[str]
    birth_dates: frozenset[str]
    names: frozenset[str]
    first_words: frozenset[str]
    local_ids: frozenset[tuple[str, str]]
    text_dates: frozenset[str] = frozenset()
    text_words: frozenset[str] = frozenset()


def keys(claims: Sequence[Claim], metadata: Claim | None, text: str = "", written: Sequence[str] = ()) -> Keys:
    """The keys of all that the document and its metadata state, and of its text with the whole dates written in it."""
    every = (*claims, metadata) if metadata else tuple(claims)
    return Keys(
        ins=frozenset(compact(claim.ins.number) for claim in every if claim.ins),
        birth_dates=frozenset(day for claim in every for day in dates.readings(claim.birth_date or "")),
        names=frozenset(name for claim in every for name in _names(claim)),
        first_words=frozenset(word for claim in every for word in _first_words(claim)),
        local_ids=frozenset(pair for claim in every for pair in claim.local_ids),
        text_dates=frozenset(day for value in written for day in dates.readings(value)),
        text_words=text_words(text) if written else frozenset(),
    )


def _names(claim: Claim) -> Iterable[str]:
    for name in (claim.birth_name, claim.used_name, claim.family_name):
        if name and normalise(name):
            yield normalise(name)
    words = tokens(claim.full_name)[:_LONGEST_NAME]
    for cut in range(1, len(words)):
        yield " ".join(words[:cut])
        yield " ".join(words[cut:])


def _first_words(claim: Claim) -> Iterable[str]:
    yield from claimed_givens(claim)[:1]
    if not claimed_givens(claim):
        yield from tokens(claim.full_name)[:_LONGEST_NAME]
