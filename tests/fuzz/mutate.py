"""Inputs made of seeds: bits flipped, blocks moved, cut or repeated, lengths that lie, words of the formats put in.

Archives are opened and packed again around a changed member, so that what they hold is reached too.
"""

from __future__ import annotations

import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence

#: No input grows beyond this (bytes).
LONGEST = 256 * 1024
_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_NUMBER = re.compile(rb"\d{1,10}")
_NUMBERS = (b"0", b"-1", b"1", b"65536", b"2147483647", b"4294967296", b"99999999999999999999", b"1e999", b"")
WORDS = (
    b"\x00", b"\xff", b"\r\n", b"\r", b"\n\n", b"\t", b" " * 200, b"\x1c\r\x0b", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3",
    "é".encode(), "\u202e".encode(), b"&#0;", b"&#x110000;", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"]]>",
    b"<![CDATA[",
    b"<a>" * 200, b"</", b"<?xml version='1.0' encoding='utf-16'?>", b"xmlns:x='urn:x'", b"xsi:nil='true'",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n", b"Content-Transfer-Encoding: base64\r\n", b"--a--",
    b"Content-Type: message/rfc822\r\n\r\n", b"=?utf-8?B?", b"=?x?Q?=ZZ?=", b"filename*0*=utf-8''%E9", b"begin 644 x\n",
    b"{\\rtf1", b"{" * 300, b"}", b"\\bin99999 ", b"\\u-1?", b"\\'zz", b"{\\*\\objdata ", b"\\pict", b"\\uc255",
    b"%PDF-1.7", b"1 0 obj<</Length 9>>stream", b"endstream", b"/JavaScript", b"/Kids[1 0 R]", b"startxref\n0\n%%EOF",
    b"MSH|^~\\&|", b"PID|||", b"OBX|1|ED|", b"\\X0A\\", b"\\.br\\", b"^^^^^^^^", b"~~~~~~", b"&&&&", b"|" * 500,
    b"H|~^\\&|", b"P|0001|", b"A|", b"L|1||", b"****FIN****", b"****FINFICHIER****", b"M|", b"C|",
    b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x78\x9f\x3e\x22", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff",
    b"II*\x00", b"MM\x00*", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"IHDR", b"GIF89a",
    b"01/01/0000", b"31/02/1980", b"1 85 05 78 006 084 91", b"Nom : ", b"N\xc3\xa9(e) le ", b"DC03FR03AV01", b"\x1d",
    b"19000101", b"99991231235959+9999", b"ipp;ins;", b'"', b'""', b",", b";",
)  # fmt: skip


class Mutator:
    """The same seeds and the same number make the same inputs, in the same order."""

    def __init__(self, seeds: Sequence[bytes], number: int) -> None:
        self._seeds, self._chance = list(seeds), random.Random(number)
        self._ways: tuple[Callable[[bytearray], None], ...] = (
            self._flip,
            self._flip,
            self._noise,
            self._cut,
            self._truncate,
            self._repeat,
            self._move,
            self._splice,
            self._length,
            self._number,
            self._word,
            self._word,
        )

    def next(self) -> bytes:
        """Another input."""
        seed = self._chance.choice(self._seeds)
        if seed.startswith(b"PK") and self._chance.random() < 0.7:
            return self._repacked(seed)
        return self._changed(seed)

    def _changed(self, seed: bytes) -> bytes:
        data = bytearray(seed)
        for _ in range(self._chance.choice((1, 1, 2, 3, 5, 12))):
            self._chance.choice(self._ways)(data)
        return bytes(data[:LONGEST])

    def _repacked(self, seed: bytes) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(seed)) as archive:
                members = [(one.filename, archive.read(one)) for one in archive.infolist()[:40]]
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError):
            return self._changed(seed)
        chosen = self._chance.randrange(len(members)) if members else 0
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, (name, content) in enumerate(members):
                entry = zipfile.ZipInfo(name[:1000] or "a")
                archive.writestr(entry, self._changed(content) if number == chosen else content)
        return out.getvalue()[: 2 * LONGEST]

    def _span(self, data: bytearray, longest: int = 4096) -> tuple[int, int]:
        start = self._chance.randrange(len(data) + 1)
        return start, min(len(data), start + 1 + int(longest ** self._chance.random()))

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self._chance.randrange(len(data))] ^= 1 << self._chance.randrange(8)

    def _noise(self, data: bytearray) -> None:
        start, end = self._span(data, 64)
        data[start:end] = self._chance.randbytes(end - start)

    def _cut(self, data: bytearray) -> None:
        start, end = self._span(data)
        del data[start:end]

    def _truncate(self, data: bytearray) -> None:
        del data[self._chance.randrange(len(data) + 1) :]

    def _repeat(self, data: bytearray) -> None:
        start, end = self._span(data, 512)
        times = self._chance.choice((1, 2, 10, 100, 1000))
        data[start:start] = (bytes(data[start:end]) * times)[: LONGEST // 2]

    def _move(self, data: bytearray) -> None:
        start, end = self._span(data)
        block = bytes(data[start:end])
        del data[start:end]
        at = self._chance.randrange(len(data) + 1)
        data[at:at] = block

    def _splice(self, data: bytearray) -> None:
        other = self._chance.choice(self._seeds)
        start = self._chance.randrange(len(other) + 1)
        at, end = self._span(data)
        data[at:end] = other[start : start + int(4096 ** self._chance.random())]

    def _length(self, data: bytearray) -> None:
        size = self._chance.choice((1, 2, 4))
        at = self._chance.randrange(len(data) + 1)
        order = self._chance.choice(("little", "big"))
        data[at : at + size] = (self._chance.choice(_EDGES) % (1 << 8 * size)).to_bytes(size, order)  # type: ignore[arg-type]

    def _number(self, data: bytearray) -> None:
        found = _NUMBER.search(data, self._chance.randrange(len(data) + 1))
        if found:
            data[found.start() : found.end()] = self._chance.choice(_NUMBERS)

    def _word(self, data: bytearray) -> None:
        at, end = self._span(data, 8)
        data[at : self._chance.choice((at, end))] = self._chance.choice(WORDS)
