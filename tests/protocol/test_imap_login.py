"""Connection, TLS and login against a real Dovecot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    load_pem_private_key,
    pkcs12,
)

from gateway.intake.imap.errors import ConnectionLost, LoginRefused, TlsRefused
from gateway.intake.imap.session import connect
from gateway.model.settings import Mailbox
from gateway.trust.errors import TrustError
from tests import pki
from tests.protocol import dovecot

CERTIFIED = "gateway client"  # the CN of the client certificate


@pytest.fixture(scope="module")
def server() -> Iterator[dovecot.Dovecot]:
    with dovecot.running(external=True) as running:
        yield running


async def enter(settings: Mailbox) -> int:
    """Log in and say how many mails stand in the folder."""
    async with asyncio.timeout(20):  # a refusal must not cost the whole read deadline
        session = await connect(settings, dovecot.secured(settings))
        await session.select(settings.folder)
        found = await session.search("ALL")
        session.close()
    return len(found)


@pytest.mark.parametrize("how", ["starttls", "implicit"])
async def test_password_over_tls(server: dovecot.Dovecot, how: str) -> None:
    server.deliver(f"password-{how}", dovecot.mail(1))
    assert await enter(server.mailbox(f"password-{how}", tls=how)) == 1


async def test_a_wrong_password_is_said_without_being_shown(server: dovecot.Dovecot, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("ouvre-toi")
    with pytest.raises(LoginRefused, match=r"AUTHENTICATIONFAILED.*« bal »") as refused:
        await enter(server.mailbox("bal", password_file=wrong))
    assert "ouvre-toi" not in str(refused.value)


async def test_an_absent_password_file_is_said(server: dovecot.Dovecot, tmp_path: Path) -> None:
    with pytest.raises(LoginRefused, match="password_file ne peut pas être lu"):
        await enter(server.mailbox("bal", password_file=tmp_path / "absent"))


@pytest.mark.parametrize("how", ["starttls", "implicit"])
async def test_external_by_client_certificate(server: dovecot.Dovecot, how: str) -> None:
    server.append(CERTIFIED, dovecot.mail(1))
    certificate = {"client_cert": server.pki.cert("client"), "client_key": server.pki.key("client")}
    settings = server.mailbox(CERTIFIED, tls=how, auth="external", password_file=None, **certificate)
    assert await enter(settings) == server.count(CERTIFIED, "INBOX")


async def test_external_by_p12(server: dovecot.Dovecot, tmp_path: Path) -> None:
    key = load_pem_private_key(server.pki.key("client").read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(server.pki.cert("client").read_bytes())
    (tmp_path / "client.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"", key, certificate, None, BestAvailableEncryption(b"secret"))  # type: ignore[arg-type]
    )
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "password").chmod(0o600)
    settings = server.mailbox(
        CERTIFIED,
        auth="external",
        client_p12=tmp_path / "client.p12",
        client_password_file=tmp_path / "password",
    )
    assert await enter(settings) == server.count(CERTIFIED, "INBOX")


async def test_external_without_a_certificate_is_refused(server: dovecot.Dovecot) -> None:
    with pytest.raises(LoginRefused, match="certificat"):
        await enter(server.mailbox("bal", auth="external"))


async def test_a_wrong_p12_password_is_said(server: dovecot.Dovecot, tmp_path: Path) -> None:
    (tmp_path / "client.p12").write_bytes(b"not a store")
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "password").chmod(0o600)
    with pytest.raises(TrustError, match="ne s'ouvre pas"):
        await enter(
            server.mailbox("bal", client_p12=tmp_path / "client.p12", client_password_file=tmp_path / "password")
        )


async def test_the_token_is_read_at_each_login(server: dovecot.Dovecot, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(server.token("jeton", secret=b"another authority's secret, just as long as ours"))
    settings = server.mailbox("jeton", auth="xoauth2", token_file=token)
    with pytest.raises(LoginRefused):
        await enter(settings)
    token.write_text(server.token("jeton") + "\n")
    assert await enter(settings) == 0


@pytest.mark.parametrize("how", ["starttls", "implicit"])
async def test_a_certificate_of_another_authority_is_refused(server: dovecot.Dovecot, tmp_path: Path, how: str) -> None:
    with pytest.raises(TlsRefused, match=r"certificat du serveur .* n'est pas accepté"):
        await enter(server.mailbox("bal", tls=how, ca=pki.make(tmp_path).ca))


async def test_a_certificate_of_another_host_is_refused(server: dovecot.Dovecot) -> None:
    with pytest.raises(TlsRefused, match="n'est pas accepté"):
        await enter(server.mailbox("bal", host="127.0.0.2"))


async def test_a_revoked_server_certificate_is_refused(server: dovecot.Dovecot, tmp_path: Path) -> None:
    assert await enter(server.mailbox("bal", crl=server.pki.folder / "crl.pem")) == 0
    with pytest.raises(TlsRefused, match="révoqué"):
        await enter(server.mailbox("bal", crl=_revoking(server.pki, tmp_path / "crl.pem")))


async def test_starttls_on_the_port_of_implicit_tls_does_not_hang(server: dovecot.Dovecot) -> None:
    settings = server.mailbox("bal", port=server.imaps)
    with pytest.raises(ConnectionLost):
        await connect(settings, dovecot.secured(settings), silence=0.5)


async def test_an_absent_server_is_said(server: dovecot.Dovecot) -> None:
    with pytest.raises(ConnectionLost, match="ne peut être joint"):
        await enter(server.mailbox("bal", port=1))


def _revoking(authority: pki.Pki, path: Path) -> Path:
    issuer = x509.load_pem_x509_certificate(authority.ca.read_bytes())
    key = load_pem_private_key((authority.folder / "ca.key").read_bytes(), None)
    serial = x509.load_pem_x509_certificate(authority.cert("server").read_bytes()).serial_number
    now = datetime.now(UTC)
    revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - timedelta(hours=1)).build()
    crl = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject).add_revoked_certificate(revoked)
    crl = crl.last_update(now - timedelta(hours=1)).next_update(now + timedelta(days=1))
    path.write_bytes(crl.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))  # type: ignore[arg-type]
    return path
