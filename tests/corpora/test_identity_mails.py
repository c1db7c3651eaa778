"""The PDF letters of the development mails against their patient index: nobody wrong, and most by themselves."""

from __future__ import annotations

import csv
import email
import email.policy
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pypdf

from gateway.formats.mail import read
from gateway.identity.match import Policy, match, several_patients
from gateway.identity.text import claims
from gateway.model.identity import Ins, InsStatus, Match, Patient
from tests.outside import corpora

OPEN = Policy(without_ins="file-and-feed", ocr="file-and-feed", homonym="file-and-feed")
IDENTITY = frozenset((
    "identity-ambiguous", "identity-conflict", "identity-doubtful", "identity-incomplete", "identity-missing",
    "patient-unknown", "several-patients",
))  # fmt: skip


def test_no_letter_goes_to_a_wrong_patient() -> None:
    for truth, found in _judged():
        assert found.ipp in (None, truth["patient_ipp"]), truth["sha256"]


def test_no_letter_is_filed_that_a_person_must_see() -> None:
    for truth, found in _judged():
        if truth["expected_reason"] in IDENTITY and not _by_mail(truth):
            assert found.ipp is None or "file" in truth["acceptable_outcomes"], truth["sha256"]


def test_nearly_all_that_may_be_filed_is() -> None:
    filed = [found.ipp == truth["patient_ipp"] for truth, found in _judged() if truth["expected"] == "file"]
    print(f"filed {sum(filed)} of {len(filed)}")
    assert sum(filed) >= 0.97 * len(filed)


def test_reasons_agree() -> None:
    held = [(t, f) for t, f in _judged() if t["expected_reason"] in IDENTITY and not _by_mail(t)]
    agreed = [f.reason in (t["expected_reason"], *t["accept_reasons"]) for t, f in held]
    print(f"reasons {sum(agreed)} of {len(agreed)}: {Counter(str(f.reason) for _, f in held)}")
    assert sum(agreed) >= 0.95 * len(agreed)


def test_readable_copies_never_name_another_patient_than_their_cda() -> None:
    """The letter beside a CDA states the CDA's patient, when that one can be told at all."""
    for truth, of_mail, found in _copies():
        assert found.ipp is None or not of_mail or found.ipp in of_mail, truth["sha256"]


def test_documents_with_a_coded_header_are_matched_as_their_truth_says() -> None:
    """CDA, with or without METADATA.XML: the right patient, or the reason."""
    wrong = [
        (truth["sha256"], found.rule)
        for truth, found in _coded()
        if found.ipp != (truth["patient_ipp"] if truth["expected_reason"] not in IDENTITY else None)
        or (
            truth["expected_reason"] in IDENTITY
            and found.reason not in (truth["expected_reason"], *truth["accept_reasons"])
        )
    ]
    assert len(list(_coded())) > 150
    assert not wrong


def test_mails_about_two_patients_are_seen() -> None:
    root = corpora("mails")
    for line in (root / "truth.jsonl").read_text("utf-8").splitlines():
        mail = json.loads(line)
        reasons = [d["expected_reason"] for d in mail["documents"] if d["expected"] != "ignore"]
        if reasons.count("several-patients") > 1 or (len(reasons) > 1 and reasons.count(None) > 1):
            documents = [d for d in read((root / mail["file"]).read_bytes()).documents if d.ignored is None]
            said = [d.claims or claims(d.text) for d in documents]
            assert several_patients(said) is ("several-patients" in reasons), mail["id"]


def _by_mail(truth: dict[str, Any]) -> bool:
    """Two patients in two documents of one mail: the mail's business, each document names one."""
    return bool(truth["several_documents"] and truth["expected_reason"] == "several-patients")


@lru_cache(maxsize=1)
def _judged() -> list[tuple[dict[str, Any], Match]]:
    return [(t, match(claims(text), None, _patients(), OPEN)) for t, _, text in _letters("pdf-text")]


def _copies() -> Iterator[tuple[dict[str, Any], set[str], Match]]:
    for truth, of_mail, text in _letters("pdf-copy"):
        yield truth, of_mail, match(claims(text), None, _patients(), OPEN)


@lru_cache(maxsize=1)
def _coded() -> list[tuple[dict[str, Any], Match]]:
    root, found = corpora("mails"), []
    for line in (root / "truth.jsonl").read_text("utf-8").splitlines():
        mail = json.loads(line)
        several = sum(d["expected_reason"] == "several-patients" for d in mail["documents"]) > 1
        judged = [d | {"several_documents": several} for d in mail["documents"] if _is_about_identity(d)]
        wanted = {d["sha256"]: d for d in judged if "cda" in d["carrier"]}
        for document in read((root / mail["file"]).read_bytes()).documents if wanted else ():
            truth = wanted.get(document.sha256)
            if truth and document.claims and not _by_mail(truth):
                found.append((truth, match(document.claims, document.metadata_claim, _patients(), OPEN)))
    return found


def _is_about_identity(document: dict[str, Any]) -> bool:
    """What other rooms decide (a deletion, a mask, a damaged archive…) is not judged here."""
    reason = document["expected_reason"]
    return document["expected"] == "file" or reason in IDENTITY


@lru_cache(maxsize=1)
def _patients() -> tuple[Patient, ...]:
    with (corpora("mails") / "patients.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_patient(row) for row in csv.DictReader(file))


def _patient(row: dict[str, str]) -> Patient:
    return Patient(
        ipp=row["ipp"],
        ins=Ins(row["ins"], row["ins_oid"]) if row["ins"] else None,
        ins_status=InsStatus(row["ins_status"]),
        birth_name=row["birth_name"],
        used_name=row["used_name"],
        given_names=row["first_names"],
        first_given=row["first_given"],
        birth_date=row["birth_date"].replace("-", ""),
        sex=row["sex"],
        birth_place=row["birth_place_cog"],
        attributes=frozenset(filter(None, row["attributes"].split())),
    )


def _letters(carrier: str) -> Iterator[tuple[dict[str, Any], set[str], str]]:
    root = corpora("mails")
    for line in (root / "truth.jsonl").read_text("utf-8").splitlines():
        mail = json.loads(line)
        wanted = {d["sha256"]: d for d in mail["documents"] if d["carrier"] == carrier and d["sha256"]}
        of_mail = {d["patient_ipp"] for d in mail["documents"] if d["patient_ipp"]}
        patients = sum(d["expected_reason"] == "several-patients" for d in mail["documents"])
        for digest, data in _attachments(root / mail["file"]) if wanted else ():
            if digest in wanted and (text := _text(data)):
                yield wanted[digest] | {"several_documents": patients > 1}, of_mail, text


def _attachments(path: Path) -> Iterator[tuple[str, bytes]]:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    for part in message.walk():
        if not part.is_multipart() and isinstance(data := part.get_payload(decode=True), bytes):
            yield hashlib.sha256(data).hexdigest(), data


def _text(data: bytes) -> str:
    """The text layer; empty for a PDF that only repairs or a password open."""
    try:
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    except pypdf.errors.PyPdfError:
        return ""
