"""The labelled mails: exactly the documents of the truth, with their bytes and what format alone can say of them.

The rest (who, filed or not, DMP) is decided elsewhere. Formats that this version does not open yet are expected to be
held as unsupported, by name, so that opening one makes this test speak.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from gateway.formats import mail
from gateway.model.documents import Carrier, DocumentReading, MailReading
from gateway.model.reasons import Ignored, Reason
from tests.outside import corpora

Truth = dict[str, Any]

_FORMAT_REASONS = {Reason.UNREADABLE, Reason.ENCRYPTED, Reason.UNSAFE, Reason.MALFORMED_XDM, Reason.UNSUPPORTED_FORMAT}
#: Carriers whose bytes are found but whose content waits for its reader.
_NOT_OPENED = {
    "pdf-scan", "pdf-datamatrix", "hprim-medecin", "hprim-sante", "hl7v2", "rtf", "docx", "odt", "txt", "image", "body",
}  # fmt: skip
#: Containers not opened yet: the document of the truth is inside them.
_SEALED = {"application/pkcs7-mime", "application/ms-tnef"}


def test_documents_agree_with_the_truth() -> None:
    folder = corpora("mails")
    agreed: Counter[str] = Counter()
    families: Counter[str] = Counter()
    differences: list[str] = []
    for line in (folder / "truth.jsonl").read_text("utf-8").splitlines():
        truth = json.loads(line)
        found = _differences(truth, mail.read((folder / truth["file"]).read_bytes()))
        families[truth["family"]] += 1
        agreed[truth["family"]] += not found
        differences += [f"{truth['id']} {truth['family']}: {difference}" for difference in found]
    print("\n".join(f"{family}: {agreed[family]}/{count}" for family, count in sorted(families.items())))
    assert not differences


def test_every_document_can_be_taken_out_again() -> None:
    for file in sorted(corpora("mails", "mails").glob("*.eml")):
        raw = file.read_bytes()
        for document in mail.read(raw).documents:
            assert hashlib.sha256(mail.extract(raw, document.part)).hexdigest() == document.sha256, file.name


def _differences(truth: Truth, reading: MailReading) -> list[str]:
    whole = [document for document in truth["documents"] if document["carrier"] == "mail"]
    if whole:
        said = reading.ignored or reading.problem
        expected = whole[0]["ignore_kind"] or whole[0]["expected_reason"]
        return [] if said == expected else [f"the mail is {said}, not {expected}"]
    left = list(reading.documents)
    found = [difference for document in truth["documents"] for difference in _compare(document, left, truth["family"])]
    extra = [f"not in the truth: {d.part}" for d in left if d.ignored is None]
    return found + extra


def _compare(truth: Truth, left: list[DocumentReading], family: str) -> list[str]:
    """What differs; the reading that matches is taken from ``left``."""
    digests = [truth["sha256"], *truth["alt_sha256"]]
    match = next((d for digest in digests for d in left if d.sha256 == digest), None)
    pieces = [d for d in left if match is None and _is_piece(truth, d)]
    if pieces:
        left[:] = [d for d in left if d not in pieces]
        return []
    if match is None:
        match = next((d for d in left if _stands_for(truth, d)), None)
        if match is None:
            return [f"document {truth['ordinal']} not found"]
        left.remove(match)
        return []
    left.remove(match)
    ignored = None if truth["ignore_kind"] == Ignored.DUPLICATE else truth["ignore_kind"]
    checks = {
        "ignored": match.ignored == ignored,
        "problem": _problem_agrees(truth, match, family),
        "unique id": not match.header or match.unique_id == (truth["unique_id"] or match.unique_id),
        "action": match.action == truth["action"],
        "type": match.header is None or match.header.code.code == truth["type_code"],
        "visibility": match.carrier is not Carrier.XDM or _flags(match) == tuple(truth["visibility"].values()),
        "claim": match.header is None or _claim_agrees(truth["claim"] or {}, match),
    }
    return [f"document {truth['ordinal']}: {name}" for name, agrees in checks.items() if not agrees]


def _is_piece(truth: Truth, document: DocumentReading) -> bool:
    """One of the messages of a file that is cut because it speaks of several patients."""
    cut = truth["expected_reason"] == Reason.SEVERAL_PATIENTS and document.filename == truth["filename"]
    return cut and "!" in document.part and document.rendition == "text/plain"


def _stands_for(truth: Truth, document: DocumentReading) -> bool:
    """A container that hides its document, or a signature whose bytes the truth does not give."""
    hidden = document.media_type in _SEALED and document.problem is Reason.UNSUPPORTED_FORMAT
    return hidden or (truth["sha256"] is None and document.ignored == truth["ignore_kind"])


def _problem_agrees(truth: Truth, document: DocumentReading, family: str) -> bool:
    """A reason of format is one that the truth accepts, and one that the truth demands is there."""
    if document.problem is None:
        demanded = truth["expected_reason"] in _FORMAT_REASONS
        # a used unique id shows only against other mails, what nobody can read on a picture when it is looked at
        return not demanded or family == "duplicates" or document.image_only
    waiting = truth["carrier"] in _NOT_OPENED and document.problem is Reason.UNSUPPORTED_FORMAT
    return waiting or document.problem in {truth["expected_reason"], *truth["accept_reasons"]}


def _claim_agrees(stated: dict[str, str | None], document: DocumentReading) -> bool:
    claim = document.claims[0]
    read = {
        "ins": claim.ins.number if claim.ins else None,
        "oid": claim.ins.oid if claim.ins else None,
        "dob": claim.birth_date and f"{claim.birth_date[:4]}-{claim.birth_date[4:6]}-{claim.birth_date[6:]}",
        "sex": claim.sex,
        "cog": claim.birth_place,
    }
    return all(not value or read[trait] == value for trait, value in stated.items() if trait in read)


def _flags(document: DocumentReading) -> tuple[bool, bool, bool]:
    seen = document.visibility
    return seen.masked_to_professionals, seen.invisible_to_patient, seen.invisible_to_representatives


def test_the_corpus_is_whole() -> None:
    folder = corpora("mails")
    assert len(list((folder / "mails").glob("*.eml"))) == len((folder / "truth.jsonl").read_text("utf-8").splitlines())
