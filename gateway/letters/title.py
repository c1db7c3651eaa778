"""The title of a letter, as a record shows it: the words that name the document, without date, person or place."""

from __future__ import annotations

import re

from gateway.letters.finality import finality
from gateway.letters.headings import title_forms, titles
from gateway.letters.page import Line, Page, words
from gateway.letters.weights import WEIGHTS, Place

MAX_TITLE = 100

_NAMES = frozenset(words(weight.written.removesuffix("*")) for weight in WEIGHTS if weight.place is Place.TITLE) | {
    *("cr", "rapport", "lettre", "courrier", "attestation", "synthese", "bilan", "fiche", "note", "resultats"),
    "protocole soins",
}
_LABEL = re.compile(
    r"^\W*(?:objet|concerne|titre|document|type de document|examen|nature de l'examen|acte|intitulé)\s*:\s*",
    re.IGNORECASE,
)
_END = re.compile(
    r"\s*(?:[(,;|•·]|\s[-–—]\s|:|\b(?:du|le|en date du|réalisée? le|effectuée? le|au|à)\s+(?:\w+\s+)?[0-9]|"
    r"[0-9]{1,2}[/.\-][0-9]|"
    r"\b(?:de |pour )?(?:M\.|Mr|Mme|Mlle|Monsieur|Madame|Mademoiselle|Docteur|Dr|Pr|Professeur)\b|"
    r"\sDate\b|\b(?:né|née)\s|\b(?:DDN|IPP|INS)\b|[Pp]age [0-9])"
)
_STAMP = re.compile(r"\b(?:relu|validee?|signee?|dictee?|edite|imprime|envoye|transmis|frappe|annule)\b")
_REPLACES = " (annule et remplace)"


def title(page: Page, patient: frozenset[str] = frozenset()) -> str:
    """At most 100 characters; empty when no line names the document. ``patient``: words (page.words) of his names.

    A letter that cancels and replaces another says so in its title: it is filed beside the other, which it does not
    identify, and who opens the record must see it.
    """
    found = [line for line in titles(page) if names_document(line) and not _is_stamp(line)]
    for line in sorted(found, key=lambda line: not _is_explicit(line)):
        name = _cut(line.text)
        said = words(name).split()
        if said and len(name) <= MAX_TITLE and not patient.intersection(said):
            replaces = finality(page).replaces and "annul" not in said[0]
            return name + _REPLACES if replaces else name
    return ""


def _is_explicit(line: Line) -> bool:
    """Whether a line says that it is the title: "Objet : …", "Compte rendu de…"."""
    return _LABEL.match(line.text) is not None or line.words.startswith("cr ")


def _is_stamp(line: Line) -> bool:
    """Whether a line tells what was done to the document, not what it is: "CR relu et validé le…"."""
    return _STAMP.search(line.folded) is not None


def names_document(line: Line) -> bool:
    """Whether a line, behind its label, begins with words that name a document or an examination."""
    return len(line.words.split()) <= 20 and _named(next(title_forms(line)))


def _named(form: str) -> bool:
    said = form.split()
    return any(" ".join(said[:count]) in _NAMES for count in range(1, min(len(said), 5) + 1))


def _cut(text: str) -> str:
    behind = _LABEL.sub("", text, count=1).strip(" \t-–—•*#=_>")
    end = _END.search(behind, 1)
    found = behind[: end.start()] if end else behind
    return found.strip(" .,:;-–—*_=")
