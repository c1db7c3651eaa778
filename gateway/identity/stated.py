"""The claim that a text makes where a patient of the index was sighted: what stands there, and nothing else.

A place speaks for the patient only when it is an identity and no more: name, birth date and sex together, no prose, no
word of kinship around, no other birth date. Traits are the text's; what it does not say stays unsaid.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from gateway.identity import dates, fullnames, lexicon, roles
from gateway.identity.names import tokens
from gateway.identity.page import Page
from gateway.identity.persons import Mention, Part, sex_of, tail
from gateway.identity.sightings import Kind, Sighting, kind_of
from gateway.identity.textdates import Written
from gateway.identity.words import Words
from gateway.model.identity import Claim

_AROUND: Final = 2  # lines above and below that may speak against the place
_SEXED_AROUND: Final = 3
_WIDEST: Final = 2_000  # letters around an identity: beyond, these are no lines of a letter
_PROSE: Final = 8  # small words in a line
_YOUNG: Final = 2  # years: a date without a birth's word may then be that of the letter
#: Two words that begin with a capital side by side, as a name is written.
_PERSON: Final = re.compile(r"(?<![^\W\d_])[A-ZÀ-Ý][^\W\d_]{2,}(?:[ \-']|, | {2,}| ?[|;\n] ?)[A-ZÀ-Ý][^\W\d_]{2,}")
_SMALL: Final = re.compile(r"(?<![^\W\d_])[^\W\d_]{2,}(?![^\W\d_])")
_CHILD: Final = re.compile(r"(?<![A-Z])(?:L'ENFANT|ENFANTS?|BEBE|NOURRISSON|NOUVEAU[- ]NEE?|FOETUS|GROSSESSE)(?![A-Z])")
#: Words of labels and forms that may stand between a name and its date.
_LABELS: Final = frozenset(
    re.findall(
        r"\w+",
        """NOM NOMS PRENOM PRENOMS PREMIER DE D LA DU NAISSANCE NAISS NE NEE E LE DATE DDN DN SEXE SEX GENRE GENDER M F
    H MR MME MLLE MONSIEUR MADAME MADEMOISELLE MASCULIN FEMININ HOMME FEMME MALE FEMALE FAMILLE USAGE USUEL UTILISE NAME
    SURNAME FIRST LAST GIVEN FORENAME BIRTH OF DOB BORN IPP NIP NDA IEP N NO NUMERO ID DOSSIER REF PATIENT PATIENTE
    IDENTITE PATRONYME AGE ANS S P PN CIV CIVILITE EPOUSE EP""",
    )
)
#: Any label, where the date's own words tell that it is a birth's.
_LABEL: Final = re.compile(r"(?<![^\n|;, ])[A-Z'()/.\- ]{2,40}:")
_SEX: Final = r"(?:FEMININ|MASCULIN|FEMALE|MALE|FEMME|HOMME|MADAME|MADEMOISELLE|MONSIEUR|MME|MLLE|MR|[FMH])(?![A-Z])"
_LABELLED: Final = re.compile(
    r"(?<![A-Z])(?:SEXE?|GENRE|GENDER|CIVILITE|CIV)(?: ?/ ?[A-Z]+)?[^A-Z0-9]{0,8}"
    rf"(?P<said>{_SEX}(?:[^A-Z0-9]{{1,4}}{_SEX})*)"
)
_ALONE: Final = re.compile(rf"(?m)^[ |\-*•(]*(?P<said>{_SEX})[ |)]*$")
_BEFORE: Final = re.compile(rf"(?<![A-Z'])(?P<said>{_SEX})[ .|,;:(\-/]*$")
_AFTER: Final = re.compile(rf"[ |,;:)(\-/]*(?P<said>{_SEX})")
_BOTH: Final = re.compile(rf"{_SEX} ?\.?(?:/|OU|-) ?(?={_SEX})")


def stated(words: Words, seen: Sighting, source: str, on: date) -> Claim | None:
    """The claim that the place of a sighting makes; None when the place is not plainly an identity.

    ``source`` is text or ocr; ``on`` is the day of the mail, before which somebody named beside a bare date was born.
    """
    page = words.page
    first, last = sorted((page.line_number(seen.naming.start), page.line_number(seen.date.start)))
    around = page.between(first - _AROUND, last + _AROUND)
    told = roles.speaks_of_kin(around) or _CHILD.search(around)
    if seen.naming.aside or told or len(around) > _WIDEST or _is_prose(page, first, last):
        return None
    if not _dated(words, seen, first, last, on) or _somebody_else(words, seen, on):
        return None
    return claim_of(page, seen, source)


def claim_of(page: Page, seen: Sighting, source: str) -> Claim:
    """What stands at the place of a sighting, each trait found at its line."""
    naming = seen.naming
    sex = _sex(page, seen)
    named, dated = (f"ligne {page.line_number(at)}" for at in (naming.start, seen.date.start))
    found = (("family_name", named), ("given_names", named), ("birth_date", dated))
    return Claim(
        source=source,
        family_name=naming.family,
        first_given=naming.given if " " not in naming.given else None,
        given_names=naming.given,
        birth_date=seen.date.value,
        sex=sex,
        found=(*found, ("sex", named)) if sex else found,
    )


def _dated(words: Words, seen: Sighting, first: int, last: int, on: date) -> bool:
    """Whether the date is the birth date of the person named, by its words or because nothing else can be there."""
    page = words.page
    here = [each for each in words.dates if first - _AROUND <= page.line_number(each.start) <= last + _AROUND]
    others = [each for each in here if not dates.compatible(each.value, seen.date.value)]
    kinds = {each: kind_of(page, each) for each in others}
    if any(kind is Kind.BIRTH for kind in kinds.values()):
        return False
    names = _own_words(seen)
    start, end = sorted(((seen.naming.start, seen.naming.end), (seen.date.start, seen.date.end)))
    between = page.folded[start[1] : end[0]]
    if seen.kind is Kind.BIRTH:
        return _only_labels(_LABEL.sub(" ", between), names)
    if not _only_labels(between, names):
        return False
    another = any(kind is Kind.BARE and _is_old(each, on) for each, kind in kinds.items())
    born = int(seen.naming.patient.birth_date[:4])
    return not another and born <= on.year - _YOUNG and _only_labels(page.between(first, last), names)


def _is_old(written: Written, on: date) -> bool:
    """Whether a date may be too old to be that of the letter."""
    return int(min(dates.readings(written.value))[:4]) <= on.year - _YOUNG


def _somebody_else(words: Words, seen: Sighting, on: date) -> bool:
    """Whether anywhere in the text another date stands beside somebody's name: a list, a second letter, a footer."""
    page, copied = words.page, words.copied
    others = [each for each in words.dates if not dates.compatible(each.value, seen.date.value)]
    return any(
        kind is not Kind.ACT
        and (kind is Kind.BIRTH or _is_old(each, on))
        and _PERSON.search(_written_lines(page, each.start))
        and not roles.stands_aside(page, each.start, each.end, copied)
        for each in others
        for kind in [kind_of(page, each)]
    )


