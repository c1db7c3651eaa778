"""HL7 v2 in pipe form (chapter 2 of the standard, v2.5–2.6): messages to values, values to segments.

A codec of our own rather than python-hl7: its escapes, ISO 8859-15, and a document of 20 MB inside one OBX must come
through exactly, and a damaged message must give one clear error. Reading is tolerant (the separators of MSH, CR, LF or
CR LF, UTF-8, 8859/1, 8859/15); writing is strict (``|^~\\&``, CR, UTF-8).

Numbers are the standard's: fields, repetitions, components and subcomponents count from 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_BYTES = 128_000_000
MAX_SEGMENTS = 10_000
MAX_FIELDS = 1_000

#: The names of table 0211, and those that some write in their place, by their letters and digits alone.
_CHARSETS = {
    "UNICODEUTF8": "utf-8",
    "UNICODE": "utf-8",
    "UTF8": "utf-8",
    "88591": "iso-8859-1",
    "885915": "iso-8859-15",
}
_UNSTATED = frozenset({"", "ASCII", "IR6"})
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
_LINES = re.compile(r"\r\n|\r|\n")
_MUST_ESCAPE = re.compile(r"[|^~\\&\x00-\x1f\x7f]")
_LETTERS = {"|": "F", "^": "S", "~": "R", "\\": "E", "&": "T"}


class Hl7Error(ValueError):
    """The bytes are not a readable HL7 v2 message. Its text holds no content of the message."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """MSH-1, MSH-2 and the codec that MSH-18 names."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    sub: str = "&"
    codec: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Segment:
    """One line. ``fields`` are raw (still escaped); in MSH the first one is the field separator itself."""

    name: str
    fields: tuple[str, ...]
    syntax: Syntax = Syntax()

    def raw(self, n: int) -> str:
        """The whole field as written; empty when absent."""
        return self.fields[n - 1] if 0 < n <= len(self.fields) else ""

    def repetitions(self, n: int) -> int:
        """How many repetitions field ``n`` has; 0 when it is empty."""
        return self.raw(n).count(self.syntax.repetition) + 1 if self.raw(n) else 0

    def field(self, n: int, repetition: int = 1, component: int = 1, sub: int = 1) -> str:
        """One value, unescaped; empty when absent."""
        if self.name == "MSH" and n <= 2:
            return self.raw(n)
        text = _pick(self.raw(n), self.syntax.repetition, repetition)
        text = _pick(text, self.syntax.component, component)
        return unescape(_pick(text, self.syntax.sub, sub), self.syntax)


