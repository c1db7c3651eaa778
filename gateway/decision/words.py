"""Words as the rules compare them: no accents, no case, no small words, whole words; a final ``*`` is a joker.

"Compte-rendu de l'échographie", "CR échographie" and "C.R. d'ECHOGRAPHIE" are the same words. No regular expression
comes from a rule, so that no rule can be slow.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Phrase:
    """One or several words as a rule writes them (``written``, shown to people), ready to be compared."""

    written: str
    words: str
    joker: bool

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
        return cls(written, words, joker)

    def inside(self, text: str) -> bool:
        """Whether the words stand somewhere in a normalised text."""
        return self._needle in f" {text} "

    def begins(self, text: str) -> bool:
        """Whether a normalised text begins with the words."""
        return f" {text} ".startswith(self._needle)

    @property
    def _needle(self) -> str:
        return f" {self.words}" if self.joker else f" {self.words} "
