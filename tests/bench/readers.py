"""What reading costs beside the least that it can: ``python -m tests.bench.readers``. Timings are shown, not asserted.

Each figure is the best of some runs of this process alone, and its floor is measured right after it.
"""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise

import pybase64
import pytest
from lxml import etree

from gateway.formats.clinical import cda
from gateway.formats.limits import DEFAULT
from gateway.formats.mails import mime
from gateway.formats.sniff import Kind, sniff
from tests.bench import mix
from tests.score.emails import files

RUNS = 5
LARGE = 40_000_000
_HEAD = 4096
_VALUE = re.compile(rb'"?([^"\r\n;]+)')

Line = tuple[str, str, str]


def rows() -> Iterator[Line]:
    """Name, value, and what it is beside."""
    mails = mix.mails()
    yield from _mime("MIME, a mail of the mix", mails)
    yield from _mime("MIME, a mail of 40 MB", [mix.large(mix.letter(), LARGE)])
    yield from _cda([file.read_bytes() for file in files("cda-fr")])
    if find_spec("gateway.formats.pages.ocr"):
        yield from _page()


def _mime(name: str, mails: list[bytes]) -> Iterator[Line]:
    """Every part decoded, by us and by CPython's parser; the floor finds the boundaries and decodes the base64."""
    ours = _best(lambda: [part.decoded() for raw in mails for part in mime.split(raw, DEFAULT)[1]])
    theirs = _best(lambda: [_parsed(raw) for raw in mails])
    floor = _best(lambda: [_cut(raw) for raw in mails])
    yield _line(name, ours, len(mails), floor)
    yield _line(f"{name}, by CPython's email", theirs, len(mails), floor)


def _parsed(raw: bytes) -> int:
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    return sum(1 for part in message.walk() if not part.is_multipart() and part.get_payload(decode=True) is not None)


def _cut(raw: bytes) -> int:
    """Where each boundary of the head stands, and the base64 between two of them decoded as fast as it goes."""
    names = {_quoted(raw, place + 9) for place in _places(raw[:_HEAD], b"boundary=")}
    marks = sorted(place for name in names for place in _places(raw, b"--" + name))
    decoded = 0
    for start, end in pairwise((*marks, len(raw))):
        if raw.find(b"base64", start, min(end, start + _HEAD)) >= 0:
            body = raw.find(b"\r\n\r\n", start)
            decoded += len(pybase64.b64decode(raw[body:end].translate(None, b"\r\n\t "), validate=True))
    return decoded


def _quoted(raw: bytes, start: int) -> bytes:
    """The value of a parameter."""
    found = _VALUE.match(raw, start)
    return found[1] if found else b"none"


def _places(raw: bytes, mark: bytes) -> Iterator[int]:
    place = raw.find(mark)
    while place >= 0:
        yield place
        place = raw.find(mark, place + len(mark))


def _cda(documents: list[bytes]) -> Iterator[Line]:
    """The whole reading of a CDA; the floor is its parsing by libxml2."""
    ours = _best(lambda: [cda.read(data, DEFAULT) for data in documents])
    floor = _best(lambda: [etree.fromstring(data, etree.XMLParser(huge_tree=True)) for data in documents])
    yield _line("CDA header and digests", ours, len(documents), floor)


def _page() -> Iterator[Line]:
    """A letter drawn and read; the floor is Tesseract alone on the same picture."""
    raster, ocr = import_module("gateway.formats.pages.raster"), import_module("gateway.formats.pages.ocr")
    parts = mime.split(mix.letter(), DEFAULT)[1]
    letter = next(content for part in parts if sniff(content := part.decoded()) is Kind.PDF)
    drawn = _best(lambda: list(raster.pages(letter, Kind.PDF, DEFAULT, wanted=(0,), dpi=300)), runs=2)
    (picture,) = raster.pages(letter, Kind.PDF, DEFAULT, wanted=(0,), dpi=300)
    ours = _best(lambda: ocr.read(picture), runs=2)
    engine = ocr._engine()

    def least() -> None:
        engine.SetImage(picture)
        engine.GetUTF8Text()

    floor = _best(least, runs=2)
    yield "a page drawn at 300 dpi (ms)", f"{1000 * drawn:.0f}", ""
    yield _line("OCR of a page", ours, 1, floor)


def _best(work: Callable[[], object], runs: int = RUNS) -> float:
    """Seconds of the processor, the least of some runs."""
    seconds = []
    for _ in range(runs):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def _line(name: str, seconds: float, count: int, floor: float) -> Line:
    return f"{name} (ms)", f"{1000 * seconds / count:.2f}", f"{seconds / floor:.1f} times the floor"


if __name__ == "__main__":
    try:
        for one in rows():
            print("{:52} {:>10}   {}".format(*one).rstrip(), flush=True)
    except pytest.skip.Exception as absent:
        print(f"bench: {absent}")
