"""PDFs of other software and documents that are pictures: every file is read or refused clearly, nobody is mistaken."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.flow.reading import reader
from gateway.formats import mail as mails
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.pages import pdf, pictures
from gateway.formats.sniff import Kind
from gateway.identity.names import tokens
from gateway.model.documents import DocumentReading
from gateway.model.identity import Claim
from gateway.model.reasons import Reason
from tests.outside import corpora

_PICTURES = {"pdf-scan", "pdf-datamatrix", "image"}


@pytest.mark.parametrize("folder", ["pdf-misc", "pdf-pdfjs", "pdf-pypdf"])
def test_every_pdf_is_read_or_refused_clearly(folder: str) -> None:
    seen: Counter[str] = Counter()
    for file in sorted(corpora(folder).rglob("*.pdf")):
        try:
            found = pdf.read(file.read_bytes(), DEFAULT)
        except FormatError as error:
            seen[error.reason] += 1
            continue
        seen["text" if found.text else "picture"] += 1
        assert found.text or found.image_only, file.name
    print(dict(seen))
    assert seen.keys() <= {"text", "picture", Reason.ENCRYPTED, Reason.UNREADABLE, Reason.UNSAFE}
    assert seen[Reason.UNREADABLE] <= sum(seen.values()) / 10


@pytest.mark.timeout(600)
def test_pictures_of_strangers_are_looked_at() -> None:
    for file in sorted(corpora("pdf-pypdf").rglob("*.pdf"))[:12]:
        with suppress(FormatError):
            pictures.read(file.read_bytes(), Kind.PDF, DEFAULT)


@pytest.mark.timeout(600)
def test_letters_that_are_pictures_state_the_right_patient_or_none() -> None:
    right = 0
    looked: list[str] = []
    wrong: list[str] = []
    for line in (corpora("mails") / "truth.jsonl").read_text("utf-8").splitlines():
        mail = json.loads(line)
        for truth in mail["documents"]:
            if truth["carrier"] not in _PICTURES:
                continue
            one = _looked_at(corpora("mails", mail["file"]), truth["sha256"])
            if one is None:
                continue
            looked.append(mail["id"])
            stated = [claim for claim in one.claims if claim.source == "ocr"]
            right += any(_is_whole(claim) for claim in stated) and all(
                _is_his(claim, truth["claim"]) for claim in stated
            )
            wrong += [mail["id"] for claim in stated if mail["notes"] != "other" and not _is_his(claim, truth["claim"])]
    print(f"{right} right, {len(wrong)} wrong of {len(looked)}")
    assert not wrong
    assert right >= 0.6 * len(looked)


def _looked_at(file: Path, sha256: str) -> DocumentReading | None:
    raw = file.read_bytes()
    reading = reader._read(raw, mails.read(raw))[0].reading
    assert reading is not None
    one = next(document for document in reading.documents if document.sha256 == sha256)
    return reader.look(raw, one, reading.envelope.date) if one.image_only else None


def _is_whole(claim: Claim) -> bool:
    return bool(claim.birth_date and claim.sex and (claim.full_name or claim.given_names))


def _is_his(claim: Claim, truth: dict[str, Any] | None) -> bool:
    if truth is None:
        return False
    families = {tokens(truth["birth"]), tokens(truth["used"])}
    names = [tokens(name) for name in (claim.birth_name, claim.used_name, claim.family_name) if name]
    given = tokens(claim.first_given or claim.given_names)
    born = (claim.birth_date or "")[2:]
    return (
        all(name in families for name in names)
        and given in {(), tokens(truth["given"])}
        and (not born or truth["dob"].replace("-", "")[2:] == born)
        and claim.sex in {None, truth["sex"]}
    )
