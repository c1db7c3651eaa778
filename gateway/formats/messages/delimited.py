"""Segments, fields and components of ASTM E1238 and its children, HPRIM Santé and HL7 v2: the header says its signs."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import Final

import pybase64

from gateway.formats.errors import FormatError
from gateway.model.reasons import Reason

_NARROW: Final = 20  # letters below which a line is a word, not base64
_HEX: Final = re.compile(r"[0-9A-Fa-f]{2,200}")


@dataclass(frozen=True, slots=True)
class Signs:
    """The delimiters that a header declares. ``escape`` may be empty."""

    field: str
    component: str
    repetition: str
    escape: str
    sub: str

    def unescape(self, text: str) -> str:
        """The text of a value: escaped delimiters, line ends and hexadecimal (HL7 v2.5 §2.7); unknown ones go."""
        if not self.escape or self.escape not in text:
            return text
        pieces = text.split(self.escape)
        said, index = [pieces[0]], 1
        while index < len(pieces):
            closed = index + 1 < len(pieces)
            meaning = self._meaning(pieces[index]) if closed else None
            if meaning is None:
                said.append(self.escape + pieces[index])
                index += 1
            else:
                said += [meaning, pieces[index + 1]]
                index += 2
        return "".join(said)

    def _meaning(self, code: str) -> str | None:
        """What stands between two escapes; None when it is no sequence but text."""
        signs = {"F": self.field, "S": self.component, "R": self.repetition, "E": self.escape, "T": self.sub}
        if code in signs:
            return signs[code]
        if code[:1] == "X" and _HEX.fullmatch(code[1:]) and len(code) % 2:
            return _octets(bytes.fromhex(code[1:]))
        if code in {"H", "N"} or (code[:1] in {"C", "M", "Z"} and _HEX.fullmatch(code[1:])):
            return ""
        if re.fullmatch(r"\.(?:br|sp|in|ti|fi|nf|ce|sk)[+-]?\d{0,3}", code):
            return "\n" if code[1:3] in {"br", "sp", "ce"} else " "
        return None


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its fields, numbered as in the standard (0 is its name)."""

    fields: tuple[str, ...]
    signs: Signs

    @property
    def name(self) -> str:
        """The segment's name: P, OBX, PID…"""
        return self.fields[0].strip().upper()

    def raw(self, number: int) -> str:
        """A field as written; empty when absent or the explicit null."""
        value = self.fields[number].strip() if number < len(self.fields) else ""
        return "" if value == '""' else value

    def text(self, number: int, component: int = 1, repetition: int = 0) -> str:
        """A component of a field, unescaped (numbers from 1, repetitions from 0)."""
        each = self.repetitions(number)
        return self.part(each[repetition], component) if repetition < len(each) else ""

    def repetitions(self, number: int) -> list[str]:
        """The repetitions of a field, as written; empty when the field is."""
        value = self.raw(number)
        return value.split(self.signs.repetition) if value else []

    def part(self, value: str, component: int, sub: int = 1) -> str:
        """A component of a value, and its subcomponent, unescaped."""
        parts = value.split(self.signs.component)
        said = parts[component - 1] if component <= len(parts) else ""
        subs = said.split(self.signs.sub) if self.signs.sub else [said]
        said = subs[sub - 1] if sub <= len(subs) else ""
        return "" if said == '""' else self.signs.unescape(said).strip()


def segment(line: str, signs: Signs) -> Segment:
    """One line as a segment."""
    return Segment(tuple(line.split(signs.field)), signs)


def base64_file(value: str) -> bytes:
    """The file that a value holds in base64. UNREADABLE when it holds none (words in its place, damage)."""
    if any(len(line) < _NARROW for line in value.split()[:-1]):
        raise FormatError(Reason.UNREADABLE, "Le message annonce un fichier dont il ne contient pas le contenu.")
    packed = "".join(re.sub(r"\\[.\w]{1,6}\\", "", value).split()) if "\\" in value else "".join(value.split())
    try:
        found = pybase64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(Reason.UNREADABLE, "Le fichier contenu dans le message est illisible.") from error
    if not found:
        raise FormatError(Reason.UNREADABLE, "Le message annonce un fichier dont il ne contient pas le contenu.")
    return found


def day(stamp: str) -> str:
    """The date of a time stamp as YYYYMMDD, zeros for what it does not say; empty when it is none."""
    digits = re.match(r"\d{4}(?:\d{2}){0,2}", stamp.strip())
    return digits.group().ljust(8, "0") if digits and digits.group()[:2] in {"18", "19", "20"} else ""


def _octets(data: bytes) -> str:
    try:
        said = data.decode()
    except UnicodeDecodeError:
        said = data.decode("cp1252", "replace")
    return said.replace("\r\n", "\n").replace("\r", "\n")
