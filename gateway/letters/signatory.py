"""Who signs a letter: the names that stand where one signs, never those that the letter speaks of or speaks to.

In this order: what says so ("Signé électroniquement par", "Dicté par"); the block under the closing formula; a doctor's
name alone at the end; the letterhead of a single doctor, known by his RPPS. Addressees, recipients of copies, doctors
who asked, and the patient himself sign nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.letters.page import Line, Page, fold, is_prose, words
from gateway.letters.professionals import TITLE, Named, profession, read_name, rpps_in
from gateway.model.documents import Signatory

MOST = 6

_SAYS = re.compile(
    r"(?:(?:document |cr |compte[- ]rendu |courrier |resultats? |examen )?"
    r"(?:(?:relu et )?(?:signe|valide|redige|dicte|relu|authentifie|approuve|interprete|verifie)(?:\(?e?\)?s?)?"
    r"(?: (?:et|,) (?:signe|valide|relu|corrige)(?:\(?e?\)?s?)?)?"
    r"(?: (?:electroniquement|numeriquement|biologiquement|medicalement))?)"
    r"(?: (?:ce jour|le [0-9/. ]{6,10}(?: a [0-9h:]{4,6})?))? (?:par|:)\s?:?"
    r"|(?:medecin |biologiste |praticien )?(?:signataires?|redacteur|redactrice|auteur|validateur)\s?:"
    r"|signature(?: du (?:medecin|praticien))?\s?:|medecin (?:ayant realise|responsable|validant)[a-z ']{0,20}:)\s*"
)
#: What is not this letter's signature: who asked, to whom a copy goes, another's report.
_OTHERS = re.compile(
    r"copies?\b|\bcc\b|\bc\.c\b|double\b|ampliation|destinataires?|a l'attention|attention de|adresse par|demand|"
    r"prescri|medecin traitant|correspondant|envoye|diffusion|transmis|medecin referent|referent\b|"
    r"rendez|\brdv\b|contact|secretariat|standard|remplace(?:e|ant)? (?:par|le|la)|associe"
)
_FOR = re.compile(r"^(?:p/?\.? ?o\.?|p\. ?/?o\.?|pour le|pour la|pour|par delegation de)\s*:?\s+")
_POSTAL = re.compile(
    r"(?<![0-9])[0-9]{5}(?![0-9])\s+[a-z]|^[0-9]{1,4},?\s?(?:bis|ter)?,?\s(?:rue|avenue|av|bd|boulevard|place|"
    r"chemin|route|allee|impasse|quai|cours|square)\b"
)
_PRACTICE = re.compile(
    r"\bn ?rpps\b|\brpps\b|\badeli\b|conventionne|\bam ?:|finess|diplome|ancien (?:interne|chef)|sur rendez"
)
_LAST_LINES = 12
_LETTERHEAD_LINES = 10
_REACH = 14


def signatories(page: Page, patient: frozenset[str] = frozenset()) -> tuple[Signatory, ...]:
    """At most six, without repetition, as written; empty when nobody clearly signs."""
    for found in (_said(page), _under_closing(page), _at_the_end(page), _on_letterhead(page)):
        kept = _distinct(one for one in found if not patient.issuperset(words(f"{one.family} {one.given}").split()))
        if kept:
            return kept
    return ()


def _said(page: Page) -> Iterator[Signatory]:
    for at, line in enumerate(page.lines):
        for match in _SAYS.finditer(line.folded):
            if not _starts_a_statement(line, match.start()):
                continue
            rest = _after(line, match.end())
            if rest.strip():
                yield from _named(line, read_name(rest, bare=True), rest)
            elif at + 1 < len(page.lines):
                below = page.lines[at + 1]
                yield from _named(below, read_name(below.text, bare=True), below.text)


def _starts_a_statement(line: Line, at: int) -> bool:
    """Whether the mark begins its line or a new piece of it: inside a sentence it speaks of something else."""
    before = line.folded[:at].rstrip()
    return not before or (before.endswith((".", ";", "-", "–", "—", "|", ",", ":")) and not is_prose(line))


def _after(line: Line, folded_end: int) -> str:
    """What follows in the text as written, found by counting from the end: folding only ever lengthens letters."""
    left = len(line.folded) - folded_end
    return line.text[len(line.text) - left :] if left else ""


def _under_closing(page: Page) -> Iterator[Signatory]:
    """The names below the closing formula, down to the copies."""
    block = page.lines[page.closing + 1 : page.closing + 1 + _REACH]
    found = list(_signing(block, bare=2))
    own = page.lines[page.closing] if page.closing < len(page.lines) else None
    if not found and own is not None and (match := TITLE.search(own.text)):
        found = list(_named(own, read_name(own.text[match.start() :]), own.text))
    yield from found


def _at_the_end(page: Page) -> Iterator[Signatory]:
    """A doctor's name alone on one of the last lines, below the text of the letter."""
    if page.closing < len(page.lines):
        return
    start = max(page.prose + 1, len(page.lines) - _LAST_LINES, _last_prose(page) + 1)
    yield from _signing(page.lines[start:], bare=0)