@dataclass(frozen=True, slots=True)
class Message:
    """The segments in order; the first is MSH."""

    segments: tuple[Segment, ...]
    syntax: Syntax = Syntax()

    def named(self, name: str) -> tuple[Segment, ...]:
        """Every segment of this name."""
        return tuple(segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment:
        """The first segment of this name; one without fields when there is none."""
        return next((s for s in self.segments if s.name == name), Segment(name, (), self.syntax))

    def field(self, name: str, n: int, repetition: int = 1, component: int = 1, sub: int = 1) -> str:
        """One value of the first segment of this name, unescaped; empty when absent."""
        return self.first(name).field(n, repetition, component, sub)

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.field("MSH", 10)


def parse(data: bytes, *, lenient: bool = False) -> Message:
    """Read one message (no MLLP bytes). Raises Hl7Error.

    ``lenient``: for an answer, of which only codes matter, text in another character set than it says is no error.
    """
    if len(data) > MAX_BYTES:
        raise Hl7Error("the message is larger than the limit")
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    syntax = _syntax(data, lenient=lenient)
    lines = [line for line in _LINES.split(_decode(data, syntax.codec, lenient=lenient)) if line.strip()]
    if len(lines) > MAX_SEGMENTS:
        raise Hl7Error("the message has too many segments")
    return Message(tuple(_segment(line, syntax) for line in lines), syntax)


def escape(text: str) -> str:
    """A value for one of our fields: separators and control characters escaped (chapter 2.7)."""
    return _MUST_ESCAPE.sub(lambda found: _escaped(found.group()), text)


def unescape(text: str, syntax: Syntax = Syntax()) -> str:
    """A value as meant: \\F\\ \\S\\ \\T\\ \\R\\ \\E\\ and \\X..\\ resolved; highlighting dropped; others kept."""
    if syntax.escape not in text:
        return text
    mark = re.escape(syntax.escape)
    return re.sub(f"{mark}([^{mark}]*){mark}", lambda found: _meant(found, syntax), text)


def segment(name: str, values: Mapping[int, str]) -> bytes:
    """One line with its CR, from its fields by number, already escaped and assembled; MSH-1 is implied. UTF-8."""
    return line(name, values).encode("utf-8", "replace")


def line(name: str, values: Mapping[int, str]) -> str:
    """The same as text, for a message in another character set."""
    first = 2 if name == "MSH" else 1
    fields = (values.get(n, "") for n in range(first, max(values) + 1))
    return f"{name}|{'|'.join(fields).rstrip('|')}\r"


def components(*values: str) -> str:
    """Escape each value and join them by ``^``; empty components at the end are left out."""
    return "^".join(escape(value) for value in values).rstrip("^")


def rewritten(source: Segment, n: int) -> str:
    """The first repetition of a field written again with our separators, escaped."""
    raw = _pick(source.raw(n), source.syntax.repetition, 1)
    parts = (part.split(source.syntax.sub) for part in raw.split(source.syntax.component))
    return "^".join("&".join(escape(unescape(sub, source.syntax)) for sub in part) for part in parts)


def _syntax(data: bytes, *, lenient: bool) -> Syntax:
    header = _LINES.split(_separators(data[:4096]), maxsplit=1)[0]
    if not header.startswith("MSH") or len(header) < 8:
        raise Hl7Error("the message does not begin with MSH")
    marks = header[3:8]
    parts = header.split(marks[0])
    encoding = parts[1]
    if len(set(marks[:4])) < 4 or len(encoding) < 3 or any(c.isalnum() or c.isspace() for c in encoding[:4]):
        raise Hl7Error("MSH-1 and MSH-2 are not five separators")
    charset = parts[17] if len(parts) > 17 else ""
    sub = encoding[3] if len(encoding) > 3 else "&"
    codec = _codec(charset.split(encoding[1])[0], data, lenient=lenient)
    return Syntax(marks[0], encoding[0], encoding[1], encoding[2], sub, codec)


def _separators(start: bytes) -> str:
    """The beginning as text; examples of the ANS write a small tilde of two bytes as the repetition separator."""
    return start.decode("utf-8", "ignore") if b"\xcb\x9c" in start[:9] else start.decode("latin-1")


def _codec(charset: str, data: bytes, *, lenient: bool) -> str:
    name = re.sub(r"[^A-Z0-9]", "", charset.upper()).removeprefix("ISO")
    if name in _CHARSETS:
        return _CHARSETS[name]
    if name not in _UNSTATED and not lenient:
        raise Hl7Error("MSH-18 names a character set that is not supported")
    try:
        data.decode()
    except UnicodeDecodeError:
        return "iso-8859-15"
    return "utf-8"


def _decode(data: bytes, codec: str, *, lenient: bool) -> str:
    try:
        return data.decode(codec, "replace" if lenient else "strict")
    except UnicodeDecodeError as error:
        raise Hl7Error(f"byte {error.start} is not of the character set of MSH-18") from None


def _segment(line: str, syntax: Syntax) -> Segment:
    name, *values = line.split(syntax.field, MAX_FIELDS + 1)
    if not _NAME.match(name):
        raise Hl7Error("a line does not begin with the name of a segment")
    if len(values) > MAX_FIELDS:
        raise Hl7Error("a segment has too many fields")
    return Segment(name, (syntax.field, *values) if name == "MSH" else tuple(values), syntax)


def _pick(text: str, separator: str, n: int) -> str:
    parts = text.split(separator, n)
    return parts[n - 1] if 0 < n <= len(parts) else ""


def _escaped(character: str) -> str:
    letter = _LETTERS.get(character)
    return f"\\{letter}\\" if letter else f"\\X{ord(character):02X}\\"


def _meant(found: re.Match[str], syntax: Syntax) -> str:
    code = found.group(1)
    letters = {"F": syntax.field, "S": syntax.component, "R": syntax.repetition, "E": syntax.escape, "T": syntax.sub}
    letters |= {"H": "", "N": "", ".br": "\n"}
    if code in letters:
        return letters[code]
    if re.fullmatch(r"X([0-9A-Fa-f]{2})+", code):
        return bytes.fromhex(code[1:]).decode(syntax.codec, "replace")
    return found.group()
