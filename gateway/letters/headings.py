"""Where a letter may say what it is: the lines that look like titles, and the sentences that open it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.letters.page import Line, Page, greets, words

_OPENING_LINES = 14
_TITLE_LINES = 30
_LABEL = re.compile(r"(?:objet|concerne|titre|document|examen|nature(?: de l)?(?: ?examen)?|acte|intitule|type)\s*:\s*")
_PIECES = re.compile(r"\s[-–—|/•·]\s|\t|\s:\s|:\s")
_OFFERS = re.compile(
    r"sur (?:rendez|rdv)|consultations? (?:externe|publique|privee|tous|du lundi|lundi)|prise de rendez|horaires"
)
_LIST = re.compile(r"\s[-–—|/•·]\s")
_DATED = re.compile(r"\bdu [0-9]{1,2}(?:er)?[ /.\-][^ ]{1,9}[ /.\-][0-9]{4}\.?$")
_LEADS = ("cr ", "resultat ", "resultats ", "rapport ", "courrier ")


def titles(page: Page) -> list[Line]:
    """The lines that may be titles: those of the head, and short lines of their own among the first of the rest."""
    rest = [line for line in page.lines[page.prose : _TITLE_LINES] if _stands_alone(line)]
    first = [line for line in page.lines[page.prose : page.prose + 1] if _is_dated_title(line)]
    return [line for line in (*page.head[:_TITLE_LINES], *first, *rest) if not _advertises(line)]


def _stands_alone(line: Line) -> bool:
    return len(line.words.split()) <= 8 and ":" not in line.text and not line.text.endswith((".", ",", ";"))


def _is_dated_title(line: Line) -> bool:
    """A title written as the first sentence: "Compte rendu de consultation du 24 juin 2026."."""
    return len(line.text.split()) <= 9 and _DATED.search(line.text) is not None


def _advertises(line: Line) -> bool:
    """Whether a line of letterhead lists what the practice does: "IRM - Scanner - Échographie", "sur rendez-vous"."""
    return _OFFERS.search(line.folded) is not None or (":" not in line.text and len(_LIST.findall(line.text)) >= 2)


def opening(page: Page) -> tuple[Line, ...]:
    """The first sentences; the first lines where there is no sentence."""
    if page.prose == len(page.lines):
        return page.lines[:_OPENING_LINES]
    greeting = next((at for at, line in enumerate(page.lines[: page.prose]) if greets(line)), page.prose)
    return page.lines[greeting : greeting + _OPENING_LINES]


def title_forms(line: Line) -> Iterator[str]:
    """A line as a title may begin: itself, behind its label, its pieces, and each without "compte rendu" in front."""
    behind = _LABEL.sub("", line.folded, count=1)
    for piece in (behind, *_PIECES.split(line.folded)):
        found = words(piece)
        yield found
        for lead in _LEADS:
            if found.startswith(lead):
                yield found.removeprefix(lead)