def _last_prose(page: Page) -> int:
    return max((at for at, line in enumerate(page.lines) if is_prose(line)), default=0)


def _signing(block: tuple[Line, ...], *, bare: int) -> Iterator[Signatory]:
    """``bare``: among that many first lines a name needs no title."""
    for at, line in enumerate(block):
        if _OTHERS.search(line.folded) and not TITLE.match(line.text):
            if re.match(r"\W*(?:copies?|cc|c\.c|double|ampliation|destinataires?)\b", line.folded):
                return
            continue
        text = line.text[_for_length(line) :]
        below = block[at + 1] if at + 1 < len(block) else None
        named = read_name(text) or (_bare_name(text, below) if at < bare else None) or _with_profession(text, below)
        if named is None or is_prose(line) or (at >= 1 and _is_addressed(block[at + 1 : at + 4])):
            continue
        nearby = " ".join(other.text for other in block[at : at + 3])
        yield from _named(line, named, nearby)
        yield from _beside(line, text)


def _beside(line: Line, text: str) -> Iterator[Signatory]:
    """The others who sign on the same line, in a second column; not him whom the first replaces."""
    for title in list(TITLE.finditer(text))[1:]:
        if not _OTHERS.search(fold(text[: title.start()])) and "rempla" not in fold(text[: title.start()]):
            yield from _named(line, read_name(text[title.start() :]), text[title.start() :])


def _for_length(line: Line) -> int:
    match = _FOR.match(fold(line.text))
    return match.end() if match else 0


def _bare_name(text: str, below: Line | None) -> Named | None:
    """A name without title, just under the formula: its family name in capitals, or a profession beside or below."""
    named = read_name(text, bare=True)
    if named is None or not named.given:
        return None
    confirmed = named.capitals or profession(text) or (below is not None and profession(below.text))
    return named if confirmed else None


def _with_profession(text: str, below: Line | None) -> Named | None:
    """ "Mme Julie Petit, sage-femme": a civility, and a profession that signs."""
    named = read_name(text, bare=True, civility=True)
    if named is None:
        return None
    return named if profession(text) or (below is not None and profession(below.text)) else None


def _is_addressed(below: tuple[Line, ...]) -> bool:
    """Whether a postal address follows: the addressee, printed at the foot of the letter."""
    return any(_POSTAL.search(line.folded) for line in below)


def _on_letterhead(page: Page) -> Iterator[Signatory]:
    """The only doctor of the head, when the lines about him are a practitioner's own: an addressee's bear no RPPS."""
    head = page.head[:_LETTERHEAD_LINES]
    doctors = [
        (at, line) for at, line in enumerate(page.head) if TITLE.match(line.text) and not _OTHERS.search(line.folded)
    ]
    if not doctors or doctors[0][0] >= len(head):
        return
    at, line = doctors[0]
    until = min(doctors[1][0] if len(doctors) > 1 else len(head), at + 8)
    about = page.head[at:until]
    if any(_PRACTICE.search(other.folded) for other in about) and not _is_group(doctors):
        yield from _named(line, read_name(line.text), " ".join(other.text for other in about))


def _is_group(doctors: list[tuple[int, Line]]) -> bool:
    """Whether the letterhead lists colleagues: two names on one line or on neighbouring lines."""
    first = doctors[0][1].text
    return len(TITLE.findall(first)) > 1 or any(second[0] - doctors[0][0] <= 2 for second in doctors[1:2])


def _named(line: Line, named: Named | None, nearby: str) -> Iterator[Signatory]:
    if named is not None:
        yield Signatory(named.family, named.given, rpps_in(nearby), line.number)


def _distinct(found: Iterator[Signatory]) -> tuple[Signatory, ...]:
    by_name: dict[frozenset[str], Signatory] = {}
    for one in found:
        by_name.setdefault(frozenset(words(f"{one.family} {one.given}").split()), one)
    return tuple(by_name.values())[:MOST]
