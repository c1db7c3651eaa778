"""HPRIM Médecin: a header of twelve lines, a text, and at times its results once more (spec/mssante/hprim.md §1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.messages import hprim_header, message_text, readable
from gateway.formats.messages.hprim_header import END, Header
from gateway.formats.messages.message import Inner, Message
from gateway.model.identity import Claim
from gateway.model.reasons import Reason

_FIELDS: Final = 14
_WORD: Final = re.compile(r"[^\W_]+(?:[.,][0-9]+)?")
_NOTES: Final = {"R": "non validé", "C": "corrigé"}
_CIVILITY: Final = re.compile(
    r"(?:(MONSIEUR|MR\.?|M\.)|(MADAME|MADEMOISELLE|MME\.?|MLLE\.?|MELLE\.?)) +", re.IGNORECASE
)
_OTHER_NAME: Final = re.compile(
    r"(?P<one>.+?)[ (]+(?:(?P<maiden>n[ée]e?)|(?P<married>[ée]pouse|[ée]pse|ep\.?|vve|veuve)) +(?P<other>[^()]+)\)?",
    re.IGNORECASE,
)


def split(data: bytes, limits: Limits) -> tuple[Inner, ...]:
    """The messages of a file that speaks of several patients, each with its own bytes; else nothing to cut.

    Messages about one and the same person stay the one document that they travelled as.
    """
    plain = message_text.in_ascii_superset(data)
    pieces = [piece for piece in _pieces(plain, limits) if _is_message(piece)]
    people = {_person(hprim_header.find(_lines(piece))) for piece in pieces}
    if len(people) < 2:
        return ()
    if len(pieces) > limits.messages:
        raise FormatError(Reason.TOO_LARGE, "Le fichier HPRIM contient trop de messages.")
    return tuple(Inner("", piece) for piece in pieces)


def read(data: bytes, limits: Limits) -> Message:
    """One message, or several about the same person: his identity, the text and the results that it does not repeat.

    FormatError: TOO_LARGE, or UNREADABLE when it says nothing. The social number of line 8 is the insured person's:
    it is no INS, and not kept.
    """
    pieces = _pieces(message_text.in_ascii_superset(data), limits)
    texts = [message_text.decode(piece) for piece in pieces if _is_message(piece)] or [message_text.decode(data)]
    parts = [message_text.lines(text) for text in texts]
    headers = [hprim_header.find(part) for part in parts]
    known = next((header for header in headers if header), None)
    claim = _claim(known) if known else None
    people = {_person(header): header for part in parts for header in _headers(part)}
    results = [result for part in parts for result in _results(part)]
    bodies = [_body(part, header) for part, header in zip(parts, headers, strict=True)]
    if not known and not any(bodies):
        raise FormatError(Reason.UNREADABLE, "Le message HPRIM est vide.")
    head = [readable.heading(claim, **_letterhead(known)) if known else ""]
    return Message(
        claims=tuple(_claim(header) for header in people.values()),
        text=readable.bounded(readable.tidy([*head, *bodies]), limits),
        title=readable.BIOLOGY if results else "",
        act_date=known.file_date if known and not known.file_date.startswith("00") else "",
        final=all(fields[9] != "R" for fields in results),
    )


def _pieces(data: bytes, limits: Limits) -> list[bytes]:
    """The bytes cut after each end of a message, and before a header that follows without one."""
    ends = [found.end() for found in re.finditer(rb"\r\n|\r|\n", data)] + [len(data)]
    if len(ends) > limits.message_lines:
        raise FormatError(Reason.TOO_LARGE, "Le fichier HPRIM est trop long pour être lu automatiquement.")
    lines = [line.decode("latin-1") for line in re.split(rb"\r\n|\r|\n", data)]
    pieces: list[bytes] = []
    first = 0
    for last in [*(n for n, line in enumerate(lines) if _closes(line)), len(lines) - 1]:
        for start, stop in _apart(lines, first, last + 1):
            pieces.append(data[ends[start - 1] if start else 0 : ends[stop - 1]])
        first = last + 1
    return pieces


def _closes(line: str) -> bool:
    found = END.match(line.strip()) if "*" in line else None
    return found is not None and found[1].upper() == "FIN"


def _apart(lines: Sequence[str], first: int, stop: int) -> Iterator[tuple[int, int]]:
    """The messages between two line numbers."""
    chunk = lines[first:stop]
    header = hprim_header.find(chunk) if chunk else None
    start = 0
    while header:
        following = hprim_header.find_next(chunk, header.born + 4)
        if following is None:
            break
        yield first + start, first + following.first
        start, header = following.first, following
    if first + start < stop:
        yield first + start, stop


def _is_message(piece: bytes) -> bool:
    """Whether it holds a header, or is closed as a message though none is recognised."""
    lines = _lines(piece)
    if hprim_header.find(lines) or hprim_header.has_results(lines):
        return True
    return any(map(_closes, lines)) and any(line.strip() and not END.match(line.strip()) for line in lines)


def _lines(piece: bytes) -> list[str]:
    return message_text.lines(message_text.unmarked(piece.decode("latin-1")))


def _person(header: Header | None) -> tuple[str, ...] | None:
    if header is None:
        return None
    said = (header.family, header.given, header.birth_date)
    return tuple(" ".join(part.casefold().split()) for part in said)


def _headers(lines: Sequence[str]) -> Iterator[Header]:
    """Every header of a text; more than one only where the lines of the file could not be told apart."""
    header = hprim_header.find(lines)
    while header:
        yield header
        header = hprim_header.find_next(lines, header.born + 4)


def _claim(header: Header) -> Claim:
    """The identity of lines 2, 3 and 7: a family name of unsaid kind, and no sex unless a civility stands before."""
    civil = _CIVILITY.match(header.family)
    family = header.family[civil.end() :] if civil else header.family
    double = _OTHER_NAME.fullmatch(family)
    birth, used = (double["other"], double["one"]) if double else (None, None)
    if double and double["married"]:
        birth, used = used, birth
    given = " ".join(header.given.replace(",", " ").split())
    line = header.born + 1
    found = [("family_name", f"ligne {line - 5}"), ("given_names", f"ligne {line - 4}")]
    return Claim(
        source="hprim",
        birth_name=birth.strip() if birth else None,
        used_name=used.strip() if used else None,
        family_name=None if double else family or None,
        first_given=given if given and " " not in given else None,
        given_names=given or None,
        birth_date=header.birth_date or None,
        sex=("M" if civil[1] else "F") if civil else None,
        found=(*found, ("birth_date", f"ligne {line}")) if header.birth_date else tuple(found),
    )


def _letterhead(header: Header) -> dict[str, str]:
    return {
        "sender": header.sender,
        "recipient": header.recipient,
        "stamp": header.file_date,
        "number": header.file_number,
    }


def _body(lines: Sequence[str], header: Header | None) -> str:
    """The text up to the first mark, then the results that it does not hold."""
    start = header.body if header else 0
    stop = next((n for n in range(start, len(lines)) if END.match(lines[n].strip())), len(lines))
    told = [line for line in lines[start:stop] if not _is_structured(line)]
    words = set(_WORD.findall("\n".join(told).casefold().replace(",", ".")))
    added = [said for line in lines[start:] if _is_structured(line) and (said := _missing(line, words))]
    return readable.tidy([*told, "", *added]) if any(map(str.strip, told)) or added else ""


def _is_structured(line: str) -> bool:
    return line.lstrip()[:4].upper() in {"RES|", "TEX|"}


def _missing(line: str, words: set[str]) -> str:
    """A structured line as a person reads it; empty when the text above says as much."""
    fields = _fields(line)
    if fields[0].upper() == "TEX":
        text = line.partition("|")[2].rstrip("| ")
        return "" if _told(text, words) or not text.strip(" -_=|") else text
    note = _NOTES.get(fields[9].upper(), "")
    if not fields[4] and not fields[10]:
        return ""
    if not note and _told(f"{fields[1]} {fields[4]}", words):
        return ""
    normals = " - ".join(bound for bound in fields[6:8] if bound)
    said = readable.result(fields[1], fields[4], unit=fields[5], normals=normals, flag=fields[8], note=note)
    second = readable.result("", fields[10], unit=fields[11], normals=" - ".join(b for b in fields[12:14] if b))
    return f"{said} ; {second}" if fields[10] else said


def _told(text: str, words: set[str]) -> bool:
    return set(_WORD.findall(text.casefold().replace(",", "."))) <= words


def _results(lines: Sequence[str]) -> list[list[str]]:
    return [_fields(line) for line in lines if line.lstrip()[:4].upper() == "RES|"]


def _fields(line: str) -> list[str]:
    """The fields of a result, padded to fourteen: real files end after the ninth or tenth."""
    fields = [" ".join(field.split()) for field in line.strip().split("|")]
    return fields + [""] * (_FIELDS - len(fields))
