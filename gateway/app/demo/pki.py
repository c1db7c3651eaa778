"""Throw-away certificates for the demonstration: one authority, one certificate a use, valid ninety days."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class _Authority:
    name: x509.Name
    key: rsa.RSAPrivateKey


def make(folder: Path, name: str, structure_id: str) -> None:
    """Write ``ca.pem``, then ``server``, ``auth`` and ``sign`` (``.pem``, ``.key``), whose OU is ``structure_id``."""
    folder.mkdir(parents=True)
    authority = _Authority(_name("AUTORITE DE DEMONSTRATION", name, structure_id), _key())
    own = _builder(authority.name, authority, authority.key)
    root = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    (folder / "ca.pem").write_bytes(root.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM))
    for use in ("server", "auth", "sign"):
        key = _key()
        builder = _builder(_name(f"demonstration {use}", name, structure_id), authority, key)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        for extension in _extensions(use):
            builder = builder.add_extension(extension, critical=False)
        signed = builder.sign(authority.key, hashes.SHA256())
        (folder / f"{use}.pem").write_bytes(signed.public_bytes(Encoding.PEM))
        _write_key(folder / f"{use}.key", key)


def _extensions(use: str) -> Iterator[x509.ExtensionType]:
    if use == "server":
        yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        loopback = ipaddress.ip_address("127.0.0.1")
        yield x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(loopback)])
    if use == "auth":
        yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


def _name(common: str, organisation: str, structure_id: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, structure_id),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _builder(subject: x509.Name, authority: _Authority, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
    )


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _write_key(path: Path, key: rsa.RSAPrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
