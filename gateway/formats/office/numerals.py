"""The numbers of lists, as word processors write them."""

from __future__ import annotations

from typing import Final

_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_MOST: Final = 3999


def letters(number: int) -> str:
    """a, b … z, aa, bb …"""
    turns, place = divmod(max(number, 1) - 1, 26)
    return chr(ord("a") + place) * min(turns + 1, 10)


def roman(number: int) -> str:
    """i, ii … mmmcmxcix; beyond, in figures."""
    if not 0 < number <= _MOST:
        return str(number)
    written = ""
    for value, sign in _ROMAN:
        while number >= value:
            written, number = written + sign, number - value
    return written


def written(number: int, form: str) -> str:
    """In the form of ECMA-376 (decimal, lowerLetter…), of HTML and of OpenDocument (1, a, A, i, I)."""
    if form in {"lowerLetter", "a"}:
        return letters(number)
    if form in {"upperLetter", "A"}:
        return letters(number).upper()
    if form in {"lowerRoman", "i"}:
        return roman(number)
    if form in {"upperRoman", "I"}:
        return roman(number).upper()
    return f"{number:02}" if form == "decimalZero" else str(number)
