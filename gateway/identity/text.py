"""Who the patient of a French medical letter is, as its text says (DESIGN §5; PDF text layers, office files, bodies).

Two readers go over the page: ``fields`` for labels and values, ``mentions`` for persons named in sentences. What is
said of relatives, authors, recipients of copies and addressees is left out; whoever else could be the patient is
returned, so that two plausible patients are two claims. When in doubt a trait is not claimed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.identity import dates
from gateway.identity.compare import contradict
from gateway.identity.fields import Block, blocks
from gateway.identity.mentions import mentions
from gateway.identity.names import tokens
from gateway.identity.page import Page, lay_out
from gateway.identity.persons import Mention, Part
from gateway.identity.textins import PrintedIns, printed
from gateway.model.identity import Claim

_NEAR = 6
_MOST_CLAIMS = 8
_MOST_PEOPLE = 20  # beyond two, the answer is the same: several patients
_TRAITS = ("birth_name", "used_name", "family_name", "full_name", "given_names", "birth_date", "sex")


def claims(text: str, source: str = "text") -> tuple[Claim, ...]:
    """The identities stated as the patient's, best stated first; empty when the text names no patient.

    ``source`` is ``text``, or ``ocr`` for a text read from an image. Only the first 100,000 characters are read, in
    linear time; never raises. ``Claim.found`` gives the line of each trait, from 1.
    """
    page = lay_out(text)
    fielded = blocks(page)
    named = mentions(page)
    drafts = [_from_block(block) for block in fielded if not block.other]
    drafts += [_from_mention(page, m) for m in named if m.part in (Part.ANNOUNCED, Part.DATED)]
    drafts = _together([draft for draft in drafts if draft.stated])
    if not any(draft.is_named for draft in drafts):
        drafts = _together([*drafts, *_only_named(page, named)])
    drafts = _with_ins(drafts, printed(page), fielded)
    ordered = sorted(drafts, key=lambda draft: -draft.weight)[:_MOST_CLAIMS]
    return tuple(replace(draft.claim, source=source) for draft in ordered)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A claim in the making, and the lines (from 1) between which it was read."""

    claim: Claim
    first: int
    last: int
    weak_sex: str | None = None

    @property
    def is_named(self) -> bool:
        return bool(_names(self.claim))

    @property
    def stated(self) -> bool:
        """Whether anything but a sex was read."""
        return self.is_named or bool(self.claim.birth_date or self.claim.given_names or self.claim.birth_place)

    @property
    def weight(self) -> int:
        c = self.claim
        return 4 * bool(c.ins) + sum(map(bool, (self.is_named, c.given_names or c.full_name, c.birth_date, c.sex)))


def _from_block(block: Block) -> _Draft:
    said = block.traits
    given = said.get("given_names") or said.get("~given")
    family = said.get("family_name") if "given_names" in said else said.get("~family") or said.get("family_name")
    if "birth_name" in said and "family_name" not in said:
        family = None
    first = said.get("first_given") or said.get("~first")
    if first is None and given and " " not in given:
        first = given
    claim = Claim(
        source="text",
        birth_name=said.get("birth_name") or None,
        used_name=said.get("used_name") or None,
        family_name=family,
        full_name=said.get("whole"),
        first_given=first,
        given_names=given,
        birth_date=said.get("birth_date"),
        sex=said.get("sex"),
        birth_place=said.get("birth_place"),
        found=tuple((trait.lstrip("~"), f"ligne {line}") for trait, line in block.lines.items()),
    )
    weak = said.get("~civility") or said.get("~born")
    return _Draft(claim, block.first, block.last, weak)


def _from_mention(page: Page, mention: Mention) -> _Draft:
    birth, used, names = mention.birth, mention.used, mention.names
    family = names.family
    given = names if names.given_names else next((n for n in (birth, used) if n and n.given_names), names)
    claim = Claim(
        source="text",
        birth_name=(birth.family or birth.whole) if birth else (family if used else None),
        used_name=(used.family or used.whole) if used else (family if birth else None),
        family_name=None if birth or used else family,
        full_name=names.whole,
        first_given=given.first_given,
        given_names=given.given_names,
        birth_date=mention.birth_date,
        sex=mention.sex,
    )
    line = page.line_number(mention.start)
    found = tuple((trait, f"ligne {line}") for trait in _TRAITS if getattr(claim, trait))
    return _Draft(replace(claim, found=found), line, page.line_number(mention.end))


