"""The attachments of a mail as another library has them: CPython's where it finds the mail sound, else the
expectations that the corpus keeps. What wraps other files (a mail, a winmail.dat) is opened, hence not counted.
"""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from pathlib import Path

from gateway.formats.sniff import Kind, sniff

_WRAPPERS = frozenset({Kind.MAIL, Kind.TNEF, Kind.PKCS7})


def expected(file: Path, raw: bytes) -> list[bytes]:
    """The contents, line ends made alike; none when the file is no mail."""
    if file.suffix not in {".eml", ".msg", ".txt"}:
        return []
    found = list(_cpython(raw)) or list(_kept(file))
    return [normal(content) for content in found if sniff(content) not in _WRAPPERS]


def normal(content: bytes) -> bytes:
    """Without what the end of a line is made of."""
    return content.replace(b"\r\n", b"\n").rstrip()


def _kept(file: Path) -> Iterator[bytes]:
    """What Stalwart and mime4j keep beside a mail of their suites: the binary files."""
    for one in sorted(file.parent.glob(f"{file.stem}_decoded_*.bin")):
        yield one.read_bytes()
    beside = file.with_suffix(".json")
    message = json.loads(beside.read_text()) if beside.exists() else {}
    for number in message.get("attachments", ()):
        body = message["parts"][number]["body"]
        yield from (bytes(body[kind]) for kind in ("Binary", "InlineBinary") if kind in body)


def _cpython(raw: bytes) -> Iterator[bytes]:
    """What has a name or calls itself an attachment, where the parser found nothing amiss."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    if any(part.defects for part in message.walk()):
        return
    for part in message.walk():
        if part.is_multipart() or not (part.get_filename() or part.get_content_disposition() == "attachment"):
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content
