"""A letter laid out: its lines, their words made comparable, and where its head, its prose and its closing stand.

A French letter has a letterhead, the patient, often a title, "Cher confrère", prose, a closing formula, a signature and
footers. The same words weigh differently in each of these places.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

FIRST_LINES = 500
LAST_LINES = 150
MAX_LINE = 300

_SMALL = frozenset({"d", "de", "des", "du", "l", "la", "le", "les", "un", "une"})
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "oe", "Æ": "ae", "’": "'", "‘": "'", "`": "'"})
_INITIALS = re.compile(r"\b([a-z])\.(?=[a-z]\b)")
_NOT_A_WORD = re.compile(r"[\W_]+")
_CLOSING = re.compile(
    r"confraternel|salutations|cordialement|respectueu[sx]|sentiments (?:les|distingues|devoues|respectueux|cordiaux)|"
    r"je vous prie (?:de |d |d')?(?:croire|agreer|recevoir)|veuillez (?:croire|agreer|recevoir)|"
    r"vous remerci\w+ (?:de )?votre confiance|bien a (?:vous|toi)\b|amities|amicalement|meilleurs sentiments"
)
_GREETING = re.compile(r"(?:mon |ma |bien |tres )?(?:chers?|cheres?) |madame|monsieur|docteur|mesdames|messieurs")


@dataclass(frozen=True)
class Line:
    """``number`` counts from 1 in the whole text; ``text`` is as written, blanks collapsed."""

    number: int
    text: str

    @cached_property
    def folded(self) -> str:
        """The same without accents, in lower case."""
        return fold(self.text)

    @cached_property
    def words(self) -> str:
        """Its words as titles are compared."""
        return words(self.text)

    @cached_property
    def sentence(self) -> str:
        """All its words."""
        return sentence(self.text)


@dataclass(frozen=True)
class Page:
    """The lines that are not empty: the first 500 and, of longer texts, the last 150.

    ``prose`` is the position of the first line of prose, ``closing`` that of the last closing formula; each is the
    number of lines when there is none.
    """

    lines: tuple[Line, ...]
    prose: int
    closing: int

    @property
    def head(self) -> tuple[Line, ...]:
        """The lines before the prose: letterhead, addressee, patient, titles."""
        return self.lines[: self.prose]


def lay_out(text: str) -> Page:
    """The letter, in linear time whatever its size."""
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    kept = numbered if len(numbered) <= FIRST_LINES + LAST_LINES else numbered[:FIRST_LINES] + numbered[-LAST_LINES:]
    lines = tuple(Line(number, " ".join(line[:MAX_LINE].split())) for number, line in kept)
    prose = next((at for at, line in enumerate(lines) if is_prose(line)), len(lines))
    closings = [at for at, line in enumerate(lines) if at > prose and _CLOSING.search(line.sentence)]
    return Page(lines, prose, closings[-1] if closings else len(lines))


def is_prose(line: Line) -> bool:
    """Whether a line is part of a sentence: many small-case words, or a full stop after several words."""
    found = line.text.split()
    ends = line.text.endswith((".", ",")) and not greets(line)
    if line.text.isupper():
        return len(found) >= 5 and ends
    small = sum(word[:1].islower() and words(word) != "" for word in found)
    return small >= 6 or (len(found) >= 5 and small >= 3 and ends)


def greets(line: Line) -> bool:
    """Whether a line is "Cher confrère," and the like."""
    return len(line.text) <= 60 and line.text.endswith((",", ":", "!")) and _GREETING.match(line.sentence) is not None


def fold(text: str) -> str:
    """Lower case without accents; ligatures written out, so that lengths may change."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold()


def words(text: str) -> str:
    """The words of a title, separated by one blank; small words are left out, "compte rendu" is written "cr"."""
    kept = " ".join(word for word in sentence(text).split() if word not in _SMALL)
    return f" {kept} ".replace(" comptes rendus ", " cr ").replace(" compte rendu ", " cr ").strip()


def sentence(text: str) -> str:
    """All the words of a text, separated by one blank."""
    return " ".join(_NOT_A_WORD.sub(" ", _INITIALS.sub(r"\1", fold(text))).split())
