"""HL7 v2 reports: ORU and MDM of any 2.x, bare, in MLLP frames or in batches (spec/mssante/dpi-hl7v2.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.formats import charset
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.messages import delimited, hl7v2_results, message_text, readable
from gateway.formats.messages.delimited import Segment, Signs
from gateway.formats.messages.hl7v2_patient import claims
from gateway.formats.messages.message import Inner, Message
from gateway.model.documents import Code
from gateway.model.reasons import Reason
from gateway.terminology.types import type_code

HEADER: Final = re.compile(r"MSH([^\w\s])\S{2,5}?\1")
_MESSAGE: Final = re.compile(rb"(?:\A|(?<=[\r\n\x0b]))[ \t]*MSH(?=[^\w\s])")
_PATIENT: Final = re.compile(rb"(?<=[\r\n])PID(?=[^\w\s])")
_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_BATCH: Final = frozenset({"FHS", "BHS", "BTS", "FTS"})
_LATIN: Final = {"8859/1": "cp1252", "8859/15": "iso8859_15", "8859/9": "iso8859_9", "8859/2": "iso8859_2"}
_REPORTS: Final = frozenset({"ORU", "OUL", "MDM"})
_NOT_FINAL: Final = frozenset("PAISRO")
_RESULT_NOT_FINAL: Final = frozenset("PSRI")
_AUTHENTICATED: Final = frozenset({"", "AU", "LA"})
_LEVELS: Final = {"V": "V", "R": "R", "U": "N"}


@dataclass(frozen=True, slots=True)
class _Parsed:
    """One message: its header, and the other segments in order."""

    header: Segment
    body: tuple[Segment, ...]

    def all(self, name: str) -> list[Segment]:
        return [segment for segment in self.body if segment.name == name]

    def first(self, name: str) -> Segment:
        return next(iter(self.all(name)), Segment((name,), self.header.signs))


def split(data: bytes, limits: Limits) -> tuple[Inner, ...]:
    """Each message of a batch; of one message about several persons, the header with each of them."""
    plain = message_text.in_ascii_superset(data)
    starts = [found.start() for found in _MESSAGE.finditer(plain)]
    if len(starts) > 1:
        return _cut(plain, b"", starts, limits)
    start = starts[0] if starts else 0
    people = [found.start() for found in _PATIENT.finditer(plain, start)]
    if len({_identity(plain, place) for place in people}) < 2:
        return ()
    return _cut(plain, plain[start : people[0]], people, limits)


def read(data: bytes, limits: Limits) -> Message:
    """One message about one person; what it withdraws is not opened.

    FormatError: UNREADABLE, TOO_LARGE, UNSUPPORTED_FORMAT when it is no report.
    """
    parsed = _parsed(data, limits)
    _refuse_others(parsed)
    patients = parsed.all("PID")
    if not patients:
        raise FormatError(Reason.UNREADABLE, "Le message HL7 ne nomme aucun patient.")
    results = [one for one in parsed.all("OBX") if not hl7v2_results.is_flag(one)]
    cancelled = _is_cancelled(parsed, results)
    if not results and not cancelled:
        raise FormatError(Reason.UNREADABLE, "Le message HL7 ne contient aucun résultat.")
    stated = dict.fromkeys(claim for patient in patients for claim in claims(patient))
    stamp = _act_date(parsed)
    head = readable.heading(next(iter(stated)), sender=_sender(parsed.header), stamp=stamp)
    return Message(
        claims=tuple(stated),
        text=readable.bounded(readable.tidy([head, *hl7v2_results.lines(parsed.body)]), limits),
        title=_title(parsed, results),
        type=_type(parsed, results),
        act_date=stamp,
        final=_is_final(parsed, results),
        cancelled=cancelled,
        embedded=() if cancelled else hl7v2_results.files(results),
        beside=hl7v2_results.beside(results),
        only_beside=bool(results) and all(one.text(2).upper() == "RP" for one in results),
        visibility=hl7v2_results.visibility(parsed.all("OBX")),
        confidentiality=_LEVELS.get(parsed.first("TXA").text(18).upper(), ""),
    )


def _cut(data: bytes, head: bytes, starts: Sequence[int], limits: Limits) -> tuple[Inner, ...]:
    if len(starts) > limits.messages:
        raise FormatError(Reason.TOO_LARGE, "Le fichier HL7 contient trop de messages.")
    bounds = zip(starts, [*starts[1:], len(data)], strict=True)
    return tuple(Inner("", head + data[start:stop]) for start, stop in bounds)


def _identity(data: bytes, start: int) -> tuple[bytes, ...]:
    """What tells one PID from another: identifiers, names, birth date and sex, as written."""
    fields = re.split(rb"[\r\n]", data[start : start + 4000], maxsplit=1)[0].split(data[start + 3 : start + 4])
    return tuple(b" ".join(field.lower().split()) for field in (*fields[3:4], *fields[5:6], *fields[7:9]))


def _parsed(data: bytes, limits: Limits) -> _Parsed:
    lines = [line.strip("\x0b\x1c\x00\ufeff") for line in message_text.lines(_decoded(data))]
    if len(lines) > limits.message_lines:
        raise FormatError(Reason.TOO_LARGE, "Le message HL7 est trop long pour être lu automatiquement.")
    first = next((n for n, line in enumerate(lines) if HEADER.match(line.lstrip())), None)
    if first is None:
        raise FormatError(Reason.UNREADABLE, "Le message HL7 n'a pas de segment d'en-tête lisible.")
    head = lines[first].lstrip()
    declared = head[4:].partition(head[3])[0].ljust(4, "\x00")  # a sign that is not declared cuts nothing
    signs = Signs(head[3], declared[0], declared[1], *(sign.strip("\x00") for sign in declared[2:4]))
    header = Segment(("MSH", head[3], *head[4:].split(head[3])), signs)
    segments = (delimited.segment("\n".join(each), signs) for each in _whole(lines[first + 1 :], signs.field))
    return _Parsed(header, tuple(one for one in segments if one.name not in _BATCH))


def _decoded(data: bytes) -> str:
    """UTF-8 wherever the bytes allow it, whatever is declared; else as MSH-18 says, else the likeliest encoding."""
    text = charset.decode(data)
    head = next((line for line in message_text.lines(text[:4000]) if "MSH" in line[:6]), "")
    declared = head.strip("\x0b \ufeff").split(head.strip("\x0b \ufeff")[3:4] or "|")[17:18]
    encoding = _LATIN.get(declared[0].partition("~")[0].strip()) if declared else None
    return data.decode(encoding, "replace") if encoding and not message_text.is_unicode(data) else text


def _whole(lines: Sequence[str], field: str) -> Iterator[list[str]]:
    """Each segment with the lines that are no segment: a value that was wrapped on the way."""
    current: list[str] = []
    for line in lines:
        starts = _NAME.match(line) is not None and line[3:4] in {field, ""}
        if starts and current:
            yield current
        if starts:
            current = [line]
        elif current and line.strip():
            current.append(line)
    if current:
        yield current


def _refuse_others(parsed: _Parsed) -> None:
    """Admissions, orders and acknowledgements are no reports; neither is a test."""
    if parsed.header.text(9).upper() not in _REPORTS:
        detail = "Ce message HL7 n'est ni un compte rendu (ORU) ni un document (MDM)."
        raise FormatError(Reason.UNSUPPORTED_FORMAT, detail)
    if parsed.header.text(11).upper() in {"T", "D"}:
        raise FormatError(Reason.UNSUPPORTED_FORMAT, "L'expéditeur a marqué ce message HL7 comme un essai.")


def _is_cancelled(parsed: _Parsed, results: Sequence[Segment]) -> bool:
    """Withdrawn as a whole: the document, every request, or every result."""
    event = parsed.header.text(9, 2).upper()
    if event == "T11" or (event == "T04" and "CISIS" in parsed.header.text(21, 2).upper()):
        return True
    orders = [one.text(1).upper() for one in parsed.all("ORC")]
    states = [one.text(25).upper() for one in parsed.all("OBR")]
    given = [one.text(11).upper() for one in results]
    files = [one.text(11).upper() for one in results if one.text(2).upper() == "ED"]
    return (
        parsed.first("TXA").text(19).upper() in {"CA", "OB"}
        or (bool(orders) and all(order in {"CA", "OC", "CR"} for order in orders))
        or (bool(states) and all(state == "X" for state in states))
        or any(bool(some) and all(state in hl7v2_results.WITHDRAWN for state in some) for some in (given, files))
    )


def _is_final(parsed: _Parsed, results: Sequence[Segment]) -> bool:
    document = parsed.first("TXA")
    return (
        all(one.text(25).upper() not in _NOT_FINAL | {"X"} for one in parsed.all("OBR"))
        and all(one.text(11).upper() not in _RESULT_NOT_FINAL | hl7v2_results.WITHDRAWN for one in results)
        and document.text(17).upper() in _AUTHENTICATED
        and document.text(19).upper() in {"", "AV"}
    )


def _sender(header: Segment) -> str:
    return header.text(4) or header.text(3)


def _act_date(parsed: _Parsed) -> str:
    observed = [one.text(number) for number in (7, 22) for one in parsed.all("OBR")]
    stamps = [*observed, parsed.first("TXA").text(4), parsed.header.text(7)]
    return next((stamp for stamp in stamps if delimited.day(stamp)), "")


def _title(parsed: _Parsed, results: Sequence[Segment]) -> str:
    """What was done, when it is one thing; else what the document is called."""
    labels = {label for one in parsed.all("OBR") if (label := one.text(4, 2))}
    files = [one.text(3, 2) for one in results if one.text(2).upper() == "ED"]
    return next(iter(labels)) if len(labels) == 1 else next(filter(None, files), "")


def _type(parsed: _Parsed, results: Sequence[Segment]) -> Code | None:
    """A document type of the CI-SIS (JDV_J07), where the message has one: TXA-2, the document's OBX-3, OBR-4."""
    files = [one.text(3) for one in results if one.text(2).upper() == "ED"]
    codes = [parsed.first("TXA").text(2), *files, *(one.text(4) for one in parsed.all("OBR"))]
    found = next((known for code in codes if (known := type_code(code)) and known.in_cisis), None)
    return Code(found.code, found.system, found.label) if found else None
