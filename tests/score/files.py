"""PDF, HPRIM, HL7 and XDM files of others, each as the attachment of a mail: read, or refused for which reason."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.score import Row, child, most
from tests.score.emails import files, told

CORPORA = {
    "pdf-pdfjs": (".pdf",),
    "pdf-pypdf": (".pdf",),
    "pdf-misc": (".pdf",),
    "cda-fr": (".xml",),
    "hprim-fr": (".hpr",),
    "hl7v2-fr": (".er7", ".hl7"),
    "xdm-nist": (".zip",),
    "xdm-direct": (".zip",),
    "email-tnef": (".tnef",),
}
_HEAD = (
    'From: a@b.fr\r\nContent-Disposition: attachment; filename="piece{}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
)


def rows() -> Iterator[Row]:
    """Each corpus with what came of the documents that its files hold, then the slowest and the largest of all."""
    slowest, largest = (0.0, ""), (0.0, "")
    for name, endings in CORPORA.items():
        outcomes: Counter[str] = Counter()
        try:
            found = [file for file in files(name) if file.suffix.lower() in endings]
        except pytest.skip.Exception as absent:
            yield Row(name, f"skipped: {absent}")
            continue
        for file in found:
            measured = child.read(carried(file.read_bytes(), file.suffix.lower()))
            outcomes.update(measured.documents or [measured.mail])
            slowest = max(slowest, (measured.seconds, file.name))
            largest = max(largest, (measured.megabytes, file.name))
        yield Row(f"{name} ({len(found)} files)", told(outcomes), "none dies", outcomes["died"] == 0)
    yield most("slowest file", slowest[0], "s", 30, of=slowest[1])
    yield most("largest memory over a file", largest[0], "MB", 1000, of=largest[1])


def carried(content: bytes, suffix: str) -> bytes:
    """A mail with that one attachment."""
    return _HEAD.format(suffix).encode() + base64.encodebytes(content)
