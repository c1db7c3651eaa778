"""A person named in a text, read on from the name: birth and used names, birth date, sex, age."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gateway.identity import fullnames, lexicon, textdates
from gateway.identity.page import Page

_BIRTHS: Final = (lexicon.BORN, lexicon.BORN_AT, lexicon.DATED)
_LE: Final = re.compile("LE ")


class Part(StrEnum):
    """The part that the text gives to a person."""

    ANNOUNCED = "announced"
    DATED = "dated"
    NAMED = "named"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Mention:
    """One person named from ``start`` to ``end``. ``birth_date`` as in Claim; ``doubt`` when the sexes disagree."""

    start: int
    end: int
    part: Part
    names: fullnames.Names
    birth: fullnames.Names | None = None
    used: fullnames.Names | None = None
    birth_date: str | None = None
    sex: str | None = None
    words: tuple[str, ...] = ()


def person_at(page: Page) -> Mention | None:
    """The person with whom a short text begins: a value beside its label. None when it begins otherwise."""
    head = lexicon.HEAD.match(page.folded)
    at = head.end() if head else 0
    words, end = fullnames.run(page, skip_blanks(page, at))
    if not words or (head and lexicon.PROFESSIONAL.fullmatch(head.group(1))):
        return None
    sex = lexicon.SEX.get(head.group(1)) if head else None
    return tail(page, Mention(0, end, Part.ANNOUNCED, fullnames.names(words), sex=sex, words=words), dashes=True)


def tail(page: Page, mention: Mention, *, dashes: bool) -> Mention:
    """Read on after the name: birth name, used name, birth date, sex, age; in any order, at most eight pieces.

    ``dashes``: a person announced as the patient, whose birth date may stand without a word.
    """
    end, born_sex = mention.end, None
    for _ in range(8):
        at = skip(page, end)
        read = _piece(page, at, mention, dashes=dashes)
        if read is None:
            break
        mention, end, said = read
        born_sex = said or born_sex
    if born_sex and mention.sex and born_sex != mention.sex:
        return replace(mention, end=end, sex="U")
    return replace(mention, end=end, sex=mention.sex or born_sex)


def sex_of(word: str | None) -> str | None:
    """M or F for the words that say it."""
    return {"F": "F", "M": "M", "H": "M"}.get((word or " ")[0]) if word != "FEMME" else "F"


def skip(page: Page, at: int) -> int:
    """The offset after what may join a name and what is said of it: blanks, a comma, a bracket, one line end."""
    joint = lexicon.JOINT.match(page.folded, at)
    return joint.end() if joint else at


def skip_blanks(page: Page, at: int) -> int:
    """The offset after blanks and dots."""
    while at < len(page.prose) and page.prose[at] in " .":
        at += 1
    return at


def _piece(page: Page, at: int, mention: Mention, *, dashes: bool) -> tuple[Mention, int, str | None] | None:
    folded = page.prose
    for birth in _BIRTHS if mention.birth_date is None else ():
        born = birth.match(folded, at)
        dated = textdates.read(folded, born.end()) if born else None
        if born and dated:
            return replace(mention, birth_date=dated[0]), dated[1], _born_sex(born)
    since = _LE.match(folded, at) if mention.birth and mention.birth_date is None else None
    dated = textdates.read(folded, since.end()) if since else None
    if dated:
        return replace(mention, birth_date=dated[0]), dated[1], None
    for form, field in ((lexicon.MAIDEN, "birth"), (lexicon.MARRIED, "used")):
        opened = form.match(folded, at)
        if opened:
            words, end = fullnames.run(page, opened.end())
            if words:
                said = "F" if opened.group().startswith("NEE") else None
                return _married(mention, field, fullnames.names(words), words), end, said
    return _small_piece(page, at, mention, dashes=dashes)


def _married(mention: Mention, field: str, said: fullnames.Names, words: tuple[str, ...]) -> Mention:
    """The other family name; the given names that stand only after it ("Mme X née Y Anne") are the person's."""
    if said.family and said.given_names and said.family.startswith(words[0]) and not mention.names.given_names:
        own = replace(mention.names, first_given=said.first_given, given_names=said.given_names)
        mention, said = replace(mention, names=own), fullnames.Names(family=said.family)
    return replace(mention, birth=said) if field == "birth" else replace(mention, used=said)


def _small_piece(page: Page, at: int, mention: Mention, *, dashes: bool) -> tuple[Mention, int, str | None] | None:
    sexed = lexicon.SEXED.match(page.folded, at - 1) or lexicon.SEXED.match(page.folded, at)
    sexed = sexed or (lexicon.LETTER_SEX.match(page.folded, at) if dashes else None)
    if sexed:
        return mention, sexed.end(), sex_of(sexed.group("in") or sexed.groupdict().get("out"))
    aged = lexicon.AGED.match(page.folded, at)
    if aged:
        return mention, aged.end(), None
    if dashes and mention.birth_date is None:
        dated = textdates.read(page.prose, at)
        if dated and "00" not in (dated[0][4:6], dated[0][6:]):
            return replace(mention, birth_date=dated[0]), dated[1], None
    family = mention.names.family or mention.names.whole or ""
    if family.isupper() and not mention.names.given_names and (dashes or mention.sex):
        read = _after_family(page, at, mention)
        if read:
            return read
    if mention.birth and not mention.names.given_names and mention.names.family and at <= len(page.text):
        words, end = fullnames.run(page, at)
        parts = fullnames.names(words)
        if words and parts.whole is None and len(words) == 1 and words[0] != words[0].upper():
            return replace(mention, names=replace(mention.names, first_given=words[0], given_names=words[0])), end, None
    return None


def _after_family(page: Page, at: int, mention: Mention) -> tuple[Mention, int, str | None] | None:
    """The given names after "NOM, " or "NOM (AUTRE NOM) "; the name between brackets is the birth name."""
    before = page.folded[:at].rstrip()[-1:]
    words, end = fullnames.run(page, at)
    birth = mention.birth
    if before == "(" and words and " ".join(words).isupper() and page.folded[end : end + 2] == ") " and not birth:
        birth = fullnames.Names(family=" ".join(words))
        words, end = fullnames.run(page, end + 2)
    elif before != "," or mention.names.whole:  # of several capitals before a comma, one may be the given name
        return None
    if not words or len(words) > 3 or any(word.isupper() for word in words):
        return None
    listed = " ".join(words)
    family = mention.names.family or mention.names.whole
    own = fullnames.Names(family, words[0] if len(words) == 1 else None, listed)
    return replace(mention, names=own, birth=birth), end, None


def _born_sex(born: re.Match[str]) -> str | None:
    return {"NE": "M", "NEE": "F"}.get(born.groupdict().get("born") or "")
