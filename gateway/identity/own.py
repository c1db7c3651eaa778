"""The hospital's own number (IPP), when its own record writes it: it tells homonyms apart, and never stands alone.

It is heard only in what the record itself hands over, and names the patient only if every trait agrees with his
(DESIGN §5; the row ``own-number`` of ``match``). A number that is another patient's takes the certainty away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from gateway.identity.compare import candidate, compare, differing
from gateway.identity.match import BLOCKING
from gateway.identity.sources import heard, names_somebody, without_ins
from gateway.identity.strict import all_equal
from gateway.model.identity import Claim, Match, Patient
from gateway.model.reasons import Reason

#: What the traits alone left to a person.
_OPEN: Final = frozenset({"without-ins-review", "homonym-review", "traits-ambiguous"})


def stated_numbers(claims: Sequence[Claim], ipp_oid: str) -> tuple[str, ...]:
    """The numbers of our own domain that the claims state."""
    every = (number for claim in claims for authority, number in claim.local_ids if authority == ipp_oid)
    return tuple(dict.fromkeys(every))


def own_number(found: Match, claims: Sequence[Claim], holders: Mapping[str, Patient | None]) -> Match:
    """The match, once our own numbers were heard. ``holders``: whose each is, as the index knows it now."""
    known = {patient.ipp: patient for patient in holders.values() if patient is not None}
    if not known:
        return found
    if len(known) > 1 or (found.ipp is not None and found.ipp not in known):
        shown = tuple(candidate(claims[0], patient) for patient in known.values())
        return Match(None, Reason.IDENTITY_CONFLICT, "own-number-disagrees", found.by_ins, candidates=shown)
    (patient,) = known.values()
    if found.ipp is not None or found.rule not in _OPEN or not _is_his(claims, patient):
        return found
    return replace(found, ipp=patient.ipp, reason=None, rule="own-number", candidates=(candidate(claims[0], patient),))


def _is_his(claims: Sequence[Claim], patient: Patient) -> bool:
    """Whether the claims say him in full, none of them somebody else, and his record is one to file under."""
    if {flag.lower() for flag in patient.attributes} & (BLOCKING | {"douteux"}):
        return False
    stated = [claim for claim in map(heard, claims) if names_somebody(claim)]
    if any(differing(compare(claim, patient)) for claim in stated):
        return False
    return any(all_equal(without_ins(claim), patient) for claim in stated)
