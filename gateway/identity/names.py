"""Names as they are compared: DESIGN §5 and spec/mssante/identity-ins.md §2 (EXI ID 10)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

#: Letters that no Unicode decomposition takes apart.
_LETTERS = str.maketrans({"Æ": "AE", "Œ": "OE", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "ı": "I", "ẞ": "SS"})

#: Beyond this a string is no name; similarity is not computed on it.
_LONGEST = 200


@lru_cache(maxsize=16_384)
def normalise(name: str) -> str:
    """Upper case without accents nor ligatures; hyphens, apostrophes and other punctuation are blanks, collapsed."""
    return " ".join(words_of(name))


def words_of(text: str) -> list[str]:
    """The normalised words of a text of any length."""
    return text.translate(_NORMAL).split()


class _Normal(dict[int, str]):
    """What each letter becomes, worked out once: a text is normalised faster than its letters can be looped over."""

    def __missing__(self, code: int) -> str:
        apart = unicodedata.normalize("NFKD", chr(code).upper().translate(_LETTERS))
        bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
        self[code] = changed = "".join(letter if letter.isalnum() else " " for letter in bare.upper())
        return changed


_NORMAL = _Normal()


def tokens(name: str | None) -> tuple[str, ...]:
    """The words of a normalised name."""
    return _tokens(name) if name else ()


@lru_cache(maxsize=16_384)
def _tokens(name: str) -> tuple[str, ...]:
    return tuple(words_of(name))


def is_prefix(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Whether a list of words begins another (an empty one begins nothing)."""
    return bool(short) and long[: len(short)] == short


def one_typing_error(one: str, other: str) -> bool:
    """One letter added, lost, changed or swapped with its neighbour, or only blanks moved; never the same name."""
    left, right = normalise(one), normalise(other)
    if not left or not right or left == right or max(len(left), len(right)) > _LONGEST:
        return False
    left, right = left.replace(" ", ""), right.replace(" ", "")
    return OSA.distance(left, right, score_cutoff=1) <= 1


def similarity(one: str, other: str) -> float:
    """From 0 to 1, to rank what a person is shown; never a ground for filing."""
    return JaroWinkler.similarity(normalise(one)[:_LONGEST], normalise(other)[:_LONGEST])
