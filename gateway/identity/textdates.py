"""Dates as a French letter writes them: 12/03/1956, 12.03.56, 1er mars 1956, 1956-03-12, mars 1956, 1956."""

from __future__ import annotations

import re
from typing import Final

from gateway.identity import dates

_MONTHS: Final = {
    "JANVIER": 1, "JANV": 1, "JAN": 1, "FEVRIER": 2, "FEVR": 2, "FEV": 2, "MARS": 3, "AVRIL": 4, "AVR": 4, "MAI": 5,
    "JUIN": 6, "JUILLET": 7, "JUIL": 7, "AOUT": 8, "SEPTEMBRE": 9, "SEPT": 9, "SEP": 9, "OCTOBRE": 10, "OCT": 10,
    "NOVEMBRE": 11, "NOV": 11, "DECEMBRE": 12, "DEC": 12,
}  # fmt: skip
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY: Final = "(?:(?:LUNDI|MARDI|MERCREDI|JEUDI|VENDREDI|SAMEDI|DIMANCHE) )?"
_OLDEST: Final = 1850

#: At the place where a date is awaited; on folded text.
_FORMS: Final = tuple(
    re.compile(form + r"(?![0-9A-Z]|[/.\-][0-9])")
    for form in (
        r"(?P<d>[0-9]{1,2}) ?[/.\-] ?(?P<m>[0-9]{1,2}) ?[/.\-] ?(?P<y>[0-9]{4}|[0-9]{2})",
        r"(?P<y>[12][0-9]{3})[/.\-](?P<m>[0-9]{2})[/.\-](?P<d>[0-9]{2})",
        rf"{_WEEKDAY}(?P<d>[0-9]{{1,2}})(?: ?ER)? {{1,2}}(?P<w>{_MONTH})\.? {{1,2}}(?P<y>[0-9]{{4}})",
        r"(?P<d>[0-9]{2}) (?P<m>[0-9]{2}) (?P<y>[0-9]{4})",
        r"(?P<d>[0-9]{2})(?P<m>[0-9]{2})(?P<y>(?:18|19|20)[0-9]{2})",
        r"(?P<m>[0-9]{1,2})[/.\-](?P<y>[12][0-9]{3})",
        rf"(?P<w>{_MONTH})\.? (?P<y>[0-9]{{4}})",
        r"(?P<y>[12][0-9]{3})",
    )
)


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


def _value(parts: dict[str, str | None]) -> str | None:
    month = _MONTHS.get(parts.get("w") or "") or int(parts.get("m") or 0)
    day, year = int(parts.get("d") or 0), int(parts["y"] or 0)
    if len(parts["y"] or "") == 4 and year < _OLDEST:
        return None
    value = f"{year:04}{month:02}{day:02}"
    if day:
        return value if dates.is_whole(value) else None
    return value if month <= 12 else None
