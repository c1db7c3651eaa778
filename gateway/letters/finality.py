"""Whether a document says of itself that it is not final, is withdrawn, or takes the place of another.

Such a mark stands in the title, or alone on its line (a stamp, a footer). The same words in a sentence speak of
something else: a provisional diagnosis, a prosthesis, last month's provisional report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.letters.page import Line, Page, is_prose

_NOUN = r"(?:cr|document|courrier|lettre|resultats?|examen|version|rapport|texte|edition|etat|statut|dossier|bilan)"
_KIND = r"(?:(?: [a-z0-9]+){0,4})"
_STATE = (
    r"(?:provisoires?|preliminaires?|partiels?|partielles?|incomplets?|non valides?|non validees?|non definitifs?|"
    r"non definitives?|non signe|non signee|non relue?s?|brouillon|en attente (?:validation|relecture|signature)|"
    r"en cours (?:validation|relecture|redaction|signature)|a valider|a relire|sous reserve (?:validation|relecture))"
)
_WHO = r"(?:(?: (?:par|medicale|biologique|docteur|dr|medecin|biologiste|praticien|definitive)(?: [a-z]{2,20}){0,3})?)"
_DATE = r"(?:(?: (?:le|du|au))? [0-9]{1,2} (?:[0-9]{1,2}|[a-z]{3,9}) [0-9]{2,4})?"

#: The whole line is the mark.
_ALONE = re.compile(
    rf"(?:{_NOUN}{_KIND} )?{_STATE}{_DATE}"
    rf"|(?:{_NOUN}{_KIND} )?(?:en attente|en cours) (?:validation|relecture|signature){_WHO}"
    rf"|(?:{_NOUN} )?non (?:valide|relu|signe)e?s? par [a-z ]{{2,40}}"
    r"|(?:(?:cr|courrier|lettre|document|texte) )?(?:dictee?|tapee?|saisie?|lue?)(?: mais| et)?"
    r"(?: par (?:[a-z]+ ){1,4})? ?non (?:relue?|corrigee?|signee?)(?: par [a-z ]{0,40})?(?: pour .{0,60})?"
    r"|projet cr.{0,50}|projet courrier.{0,50}|brouillon|draft|ebauche|document travail"
    r"|resultats? partiels?.{0,40}|cr partiel.{0,40}|validation (?:medicale|biologique)? ?en (?:attente|cours)"
    r"|sous reserve (?:validation|relecture).{0,60}|resultats? (?:a suivre|en cours)|reste a suivre|examens? en cours"
)
#: A title says so, among other words.
_TITLED = re.compile(
    r"(?:cr|courrier|lettre|rapport|resultats?|document|version)(?: [a-z]+){0,5} "
    r"(?:provisoires?|preliminaires?|partiels?|non valides?|non definitifs?)\b|"
    r"^projet (?:cr|courrier|lettre)\b|^brouillon\b"
)
_ANOTHER = re.compile(r"annule|remplace|suite|prothese|appareil|complete|n est plus|\bdefinitif remis")
_REPLACES = re.compile(
    r"annul\w* et remplac\w*|\bannule remplace\b|^version (?:corrigee|rectifiee|rectificative)|^rectificatif\b"
)
_OF_ITSELF = re.compile(rf"(?:ce |cette )?(?:present |presente )?(?:{_NOUN}|annul|version|rectificatif)\b")
_WITHDRAWN = re.compile(
    r"(?:document|cr|courrier|resultats?|version)(?: [a-z]+){0,3} annulee?s?(?: [0-9 ]{0,12})?|annule|annulee"
)
_LONGEST = 110


@dataclass(frozen=True, slots=True)
class Finality:
    """``final``: nothing says otherwise. ``replaces``: it cancels and replaces another, which it does not identify.
    ``withdrawn``: it is cancelled itself. ``line``: where the mark stands, from 1; 0 when there is none.
    """

    final: bool = True
    replaces: bool = False
    withdrawn: bool = False
    line: int = 0


def finality(page: Page) -> Finality:
    """What the marks say; a document without marks is final."""
    unfinished = next((line for line in page.lines if _unfinished(line)), None)
    unfinished = unfinished or next((line for line in page.head if _titled(line)), None)
    replaces = next((line for line in page.lines if _replaces(line)), None)
    withdrawn = next((line for line in page.lines if _WITHDRAWN.fullmatch(_bare(line))), None)
    mark = withdrawn or unfinished or replaces
    return Finality(
        final=unfinished is None,
        replaces=replaces is not None and withdrawn is None,
        withdrawn=withdrawn is not None,
        line=mark.number if mark else 0,
    )


def _unfinished(line: Line) -> bool:
    """Whether the line is nothing but a mark; "Statut : provisoire" is one too."""
    return len(line.text) <= _LONGEST and _ALONE.fullmatch(_bare(line)) is not None


def _titled(line: Line) -> bool:
    return not is_prose(line) and _TITLED.search(line.words) is not None and _ANOTHER.search(line.words) is None


def _replaces(line: Line) -> bool:
    """A stamp, or a statement whose subject is the document."""
    own = len(line.text) <= _LONGEST and _OF_ITSELF.match(line.words) is not None
    return (own or (len(line.text) <= 60 and not is_prose(line))) and _REPLACES.search(line.words) is not None


def _bare(line: Line) -> str:
    return re.sub(r"^(?:attention|nb|n b|important|mention|remarque|page [0-9]+(?: (?:sur )?[0-9]+)?) ", "", line.words)
