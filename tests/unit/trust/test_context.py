"""Contexts proved by handshakes in memory: no socket."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.trust.context import client_context, present, renew, server_context
from gateway.trust.credential import Credential, load_pem
from gateway.trust.errors import TrustError
from gateway.trust.revocation import read_crls
from tests.unit.trust.pki import DAY, NOW, Authority, Issued


@dataclass(frozen=True)
class Net:
    folder: Path
    root: Authority
    server: Issued
    credential: Credential
    ca: Path


@pytest.fixture
def net(tmp_path: Path) -> Net:
    root = Authority()
    server = root.issue()
    credential = load_pem(*server.write(tmp_path, "server"), now=NOW)
    return Net(tmp_path, root, server, credential, root.write(tmp_path))


def shake(
    client: ssl.SSLContext, server: ssl.SSLContext, host: str = "localhost"
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Both ends after a whole handshake and one byte each way."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(down, up, server_hostname=host), server.wrap_bio(up, down, server_side=True)
    waiting = list(ends)
    for _ in range(10):
        waiting = [end for end in waiting if not _stepped(end.do_handshake)]
    assert not waiting
    ends[0].write(b"c")
    assert ends[1].read(1) == b"c"
    ends[1].write(b"s")
    assert ends[0].read(1) == b"s"
    return ends


def _stepped(step) -> bool:  # type: ignore[no-untyped-def]  # noqa: ANN001
    try:
        step()
    except ssl.SSLWantReadError:
        return False
    return True


def test_a_server_of_the_authority_is_reached(net: Net) -> None:
    client, _ = shake(client_context(None, net.ca), server_context(net.credential, None))
    assert client.version() == "TLSv1.3"


def test_the_name_is_checked(net: Net) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake(client_context(None, net.ca), server_context(net.credential, None), "autre.example")


def test_another_authority_is_refused(net: Net) -> None:
    other = Authority("autre").write(net.folder, "other")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client_context(None, other), server_context(net.credential, None))


def test_an_expired_server_is_refused(net: Net) -> None:
    old = net.root.issue(begins=NOW - 3 * DAY, ends=NOW - DAY)
    credential = load_pem(*old.write(net.folder, "old"), now=NOW - 2 * DAY)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shake(client_context(None, net.ca), server_context(credential, None))


def test_without_an_authority_the_machine_s_store_decides(net: Net) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client_context(None, None), server_context(net.credential, None))


def test_an_intermediate_alone_may_be_the_authority(net: Net) -> None:
    middle = Authority("intermédiaire", net.root)
    credential = load_pem(*middle.issue().write(net.folder, "leaf", chain=(middle.cert,)), now=NOW)
    only = middle.write(net.folder, "middle", encoding=Encoding.DER)
    shake(client_context(None, only), server_context(credential, None))
    shake(client_context(None, net.ca), server_context(credential, None))


def test_a_client_shows_its_certificate(net: Net) -> None:
    credential = load_pem(*net.root.issue("client").write(net.folder, "client"), now=NOW)
    _, server = shake(client_context(credential, net.ca), server_context(net.credential, net.ca))
    peer = server.getpeercert()
    assert peer is not None
    assert peer["subject"] == ((("commonName", "client"),),)


def test_a_client_without_certificate_is_refused(net: Net) -> None:
    with pytest.raises(ssl.SSLError):
        shake(client_context(None, net.ca), server_context(net.credential, net.ca))


def test_a_client_of_another_authority_is_refused(net: Net) -> None:
    stranger = load_pem(*Authority("autre").issue("client").write(net.folder, "client"), now=NOW)
    with pytest.raises(ssl.SSLError):
        shake(client_context(stranger, net.ca), server_context(net.credential, net.ca))


def test_tls_1_1_is_refused(net: Net) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(net.ca)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        shake(old, server_context(net.credential, None))
    assert client_context(None, net.ca).minimum_version is ssl.TLSVersion.TLSv1_2


DMP = "ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-SHA384 ECDHE-RSA-CHACHA20-POLY1305"


@pytest.mark.parametrize("cipher", DMP.split())
def test_each_cipher_of_the_dmp_is_agreed(net: Net, cipher: str) -> None:
    server = server_context(load_pem(*net.root.issue_rsa().write(net.folder, "rsa"), now=NOW), None)
    server.set_ciphers(cipher)
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    client, _ = shake(client_context(None, net.ca), server)
    agreed = client.cipher()
    assert agreed is not None
    assert agreed[0] == cipher


def test_nothing_without_forward_secrecy_is_offered(net: Net) -> None:
    names = [item["name"] for item in client_context(None, net.ca).get_ciphers()]
    assert all(item.startswith(("ECDHE-", "TLS_")) for item in names)
    assert set(DMP.split()) <= set(names)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_revoked_server_is_refused_and_another_accepted(net: Net, encoding: Encoding) -> None:
    crl = net.folder / "crl"
    crl.write_bytes(net.root.crl(net.server.cert).public_bytes(encoding))
    client = client_context(None, net.ca, read_crls(crl, NOW))
    with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
        shake(client, server_context(net.credential, None))
    other = load_pem(*net.root.issue().write(net.folder, "other"), now=NOW)
    shake(client, server_context(other, None))


def test_the_list_of_the_issuer_serves_among_others(net: Net) -> None:
    middle = Authority("intermédiaire", net.root)
    leaf = middle.issue()
    credential = load_pem(*leaf.write(net.folder, "leaf", chain=(middle.cert,)), now=NOW)
    crl = net.folder / "crl"
    crl.write_bytes(b"".join(item.public_bytes(Encoding.PEM) for item in (net.root.crl(), middle.crl())))
    shake(client_context(None, net.ca, read_crls(crl, NOW)), server_context(credential, None))
    crl.write_bytes(b"".join(item.public_bytes(Encoding.PEM) for item in (net.root.crl(), middle.crl(leaf.cert))))
    with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
        shake(client_context(None, net.ca, read_crls(crl, NOW)), server_context(credential, None))


def test_a_server_that_no_list_covers_is_refused(net: Net) -> None:
    crl = net.folder / "crl"
    crl.write_bytes(Authority("autre").crl().public_bytes(Encoding.PEM))
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get certificate CRL"):
        shake(client_context(None, net.ca, read_crls(crl, NOW)), server_context(net.credential, None))


def test_an_expired_list_is_said(net: Net) -> None:
    crl = net.folder / "crl"
    crl.write_bytes(net.root.crl(until=NOW - DAY).public_bytes(Encoding.DER))
    with pytest.raises(TrustError, match=r"crl : liste de révocation expirée depuis le .* ; télécharger"):
        read_crls(crl, NOW)


def test_what_is_not_a_list_is_said(net: Net) -> None:
    with pytest.raises(TrustError, match="aucune liste de révocation"):
        read_crls(net.ca, NOW)


def test_no_descriptor_is_left_open(net: Net) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    server_context(net.credential, net.ca)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_without_any_list_where_revocation_is_checked_nobody_is_believed(net: Net) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get certificate CRL"):
        shake(client_context(None, net.ca, ()), server_context(net.credential, None))


def test_a_renewed_list_revokes_at_the_next_handshake(net: Net) -> None:
    client, server = client_context(None, net.ca, (net.root.crl(),)), server_context(net.credential, None)
    shake(client, server)
    renew(client, None, net.ca, (net.root.crl(net.server.cert, since=NOW),))
    with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
        shake(client, server)


def test_a_renewed_certificate_is_shown_at_the_next_handshake(net: Net) -> None:
    client, server = client_context(None, net.ca), server_context(net.credential, None)
    first, _ = shake(client, server)
    other = load_pem(*net.root.issue().write(net.folder, "next"), now=NOW)
    present(server, other)
    second, _ = shake(client, server)
    shown = [end.getpeercert(binary_form=True) for end in (first, second)]
    assert shown == [one.certificate.public_bytes(Encoding.DER) for one in (net.credential, other)]


def test_an_authority_that_joins_the_file_is_believed(net: Net) -> None:
    other = Authority("nouvelle")
    credential = load_pem(*other.issue().write(net.folder, "theirs"), now=NOW)
    client = client_context(None, net.ca)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client, server_context(credential, None))
    net.ca.write_bytes(net.ca.read_bytes() + other.cert.public_bytes(Encoding.PEM))
    renew(client, None, net.ca, None)
    shake(client, server_context(credential, None))
