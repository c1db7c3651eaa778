"""What the text of a message adds to the identity in its fields, or says against it (DESIGN §5).

HPRIM Médecin has no sex: only a civility beside the same name, or the field of a form, can say it. And a message whose
text is plainly another person's must not be filed under the name in its fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from gateway.identity import dates
from gateway.identity.compare import claimed_givens, contradict
from gateway.identity.fullnames import Names, run
from gateway.identity.mentions import mentions
from gateway.identity.names import is_prefix, tokens
from gateway.identity.page import Page, lay_out
from gateway.identity.persons import Mention, Part
from gateway.identity.text import claims
from gateway.model.identity import Claim

_SEXES: Final = frozenset(("M", "F"))
_OF_AGE: Final = 15  # years before which "M." and "Mme" with a family name alone are a parent's
_TOP: Final = 20  # lines in which a text says of whom it is
_NEWBORN: Final = re.compile(r"(?m)^[ \-*•]{0,8}(?P<child>NOUVEAU[- ]NEE?|NNEE?|BEBE|BB) ?:? (?=[A-Z])")
_HEAD: Final = 60  # letters of a line that can be but a civility and a name


def completed(claim: Claim, text: str, on: str = "") -> Claim:
    """The claim with the sex that the text gives the same person; unchanged when it says none, or both.

    ``on`` is the day of the document (YYYYMMDD…), by which a child is known. A civility beside the whole name speaks
    before one beside the family name alone; a relative's and a professional's never do.
    """
    if claim.sex in _SEXES:
        return claim
    beside = [one for one in mentions(lay_out(text)) if one.part is not Part.OTHER and _is_of(claim, one) and one.sex]
    whole: set[str | None] = {one.sex for one in beside if _is_whole(claim, one)}
    alone = {one.sex for one in beside if not _is_whole(claim, one)}
    stated: set[str | None] = {one.sex for one in claims(text) if one.sex and _is_same(claim, one)}
    sexes = whole | (stated - alone) if whole or _is_child(claim, on) else stated | alone
    if len(sexes) != 1 or not sexes <= _SEXES:
        return claim
    named = _both_names(claim, beside)
    return replace(named, sex=sexes.pop(), found=(*named.found, ("sex", "texte")))


def _both_names(claim: Claim, beside: Iterable[Mention]) -> Claim:
    """The claim with the birth name and the used name that the text gives beside its one family name."""
    double = next((one for one in beside if one.birth or one.used), None)
    own = _family_said(claim, double) if double else None
    if double is None or own is None or claim.family_name is None:
        return claim
    birth, used = _said(double.birth) or own, _said(double.used) or own
    return replace(claim, family_name=None, birth_name=birth, used_name=used if used != birth else None)


def _family_said(claim: Claim, one: Mention) -> str | None:
    """The family name of a mention without the given names of the claim; None when it cannot be told."""
    if one.names.whole is None:
        return one.names.family
    words, ours = tokens(one.names.whole), claimed_givens(claim)
    for given in (ours, ours[:1]):
        if given and len(words) > len(given) and words[-len(given) :] == given:
            return " ".join(words[: -len(given)])
        if given and len(words) > len(given) and words[: len(given)] == given:
            return " ".join(words[len(given) :])
    return " ".join(words) if words in _families(claim) else None


def _said(part: Names | None) -> str | None:
    return (part.family or part.whole) if part else None


def others(claim: Claim, text: str, source: str = "text", on: str = "") -> tuple[Claim, ...]:
    """The persons whom a text states as its patient and who are not the one of the claim; ``on`` as above."""
    stated = [one for one in claims(text, source) if contradict(claim, one) or not _shares_name(claim, one)]
    apart = [one for one in stated if _names(one) or one.birth_date or one.ins]
    page = lay_out(text)
    return tuple(apart) or tuple(_newborns(claim, page, source, on)) or tuple(_headed(claim, page, source))


def _newborns(claim: Claim, page: Page, source: str, on: str) -> Iterable[Claim]:
    """A newborn who heads a text under the traits of the mother: "NOUVEAU-NE DUPONT", in a message of Mme Dupont."""
    for found in _NEWBORN.finditer(page.folded) if not _is_child(claim, on) else ():
        line = page.line_number(found.start())
        words = tokens(" ".join(run(page, found.end())[0]))
        family = next((one for one in _families(claim) if words[: len(one)] == one), None)
        if line <= _TOP and family:
            said = ("family_name", f"ligne {line}"), ("given_names", f"ligne {line}")
            yield Claim(source, family_name=" ".join(family), given_names=found.group("child"), found=said)


def _headed(claim: Claim, page: Page, source: str) -> Iterable[Claim]:
    """Somebody named alone on a line, as a letter is headed, in a text that never names the person of the claim."""
    named = [one for one in mentions(page) if one.part is not Part.OTHER]
    if claim.source != "hprim" or any(_is_of(claim, one) for one in named):
        return
    for one in named:
        line = page.line_number(one.start)
        if one.sex in _SEXES and _is_alone(page, one) and not _is_addressed(page, line):
            yield Claim(
                source,
                family_name=one.names.family,
                full_name=one.names.whole,
                first_given=one.names.first_given,
                given_names=one.names.given_names,
                sex=one.sex,
                found=(("family_name", f"ligne {line}"),),
            )


def _is_alone(page: Page, one: Mention) -> bool:
    start = page.line_start(one.start)
    end = page.folded.find("\n", one.end)
    line = page.folded[start : end if end >= 0 else len(page.folded)]
    return (
        len(line) < _HEAD and not page.folded[start : one.start].strip() and not line[one.end - start :].strip(" .,:")
    )


def _is_addressed(page: Page, line: int) -> bool:
    """Whether an address follows: whoever is named then receives the letter."""
    below = page.starts[line] if line < len(page.starts) else len(page.folded)
    return page.folded[below:].lstrip(" \n")[:1].isdigit()


def _is_same(claim: Claim, other: Claim) -> bool:
    return _shares_name(claim, other) and not contradict(claim, other)


def _shares_name(claim: Claim, other: Claim) -> bool:
    return bool(_names(claim) & _names(other)) or not _names(other)


def _names(claim: Claim) -> set[str]:
    every = (claim.birth_name, claim.used_name, claim.family_name, claim.full_name)
    return {word for name in every for word in tokens(name)}


def _is_of(claim: Claim, one: Mention) -> bool:
    """Whether a mention is of the person of the claim: his family name, and nothing that is not his."""
    given, ours = tokens(one.names.given_names), claimed_givens(claim)
    if given and not (is_prefix(given, ours) or is_prefix(ours, given)):
        return False
    if one.birth_date and claim.birth_date and not dates.compatible(one.birth_date, claim.birth_date):
        return False
    families = _families(claim)
    if one.names.whole:
        words = tokens(one.names.whole)
        if words in families or any(words in (f + ours[:n], ours[:n] + f) for f in families for n in (1, len(ours))):
            return True
        if _family_said(claim, one) is None:
            return False
    return any(tokens(_said(part)) in families for part in (one.names, one.birth, one.used))


def _is_whole(claim: Claim, one: Mention) -> bool:
    """Whether a mention of the person tells more than a civility and a family name."""
    several = one.names.whole is not None and tokens(one.names.whole) not in _families(claim)
    return several or bool(one.names.given_names or one.birth_date)


def _families(claim: Claim) -> set[tuple[str, ...]]:
    return {tokens(name) for name in (claim.birth_name, claim.used_name, claim.family_name) if name}


def _is_child(claim: Claim, on: str) -> bool:
    born, day = claim.birth_date or "", on[:8]
    years = {value[:4] for value in dates.readings(born)}
    return day.isdigit() and len(day) == 8 and any(0 <= int(day[:4]) - int(year) < _OF_AGE for year in years)
