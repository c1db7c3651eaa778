"""French numbers in letters, as certificates write a day and a year: "douze mars mil neuf cent cinquante-six"."""

from __future__ import annotations

from typing import Final

_UNITS: Final = (
    *("ZERO", "UN", "DEUX", "TROIS", "QUATRE", "CINQ", "SIX", "SEPT", "HUIT", "NEUF", "DIX", "ONZE", "DOUZE"),
    *("TREIZE", "QUATORZE", "QUINZE", "SEIZE", "DIX-SEPT", "DIX-HUIT", "DIX-NEUF"),
)
_TENS: Final = {20: "VINGT", 30: "TRENTE", 40: "QUARANTE", 50: "CINQUANTE", 60: "SOIXANTE", 80: "QUATRE-VINGT"}


def _written(number: int) -> str:
    """A number below 100, folded, its words joined by hyphens."""
    if number < len(_UNITS):
        return _UNITS[number]
    ten = max(each for each in _TENS if each <= number)
    rest = number - ten
    if rest == 0:
        return _TENS[ten] + ("S" if ten == 80 else "")
    link = "-ET-" if rest in (1, 11) and ten != 80 else "-"
    return f"{_TENS[ten]}{link}{_UNITS[rest]}"


_BELOW_100: Final = {_written(number): number for number in range(1, 100)}


def _any(numbers: dict[str, int]) -> str:
    return "|".join(sorted(numbers, key=len, reverse=True)).replace("-", "[ -]")


#: Patterns on folded text: the days of a month, and the years from 1850 on.
DAY: Final = f"PREMIER|{_any({word: number for word, number in _BELOW_100.items() if number <= 31})}"
_CENTURY: Final = r"MIL(?:LE)?[ -](?:HUIT|NEUF)[ -]CENTS?|DIX[ -](?:HUIT|NEUF)[ -]CENTS?|DEUX[ -]MILLE"
YEAR: Final = rf"(?:{_CENTURY})(?:[ -](?:{_any(_BELOW_100)}))?"


def day(words: str) -> int:
    """The day that words which fit ``DAY`` say."""
    return 1 if words == "PREMIER" else _BELOW_100[words.replace(" ", "-")]


def year(words: str) -> int:
    """The year that words which fit ``YEAR`` say."""
    joined = words.replace(" ", "-")
    thousand = joined.startswith("DEUX-MILLE")
    century = 2000 if thousand else 1800 if "HUIT-CENT" in joined else 1900
    rest = joined.rpartition("MILLE" if thousand else "CENT")[2].removeprefix("S").strip("-")
    return century + _BELOW_100.get(rest, 0)
