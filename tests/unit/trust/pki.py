"""A throw-away authority: certificates, lists, PKCS#12, written where a test wants them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from gateway.trust.credential import PrivateKey

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """One key for all that need RSA: making it is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Issued:
    cert: x509.Certificate
    key: PrivateKey

    def write(self, folder: Path, stem: str, *, chain: tuple[x509.Certificate, ...] = ()) -> tuple[Path, Path]:
        """``stem``.pem (with its chain) and ``stem``.key."""
        cert, key = folder / f"{stem}.pem", folder / f"{stem}.key"
        cert.write_bytes(b"".join(item.public_bytes(Encoding.PEM) for item in (self.cert, *chain)))
        key.write_bytes(self.key_pem(NoEncryption()))
        key.chmod(0o600)
        return cert, key

    def key_pem(self, protection: KeySerializationEncryption) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)

    def write_p12(self, folder: Path, password: str, *, chain: tuple[x509.Certificate, ...] = ()) -> tuple[Path, Path]:
        """A PKCS#12 and the file of its password."""
        p12, secret = folder / "bundle.p12", folder / "bundle.password"
        p12.write_bytes(
            pkcs12.serialize_key_and_certificates(
                b"x", self.key, self.cert, chain, BestAvailableEncryption(password.encode())
            )
        )
        return p12, write_secret(secret, password)


def write_secret(path: Path, text: str) -> Path:
    path.write_text(f"{text}\n")
    path.chmod(0o600)
    return path


class Authority:
    def __init__(self, title: str = "AC de test", parent: Authority | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name(title)
        self.cert = (parent or self).sign(self.name, self.key, ca=True)

    def sign(
        self,
        subject: x509.Name,
        key: PrivateKey,
        *,
        ca: bool = False,
        begins: datetime = NOW - DAY,
        ends: datetime = NOW + 365 * DAY,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]),
                critical=False,
            )
        )
        return builder.sign(self.key, SHA256())

    def issue(
        self, title: str = "localhost", *, begins: datetime = NOW - DAY, ends: datetime = NOW + 365 * DAY
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        return Issued(self.sign(name(title), key, begins=begins, ends=ends), key)

    def issue_rsa(self) -> Issued:
        return Issued(self.sign(name("localhost"), rsa_key()), rsa_key())

    def write(self, folder: Path, stem: str = "ca", *, encoding: Encoding = Encoding.PEM) -> Path:
        path = folder / f"{stem}.pem"
        path.write_bytes(self.cert.public_bytes(encoding))
        return path

    def crl(
        self, *revoked: x509.Certificate, until: datetime = NOW + DAY, since: datetime = NOW - 9 * DAY
    ) -> x509.CertificateRevocationList:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(min(since, until - DAY / 24))
            .next_update(until)
        )
        for cert in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(cert.serial_number).revocation_date(NOW - DAY).build()
            )
        return builder.sign(self.key, SHA256())
