"""HPRIM Santé 2.0 to 2.5: results in segments H, P, OBR, OBX, A, C, L (spec/mssante/hprim.md §2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.messages import delimited, message_text, readable
from gateway.formats.messages.delimited import Segment, Signs
from gateway.formats.messages.hprim_patient import claims
from gateway.formats.messages.message import Inner, Message
from gateway.formats.sniff import Kind, sniff
from gateway.model.documents import Code
from gateway.model.reasons import Reason
from gateway.terminology.types import type_code

HEADER: Final = re.compile(r"H([^\w\s])([^\w\s]{3,4})\1")
_SEGMENT: Final = re.compile(r"(?:H|P|A|C|L|OBR|OBX|FAC|ACT|REG|AP|AC|ERR)(?=[^\w\s])")
_PATIENT: Final = re.compile(rb"(?m)(?:^|(?<=\r))P(?=[^\w\s])")
_NOT_FINAL: Final = frozenset("PMIRO")
_CANCELLED: Final = frozenset("DX")
_NOTES: Final = {
    "P": "non validé",
    "R": "non validé",
    "I": "en attente",
    "O": "en attente",
    "M": "partiel",
    "C": "corrigé",
    "D": "annulé",
    "X": "annulé",
}
_FILES: Final = frozenset({"PDF", "TIF", "TIFF", "JPG", "JPEG", "RTF"})
_CONTEXTS: Final = frozenset({"", "ORU"})


@dataclass(frozen=True, slots=True)
class _File:
    """The segments of a file: the header, then the others, each continuation glued."""

    header: Segment
    body: tuple[Segment, ...]


def split(data: bytes, limits: Limits) -> tuple[Inner, ...]:
    """One message for each P segment when they are several persons: the header, his segments, the end."""
    plain = message_text.in_ascii_superset(data)
    starts = [found.start() for found in _PATIENT.finditer(plain)]
    if len(starts) < 2 or len({_identity(plain, start) for start in starts}) < 2:
        return ()
    if len(starts) > limits.messages:
        raise FormatError(Reason.TOO_LARGE, "Le fichier HPRIM contient trop de patients.")
    head = plain[: starts[0]]
    bounds = zip(starts, [*starts[1:], len(plain)], strict=True)
    return tuple(Inner("", head + plain[start:stop]) for start, stop in bounds)


def read(data: bytes, limits: Limits) -> Message:
    """One message about one person. FormatError: UNREADABLE, TOO_LARGE, UNSUPPORTED_FORMAT when it is no report."""
    file = _segments(message_text.decode(data), limits)
    _refuse_others(file)
    patients = [segment for segment in file.body if segment.name == "P"]
    if not patients:
        raise FormatError(Reason.UNREADABLE, "Le message HPRIM ne nomme aucun patient.")
    if len(patients) > limits.messages:
        raise FormatError(Reason.TOO_LARGE, "Le fichier HPRIM contient trop de patients.")
    stated = dict.fromkeys(claim for patient in patients for claim in claims(file.header, patient))
    results = [segment for segment in file.body if segment.name == "OBX"]
    requests = [segment for segment in file.body if segment.name == "OBR"]
    states = [status for request in requests if (status := request.text(25).upper())]
    every = states + [status for one in results if (status := one.text(11).upper())]
    stamp = _act_date(file.header, requests)
    head = readable.heading(next(iter(stated), None), sender=_sender(file.header), stamp=stamp)
    return Message(
        claims=tuple(stated),
        text=readable.bounded(readable.tidy([head, *_lines(file.body)]), limits),
        title=_title(requests, results),
        type=_type(requests, results),
        act_date=stamp,
        final=not any(status in _NOT_FINAL | _CANCELLED for status in every),
        cancelled=bool(every) and all(status in _CANCELLED for status in states or every),
        embedded=tuple(_embedded(one) for one in results if one.text(2).upper() in _FILES),
        only_beside=bool(results) and all(one.text(2).upper() == "FIC" for one in results),
        beside=tuple(name for one in results if one.text(2).upper() == "FIC" and (name := _beside(one))),
    )


def _segments(text: str, limits: Limits) -> _File:
    lines = [line for line in message_text.lines(text) if line.strip(" \t\x00\x1a")]
    if len(lines) > limits.message_lines:
        raise FormatError(Reason.TOO_LARGE, "Le fichier HPRIM est trop long pour être lu automatiquement.")
    first = next((n for n, line in enumerate(lines) if HEADER.match(line.lstrip("\ufeff \x0b"))), None)
    if first is None:
        raise FormatError(Reason.UNREADABLE, "Le message HPRIM n'a pas de segment d'en-tête lisible.")
    head = lines[first].lstrip("\ufeff \x0b")
    signs = _signs(head)
    whole = [delimited.segment("".join(parts), signs) for parts in _glued(lines[first + 1 :], signs)]
    return _File(_header(head, signs), tuple(whole))


def _signs(head: str) -> Signs:
    found = HEADER.match(head)
    declared = found[2] if found else "~^\\&"
    return Signs(head[1], declared[0], declared[1], declared[2], declared[3:4])


def _header(head: str, signs: Signs) -> Segment:
    """H.1 is the delimiters themselves."""
    name, _, rest = head.partition(signs.field)
    return Segment((name, *rest.split(signs.field)), signs)


def _glued(lines: Sequence[str], signs: Signs) -> Iterator[list[str]]:
    """Each segment with what its A segments continue, even in the middle of a word; a bare line goes on too."""
    current: list[str] = []
    for line in lines:
        named = _SEGMENT.match(line.lstrip())
        if named and line.lstrip()[named.end()] == signs.field:
            if named.group() == "A":
                current.append(line.lstrip()[2:])
                continue
            if current:
                yield current
            if named.group() == "L":
                return
            current = [line.lstrip()]
        elif current:
            current.append(" " + line.strip())
    if current:
        yield current


def _identity(data: bytes, start: int) -> tuple[bytes, ...]:
    """What tells one P segment from another: its names, birth date, sex and INS, as written."""
    line = re.split(rb"[\r\n]", data[start : start + 2000], maxsplit=1)[0]
    fields = line.split(line[1:2])
    return tuple(b" ".join(field.lower().split()) for field in (*fields[5:9], *fields[11:12]))


def _refuse_others(file: _File) -> None:
    """Admissions, orders, bills and error messages are no reports; neither is a test."""
    context = file.header.text(6).upper()
    if context not in _CONTEXTS and not any(segment.name == "OBX" for segment in file.body):
        detail = "Ce message HPRIM n'est pas un compte rendu : il ne contient aucun résultat à classer."
        raise FormatError(Reason.UNSUPPORTED_FORMAT, detail)
    if file.header.text(11).upper() in {"T", "D"}:
        raise FormatError(Reason.UNSUPPORTED_FORMAT, "L'expéditeur a marqué ce message HPRIM comme un essai.")


def _sender(header: Segment) -> str:
    return header.text(4, 2) or header.text(4)


def _act_date(header: Segment, requests: Sequence[Segment]) -> str:
    stamps = [request.text(number) for number in (7, 14, 22) for request in requests]
    return next((stamp for stamp in [*stamps, header.text(13)] if delimited.day(stamp)), "")


def _title(requests: Sequence[Segment], results: Sequence[Segment]) -> str:
    """What was asked for, when it is one thing; measures beside their normals are those of a laboratory."""
    labels = {name for one in requests for item in one.repetitions(4) if (name := one.part(item, 2))}
    named = next(iter(labels)) if len(labels) == 1 else ""
    measured = any(one.text(2).upper() == "NM" and one.raw(6) and one.raw(7) for one in results)
    return " : ".join(filter(None, (readable.BIOLOGY if measured else "", named)))


def _type(requests: Sequence[Segment], results: Sequence[Segment]) -> Code | None:
    """A document type of the CI-SIS (JDV_J07), when a code of the message is one."""
    codes = [one.text(4) for one in requests] + [one.text(3) for one in results]
    found = next((known for code in codes if (known := type_code(code)) and known.in_cisis), None)
    return Code(found.code, found.system, found.label) if found else None


def _lines(body: Sequence[Segment]) -> Iterator[str]:
    for segment in body:
        if segment.name == "OBR":
            labels = [segment.part(item, 2) or segment.part(item, 1) for item in segment.repetitions(4)]
            note = _NOTES.get(segment.text(25).upper(), "")
            yield f"\n{', '.join(filter(None, labels))}{f' [{note}]' if note else ''}"
        elif segment.name == "OBX":
            yield _result(segment)
        elif segment.name == "C":
            yield f"    {' '.join(segment.signs.unescape(' '.join(segment.repetitions(3))).split())}"


def _result(one: Segment) -> str:
    """One result; the pages of an annexed file are read in that file."""
    kind, label = one.text(2).upper(), one.text(3, 2) or one.text(3)
    if kind == "FIC":
        return f"{label} : voir le fichier {_beside(one)}"
    if kind in _FILES:
        return ""
    value = "\n".join(filter(None, (_value(one, kind, item) for item in one.repetitions(5))))
    note = _NOTES.get(one.text(11).upper(), "")
    if not value and not note:
        return f"{label} : "
    unit, normals = one.text(6, 2) or one.text(6), ", ".join(map(one.signs.unescape, one.repetitions(7)))
    return readable.result(label, value, unit=unit, normals=normals, flag=one.text(8), note=note)


def _value(one: Segment, kind: str, item: str) -> str:
    if kind in {"CE", "CNA"}:
        return one.part(item, 2) or one.part(item, 1)
    if kind == "GC":
        return "courbe, non représentée"
    stamp = readable.day(item) if kind in {"DT", "TS"} else ""
    return stamp or one.signs.unescape(item.replace(one.signs.component, " ")).strip()


def _embedded(one: Segment) -> Inner:
    """The file in a result: the longest of its components holds it."""
    packed = max(one.raw(5).split(one.signs.component), key=len)
    data = delimited.base64_file(packed)
    if sniff(data) in {Kind.TEXT, Kind.EMPTY, Kind.UNKNOWN}:
        raise FormatError(Reason.UNREADABLE, "Le fichier contenu dans le message HPRIM est illisible.")
    return Inner("", data)


def _beside(one: Segment) -> str:
    """The name of the file beside: the second component, the first being the application that made it."""
    return re.split(r"[/\\]", one.text(5, 2) or one.text(5))[-1]
