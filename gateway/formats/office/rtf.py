"""RTF: its text as a person sees it (Rich Text Format Specification 1.9.1), one pass, deleted and hidden text left out.

Headers come first, then the text, text boxes, notes and footers.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Final

from gateway.formats import charset
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.office import rtf_words
from gateway.formats.office.blocks import raised
from gateway.formats.office.docx_run import symbol
from gateway.model.reasons import Reason

_TOKEN: Final = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,64})(?P<number>-?[0-9]{1,10})? ?|\\'(?P<hex>[0-9A-Fa-f]{2})|\\(?P<sign>[^A-Za-z])"
    rb"|(?P<open>\{)|(?P<close>\})|[\r\n\x00]+|(?P<text>[^\\{}\r\n\x00]+)|\\",
    re.DOTALL,
)
_STREAMS: Final = ("head", "body", "beside", "notes", "foot")
_BLANKS: Final = re.compile(r"[ \xa0]*\n[ \xa0]*")
_MOST_WAITING: Final = 16_384
#: Switches of the letters; \plain sets them all off.
_SWITCHES: Final = frozenset({"v", "deleted", "caps"})
_POSITIONS: Final = {"super": "super", "sub": "sub", "nosupersub": ""}


@dataclass(slots=True)
class _Group:
    """What holds until the closing brace."""

    stream: str = "body"
    unseen: bool = False
    font: int = -1
    skipped_after: int = 1
    position: str = ""
    on: frozenset[str] = frozenset()
    fonts: bool = False
    starred: bool = False

    def inner(self) -> _Group:
        """A group that opens in it; by hand, there are millions."""
        return _Group(
            self.stream, self.unseen, self.font, self.skipped_after, self.position, self.on, self.fonts, starred=False
        )


@dataclass(slots=True)
class _Font:
    encoding: str = ""
    is_symbol: bool = False
    name: bytes = b""


def read(data: bytes, limits: Limits) -> str:
    """The text, at most ``limits.document_text`` characters. FormatError UNREADABLE or UNSAFE."""
    start = data.find(b"{\\rtf", 0, 1024)
    if start < 0:
        raise FormatError(Reason.UNREADABLE, "Le document RTF est abîmé.")
    found = _Reader(limits).read(data, start)
    return "\n".join(part for part in found if part).strip("\n")[: limits.document_text]


@dataclass(slots=True)
class _Reader:
    """The state of the pass: the groups open, the streams written, bytes that await their encoding."""

    limits: Limits
    encoding: str = "cp1252"
    default_font: int = -1
    fonts: dict[int, _Font] = field(default_factory=dict)
    groups: list[_Group] = field(default_factory=list)
    streams: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in _STREAMS})
    waiting: bytearray = field(default_factory=bytearray)
    to_skip: int = 0
    notes: int = 0
    written: int = 0

    def read(self, data: bytes, start: int) -> list[str]:
        """The streams in the order of reading."""
        position = start
        while (token := _TOKEN.match(data, position)) and self.written <= self.limits.document_text:
            position = token.end()
            kind = token.lastgroup
            if kind == "open":
                self._open()
            elif kind == "close":
                self._close()
                if not self.groups:
                    break
            elif kind in {"word", "number"}:
                word, number = token["word"].decode("ascii"), int(token["number"]) if token["number"] else None
                if word == "bin":
                    position += max(number or 0, 0)
                else:
                    self._word(word, number)
            elif kind == "sign":
                self._sign(token["sign"].decode("latin-1"))
            elif kind:
                self._bytes(token)
        self._flush()
        if len(self.groups) > 1 and token is None:
            raise FormatError(Reason.UNREADABLE, "Le document RTF est coupé avant sa fin.")
        return [_clean("".join(self.streams[name])) for name in _STREAMS]

    def _open(self) -> None:
        self._flush()
        self.to_skip = 0
        if len(self.groups) > self.limits.rtf_depth:
            raise FormatError(Reason.UNSAFE, "Le document RTF est imbriqué de façon anormale.")
        self.groups.append(self.groups[-1].inner() if self.groups else _Group())

    def _close(self) -> None:
        self._flush()
        self.to_skip = 0
        if self.groups:
            closed = self.groups.pop()
            if self.groups and closed.stream != self.groups[-1].stream:
                self.streams[closed.stream].append("\n")

    def _word(self, word: str, number: int | None) -> None:
        self._flush()
        if self.to_skip and word in rtf_words.LETTERS:
            self.to_skip -= 1
            return
        if not self.groups:
            return
        group = self.groups[-1]
        starred, group.starred = group.starred, False
        if word == "objdata":
            raise FormatError(Reason.UNSAFE, "Le document RTF contient un objet incorporé.")
        if word in rtf_words.SHOWN:
            group.stream = rtf_words.SHOWN[word] or group.stream
            group.unseen = group.unseen and word in rtf_words.INHERITING
        elif word in rtf_words.UNSEEN or starred:
            group.unseen, group.fonts = True, word == "fonttbl"
        elif word in rtf_words.LETTERS:
            self._write(rtf_words.LETTERS[word])
        else:
            self._property(group, word, number)

    def _property(self, group: _Group, word: str, number: int | None) -> None:
        if word == "u":
            self._write(chr((number or 0) & 0xFFFF))  # one that follows at once replaces nothing
            self.to_skip = group.skipped_after
        elif word == "uc":
            group.skipped_after = min(max(number or 0, 0), 16)
        elif word == "chftn" and group.stream != "notes":
            self.notes += 1
            self._write(raised(str(self.notes), "super"))
        elif word in _SWITCHES:
            group.on = group.on - {word} if number == 0 else group.on | {word}
        elif word == "plain":
            group.on, group.position, group.font = frozenset(), "", self.default_font
        elif word in _POSITIONS:
            group.position = "" if number == 0 else _POSITIONS[word]
        else:
            self._encoding(group, word, number)

    def _encoding(self, group: _Group, word: str, number: int | None) -> None:
        if word == "f" and number is not None:
            group.font = number
            if group.fonts:
                self.fonts.setdefault(number, _Font())
        elif word == "deff" and number is not None:
            self.default_font = group.font = number
        elif word == "ansicpg":
            self.encoding = _known(f"cp{number}") or self.encoding
        elif word in rtf_words.DOCUMENT_CHARSETS:
            self.encoding = rtf_words.DOCUMENT_CHARSETS[word]
        elif word == "fcharset" and group.font in self.fonts:
            font = self.fonts[group.font]
            font.encoding = rtf_words.CHARSETS.get(number or 0, "")
            font.is_symbol = number == rtf_words.SYMBOL_CHARSET
        elif word == "cpg" and group.font in self.fonts:
            self.fonts[group.font].encoding = _known(f"cp{number}")

    def _sign(self, sign: str) -> None:
        if sign == "*" and self.groups:
            self.groups[-1].starred = True
            return
        self._flush()
        if self.to_skip:
            self.to_skip -= 1
        else:
            self._write(rtf_words.SIGNS.get(sign, ""))

    def _bytes(self, token: re.Match[bytes]) -> None:
        data = bytes.fromhex(token["hex"].decode("ascii")) if token["hex"] else token["text"] or b""
        skipped = min(self.to_skip, len(data))
        self.to_skip -= skipped
        data = data[skipped:]
        if not self.groups:
            return
        group = self.groups[-1]
        if group.fonts and group.font in self.fonts:
            self.fonts[group.font].name += data[:64]
        elif group.unseen:
            return
        elif token["text"] and not data.isascii() and charset.guess(data) == "utf-8":
            self._flush()
            self._write(data.decode("utf-8", "replace"))
        else:
            self.waiting += data
            if len(self.waiting) > _MOST_WAITING:
                self._flush()

    def _flush(self) -> None:
        """Decode the bytes gathered, in the encoding of the font."""
        if not self.waiting:
            return
        data, font = bytes(self.waiting), self.fonts.get(self.groups[-1].font if self.groups else -1, _Font())
        self.waiting.clear()
        if font.is_symbol:
            name = font.name.decode("latin-1").strip(" ;")
            self._write("".join(symbol(name, f"{byte:x}") if byte > 0x20 else " " for byte in data))
        else:
            self._write(data.decode(font.encoding or self.encoding, "replace"))

    def _write(self, text: str) -> None:
        group = self.groups[-1] if self.groups else _Group()
        if group.unseen or group.on & {"v", "deleted"}:
            return
        text = text.upper() if "caps" in group.on else text
        self.written += len(text)
        self.streams[group.stream].append(raised(text, group.position))


def _known(encoding: str) -> str:
    """The name of an encoding that Python has; empty otherwise."""
    try:
        return codecs.lookup({"cp65001": "utf-8", "cp10000": "mac_roman"}.get(encoding, encoding)).name
    except LookupError:
        return ""


def _clean(text: str) -> str:
    """Surrogate halves joined, blanks around line ends removed."""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _BLANKS.sub("\n", joined).strip("\n")
