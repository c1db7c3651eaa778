"""Mails of other people's test suites: each is read or refused, and their attachments are those that others found.

Expected values lie beside the mails of three suites. MimeKit: the files of each winmail.dat. Stalwart: each part of
each mail, in JSON. mime4j: each part, decoded. The streams of email-tnef have no values of their own; where MimeKit
has a stream of the same bytes, its values are taken.

What differs, and why it may:
- MimeKit leaves the 16 bytes of its identifier before an OLE object: the storage is the same behind them; beside a
  message attached to a message, which is opened here, it writes a sentence of its own;
- Stalwart leaves the parts declared x-uuencode as they are; they are decoded here, and compared as carried;
- mime4j keeps whole a mail sent as base64 text, which is opened here: what is inside it is compared; of a base64 cut
  short it drops the last three letters, from which two bytes are read here (frag.msg, the one that does not agree);
- texts are compared without CR, which these repositories took away.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.formats import mail
from gateway.formats.limits import DEFAULT
from gateway.formats.mails import headers, mime, tnef
from gateway.formats.mails.part import Part
from gateway.formats.sniff import Kind, sniff
from tests.outside import corpora

_SUITES = ("mimekit", "stalwart", "nodemailer", "cpython", "rubymail", "mime4j", "tnef")
_AGREEMENT = 0.98
_MEGABYTES = 300


def _files(name: str) -> list[Path]:
    return [file for file in sorted(corpora(f"email-{name}").rglob("*")) if file.is_file()]


def _plain(data: bytes) -> bytes:
    return data.replace(b"\r", b"")


def _agree(expected: list[bytes], found: list[bytes], where: str) -> tuple[int, int]:
    """(in agreement, in all): each expected file once among those found."""
    left = Counter(map(_plain, found))
    missing = Counter(map(_plain, expected)) - left
    for data in missing:
        print(f"  {where}: not found, {len(data)} bytes, {data[:24]!r}")
    return len(expected) - missing.total(), len(expected)


@pytest.mark.parametrize("name", _SUITES)
def test_every_file_is_read_or_refused_in_bounds(name: str) -> None:
    """In a process of its own, whose memory is that of the reading alone."""
    files = _files(name)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
        outcomes, slowest, peak = alone.submit(_read_all, files).result()
    print(f"{name}: {outcomes}, slowest {slowest[0]:.2f} s ({slowest[1]}), peak {peak} MB")
    assert peak < _MEGABYTES
    assert sum(outcomes.values()) == len(files)


def _read_all(files: list[Path]) -> tuple[dict[str, int], tuple[float, str], int]:
    outcomes: Counter[str] = Counter()
    slowest = (0.0, "")
    for file in files:
        raw = file.read_bytes()
        begun = time.perf_counter()
        reading = mail.read(raw)
        slowest = max(slowest, (time.perf_counter() - begun, file.name))
        outcomes[str(reading.problem or reading.ignored or "read")] += 1
        for one in reading.documents:
            assert len(mail.extract(raw, one.part)) == one.size
            assert one.problem is None or one.detail
    return dict(outcomes), slowest, _peak()


def _peak() -> int:
    """Megabytes resident at the most since this program began: ``ru_maxrss`` remembers the process that started it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1]) // 1024


def test_attachments_are_those_that_others_found() -> None:
    found = {"MimeKit": _winmail_dat(), "Stalwart": _stalwart_parts(), "mime4j": _mime4j_parts()}
    print({suite: f"{agreed} of {every}" for suite, (agreed, every) in found.items()})
    agreed, every = (sum(one[at] for one in found.values()) for at in (0, 1))
    assert all(every for _, every in found.values())
    assert agreed >= _AGREEMENT * every


def _streams() -> Iterator[tuple[Path, Path]]:
    """Each TNEF stream with the folder of what is in it."""
    folder = corpora("email-mimekit", "UnitTests", "TestData", "tnef")
    for stream in sorted(folder.glob("*.tnef")):
        yield stream, stream.with_suffix("")
        twin = corpora("email-tnef", "tests", "examples") / stream.name
        if twin.exists() and twin.read_bytes() == stream.read_bytes():
            yield twin, stream.with_suffix("")


