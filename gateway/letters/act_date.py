"""The day of the act of which a letter reports, or of the letter itself; empty when it does not say so clearly.

Three kinds of places are believed, the first that holds a date deciding: what is labelled ("Date de l'examen",
"réalisé le", "hospitalisé du"), the title, and the date of the letter ("Tours, le 3 mars 2026"). A birth, an
appointment to come, an antecedent, a validation or an edition is no act.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date
from itertools import zip_longest

from gateway.letters.headings import opening, titles
from gateway.letters.page import Page, is_prose
from gateway.letters.title import names_document

_MONTHS = {
    **{name: number for number, name in enumerate(("janvier", "fevrier", "mars", "avril", "mai", "juin"), 1)},
    **{
        name: number
        for number, name in enumerate(("juillet", "aout", "septembre", "octobre", "novembre", "decembre"), 7)
    },
    "janv": 1,
    "fev": 2,
    "fevr": 2,
    "avr": 4,
    "juil": 7,
    "sept": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}
_DATE = re.compile(
    r"(?<![0-9/.\-])(?:(?P<day>[0-9]{1,2})(?:er)?\s?(?P<sep>[/.\-])\s?(?P<month>[0-9]{1,2})\s?(?P=sep)\s?"
    r"(?P<year>[0-9]{4}|[0-9]{2})|(?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2})|"
    r"(?P<day2>[0-9]{1,2})(?:er)?\s(?P<name>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?\s"
    r"(?P<year2>[0-9]{4}))(?![0-9/]|[.\-][0-9])"
)
_WEEKDAY = r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche) )?"
_ACT = (
    r"(?:acte|examen|intervention|consultation|prelevement|realisation|l?'?hospitalisation|exploration|seance|visite|"
    r"passage|accouchement|vaccination|sejour|rcp|reunion|l?'?entree|admission|infiltration|injection)"
)
_LABELLED = re.compile(
    rf"date (?:et heure )?(?:de |d'|du )?(?:la |l'|l )?{_ACT}[^0-9]{{0,25}}$"
    r"|(?:realise|effectue|pratique|preleve|opere|vu|vue|examine|hospitalise|accueilli|recu)e?s? (?:\(?e?\)? )?"
    r"(?:(?:ce jour|en consultation|en teleconsultation|aux urgences|par [a-z .\-]{2,40}),? )?(?:le|du|:)?\s?:?\s?"
    rf"{_WEEKDAY}$"
    rf"|^{_ACT}(?: (?:de |d'|du |en )[a-z'\-]{{3,25}})? (?:du|le|en date du)\s?:?\s?$"
    rf"|^{_ACT}s? (?:realise|effectue)e?s? le\s?:?\s?$"
    r"|^(?:date|le)\s?:\s?$|date (?:du )?(?:cr|compte[- ]rendu|document|courrier)\s?:?\s?$"
)
_NOT_AN_ACT = re.compile(
    r"\bnee?\b|naissance|ddn|rendez|\brdv\b|prochain|controle|revoir|revu le|validee?|valide |signe|edite|edition|"
    r"imprime|impression|recu le|dicte|relu|frappe|antecedent|depuis|anterieur|comparaison|precedent|dernier|"
    r"prevu|a prevoir|convoque|expire|jusqu|renouvel|\bald\b|demande du|prescrit|prescription du|ordonnance du dr|"
    r"dossier cree|transmis|\bfaites? le"
)
_LETTER = re.compile(
    r"(?:[a-z][a-z'\- ]{1,40}(?:\([0-9]{2,5}\))?,? ?)?(?:fait )?(?:a [a-z'\- ]{2,40},? )?le\s:?\s?"
    rf"{_WEEKDAY}"
)
_TOLD = re.compile(
    r"\b(?:vue?|recue?|examinee?|revue?|vus)(?: ce jour)?(?: en (?:tele)?consultation(?: [a-z'\- ]{3,30})?|"
    r" a ma consultation|"
    rf" aux urgences)?,? (?:le|du) {_WEEKDAY}|\bconsultation du {_WEEKDAY}"
    r"|\bhospitalisee?(?: [a-z'\- ]{3,60})? (?:du|le) |\bsejour[a-z'\- ]{0,40} du |\bpresentee? aux urgences (?:le|du) "
)
_RECALLED = re.compile(r"avait|avais|deja|precedemment|antecedent|anterieur|lors d|depuis|suite a|apres")
_RECENT = 120
_FIRST_LINES = 60
_OLDEST = 1950


def act_date(page: Page, births: Collection[str] = (), received: str = "") -> str:
    """YYYYMMDD, or empty. ``births`` are never it; nothing after ``received`` (YYYYMMDD, empty: unknown) is."""
    latest = min((day for day in (received, *_of_letter(page)) if day), default="")
    for found in (_labelled(page), _titled(page), _told(page, latest), _of_letter(page)):
        kept = [day for day in found if day not in births and (not received or day <= received)]
        if kept:
            return kept[0] if kept.count(kept[0]) == len(kept) or kept.count(kept[0]) > 1 else ""
    return ""


def _labelled(page: Page) -> Iterator[str]:
    """What a form says: the label on the line of the date, or on the line above it."""
    before = ""
    for line in page.lines[:_FIRST_LINES]:
        for match in _DATE.finditer("" if is_prose(line) else line.folded):
            lead = line.folded[: match.start()]
            tail = (lead if lead.strip(" :-–") else before)[-70:]
            if _LABELLED.search(tail) and not _NOT_AN_ACT.search(tail[-45:]):
                yield from _day(match)
        before = f"{line.folded} "


def _told(page: Page, latest: str) -> Iterator[str]:
    """What the first sentence says of this act; not what it recalls of months before."""
    text = " ".join(line.folded for line in opening(page)[:6])
    for match in _TOLD.finditer(text):
        day = _DATE.match(text, match.end())
        if day is not None and not _RECALLED.search(text[max(0, match.start() - 40) : match.start()]):
            yield from (found for found in _day(day) if not latest or _days_between(found, latest) <= _RECENT)
            return


def _days_between(day: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(day)).days


def _titled(page: Page) -> Iterator[str]:
    """The first date on a title that names a document, or alone on the line below it."""
    head = titles(page)
    for line, below in zip_longest(head, head[1:]):
        if not names_document(line):
            continue
        match = _DATE.search(line.folded)
        if match and not _NOT_AN_ACT.search(line.folded[: match.start()]):
            yield from _day(match)
            return
        if below is not None and (
            alone := _DATE.fullmatch(below.folded.removeprefix("le ").removeprefix("du ").strip())
        ):
            yield from _day(alone)
            return


def _of_letter(page: Page) -> Iterator[str]:
    """The date of the letter: a line that is nothing but a town and a date."""
    for line in page.lines:
        match = _DATE.search(line.folded)
        if match is None or is_prose(line) or len(line.text) > 80:
            continue
        lead, rest = line.folded[: match.start()], line.folded[match.end() :]
        if not rest.strip(" .,") and _LETTER.fullmatch(lead) and not _NOT_AN_ACT.search(lead):
            yield from _day(match)
            return


def _day(match: re.Match[str]) -> Iterator[str]:
    parts = match.groupdict()
    if parts["iso"]:
        year, month, day = (int(part) for part in parts["iso"].split("-"))
    elif parts["name"]:
        year, month, day = int(parts["year2"]), _MONTHS[parts["name"]], int(parts["day2"])
    else:
        year, month, day = int(parts["year"]), int(parts["month"]), int(parts["day"])
        year += 2000 if year < 100 else 0
    try:
        found = date(year, month, day)
    except ValueError:
        return
    if found.year >= _OLDEST:
        yield f"{found:%Y%m%d}"
