"""The header of an HPRIM Médecin message: twelve lines without any mark, found by what they hold.

Line 7, the birth date, is the anchor: family name and given name stand five and four lines above it, the date of the
file three lines below. Line 1 may be missing or be the envelope of a program, lines may follow the twelfth, words may
stand before (spec/mssante/hprim.md §1.1, §1.2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

END: Final = re.compile(r"\*{3,4}[ \t]{0,8}(LAB|FIN|FINFICHIER)[ \t]{0,8}\*{3,4}", re.IGNORECASE)
_RESULT: Final = re.compile(r"\s{0,20}RES\|[^|]*\|[^|]*\|")
_APICRYPT: Final = re.compile(r"\s{0,20}(?:\[apicrypt\]|\$APICRYPT)", re.IGNORECASE)
_NAME: Final = re.compile(r"[^\d:;@/|*_=<>\[\]{}?!#$%\\]{1,60}")
_TOWN: Final = re.compile(r"\s{0,10}(?:[A-Z]{1,2}[- ])?(?:\d{5}|\d{4}|2[AB]\d{3})\b.{0,60}$")
_NUMBER: Final = re.compile(r"\s{0,10}[12378][ \d]{4,8}[ \dAB]{6,12}\s{0,10}$")
_CODE: Final = re.compile(r"\s{0,10}(?=[A-Za-z._-]{0,12}\d)[\w./-]{3,30}\s{0,10}$")
_DATES: Final = (
    re.compile(r"(?P<d>\d{1,2})[/.\- ](?P<m>\d{1,2})[/.\- ](?P<y>\d{4}|\d{2})"),
    re.compile(r"(?P<y>\d{4})[/.\-](?P<m>\d{2})[/.\-](?P<d>\d{2})"),
    re.compile(r"(?P<d>\d{2})(?P<m>\d{2})(?P<y>(?:18|19|20)\d{2})"),
    re.compile(r"(?P<y>(?:18|19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})"),
)
_HOUR: Final = re.compile(r"(?:[ T]+(?:a |à )?\d{1,2}[:hH]\d{2}(?::\d{2})?)$")
_LONGEST: Final = 400
_BEFORE: Final = 60  # lines of a mail that may stand before a header


@dataclass(frozen=True, slots=True)
class Header:
    """The lines of a header, stripped; ``.`` and blank are empty. Dates YYYYMMDD, 00 for a century not written.

    ``first`` is the index of its first line, ``born`` that of the birth date, ``body`` that of the line after it.
    """

    first: int
    born: int
    body: int
    family: str
    given: str
    birth_date: str
    file_number: str
    file_date: str
    sender: str
    recipient: str


def find(lines: Sequence[str], *, within: int = _BEFORE) -> Header | None:
    """The first header among the lines; None when none looks like one."""
    start = _start(lines)
    marked = any(END.match(line.strip()) or _RESULT.match(line) for line in lines)
    for born in range(start + 5, min(len(lines), start + within)):
        if _is_header(lines, start, born, marked=marked):
            return _header(lines, start, born)
    undated = start + 6
    if marked and len(lines) > undated + 5 and _is_undated(lines, undated):
        return _header(lines, start, undated)
    return None


def find_next(lines: Sequence[str], at: int) -> Header | None:
    """A header that follows another message without any end marker: all its lines must be there."""
    for born in range(at + 5, len(lines) - 3):
        if read_date(lines[born]) and _is_whole(lines, born):
            return _header(lines, at, born)
    return None


def has_results(lines: Sequence[str]) -> bool:
    """Whether a text without header begins with an HPRIM block of results."""
    said = [line for line in lines[:20] if line.strip()][:3]
    return bool(said) and (bool(_RESULT.match(said[0])) or bool(re.match(r"\s*\*{4}\s?LAB\s?\*{4}", said[0])))


def read_date(line: str) -> str:
    """A line that holds only a date (and perhaps an hour) as YYYYMMDD; empty when it holds anything else."""
    said = _HOUR.sub("", line.strip()) if len(line) < _LONGEST else ""
    for form in _DATES:
        found = form.fullmatch(said)
        if found and (value := _value(found["y"], int(found["m"]), int(found["d"]))):
            return value
    return ""


def _value(year: str, month: int, day: int) -> str:
    """A day that exists; day or month zero when unknown."""
    known = date_exists(int(year) if len(year) == 4 else 2000 + int(year), month or 1, day or 1)
    return f"{year:0>4}{month:02}{day:02}" if known else ""


def date_exists(year: int, month: int, day: int) -> bool:
    """Whether the calendar has this day, since 1850."""
    try:
        return date(year, month, day).year >= 1850
    except ValueError:
        return False


def _start(lines: Sequence[str]) -> int:
    """The first line that says something, after the mark of Apicrypt."""
    for index, line in enumerate(lines):
        if line.strip(" \t\ufeff\x00") and not _APICRYPT.match(line):
            return index
    return len(lines)


def _is_header(lines: Sequence[str], start: int, born: int, *, marked: bool) -> bool:
    if not read_date(lines[born]) or not _is_name(lines[born - 5]):
        return False
    dated = len(lines) > born + 3 and bool(read_date(lines[born + 3]))
    if not _is_name(lines[born - 4]):
        return marked and dated and born - start == 6 and not _said(lines[born - 4])
    at_start = born - start in (5, 6, 7)
    numbered = len(lines) > born + 1 and bool(_NUMBER.match(lines[born + 1]))
    town = bool(_TOWN.match(lines[born - 1]))
    coded = born - start == 6 and bool(_CODE.match(lines[start])) and _is_capital(lines[born - 5])
    return (
        (at_start and (dated or marked) and (town or dated or coded))
        or (at_start and town and (numbered or coded))
        or (town and dated and _is_capital(lines[born - 5]))
        or (town and marked and _is_capital(lines[born - 5]))
    )


def _is_whole(lines: Sequence[str], born: int) -> bool:
    named = _is_name(lines[born - 5]) and _is_name(lines[born - 4]) and _is_capital(lines[born - 5])
    free = not _said(lines[born + 1]) or bool(_NUMBER.match(lines[born + 1]))
    return named and free and bool(_TOWN.match(lines[born - 1])) and bool(read_date(lines[born + 3]))


def _is_undated(lines: Sequence[str], born: int) -> bool:
    """A header whose birth date is not filled in: nobody is identified by it, but it is HPRIM."""
    named = _is_name(lines[born - 5]) and _is_name(lines[born - 4])
    return named and not _said(lines[born]) and bool(read_date(lines[born + 3]))


def _header(lines: Sequence[str], start: int, born: int) -> Header:
    def said(place: int) -> str:
        return _said(lines[born + place]) if born + place < len(lines) else ""

    following = bool(read_date(said(3))) or (not said(3) and (not said(1) or bool(_NUMBER.match(said(1)))))
    coded = born >= start + 6 and (bool(_CODE.match(lines[born - 6])) or born - start == 6)
    return Header(
        first=born - 6 if coded else born - 5,
        born=born,
        body=_body(lines, born + 6) if following else born + 1,
        family=said(-5),
        given=said(-4),
        birth_date=read_date(said(0)),
        file_number=said(2) if following else "",
        file_date=read_date(said(3)),
        sender=_label(said(4)) if following else "",
        recipient=_label(said(5)) if following else "",
    )


def _body(lines: Sequence[str], at: int) -> int:
    """Some programs write the sender and the recipient again after the twelfth line."""
    while at < len(lines) and re.match(r"\s{0,10}(?:exp[ée]diteur|m[ée]decin)\b", lines[at], re.IGNORECASE):
        at += 1
    return min(at, len(lines))


def _label(line: str) -> str:
    """A ten-letter code, then a label: the label."""
    code, label = line[:10], line[10:].strip()
    if label and (" " in code.strip() or code.endswith(" ")):
        return label if code.endswith(" ") else line
    head, _, tail = line.partition(" ")
    return tail.strip() if tail.strip() and any(map(str.isdigit, head)) else line


def _said(line: str) -> str:
    said = " ".join(line[:_LONGEST].strip(" \t\ufeff\x00").split(" "))
    return "" if said == "." else said


def _is_name(line: str) -> bool:
    said = _said(line)
    return any(map(str.isalpha, said)) and _NAME.fullmatch(said) is not None


def _is_capital(line: str) -> bool:
    """Whether a name is written in capitals, as HPRIM programs do; letters misread on the way do not count."""
    letters = [letter for letter in line if letter.isascii() and letter.isalpha()]
    return bool(letters) and all(map(str.isupper, letters))
