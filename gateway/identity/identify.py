"""Who a document speaks of, from its wording and from the index together (DESIGN §5).

The wording speaks first (``match``). A text is then read again with the patients whose birth date and names stand in
it, both ways: another patient who stands there as plausibly as the one found takes the certainty away, and where the
wording gave nothing or only a part, the one patient who plainly stands there is what the text states. Then the same
strict table decides. Rows added to those of ``match``: another-patient-in-text, text-disagrees, stated-in-text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from gateway.identity import dates, fullnames
from gateway.identity.compare import candidate, compare, contradict, differing
from gateway.identity.match import Policy, match
from gateway.identity.names import tokens
from gateway.identity.page import Page, lay_out
from gateway.identity.persons import Mention, Part, tail
from gateway.identity.sightings import Naming, Sighting, namings, sightings
from gateway.identity.stated import claim_of, stated
from gateway.identity.words import Words
from gateway.model.identity import Candidate, Claim, Match, Patient
from gateway.model.reasons import Reason

_FROM_TEXT: Final = frozenset(("text", "ocr", "hprim"))
_OPEN: Final = frozenset(("no-identity", "traits-incomplete", "ins-incomplete"))
_SHOWN: Final = 5
_MOST: Final = 20  # places of one patient; a longer text says the same again


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a document says: its claims, that of METADATA.XML, and its text with the whole dates found in it.

    ``text`` is empty for a document whose header alone speaks. ``source`` is that of the text: text or ocr. ``on`` is
    the day on which the mail arrived.
    """

    claims: tuple[Claim, ...]
    metadata: Claim | None = None
    text: str = ""
    dates: tuple[str, ...] = ()
    source: str = "text"
    on: date = date.max


def identify(said: Evidence, candidates: Sequence[Patient], policy: Policy) -> Match:
    """The one patient of whom the document speaks beyond doubt, or the reason and the candidates for a person.

    ``candidates`` are what the ledger found with ``keys``. Pure; never raises on what they hold.
    """
    found = match(said.claims, said.metadata, candidates, policy)
    days = {day for written in said.dates for day in dates.readings(written)}
    certain = _certain(found, candidates)
    seen = [one for one in candidates if one.replaced_by is None and (one.birth_date in days or one is certain)]
    if not said.text or not seen:
        return found
    words = Words(lay_out(said.text))
    named = namings(words, seen)
    sighted = [one for one in sightings(words, named) if not one.naming.aside]
    if certain is None and found.rule in _OPEN and _is_read(said):
        found = _recalled(said, found, words, named, sighted, candidates, policy)
        certain = _certain(found, candidates)
    if certain is not None:
        return _doubted(found, certain, words.page, named, sighted, said.source)
    return found if found.candidates else replace(found, candidates=_near(words.page, sighted, said.source))


def _is_read(said: Evidence) -> bool:
    every = (*said.claims, *((said.metadata,) if said.metadata else ()))
    return all(claim.source in _FROM_TEXT and claim.sex != "U" for claim in every)


def _certain(found: Match, candidates: Sequence[Patient]) -> Patient | None:
    """The patient of an exact match, also when the site's policy wants a person to look at it."""
    ipp = found.ipp
    if ipp is None and found.reason is Reason.HELD_BY_RULE and len(found.candidates) == 1:
        ipp = found.candidates[0].ipp
    return next((one for one in candidates if one.ipp == ipp), None)


def _doubted(
    found: Match, certain: Patient, page: Page, named: Sequence[Naming], sighted: Sequence[Sighting], source: str
) -> Match:
    """The match, unless the text names another patient as plausibly, or says of this one what is not his."""
    own = [one for one in named if one.patient.ipp == certain.ipp]
    others = [one for one in sighted if one.naming.patient.ipp != certain.ipp and not _is_his(one, certain, own)]
    if others:
        same_place = all(any(_overlap(one.naming, his) for his in own) for one in others)
        reason = Reason.IDENTITY_AMBIGUOUS if same_place else Reason.SEVERAL_PATIENTS
        shown = (*found.candidates, *_near(page, others, source))[:_SHOWN]
        return Match(None, reason, "another-patient-in-text", found.by_ins, candidates=shown)
    for one in own:
        told = _told_beside(page, one)
        if not one.aside and differing(compare(told, certain)):
            shown = (*found.candidates, candidate(told, certain))
            return Match(None, Reason.IDENTITY_CONFLICT, "text-disagrees", found.by_ins, candidates=shown)
    return found


