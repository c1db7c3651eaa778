"""The matricule INS: shape and key (spec/mssante/identity-ins.md §1). Nothing is refused on what the digits mean."""

from __future__ import annotations

import re
from typing import Final

_SHAPE: Final = re.compile(r"[1-8][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{6}[0-9]{2}")
_CORSICA: Final = {"2A": "19", "2B": "18"}


def compact(number: str) -> str:
    """The number without the blanks, dots and hyphens of its print, in capitals."""
    return re.sub(r"[\s.\-\u00ad]", "", number).upper()


def is_well_formed(number: str) -> bool:
    """Whether the 15 characters have the shape of a NIR or NIA, key included (§1.1)."""
    return _SHAPE.fullmatch(number) is not None


def key_is_right(number: str) -> bool:
    """Whether the last two digits are 97 - (the first thirteen mod 97); 2A counts as 19, 2B as 18 (§1.2)."""
    if not is_well_formed(number):
        return False
    department = _CORSICA.get(number[5:7], number[5:7])
    return int(number[13:]) == 97 - int(number[:5] + department + number[7:13]) % 97