def _winmail_dat() -> tuple[int, int]:
    agreed = every = 0
    for stream, folder in _streams():
        expected = [file for file in sorted(folder.iterdir()) if not file.name.startswith("message.")]
        found = tnef.read(stream.read_bytes(), DEFAULT).files
        packed = [one.data for one in found] + [bytes.fromhex(_IDENTIFIER) + one.data for one in found]
        wanted = [file.read_bytes() for file in expected if not file.read_bytes().startswith(_MIMEKIT_WORDS)]
        good, total = _agree([data for data in wanted if data], packed, stream.name)
        agreed, every = agreed + good, every + total
        names = Counter(re.sub(r"\.\d$", "", file.name) for file in expected if "Untitled" not in file.name)
        assert not names - Counter(one.name for one in found), stream.name
    return agreed, every


_BODY = re.compile(rb'<header>((?:(?!<header>).)*?)<(text|binary)-body name="([^"]+)"', re.DOTALL)
_IDENTIFIER = "0b00000000000000c000000000000046"
_MIMEKIT_WORDS = b"This attachment is a MAPI 1.0 embedded message"


def test_every_stream_of_tnefparse_is_read() -> None:
    for stream in sorted(corpora("email-tnef").rglob("*.tnef")):
        found = tnef.read(stream.read_bytes(), DEFAULT).files
        assert all(one.data for one in found), stream.name


def _stalwart(message: dict[str, Any]) -> Iterator[bytes]:
    """The bytes of each part that is neither text nor a container, those of mails inside too."""
    for part in message["parts"]:
        (kind, content), *_ = part["body"].items()
        if kind in {"Binary", "InlineBinary"}:
            yield bytes(content)
        elif kind == "Message":
            yield from _stalwart(content)


def _stalwart_parts() -> tuple[int, int]:
    agreed = every = 0
    for values in (file for file in _files("stalwart") if file.name.endswith(".json")):
        with_crlf = values.name.endswith(".crlf.json")
        source = values.with_name(values.name.removesuffix(".json").removesuffix(".crlf") + ".eml")
        if not source.exists():
            continue
        raw = source.read_bytes()
        raw = raw.replace(b"\r", b"").replace(b"\n", b"\r\n") if with_crlf else raw
        found = [data for one in mime.split(raw, DEFAULT)[1] for data in _forms(one)]
        good, total = _agree(list(_stalwart(json.loads(values.read_text()))), found, source.name)
        agreed, every = agreed + good, every + total
    return agreed, every


def _mime4j_parts() -> tuple[int, int]:
    agreed = every = 0
    for values in (file for file in _files("mime4j") if file.name.endswith("_decoded.xml")):
        source = values.with_name(values.name.removesuffix("_decoded.xml") + ".msg")
        if not source.exists():
            continue
        expected = [values.with_name(name).read_bytes() for name in _attachments(values)]
        found = [data for one in mime.split(source.read_bytes(), DEFAULT)[1] for data in _forms(one)]
        good, total = _agree([inner for data in expected for inner in _opened(data)], found, source.name)
        agreed, every = agreed + good, every + total
    return agreed, every


def _forms(part: Part) -> Iterator[bytes]:
    """A part as decoded, as text, and as carried where its encoding is one that others leave alone."""
    yield part.decoded()
    yield part.text(10_000_000).encode()
    if "uu" in part.fields.token("content-transfer-encoding"):
        yield part.source[part.start : part.end]


def _opened(data: bytes) -> list[bytes]:
    """The files of what is a mail itself, else the bytes."""
    if sniff(data) is not Kind.MAIL:
        return [data]
    return [one.decoded() for one in mime.inside(data, DEFAULT) if one.filename]


def _attachments(values: Path) -> Iterator[str]:
    """The files that hold what mime4j decoded of each part that is no text, or that has a name."""
    for header, kind, name in _BODY.findall(values.read_bytes()):
        if kind == b"binary" or re.search(rb"(?:file)?name\*?=", header):
            yield headers.decode_bytes(name)
