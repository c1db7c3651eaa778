"""The wire mix: XDM archives, bare CDA and text PDF of the corpus."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.encoders import encode_base64
from email.policy import SMTP

from tests import outside

FAMILIES = ("xdm-n1-conform", "xdm-n3-conform", "cda-without-xdm", "pdf-text")


def mails() -> list[bytes]:
    """In order of arrival."""
    return [raw for _, raw in _found()]


def letter() -> bytes:
    """One letter as a text PDF."""
    return next(raw for family, raw in _found() if family == "pdf-text")


def large(raw: bytes, size: int) -> bytes:
    """The same letter, its PDF blown up until the mail has about ``size`` bytes."""
    mail = message_from_bytes(raw)
    part = next(part for part in mail.walk() if part.get_content_type() == "application/pdf")
    pdf = part.get_payload(decode=True)
    assert isinstance(pdf, bytes)
    filling = b"%" + b"0" * (size * 3 // 4 - len(pdf)) + b"\n"
    part.set_payload(pdf + filling + pdf[pdf.rindex(b"startxref") :])
    del part["Content-Transfer-Encoding"]
    encode_base64(part)
    return mail.as_bytes(policy=SMTP)


def _found() -> list[tuple[str, bytes]]:
    corpus = outside.corpora("mails")
    lines = (corpus / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    listed = [json.loads(line) for line in lines]
    return [(one["family"], (corpus / one["file"]).read_bytes()) for one in listed if one["family"] in FAMILIES]