def _written_lines(page: Page, at: int) -> str:
    """The line of a date; with the two above when nothing else stands on it, as names over their date do."""
    number = page.line_number(at)
    alone = not re.search(r"[^\W\d_]{3}", page.written_between(number, number))
    return page.written_between(number - 2 if alone else number, number)


def _own_words(seen: Sighting) -> frozenset[str]:
    patient = seen.naming.patient
    names = (patient.birth_name, patient.used_name, patient.given_names, patient.first_given)
    return frozenset(word for name in names for word in tokens(name))


def _only_labels(folded: str, names: frozenset[str]) -> bool:
    return all(word in _LABELS or word in names for word in tokens(folded) if not word.isdigit())


def _is_prose(page: Page, first: int, last: int) -> bool:
    lines = page.written_between(first, last).split("\n")
    return any(sum(word.islower() for word in _SMALL.findall(line)) >= _PROSE for line in lines)


def _sex(page: Page, seen: Sighting) -> str | None:
    """One sex, said beside the name or the date, by a label near them, or alone on a line; two are none."""
    naming = seen.naming
    first, last = sorted((page.line_number(naming.start), page.line_number(seen.date.start)))
    near = page.between(first - _SEXED_AROUND, last + _SEXED_AROUND)
    if len(near) > _WIDEST:
        return None
    said = [m.group("said") for form in (_LABELLED, _ALONE) for m in form.finditer(near)]
    for start, end in ((naming.start, naming.end), (seen.date.start, seen.date.end)):
        before = _BEFORE.search(page.before(start))
        after = _AFTER.match(page.folded, end)
        said += [m.group("said") for m in (before, after) if m]
    sexes = {lexicon.SEX.get(word) or sex_of(word) for words in said for word in re.findall(_SEX, words)}
    sexes |= {_told(page, seen)}
    if _BOTH.search(page.between(first, last)):
        return None
    return next(iter(sexes - {None}), None) if len(sexes - {None}) == 1 and "U" not in sexes else None


def _told(page: Page, seen: Sighting) -> str | None:
    """The sex that "née" or a civility says, read on from the name."""
    naming = seen.naming
    read = tail(page, Mention(naming.start, naming.end, Part.NAMED, fullnames.Names()), dashes=False)
    before = page.before(seen.date.start)
    born = re.search(r"(?<![A-Z/])(NEE?) LE ?:? ?$", before)
    return ({"NE": "M", "NEE": "F"}[born.group(1)] if born else None) or read.sex
