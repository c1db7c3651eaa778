"""What we prove ourselves with: a certificate, its chain and its private key, from PEM files or from a PKCS#12."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)

from gateway.trust.errors import TrustError, read
from gateway.trust.secret import read_secret

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate, the intermediate certificates that follow it, and its private key; ``source`` for messages."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: PrivateKey = field(repr=False)
    source: Path

    def pem(self) -> bytes:
        """Key, certificate and chain in one PEM, the key unprotected: for memory only."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key + b"".join(item.public_bytes(Encoding.PEM) for item in (self.certificate, *self.chain))


def load(
    cert: Path | None, key: Path | None, p12: Path | None, password_file: Path | None, *, now: datetime
) -> Credential | None:
    """The credential that the four keys of a table of gateway.toml name; None when they name none.

    Raises:
        TrustError: see ``load_pem`` and ``load_pkcs12``.
    """
    if p12 is not None and password_file is not None:
        return load_pkcs12(p12, password_file, now=now)
    if cert is not None and key is not None:
        return load_pem(cert, key, now=now)
    return None


def load_pem(cert: Path, key: Path, *, now: datetime) -> Credential:
    """A certificate (first of its file, its chain after it) and its key, both PEM, at the instant ``now`` (aware).

    Raises:
        TrustError: unreadable, not PEM, protected key, key of another certificate, expired or not yet valid.
    """
    certificate, *chain = read_certificates(cert)
    return _checked(Credential(certificate, tuple(chain), _private_key(key), cert), key, now)


def load_pkcs12(p12: Path, password_file: Path, *, now: datetime) -> Credential:
    """The same from a PKCS#12 (.p12, .pfx) opened with the password that ``password_file`` holds.

    Raises:
        TrustError: unreadable, wrong password, no certificate or no key inside, expired or not yet valid.
    """
    bundle = _opened(p12, password_file)
    if bundle.cert is None or not isinstance(bundle.key, PrivateKey):
        raise TrustError(
            p12, "ce PKCS#12 n'a pas le certificat et sa clé RSA ou EC", "l'exporter à nouveau avec la clé privée"
        )
    chain = tuple(item.certificate for item in bundle.additional_certs)
    return _checked(Credential(bundle.cert.certificate, chain, bundle.key, p12), p12, now)


def own_certificate(cert: Path | None, p12: Path | None, password_file: Path | None) -> x509.Certificate | None:
    """The certificate of a credential whatever its dates; None when there is none. Raises TrustError."""
    if p12 is not None and password_file is not None:
        bundle = _opened(p12, password_file)
        return bundle.cert.certificate if bundle.cert else None
    return read_certificates(cert)[0] if cert is not None else None


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Every certificate of a PEM file, or the one of a DER file; at least one, validity not judged.

    Raises:
        TrustError: unreadable, or no certificate in it.
    """
    content = read(path)
    parse: Callable[[bytes], list[x509.Certificate]] = x509.load_pem_x509_certificates
    if b"-----BEGIN" not in content:
        parse = _der
    try:
        return tuple(parse(content))
    except ValueError:
        raise TrustError(path, "aucun certificat lisible dans ce fichier", "donner un certificat PEM") from None


def expires_in(cert: x509.Certificate, now: datetime) -> timedelta:
    """The time left before the certificate ends; negative once it has."""
    return cert.not_valid_after_utc - now


def check_validity(cert: x509.Certificate, source: Path, now: datetime) -> None:
    """Pass when ``cert`` is valid at ``now``.

    Raises:
        TrustError: expired or not yet valid.
    """
    if now > cert.not_valid_after_utc:
        ended = cert.not_valid_after_utc
        raise TrustError(
            source, f"certificat expiré depuis le {ended:%d/%m/%Y}", "le renouveler et remplacer le fichier"
        )
    if now < cert.not_valid_before_utc:
        begins = cert.not_valid_before_utc
        raise TrustError(
            source,
            f"certificat valable seulement à partir du {begins:%d/%m/%Y %H:%M} UTC",
            "attendre cette date, ou vérifier l'heure de la machine",
        )


def _opened(p12: Path, password_file: Path) -> pkcs12.PKCS12KeyAndCertificates:
    content, password = read(p12), read_secret(password_file).encode()
    try:
        return pkcs12.load_pkcs12(content, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise TrustError(
            p12,
            "ce PKCS#12 ne s'ouvre pas avec le mot de passe donné",
            f"vérifier {password_file}, et que le fichier est bien un .p12 intact",
        ) from None


def _der(content: bytes) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(content)]


def _private_key(path: Path) -> PrivateKey:
    content = read(path)
    try:
        key = load_pem_private_key(content, None)
    except TypeError:
        raise TrustError(
            path, "clé protégée par un mot de passe", "retirer cette protection, ou donner un .p12 et son mot de passe"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise TrustError(path, "aucune clé privée PEM lisible dans ce fichier", "vérifier le fichier") from None
    if not isinstance(key, PrivateKey):
        raise TrustError(path, "clé d'un type qui ne sert pas ici", "donner une clé RSA ou EC")
    return key


def _checked(credential: Credential, key: Path, now: datetime) -> Credential:
    check_validity(credential.certificate, credential.source, now)
    if _public(credential.certificate) != _public(credential.key):
        raise TrustError(
            key, f"cette clé n'est pas celle du certificat {credential.source}", "donner la clé qui va avec lui"
        )
    return credential


def _public(holder: x509.Certificate | PrivateKey) -> bytes:
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
