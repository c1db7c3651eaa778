"""Words as the rules compare them: no accents, no case, no small words, whole words; a final ``*`` is a joker.

"Compte-rendu de l'échographie", "CR échographie" and "C.R. d'ECHOGRAPHIE" are the same words. No regular expression
comes from a rule, so that no rule can be slow.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NewType

SMALL = frozenset({"d", "de", "des", "du", "l", "la", "le", "les", "un", "une"})
_INITIALS = re.compile(r"\b([a-z])\.(?=[a-z]\b)")
_NOT_A_WORD = re.compile(r"[\W_]+")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "oe", "Æ": "ae", "ß": "ss"})


def normalise(text: str) -> str:
    """The words of a text, separated by one blank; ``compte(s) rendu(s)`` is written ``cr``."""
    plain = text if text.isascii() else _without_marks(text)
    words = _NOT_A_WORD.sub(" ", _INITIALS.sub(r"\1", plain.casefold())).split()
    kept = " ".join(word for word in words if word not in SMALL)
    return f" {kept} ".replace(" comptes rendus ", " cr ").replace(" compte rendu ", " cr ").strip()


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


#: Normalised texts, one a line, each with a blank before and after it: a phrase is found in all of them at once.
Lines = NewType("Lines", str)


def joined(texts: Iterable[str]) -> Lines:
    """Normalised texts as lines."""
    return Lines("".join(f"\n {text} " for text in texts))


@dataclass(frozen=True, slots=True)
class Phrase:
    """One or several words as a rule writes them (``written``, shown to people), and what to look for in lines."""

    written: str
    words: str
    joker: bool
    needle: str
    start: str

    @classmethod
    def of(cls, written: str) -> Phrase:
        """Read a phrase. Raises ValueError, in French, when no word is left or a ``*`` does not end it."""
        body = written.strip()
        joker = body.endswith("*")
        body = body.removesuffix("*")
        words = normalise(body)
        if "*" in body:
            raise ValueError(f"« {written} » : le joker * ne se place qu'à la fin")
        if not words or (joker and len(words) < 3):
            raise ValueError(f"« {written} » est trop court pour être cherché")
        needle = f" {words}" if joker else f" {words} "
        return cls(written, words, joker, needle, f"\n{needle}")

    def inside(self, lines: Lines) -> bool:
        """Whether the words stand somewhere in one of the lines."""
        return self.needle in lines

    def begins(self, lines: Lines) -> bool:
        """Whether one of the lines begins with the words."""
        return self.start in lines
