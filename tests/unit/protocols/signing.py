"""A signing key of our own making, and the judgement of the xmlsec1 command."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from gateway.protocols.xmldsig import Hash, Signer
from tests import pki

_DS = "http://www.w3.org/2000/09/xmldsig#"
_SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
_XADES = "http://uri.etsi.org/01903/v1.1.1#"
_IDS = (f"ID {_SAML}:Assertion", f"Id {_DS}:Manifest", f"Id {_XADES}:SignedProperties")


@lru_cache(maxsize=2)
def signer(hash_name: Hash = "sha256") -> Signer:
    certificate, key = _pair()
    return Signer.of(certificate, key, hash_name)


def verifies(document: bytes, signature: str) -> bool:
    """Whether xmlsec1 accepts the signature at this XPath with our certificate's key."""
    if shutil.which("xmlsec1") is None:
        pytest.skip("absent: the xmlsec1 command")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "signed.xml").write_bytes(document)
        (folder / "cert.pem").write_bytes(_pem())
        identifiers = [word for pair in _IDS for word in (f"--id-attr:{pair.split()[0]}", pair.split()[1])]
        command = ["xmlsec1", "--verify", "--ignore-manifests", "--node-xpath", signature, *identifiers]
        if "1.2." not in subprocess.run(["xmlsec1", "--version"], capture_output=True, text=True, check=False).stdout:
            command.append("--lax-key-search")
        command += ["--pubkey-cert-pem", str(folder / "cert.pem"), str(folder / "signed.xml")]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@lru_cache(maxsize=1)
def _pair() -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    with TemporaryDirectory() as name:
        made = pki.make(Path(name))
        key = load_pem_private_key(made.key("sign").read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return x509.load_pem_x509_certificate(made.cert("sign").read_bytes()), key


def _pem() -> bytes:
    return _pair()[0].public_bytes(Encoding.PEM)