def _only_named(page: Page, named: Iterable[Mention]) -> list[_Draft]:
    """When nobody is announced nor dated: the one person named in full, if there is only one."""
    drafts = _together([_from_mention(page, m) for m in named if m.part is Part.NAMED])
    full = [draft for draft in drafts if draft.claim.full_name or draft.claim.given_names]
    return full if len(full) == 1 else []


def _together(drafts: list[_Draft]) -> list[_Draft]:
    """One draft a person: those that share a name and contradict nothing; then the fields that bear no name."""
    people: list[_Draft] = []
    for draft in sorted((d for d in drafts if d.is_named), key=lambda d: -d.weight):
        place = next((n for n, known in enumerate(people) if _same_person(known.claim, draft.claim)), None)
        if place is None and len(people) < _MOST_PEOPLE:
            people.append(draft)
        elif place is not None:
            people[place] = _merged(people[place], draft)
    for draft in (d for d in drafts if not d.is_named):
        people = _given_to_nearest(people, draft)
    return [replace(d, claim=replace(d.claim, sex=d.claim.sex or d.weak_sex), weak_sex=None) for d in people]


def _given_to_nearest(people: list[_Draft], fields: _Draft) -> list[_Draft]:
    """Nameless fields belong to the person named within six lines; far away they may only agree or disturb."""
    if not people:
        return [fields]
    place = min(range(len(people)), key=lambda n: _distance(people[n], fields))
    near = people[place]
    if contradict(near.claim, fields.claim):
        return [*people, fields]
    if _distance(near, fields) <= _NEAR:
        people[place] = _merged(near, fields)
    return people


def _distance(one: _Draft, other: _Draft) -> int:
    return max(0, other.first - one.last, one.first - other.last)


def _same_person(one: Claim, other: Claim) -> bool:
    return bool(_names(one) & _names(other)) and not contradict(one, other)


def _names(claim: Claim) -> set[str]:
    """The words of the family names; of a whole name, all its words."""
    every = (claim.birth_name, claim.used_name, claim.family_name, claim.full_name)
    return {word for name in every for word in tokens(name)}


def _merged(one: _Draft, other: _Draft) -> _Draft:
    a, b = one.claim, other.claim
    split = a.full_name is None or b.full_name is None
    birth, used = a.birth_name or b.birth_name, a.used_name or b.used_name
    family = a.family_name or b.family_name
    known = {tokens(birth), tokens(used)}
    claim = replace(
        a,
        birth_name=birth,
        used_name=used,
        family_name=None if family and tokens(family) in known else family,
        full_name=None
        if split and (family or birth) and (a.given_names or b.given_names)
        else a.full_name or b.full_name,
        first_given=a.first_given or b.first_given,
        given_names=a.given_names or b.given_names,
        birth_date=_fuller(a.birth_date, b.birth_date),
        sex=next((sex for sex in (a.sex, b.sex) if sex in ("M", "F")), a.sex or b.sex),
        birth_place=a.birth_place or b.birth_place,
        found=a.found + b.found,
    )
    return _Draft(claim, min(one.first, other.first), max(one.last, other.last), one.weak_sex or other.weak_sex)


def _fuller(one: str | None, other: str | None) -> str | None:
    """The date that says more."""
    said = [date for date in (one, other) if date]
    return max(said, key=lambda date: (dates.is_whole(date), date[:2] != "00"), default=None)


def _with_ins(drafts: list[_Draft], numbers: tuple[PrintedIns, ...], fielded: tuple[Block, ...]) -> list[_Draft]:
    """Give a number to the person above it; a second number is a second identity."""
    for number in numbers:
        if _belongs_to_other(number.line, fielded):
            continue
        found = (("ins", f"ligne {number.line}"),)
        free = [n for n, draft in enumerate(drafts) if draft.claim.ins is None]
        if not free:
            drafts = [*drafts, _Draft(Claim("text", ins=number.ins, found=found), number.line, number.line)]
            continue
        place = min(free, key=lambda n: (drafts[n].first > number.line, abs(number.line - drafts[n].last)))
        holder = drafts[place]
        claim = replace(holder.claim, ins=number.ins, found=holder.claim.found + found)
        drafts = [*drafts[:place], replace(holder, claim=claim), *drafts[place + 1 :]]
    return drafts


def _belongs_to_other(line: int, fielded: tuple[Block, ...]) -> bool:
    above = [block for block in fielded if block.first <= line]
    return bool(above) and above[-1].other and line - above[-1].last <= _NEAR
