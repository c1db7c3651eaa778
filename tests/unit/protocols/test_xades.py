from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from gateway.protocols import xades
from gateway.protocols.xmldsig import DS, Hash, Signer
from tests.unit.protocols.signing import signer, verifies

INSTANT = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
DOCUMENTS = {"1.2.3.4": "c29tZSBkaWdlc3Q=", "1.2.3.5": "b3RoZXIgZGlnZXN0"}


def built(hash_name: Hash = "sha256") -> bytes:
    return xades.build("1.2.3", DOCUMENTS, signer(hash_name), instant=INSTANT)


def test_xmlsec1_accepts_it() -> None:
    assert verifies(built(), "/*[local-name()='Signature']")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"urn:oid:1.2.3.4", b"urn:oid:1.2.3.9"), (b"c29tZSBkaWdlc3Q=", b"AAAA"), (b"2026-05-01T12", b"2026-05-01T13")],
)
def test_xmlsec1_refuses_it_once_changed(old: bytes, new: bytes) -> None:
    assert old in built()
    assert not verifies(built().replace(old, new), "/*[local-name()='Signature']")


def test_the_manifest_lists_the_set_then_each_document() -> None:
    manifest = etree.fromstring(built()).find(f".//{{{DS}}}Manifest")
    assert manifest is not None
    listed = [(r.get("URI"), r.findtext(f"{{{DS}}}DigestValue")) for r in manifest]
    assert listed == [
        ("urn:oid:1.2.3", "AA=="),
        ("urn:oid:1.2.3.4", "c29tZSBkaWdlc3Q="),
        ("urn:oid:1.2.3.5", "b3RoZXIgZGlnZXN0"),
    ]


def test_the_same_values_make_the_same_bytes() -> None:
    assert built() == built()
    assert built("sha1") != built()
    assert b"sha256" not in built("sha1")


def test_a_key_of_another_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match="signing key"):
        Signer.of(signer().certificate, rsa.generate_private_key(65537, 2048))
