"""The DejaVu fonts of the system: where they are, and which letters they have."""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from functools import lru_cache
from pathlib import Path
from typing import Final

#: By the letters of their style. The oblique ones are in a package of their own: italics are slanted instead.
FILES: Final = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
_FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts")
_UNSEEN: Final = frozenset({"Cf", "Cc", "Cs", "Cn"})


class FontsMissingError(RuntimeError):
    """The fonts are not installed: nothing can be rendered here. No fault of the document."""


@lru_cache(maxsize=1)
def folder() -> Path:
    """Where the fonts are. FontsMissingError."""
    for root in map(Path, _FOLDERS):
        for found in sorted(root.rglob(FILES["B"])):
            if all((found.parent / name).is_file() for name in FILES.values()):
                return found.parent
    raise FontsMissingError("the DejaVu fonts are not installed (Debian: fonts-dejavu-core)")


def drawable(text: str, letters: Container[int]) -> str:
    """The text in letters that a font has; a letter that it lacks is shown as missing, never left out."""
    return "".join(_drawable(one, letters) for one in unicodedata.normalize("NFC", text))


def _drawable(letter: str, letters: Container[int]) -> str:
    if letter in "\n\t" or " " <= letter <= "~":
        return letter
    if unicodedata.category(letter) in _UNSEEN:
        return ""
    if ord(letter) in letters:
        return letter
    alike = unicodedata.normalize("NFKC", letter)
    return alike if all(ord(one) in letters for one in alike) else "\N{REPLACEMENT CHARACTER}"
