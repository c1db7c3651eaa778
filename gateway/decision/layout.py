"""Where a letter says what it is: its headings, and the sentence that opens it.

A French letter has a letterhead, the patient, often a title, then "Cher confrère" and prose. A title is a short line of
its own before the prose; the same words inside the prose speak of other documents and prove nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from gateway.decision.words import SMALL, Lines, joined, normalise

MAX_LINES = 80
MAX_LINE = 400

_LABELS = frozenset(
    {"objet", "concerne", "titre", "document", "type document", "nature document", "intitule", "re", "examen"}
    | {"nature examen", "type examen", "examen realise", "acte", "acte realise", "type acte", "nature acte"}
)
_PLACES = frozenset(
    {"service", "unite", "uf", "lieu", "provenance", "pole", "departement", "specialite", "secretariat"}
)
_LEADS = ("cr votre ", "cr ", "resultat ", "resultats ", "rapport ", "courrier cr ", "lettre cr ")
_GREETINGS = ("cher", "mon cher", "ma chere", "bien cher", "tres cher")
_TITLES = frozenset(
    {"madame", "monsieur", "mesdames", "messieurs", "docteur", "professeur", "confrere", "consoeur", "et"}
)
_DATE = re.compile(
    r",?\s*[(\-–—]?\s*(?:\b(?:du|de|le|au|en|effectuée? le|réalisée? le)\s+)?"
    r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\s+)?"
    r"(?:\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}|\d{1,2}(?:er)?\s+[a-zéûôA-ZÉÛ]{3,9}\.?\s+\d{4}|\d{4}-\d{2}-\d{2})\)?",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s[-–—|/•·]\s|\t|\s{3,}")
_PROSE_WORDS = 7


@dataclass(frozen=True)
class Heading:
    """A line that may be a title; ``parts`` are its normalised pieces.

    ``explicit``: it says "compte rendu" or is labelled (Objet, Titre…). ``plain``: it is no "label : value" line.
    ``bare``: nothing but a title, so that the name of an examination alone may be believed.
    """

    parts: tuple[str, ...]
    explicit: bool = False
    plain: bool = False
    bare: bool = False

    @cached_property
    def lines(self) -> Lines:
        """The pieces as lines."""
        return joined(self.parts)

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """Each piece, and again without the "compte rendu" in front of it."""
        return tuple(dict.fromkeys(form for part in self.parts for form in (part, without_lead(part))))

    @cached_property
    def reported(self) -> tuple[str, ...]:
        """What the pieces say they report: the words after "compte rendu"."""
        return tuple(without_lead(part) for part in self.parts if part.startswith(_LEADS))


def headings(lines: Sequence[str]) -> list[Heading]:
    """The headings of the first lines, from top to bottom, down to the prose."""
    found = []
    before = ""
    for line in _before_prose([line[:MAX_LINE] for line in lines[:MAX_LINES]]):
        if normalise(before) not in _PLACES:
            heading = heading_of(line)
            if heading.parts:
                found.append(heading)
        before = line
    return found


def heading_of(line: str) -> Heading:
    """One line, or the title of a document, as a heading."""
    label, colon, rest = line.strip(" \t-–—•*#=_>").partition(":")
    labelled = bool(colon) and normalise(label) in _LABELS
    body = rest.strip() if labelled else line.strip(" \t-–—•*#=_>")
    title, dates = _DATE.subn(" ", body)
    parts = tuple(piece for piece in (normalise(p) for p in _SEPARATOR.split(title)) if piece)
    explicit = labelled or any(part.startswith(_LEADS) for part in parts)
    plain = explicit or ":" not in title
    sentence = title.rstrip().endswith(".") and not dates
    bare = explicit or (plain and not sentence and len(parts) <= 2 and title.count(",") <= 1)
    return Heading(parts, explicit, plain, bare)


def opening(lines: Sequence[str]) -> str:
    """What the patient was sent for: the words after "pour" in "merci de m'avoir adressé… pour…"; empty when absent."""
    text = normalise(" ".join(line[:MAX_LINE] for line in lines[:MAX_LINES]))
    for verb in ("m avoir adresse", "m avoir confie", "nous avoir adresse", "nous avoir confie"):
        _, found, after = text.partition(f" {verb} ")
        head, pour, aim = after.partition(" pour ")
        if found and pour and len(head.split()) <= 25:
            return " ".join(aim.split()[:12])
    return ""


def announced(lines: Sequence[str]) -> str:
    """What the letter says to hold: the words after "veuillez trouver ci-dessous"; empty when absent."""
    text = normalise(" ".join(line[:MAX_LINE] for line in lines[:MAX_LINES]))
    for here in (" trouver ci dessous ", " trouverez ci dessous ", " trouver ci apres ", " trouverez ci apres "):
        _, _, after = text.partition(here)
        if after:
            return " ".join(after.split()[:12])
    return ""


def without_lead(piece: str) -> str:
    """The piece without "compte rendu", "résultat"… in front."""
    for lead in _LEADS:
        piece = piece.removeprefix(lead)
    return piece


def _before_prose(lines: list[str]) -> Iterator[str]:
    """The lines down to the first one of prose, or two lines after the greeting."""
    left = len(lines)
    for line in lines:
        if left <= 0 or _is_prose(line):
            return
        yield line
        left -= 1
        if _greets(line):
            left = min(left, 2)


def _greets(line: str) -> bool:
    words = normalise(line)
    return line.rstrip().endswith(",") and (words.startswith(_GREETINGS) or _TITLES.issuperset(words.split()))


def _is_prose(line: str) -> bool:
    words = line.split()
    sentence = line.rstrip().endswith(".") and len(words) >= 5 and not _DATE.search(line)
    return sentence or sum(word[:1].islower() and word not in SMALL for word in words) >= _PROSE_WORDS
