"""How often the shipped rules name the type of bare letters rightly: when certain, almost always."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pypdf
import pypdf.errors

from tests.outside import corpora
from tests.unit.decision.shipped import ruling


def test_a_certain_type_is_right() -> None:
    counts: Counter[tuple[bool, bool]] = Counter()
    for subject, filename, text, truth in _letters():
        found = ruling(text, subject=subject, filename=filename)
        right = found.type.code in {truth["type_code"], *truth.get("accept_type_codes", ())}
        counts[found.type_certain, right] += 1
    certain = counts[True, True] + counts[True, False]
    assert counts[True, False] <= certain * 0.02, counts
    assert certain >= 0.85 * counts.total(), counts


def _letters() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Subject, file name, text and truth of each PDF with a text layer that pypdf reads."""
    folder = corpora("mails")
    for line in (folder / "truth.jsonl").read_text().splitlines():
        truth = json.loads(line)
        wanted = {d["sha256"]: d for d in truth["documents"] if d["carrier"] == "pdf-text"}
        if not wanted:
            continue
        mail = message_from_bytes((folder / truth["file"]).read_bytes(), policy=policy.default)
        for part in mail.walk():
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and (known := wanted.get(hashlib.sha256(content).hexdigest())):
                text = _text(content)
                if len(text) > 100:
                    yield str(mail["subject"] or ""), part.get_filename() or "", text, known


def _text(content: bytes) -> str:
    try:
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    except pypdf.errors.PdfReadError:
        return ""
