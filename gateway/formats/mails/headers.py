"""Header fields of a mail or of one of its parts (RFC 5322, 2045, 2047, 2231), read as mail programs do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from urllib.parse import unquote_to_bytes

_NAME = re.compile(rb"[\x21-\x39\x3b-\x7e]+[ \t]*:")
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_CONTINUATION = re.compile(r"(.+?)\*(\d{1,3})?(\*)?$")
_ADDRESS_ITEM = re.compile(r'(?:"(?:[^"\\]|\\.)*"|\([^()]*\)|<[^<>]*>|[^,;"(<])+', re.DOTALL)
_ANGLE = re.compile(r"<\s*([^<>\s]*@[^<>\s]*)\s*>")
_BARE = re.compile(r'[^\s<>:,;"()]+@[^\s<>:,;"()]+')


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one header, in order: (lower-case name, unfolded value with its bytes decoded)."""

    pairs: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The first value of a field, None when the field is absent. ``_`` and ``-`` are the same in names."""
        return next((value for key, value in self.pairs if key == name), None)

    def text(self, name: str) -> str:
        """The value with its encoded words decoded, blanks collapsed; empty when absent."""
        return " ".join(decode_words(self.get(name) or "").split())

    def token(self, name: str) -> str:
        """The value before any parameter, lower case: a media type, a disposition, an encoding."""
        return (self.get(name) or "").partition(";")[0].strip().lower()

    def parameter(self, name: str, key: str) -> str:
        """One parameter of a structured field, decoded (RFC 2231, or RFC 2047 as many programs write it)."""
        return parameters(self.get(name) or "").get(key, "")

    def addresses(self, name: str) -> tuple[tuple[str, str], ...]:
        """(label, bare lower-case address) of each address of a field."""
        found = (_address(item) for item in _ADDRESS_ITEM.findall(self.get(name) or ""))
        return tuple(address for address in found if address)


def parse(block: bytes, value_limit: int) -> Fields:
    """The fields of a header block (without its empty line). Values are cut at ``value_limit`` bytes."""
    pairs: list[tuple[str, list[bytes]]] = []
    for line in block.splitlines():
        if line[:1] in {b" ", b"\t"} and pairs:
            pairs[-1][1].append(line)
        elif _NAME.match(line):
            name, _, value = line.partition(b":")
            pairs.append((name.strip().decode("ascii").lower().replace("_", "-"), [value]))
    return Fields(tuple((name, decode_bytes(b"".join(value)[:value_limit]).strip()) for name, value in pairs))


def is_field(line: bytes) -> bool:
    """Whether a line may stand in a header: a field, or the continuation of one."""
    return line[:1] in {b" ", b"\t"} or _NAME.match(line) is not None


def decode_bytes(value: bytes, charset: str = "utf-8") -> str:
    """Text whose charset is declared, perhaps wrongly: as declared, else UTF-8, else Windows-1252 (never fails)."""
    for candidate in (charset, "utf-8"):
        try:
            return value.decode(candidate)
        except (LookupError, ValueError):
            continue
    return value.decode("cp1252", "replace")


def decode_words(value: str) -> str:
    """RFC 2047 encoded words decoded; what cannot be decoded stays as written."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(p if isinstance(p, str) else decode_bytes(p, c or "latin-1") for p, c in pieces)


def parameters(value: str) -> dict[str, str]:
    """The parameters of a structured field, continuations joined (RFC 2231 §3, §4). The first of a name wins."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(value):
        key, text = match[1].lower(), _unquote(match[2])
        cut = _CONTINUATION.match(key) if "*" in key else None
        if cut:
            pieces.setdefault(cut[1], {}).setdefault(int(cut[2] or 0), (text, bool(cut[3]) or cut[2] is None))
        else:
            plain.setdefault(key, decode_words(text))
    return plain | {key: _join(parts) for key, parts in pieces.items()}


def _address(item: str) -> tuple[str, str] | None:
    """One item of an address list; the standard library's parser descends without bound, so it is not used."""
    angle = _ANGLE.search(item)
    bare = angle[1] if angle else next(iter(_BARE.findall(item)), "")
    label = item[: angle.start()].strip().rpartition(":")[2] if angle else ""
    return (" ".join(decode_words(_unquote(label)).split()), bare.lower()) if bare else None


def _unquote(text: str) -> str:
    text = text.strip()
    if not text.startswith('"'):
        return text
    return re.sub(r'\\(["\\])', r"\1", text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:])


def _join(parts: dict[int, tuple[str, bool]]) -> str:
    charset, joined = "utf-8", b""
    for index in sorted(parts):
        text, extended = parts[index]
        if extended and index == min(parts) and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        joined += unquote_to_bytes(text) if extended else text.encode("utf-8", "surrogateescape")
    return decode_bytes(joined, charset or "utf-8")
