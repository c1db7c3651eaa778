"""S/MIME signatures (RFC 8551, RFC 5652): what is signed is taken out, and the signature compared with it.

What is judged is whether the content is the one that the certificate inside signed. The chain of the certificate, its
dates, its revocation and whether its address is the sender's are NOT judged here: a valid signature makes nobody
trusted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from gateway.formats.errors import FormatError
from gateway.model.reasons import Reason

VALID: Final = "valid"
INVALID: Final = "invalid"
UNVERIFIED: Final = "unverified"

#: What asn1crypto and cryptography let escape from damaged structures.
_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, NotImplementedError)
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_PEM = re.compile(rb"-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----(.*?)(?:-----END|\Z)", re.DOTALL)
_OID = re.compile(
    rb"\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07|\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01)(.)", re.DOTALL
)
_ENVELOPED: Final = frozenset({b"\x03", b"\x17"})  # enveloped-data, authenticated-enveloped-data
_MANY: Final = 30  # signers or certificates, beyond which nothing is checked
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Signed:
    """The bytes signed (empty: only certificates), and the state of the signature: valid, invalid or unverified."""

    content: bytes
    state: str


def der(data: bytes) -> bytes:
    """CMS bytes from what carries them: themselves, PEM, or base64 without its declaration; empty for anything else."""
    data = data.strip(b"\r\n\t ") if data[:1] in b"\r\n\t -M" else data
    found = _PEM.match(data)
    if found or data.startswith(b"MI"):
        try:
            compact = b"".join((found[1] if found else data).split())
            data = base64.b64decode(compact[: len(compact) // 4 * 4])
        except binascii.Error:
            return b""
    return data if data[:1] == b"\x30" and _OID.search(data[:32]) else b""


def is_cms(head: bytes) -> bool:
    """Whether the first bytes of something announce CMS."""
    return bool(der(head[:256]))


def is_enveloped(data: bytes) -> bool:
    """Whether only a key opens it."""
    found = _OID.search(der(data[:256])[:32])
    return found is not None and found[1] in _ENVELOPED


def opened(data: bytes) -> Signed:
    """An opaque-signed message (smime-type signed-data or certs-only). FormatError: UNREADABLE."""
    try:
        signed = _signed_data(data)
        content = signed["encap_content_info"]["content"].native or b""
    except _DAMAGE as error:
        raise FormatError(Reason.UNREADABLE, "Le message signé est abîmé et ne s'ouvre pas.") from error
    if not isinstance(content, bytes):
        raise FormatError(Reason.UNREADABLE, "Le message signé est abîmé et ne s'ouvre pas.")
    return Signed(content, _state(signed, (content,)))


def detached(content: bytes, signature: bytes) -> str:
    """The state of a clear signature (RFC 1847): ``content`` is the first part, its header included, as received.

    Lines end with CR LF in what was signed, whatever the way has made of them.
    """
    canonical = _LINE_END.sub(b"\r\n", content)
    try:
        return _state(_signed_data(signature), tuple(dict.fromkeys((content, canonical, canonical + b"\r\n"))))
    except _DAMAGE:
        return UNVERIFIED


def worst(states: Sequence[str]) -> str:
    """One state for several things: invalid if any is, valid only if all are; empty when none is signed."""
    found = set(states)
    if INVALID in found:
        return INVALID
    return found.pop() if len(found) == 1 else (UNVERIFIED if found else "")


def _signed_data(data: bytes) -> Any:  # noqa: ANN401 - asn1crypto's values have no types
    info = cms.ContentInfo.load(der(data))
    if info["content_type"].native != "signed_data":
        raise ValueError(info["content_type"].native)
    return info["content"]


def _state(signed: Any, candidates: Sequence[bytes]) -> str:  # noqa: ANN401
    try:
        signers = list(signed["signer_infos"])
        if len(signers) > _MANY or len(signed["certificates"]) > _MANY:
            return UNVERIFIED
        return worst([_signer_state(signed, signer, candidates) for signer in signers]) or UNVERIFIED
    except (*_DAMAGE, UnsupportedAlgorithm):
        return UNVERIFIED


def _signer_state(signed: Any, signer: Any, candidates: Sequence[bytes]) -> str:  # noqa: ANN401
    algorithm = _HASHES.get(signer["digest_algorithm"]["algorithm"].native)
    certificate = _certificate(signed, signer)
    if algorithm is None or certificate is None:
        return UNVERIFIED
    attributes = signer["signed_attrs"]
    if len(attributes):
        stated = next((a["values"][0].native for a in attributes if a["type"].native == "message_digest"), None)
        if stated not in {hashlib.new(algorithm().name, one, usedforsecurity=False).digest() for one in candidates}:
            return INVALID
        # Signed as a SET OF in DER (RFC 5652 §5.4); some write it otherwise in the message.
        candidates = (b"\x31" + attributes.dump()[1:], attributes.untag().dump(force=True))
    verdicts = [_verified(certificate.public_key(), signer, algorithm(), one) for one in candidates]
    return VALID if True in verdicts else (UNVERIFIED if None in verdicts else INVALID)


def _certificate(signed: Any, signer: Any) -> x509.Certificate | None:  # noqa: ANN401
    """The certificate that a signer names, among those inside."""
    sid = signer["sid"]
    for choice in signed["certificates"]:
        if choice.name != "certificate":
            continue
        one = choice.chosen
        if sid.name == "issuer_and_serial_number":
            wanted = sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native
            same = (one.issuer.dump(), one.serial_number) == wanted
        else:
            same = one.key_identifier == sid.chosen.native
        if same:
            return x509.load_der_x509_certificate(one.dump())
    return None


def _verified(key: object, signer: Any, algorithm: hashes.HashAlgorithm, data: bytes) -> bool | None:  # noqa: ANN401
    """Whether the signature is that of the data; None when the algorithm is not one that is checked."""
    signature, used = signer["signature"].native, signer["signature_algorithm"]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            if used["algorithm"].native == "rsassa_pss":
                stated = _HASHES[used["parameters"]["hash_algorithm"]["algorithm"].native]()
                salt = used["parameters"]["salt_length"].native
                key.verify(signature, data, padding.PSS(padding.MGF1(stated), salt), stated)
            else:
                key.verify(signature, data, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(algorithm))
        else:
            return None
    except InvalidSignature:
        return False
    return True
