"""Dates as a French letter writes them: 12/03/1956, 12.03.56, 1er mars 1956, 1956-03-12, 19560312, 1 2 0 3 1 9 5 6,
douze mars mil neuf cent cinquante-six, mars 1956, 1956.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.identity import dates, spelled
from gateway.identity.page import Page, lay_out

_MONTHS: Final = {
    "JANVIER": 1, "JANV": 1, "JAN": 1, "FEVRIER": 2, "FEVR": 2, "FEV": 2, "MARS": 3, "AVRIL": 4, "AVR": 4, "MAI": 5,
    "JUIN": 6, "JUILLET": 7, "JUIL": 7, "AOUT": 8, "SEPTEMBRE": 9, "SEPT": 9, "SEP": 9, "OCTOBRE": 10, "OCT": 10,
    "NOVEMBRE": 11, "NOV": 11, "DECEMBRE": 12, "DEC": 12,
}  # fmt: skip
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY: Final = "(?:(?:LUNDI|MARDI|MERCREDI|JEUDI|VENDREDI|SAMEDI|DIMANCHE) )?"
_GAP: Final = r"[ \-/.]{1,2}"
_OLDEST: Final = 1850

#: At the place where a date is awaited; on folded text.
_FORMS: Final = tuple(
    re.compile(form + r"(?![0-9A-Z]|[/.\-][0-9])")
    for form in (
        r"(?P<d>[0-9]{1,2}) ?[/.\-] ?(?P<m>[0-9]{1,2}) ?[/.\-] ?(?P<y>[0-9]{4}|[0-9]{2})",
        r"(?P<y>[12][0-9]{3})[/.\-](?P<m>[0-9]{2})[/.\-](?P<d>[0-9]{2})",
        rf"{_WEEKDAY}(?P<d>[0-9]{{1,2}})(?: ?ER)?{_GAP}(?P<w>{_MONTH})\.?{_GAP}(?P<y>[0-9]{{4}}|[0-9]{{2}})",
        rf"{_WEEKDAY}(?P<d>{spelled.DAY}) (?P<w>{_MONTH}) (?P<y>{spelled.YEAR}|[0-9]{{4}})",
        r"(?P<d>[0-9]{2}) (?P<m>[0-9]{2}) (?P<y>[0-9]{4})",
        r"(?P<d>[0-9]{2})(?P<m>[0-9]{2})(?P<y>(?:18|19|20)[0-9]{2})",
        r"(?P<y>(?:18|19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
        r"(?P<d>[0-9] [0-9])(?: ?[/.|\-])? (?P<m>[0-9] [0-9])(?: ?[/.|\-])? (?P<y>[0-9] [0-9] [0-9] [0-9])",
        r"(?P<m>[0-9]{1,2})[/.\-](?P<y>[12][0-9]{3})",
        rf"(?P<w>{_MONTH})\.? (?P<y>[0-9]{{4}})",
        r"(?P<y>[12][0-9]{3})",
    )
)


#: Where a date may begin: at a figure, or at a word that names a day in letters.
_START: Final = re.compile(
    rf"(?<![0-9A-Z])(?<![0-9][/.\-])(?=[0-9]|{_WEEKDAY}(?:{spelled.DAY}) (?:{_MONTH}) )|(?<=[^A-Z]LE)(?=[0-9])"
)
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Written:
    """A date as claims hold it, from ``start`` to ``end`` of the page."""

    value: str
    start: int
    end: int


def read(folded: str, at: int) -> tuple[str, int] | None:
    """The date written at an offset and the offset after it; zeros for what it does not say; None if there is none.

    A day that does not exist is no date.
    """
    for form in _FORMS:
        found = form.match(folded, at)
        if found:
            value = _value(found.groupdict())
            return (value, found.end()) if value else None
    return None


def every(page: Page) -> tuple[Written, ...]:
    """The whole dates of a text in their order, each with its place."""
    found: list[Written] = []
    for start in _START.finditer(page.prose):
        if found and start.start() < found[-1].end:
            continue
        said = read(page.prose, start.start())
        if said and dates.is_whole(said[0]):
            found.append(Written(said[0], start.start(), said[1]))
    return tuple(found)


def dates_of(text: str) -> tuple[str, ...]:
    """The different whole dates that a text writes, as claims hold them; the first 200."""
    return tuple(dict.fromkeys(each.value for each in every(lay_out(text))))[:_MOST]


def _value(parts: dict[str, str | None]) -> str | None:
    year, digits = _year(parts["y"] or "")
    month = _MONTHS.get(parts.get("w") or "") or int((parts.get("m") or "0").replace(" ", ""))
    day = _day(parts.get("d") or "0")
    if digits == 4 and year < _OLDEST:
        return None
    value = f"{year:04}{month:02}{day:02}"
    if day:
        return value if dates.is_whole(value) else None
    return value if month <= 12 else None


def _year(written: str) -> tuple[int, int]:
    """The year, and with how many digits it is said."""
    figures = written.replace(" ", "")
    return (int(figures), len(figures)) if figures.isdigit() else (spelled.year(written), 4)


def _day(written: str) -> int:
    figures = written.replace(" ", "")
    return int(figures) if figures.isdigit() else spelled.day(written)
