"""The mails that we write, piece by piece: fields, parts, boundaries (RFC 5322, 2045, 2047, 2231). The same values make
the same bytes: nothing here asks the clock or chance.
"""

from __future__ import annotations

import hashlib
import quopri
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from email.header import Header
from urllib.parse import quote

import pybase64

#: What we are called where a mail or an archive names the program that made it.
PRODUCT = "passerelle-mssante"
#: The largest mail given back whole within another (bytes).
WHOLE = 5_000_000
_HEADER = 64 * 1024
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
_LONGEST = 254  # RFC 5321 §4.5.3.1.3
_LINES = 76  # RFC 2045 §6.8
_WORD = 500
_NAME = 150  # bytes, of which each takes three characters at most (RFC 2231)
_ENDING = 10


class MailError(ValueError):
    """An address that no header can carry. The text quotes nothing."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along."""

    name: str
    media_type: str
    data: bytes


def assemble(fields: dict[str, str], kind: str, parts: Sequence[bytes], key: str) -> bytes:
    """A multipart mail with CRLF line ends. ``kind``: the media type with its parameters but the boundary, which
    derives from ``key``. Empty fields are left out.
    """
    boundary = _boundary(key, parts)
    edge = b"--" + boundary.encode()
    known = {name: value for name, value in fields.items() if value}
    head = block({**known, "MIME-Version": "1.0", "Content-Type": f'{kind};\r\n boundary="{boundary}"'})
    body = b"".join(edge + b"\r\n" + part + b"\r\n" for part in parts)
    return head + b"\r\n" + body + edge + b"--\r\n"


def text(content: str) -> bytes:
    """A part of plain text."""
    head = block({"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "quoted-printable"})
    return head + b"\r\n" + _quoted(content.encode())


def attached(one: Attachment) -> bytes:
    """A file as a part, in base64."""
    name = _short(line(one.name)) or "document"
    fields = {
        "Content-Type": f"{one.media_type};\r\n {_parameter('name', name)}",
        "Content-Disposition": f"attachment;\r\n {_parameter('filename', name)}",
        "Content-Transfer-Encoding": "base64",
    }
    coded = pybase64.b64encode(one.data)
    lines = b"\r\n".join(coded[start : start + _LINES] for start in range(0, len(coded), _LINES))
    return block(fields) + b"\r\n" + lines + b"\r\n"


def returned(original: bytes, *, whole: bool) -> bytes:
    """A mail within a mail: whole when it is small and can travel as it is, else its header alone (RFC 6522 §3)."""
    data = re.sub(rb"\r\n|\r|\n", b"\r\n", original)
    travels = b"\x00" not in data and re.search(rb"[^\r\n]{999}", data) is None
    if whole and len(data) <= WHOLE and travels:
        encoding = "7bit" if data.isascii() else "8bit"
        return block({"Content-Type": "message/rfc822", "Content-Transfer-Encoding": encoding}) + b"\r\n" + data
    header = (data.split(b"\r\n\r\n", 1)[0] + b"\r\n")[:_HEADER]
    head = block({"Content-Type": "text/rfc822-headers", "Content-Transfer-Encoding": "quoted-printable"})
    return head + b"\r\n" + _quoted(header)


def block(fields: dict[str, str]) -> bytes:
    """A header block; the empty fields are left out."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value).encode("ascii")


def address(value: str, label: str = "") -> str:
    """An address as a field carries it. MailError."""
    if not is_address(value):
        raise MailError("an address that a header cannot carry")
    shown = line(label).replace("\\", "").replace('"', "'")
    if not shown:
        return f"<{value}>"
    named = f'"{shown}"' if _as_it_is(shown) else Header(shown, "utf-8", header_name="From").encode(linesep="\r\n")
    return f"{named} <{value}>"


def is_address(value: str) -> bool:
    """Whether a field can carry it: a dot-string and a domain (RFC 5321 §4.1.2); no quoted local part."""
    return len(value) <= _LONGEST and _ADDRESS.fullmatch(value) is not None


def encoded(name: str, value: str) -> str:
    """The value of an unstructured field, folded (RFC 2047)."""
    return Header(value, "us-ascii" if _as_it_is(value) else "utf-8", header_name=name).encode(linesep="\r\n")


def line(content: str) -> str:
    """One line: no character that could begin another field."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in content).split())


def identifier(content: str) -> str:
    """A message identifier as received, when a field can carry it."""
    content = content.strip()
    return content if 0 < len(content) < 900 and all("!" <= letter <= "~" for letter in content) else ""


def plain(content: str) -> str:
    """Without accents; what has no plain letter is left out."""
    return unicodedata.normalize("NFKD", content).encode("ascii", "ignore").decode()


def _as_it_is(value: str) -> bool:
    """Whether it needs no encoding: ASCII that can be folded (RFC 5322 §2.1.1) and that nobody takes for encoded."""
    return value.isascii() and "=?" not in value and all(len(word) <= _WORD for word in value.split())


def _short(name: str) -> str:
    """A file name that a line can hold, even encoded; what says its kind is kept."""
    stem, point, ending = name.rpartition(".")
    if not stem or len(ending) > _ENDING or not ending.isascii():
        stem, point, ending = name, "", ""
    return stem.encode()[:_NAME].decode(errors="ignore") + point + ending


def _boundary(key: str, parts: Sequence[bytes]) -> str:
    """A line that stands in none of the parts, derived like everything else."""
    number = 0
    while True:
        boundary = hashlib.sha256(f"{key}/{number}".encode()).hexdigest()[:32]
        if not any(boundary.encode() in part for part in parts):
            return boundary
        number += 1


def _parameter(key: str, value: str) -> str:
    if value.isascii() and not set(value) & set('"\\'):
        return f'{key}="{value}"'
    return f"{key}*=utf-8''{quote(value, safe='')}"


def _quoted(data: bytes) -> bytes:
    return quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
