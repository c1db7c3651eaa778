"""XML signatures on lxml and cryptography: keys parsed once, one digest and one RSA operation a signature.

The builders ``vihf`` and ``xades`` say what is signed; here is how (XML Signature Syntax 1.1, RFC 6931).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
ENVELOPED = f"{DS}enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
WITH_COMMENTS = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"

Hash = Literal["sha256", "sha1"]
_SIGNATURES = {"sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "sha1": f"{DS}rsa-sha1"}
_DIGESTS = {"sha256": "http://www.w3.org/2001/04/xmlenc#sha256", "sha1": f"{DS}sha1"}


@dataclass(frozen=True)
class Signer:
    """An organisation's signing key (ORG_SIGN) and its certificate. ``hash`` is for digests and signature alike."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    certificate_base64: str
    subject: str
    subject_from_country: str
    issuer: str
    certificate_digest: str
    hash: Hash

    @classmethod
    def of(cls, certificate: x509.Certificate, key: rsa.RSAPrivateKey, hash_name: Hash = "sha256") -> Signer:
        """Bind a key to its certificate; ``ValueError`` when they do not belong together."""
        if certificate.public_key() != key.public_key():
            raise ValueError("the signing key is not the one of the signing certificate")
        der = certificate.public_bytes(Encoding.DER)
        return cls(
            key=key,
            certificate=certificate,
            certificate_base64=base64.b64encode(der).decode(),
            subject=certificate.subject.rfc4514_string(),
            subject_from_country=x509.Name(reversed(list(certificate.subject))).rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            certificate_digest=digest(der, hash_name),
            hash=hash_name,
        )

    def hashing(self, hash_name: Hash) -> Signer:
        """The same key with another hash."""
        return self if hash_name == self.hash else Signer.of(self.certificate, self.key, hash_name)

    def sign(self, data: bytes) -> str:
        """RSA PKCS#1 v1.5 signature, base64. Deterministic."""
        algorithm = hashes.SHA256() if self.hash == "sha256" else hashes.SHA1()  # noqa: S303 - older DMP samples
        return base64.b64encode(self.key.sign(data, padding.PKCS1v15(), algorithm)).decode()


@dataclass(frozen=True)
class Reference:
    """One ds:Reference: its target, the transforms by name, the base64 digest, its Type when there is one."""

    uri: str
    digest: str
    transforms: tuple[str, ...] = ()
    type: str = ""


def digest(data: bytes, hash_name: Hash) -> str:
    """Base64 digest."""
    return base64.b64encode(hashlib.new(hash_name, data, usedforsecurity=False).digest()).decode()


def hex_to_base64(hexadecimal: str) -> str:
    """A hexadecimal digest as XML signatures write it."""
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def canonical(element: etree._Element, algorithm: str) -> bytes:
    """The element in the canonical form of ``algorithm`` (exclusive, or inclusive 1.0 with comments)."""
    return bytes(
        etree.tostring(
            element, method="c14n", exclusive=algorithm == EXCLUSIVE, with_comments=algorithm == WITH_COMMENTS
        )
    )


def signature(references: list[Reference], algorithm: str, signer: Signer) -> etree._Element:
    """A ds:Signature over these references: SignedInfo, SignatureValue and KeyInfo.

    ``algorithm`` is the canonicalisation of SignedInfo. The caller may add ds:Object elements, and attributes.
    """
    root = etree.Element(ds("Signature"), nsmap={"ds": DS})
    info = etree.SubElement(root, ds("SignedInfo"))
    etree.SubElement(info, ds("CanonicalizationMethod"), Algorithm=algorithm)
    etree.SubElement(info, ds("SignatureMethod"), Algorithm=_SIGNATURES[signer.hash])
    for reference in references:
        add_reference(info, reference, signer.hash)
    etree.SubElement(root, ds("SignatureValue")).text = signer.sign(canonical(info, algorithm))
    data = etree.SubElement(etree.SubElement(root, ds("KeyInfo")), ds("X509Data"))
    etree.SubElement(data, ds("X509Certificate")).text = signer.certificate_base64
    return root


def add_reference(parent: etree._Element, reference: Reference, hash_name: Hash) -> None:
    """Append a ds:Reference."""
    element = etree.SubElement(parent, ds("Reference"), URI=reference.uri)
    if reference.type:
        element.set("Type", reference.type)
    if reference.transforms:
        transforms = etree.SubElement(element, ds("Transforms"))
        for name in reference.transforms:
            etree.SubElement(transforms, ds("Transform"), Algorithm=name)
    add_digest(element, reference.digest, hash_name)


def add_digest(parent: etree._Element, value: str, hash_name: Hash) -> None:
    """Append ds:DigestMethod and ds:DigestValue."""
    etree.SubElement(parent, ds("DigestMethod"), Algorithm=_DIGESTS[hash_name])
    etree.SubElement(parent, ds("DigestValue")).text = value


def ds(name: str) -> str:
    """The qualified name of an XML signature element."""
    return f"{{{DS}}}{name}"
