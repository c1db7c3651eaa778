"""A throw-away public key infrastructure: one authority, one certificate a use, of the shape of IGC-Santé's ORG range.

The names say what each is for: ``server`` (loopback, TLS), ``auth`` (ORG_AUTH_CLI: TLS client), ``sign`` (ORG_SIGN),
``client`` (any other TLS client). OU is the structure (spec/dmp/transactions.md §3).
"""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

STRUCTURE = "1750000018"

_Authority = tuple[x509.Name, rsa.RSAPrivateKey]


@dataclass(frozen=True)
class Pki:
    """The files: ``ca.pem``, ``server.pem``/``server.key``, and so on for ``auth``, ``sign`` and ``client``."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def cert(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def client_context(self, name: str = "auth") -> ssl.SSLContext:
        """A TLS client that trusts this authority alone and presents a certificate of it ('' for none)."""
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if name:
            context.load_cert_chain(self.cert(name), self.key(name))
        return context


def make(folder: Path, structure: str = STRUCTURE) -> Pki:
    """Make a new authority and its four certificates, valid one day, under ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    pki = Pki(folder)
    authority = _key()
    issuer = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.COMMON_NAME, "ACI D'ESSAI")]
    )
    ca = _builder(issuer, issuer, authority).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    pki.ca.write_bytes(ca.sign(authority, hashes.SHA256()).public_bytes(Encoding.PEM))
    _write_key(folder / "ca.key", authority)
    for name, usage in (
        ("server", ExtendedKeyUsageOID.SERVER_AUTH),
        ("auth", ExtendedKeyUsageOID.CLIENT_AUTH),
        ("sign", None),
        ("client", ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        _leaf(pki, name, _subject(name, structure), usage, (issuer, authority))
    return pki


def _leaf(pki: Pki, name: str, subject: x509.Name, usage: ObjectIdentifier | None, signed_by: _Authority) -> None:
    issuer, authority = signed_by
    key = _key()
    builder = _builder(subject, issuer, key)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if name == "server":
        loopback = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(loopback), critical=False)
    pki.cert(name).write_bytes(builder.sign(authority, hashes.SHA256()).public_bytes(Encoding.PEM))
    _write_key(pki.key(name), key)


def _subject(name: str, structure: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "Paris (75)"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "CLINIQUE D'ESSAI, SITE NORD"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, structure),
            x509.NameAttribute(NameOID.COMMON_NAME, f"gateway {name}"),
        ]
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _write_key(path: Path, key: rsa.RSAPrivateKey) -> None:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
