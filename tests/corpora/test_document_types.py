"""How often the type, the day and the signatory of real inputs are told rightly: when certain, almost always."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from functools import lru_cache
from typing import Any

import msgspec
import pypdf
import pypdf.errors

from gateway.flow.judgement.author import others
from gateway.formats.clinical import cda
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.identity import text as identity
from gateway.letters import Said, read
from gateway.model.documents import Carrier, Code, DocumentReading
from gateway.model.people import Sender
from tests.outside import corpora
from tests.unit.decision.shipped import ruling

CERTAIN = 0.9


def test_a_certain_type_is_right() -> None:
    counts: Counter[tuple[bool, bool]] = Counter()
    for subject, filename, text, truth in _letters():
        found = ruling(text, subject=subject, filename=filename, guess=_said(text).guess)
        right = found.type.code in {truth["type_code"], *truth.get("accept_type_codes", ())}
        counts[found.type_certain, right] += 1
    certain = counts[True, True] + counts[True, False]
    assert counts[True, False] <= certain * 0.02, counts
    assert certain >= 0.9 * counts.total(), counts


def test_the_type_by_words_alone_is_honest() -> None:
    """Without any rule: of what the classifier tells with its threshold, nine in ten at least are right."""
    counts: Counter[tuple[bool, bool]] = Counter()
    for _, _, text, truth in _letters():
        guess = _said(text).guess
        if guess is not None:
            right = guess.code in {truth["type_code"], *truth.get("accept_type_codes", ())}
            counts[guess.confidence >= CERTAIN, right] += 1
    assert counts[True, False] <= 0.1 * (counts[True, True] + counts[True, False]), counts
    assert counts[True, True] >= 0.4 * counts.total(), counts


def test_the_bodies_of_structured_documents_are_told_with_an_honest_confidence() -> None:
    """Their header left out: tables rather than letters, of types that no letter has."""
    counts: Counter[bool] = Counter()
    for header_type, text in _narratives():
        guess = read(text).guess
        if guess is not None and guess.confidence >= CERTAIN:
            counts[guess.code == header_type] += 1
    assert counts[True] >= 10, counts
    assert counts[False] <= 0.1 * counts.total(), counts


def test_the_type_of_a_structured_document_is_its_own() -> None:
    found = [(code, ruling(text, type_given=Code(code))) for code, text in _narratives()]
    right = sum(one.type.code == code and one.type_certain for code, one in found)
    assert right >= 0.99 * len(found)


def test_the_day_of_the_act_is_right_or_left_out() -> None:
    counts: Counter[str] = Counter()
    for _, _, text, truth in _letters():
        if truth["act_date"]:
            day = _said(text).act_date
            counts["right" if day == truth["act_date"].replace("-", "") else "wrong" if day else "empty"] += 1
    assert counts["wrong"] <= 0.02 * counts.total(), counts
    assert counts["right"] >= 0.8 * counts.total(), counts


def test_a_letter_is_signed_by_its_sender() -> None:
    """In these mails nobody signs for another: whoever is found is the sender, and most letters name him."""
    counts: Counter[str] = Counter()
    for _, _, text, truth in _letters():
        sender = _directory().get(truth["sender"])
        if sender is None or not sender.is_person:
            continue
        one = DocumentReading(
            1, Carrier.PDF, "1", "", "application/pdf", 1, "", "", signatories=_said(text).signatories
        )
        counts["another" if others(one, sender) else "his" if one.signatories else "nobody"] += 1
    assert counts["another"] <= 0.01 * counts.total(), counts
    assert counts["his"] >= 0.8 * counts.total(), counts


def _said(text: str) -> Said:
    return read(text, identity.claims(text))


def _narratives() -> Iterator[tuple[str, str]]:
    """Type and text of each public CDA that has a text."""
    for path in sorted(corpora("cda-fr").rglob("*.xml")):
        try:
            found = cda.read(path.read_bytes(), Limits(), None)
        except FormatError:
            continue
        if found.text:
            yield found.header.code.code, found.text


@lru_cache(maxsize=1)
def _directory() -> dict[str, Sender]:
    with (corpora("mails") / "senders.csv").open(encoding="utf-8") as rows:
        return {row["address"]: _sender(row) for row in csv.DictReader(rows)}


def _sender(row: dict[str, str]) -> Sender:
    texts = {name: value for name, value in row.items() if name != "authorised"}
    return msgspec.convert(texts | {"authorised": row["authorised"] == "1"}, Sender)


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
                    said = known | {"sender": truth["sender"]}
                    yield str(mail["subject"] or ""), part.get_filename() or "", text, said


def _text(content: bytes) -> str:
    try:
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    except pypdf.errors.PdfReadError:
        return ""