def _is_his(one: Sighting, certain: Patient, own: Sequence[Naming]) -> bool:
    """Whether what was sighted is the certain patient himself under a name that both records bear."""
    return one.naming.patient.birth_date == certain.birth_date and any(_overlap(one.naming, his) for his in own)


def _overlap(one: Naming, other: Naming) -> bool:
    return one.start < other.end and other.start < one.end


def _told_beside(page: Page, one: Naming) -> Claim:
    """The birth date, sex and birth name that follow a name in the text."""
    names = fullnames.Names(family=one.family, given_names=one.given)
    read = tail(page, Mention(one.start, one.end, Part.NAMED, names), dashes=False)
    birth = (read.birth.family or read.birth.whole) if read.birth else None
    return Claim("text", birth_name=birth, family_name=one.family, given_names=one.given, birth_date=read.birth_date,
                 sex=read.sex)  # fmt: skip


def _recalled(
    said: Evidence,
    found: Match,
    words: Words,
    named: Sequence[Naming],
    sighted: Sequence[Sighting],
    candidates: Sequence[Patient],
    policy: Policy,
) -> Match:
    """The strict table on what stands in the text about the only patient who stands there; else what was found."""
    patients = {one.naming.patient.ipp for one in sighted}
    if len(patients) != 1 or any(one.kin for one in named if one.patient.ipp in patients):
        return found
    made = [claim for one in sighted[:_MOST] if (claim := stated(words, one, said.source, said.on)) is not None]
    stated_as = tuple(_of_family(claim, made) for claim in said.claims)
    every = (*stated_as, *((said.metadata,) if said.metadata else ()))
    if not made or any(contradict(one, other) for one in made for other in (*made, *every)):
        return found
    fullest = max(made, key=lambda claim: claim.sex is not None)
    main, *others = stated_as or (fullest,)
    again = match((_completed(main, fullest), *others), said.metadata, candidates, policy)
    if _certain(again, candidates) is None:
        return found
    return replace(again, rule="stated-in-text") if again.ipp else again


def _of_family(claim: Claim, made: Sequence[Claim]) -> Claim:
    """A name of which the wording did not tell the parts, when the place shows that it is the family name."""
    words = tokens(claim.full_name)
    if claim.full_name and any(words == tokens(one.family_name) for one in made):
        return replace(claim, full_name=None, family_name=claim.full_name)
    return claim


def _completed(main: Claim, made: Claim) -> Claim:
    """What the wording gave, with what it did not see of the same text."""
    family = main.birth_name or main.used_name or main.family_name
    return replace(
        main,
        full_name=None,
        family_name=main.family_name if family else made.family_name,
        first_given=main.first_given or (None if main.given_names else made.first_given),
        given_names=main.given_names or made.given_names,
        birth_date=main.birth_date if dates.is_whole(main.birth_date) else made.birth_date,
        sex=main.sex or made.sex,
        found=main.found + made.found if main is not made else made.found,
    )


def _near(page: Page, sighted: Sequence[Sighting], source: str) -> tuple[Candidate, ...]:
    """The patients who stand in the text, each beside what stands there, best first."""
    best: dict[str, Candidate] = {}
    for one in sighted[:_MOST]:
        shown = candidate(claim_of(page, one, source), one.naming.patient)
        if shown.ipp not in best or best[shown.ipp].score < shown.score:
            best[shown.ipp] = shown
    return tuple(sorted(best.values(), key=lambda shown: (-shown.score, shown.ipp))[:_SHOWN])
