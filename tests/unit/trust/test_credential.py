from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gateway.trust.credential import expires_in, load, load_pem, load_pkcs12, read_certificates
from gateway.trust.errors import TrustError
from tests.unit.trust.pki import DAY, NOW, Authority, write_secret


def refusal(message: str) -> str:
    """One French line in three parts: which file, what is wrong, what to do."""
    assert "\n" not in message
    assert re.fullmatch(r".+ : .+ ; .+", message)
    return message


def test_pem_with_its_chain_is_loaded(tmp_path: Path) -> None:
    root = Authority("racine")
    middle = Authority("intermédiaire", root)
    issued = middle.issue()
    cert, key = issued.write(tmp_path, "auth", chain=(middle.cert,))
    credential = load_pem(cert, key, now=NOW)
    assert (credential.certificate, credential.chain, credential.source) == (issued.cert, (middle.cert,), cert)
    assert credential.pem().count(b"BEGIN CERTIFICATE") == 2


def test_the_key_is_not_in_the_representation(tmp_path: Path) -> None:
    credential = load_pem(*Authority().issue().write(tmp_path, "auth"), now=NOW)
    assert "key" not in repr(credential).lower().replace(str(tmp_path).lower(), "").replace("public_key", "")


def test_pkcs12_gives_the_same_as_pem(tmp_path: Path) -> None:
    authority = Authority()
    issued = authority.issue_rsa()
    credential = load_pkcs12(*issued.write_p12(tmp_path, "sésame", chain=(authority.cert,)), now=NOW)
    assert credential.certificate == issued.cert
    assert credential.chain == (authority.cert,)
    assert issued.key_pem(NoEncryption()) in credential.pem()


def test_a_pkcs12_of_the_old_kind_made_by_openssl_opens(tmp_path: Path) -> None:
    cert, key = Authority().issue_rsa().write(tmp_path, "auth")
    p12, secret = tmp_path / "old.p12", write_secret(tmp_path / "old.password", "sesame")
    made = subprocess.run(
        ["openssl", "pkcs12", "-export", "-legacy", "-in", cert, "-inkey", key, "-out", p12, "-passout", "pass:sesame"],
        check=False,
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("this OpenSSL has no legacy provider")
    assert load_pkcs12(p12, secret, now=NOW).certificate == read_certificates(cert)[0]


def test_load_follows_what_the_table_names(tmp_path: Path) -> None:
    issued = Authority().issue()
    cert, key = issued.write(tmp_path, "auth")
    p12, secret = issued.write_p12(tmp_path, "x")
    assert load(None, None, None, None, now=NOW) is None
    for loaded in (load(cert, key, None, None, now=NOW), load(None, None, p12, secret, now=NOW)):
        assert loaded is not None
        assert loaded.certificate == issued.cert


def test_a_wrong_password_is_said(tmp_path: Path) -> None:
    p12, secret = Authority().issue().write_p12(tmp_path, "juste")
    write_secret(secret, "faux-mot")
    with pytest.raises(TrustError, match="ne s'ouvre pas") as refused:
        load_pkcs12(p12, secret, now=NOW)
    assert str(p12) in refusal(str(refused.value))
    assert "faux-mot" not in str(refused.value)


def test_what_is_not_a_pkcs12_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.p12").write_bytes(b"\x30\x82rien")
    with pytest.raises(TrustError, match="ne s'ouvre pas"):
        load_pkcs12(tmp_path / "x.p12", write_secret(tmp_path / "s", "x"), now=NOW)


def test_the_key_of_another_certificate_is_said(tmp_path: Path) -> None:
    authority = Authority()
    cert, _ = authority.issue().write(tmp_path, "un")
    _, key = authority.issue().write(tmp_path, "deux")
    with pytest.raises(TrustError, match=r"n'est pas celle du certificat") as refused:
        load_pem(cert, key, now=NOW)
    assert refused.value.path == key
    refusal(str(refused.value))


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        (NOW - 10 * DAY, NOW - DAY, "expiré depuis le"),
        (NOW + DAY, NOW + 10 * DAY, "valable seulement à partir du"),
    ],
)
def test_a_certificate_out_of_its_time_is_said(tmp_path: Path, begins, ends, words: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    cert, key = Authority().issue(begins=begins, ends=ends).write(tmp_path, "auth")
    with pytest.raises(TrustError, match=words) as refused:
        load_pem(cert, key, now=NOW)
    refusal(str(refused.value))


def test_a_certificate_is_good_to_its_last_second(tmp_path: Path) -> None:
    issued = Authority().issue(ends=NOW + DAY)
    cert, key = issued.write(tmp_path, "auth")
    assert load_pem(cert, key, now=NOW + DAY).certificate == issued.cert
    with pytest.raises(TrustError):
        load_pem(cert, key, now=NOW + DAY + timedelta(seconds=1))


def test_the_time_left() -> None:
    cert = Authority().issue(ends=NOW + 12 * DAY).cert
    assert expires_in(cert, NOW) == 12 * DAY
    assert expires_in(cert, NOW + 13 * DAY) == -DAY


def test_a_protected_key_is_said(tmp_path: Path) -> None:
    issued = Authority().issue()
    cert, key = issued.write(tmp_path, "auth")
    key.write_bytes(issued.key_pem(BestAvailableEncryption(b"x")))
    with pytest.raises(TrustError, match="protégée par un mot de passe"):
        load_pem(cert, key, now=NOW)


def test_a_key_of_another_kind_is_said(tmp_path: Path) -> None:
    cert, key = Authority().issue().write(tmp_path, "auth")
    other = Ed25519PrivateKey.generate()
    key.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(TrustError, match="RSA ou EC"):
        load_pem(cert, key, now=NOW)


@pytest.mark.parametrize("content", [b"", b"  \n", b"bonjour", b"-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_rubbish_is_said(tmp_path: Path, content: bytes) -> None:
    cert, key = Authority().issue().write(tmp_path, "auth")
    spoilt = tmp_path / "spoilt"
    spoilt.write_bytes(content)
    for pair in ((spoilt, key), (cert, spoilt)):
        with pytest.raises(TrustError) as refused:
            load_pem(*pair, now=NOW)
        assert str(spoilt) in refusal(str(refused.value))


def test_an_absent_file_and_a_folder_are_said(tmp_path: Path) -> None:
    _, key = Authority().issue().write(tmp_path, "auth")
    with pytest.raises(TrustError, match="fichier absent"):
        load_pem(tmp_path / "nulle-part.pem", key, now=NOW)
    with pytest.raises(TrustError, match="illisible"):
        load_pem(tmp_path, key, now=NOW)


def test_a_der_certificate_is_read(tmp_path: Path) -> None:
    authority = Authority()
    assert read_certificates(authority.write(tmp_path, encoding=Encoding.DER)) == (authority.cert,)
