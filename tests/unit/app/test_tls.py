"""The contexts of a configuration, when its certificates and lists are replaced."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.app.constraints import first_problem
from gateway.app.tls import Contexts
from gateway.model.settings import Dmp, Revocation, Settings, Smtp
from gateway.protocols.xmldsig import Signer
from gateway.trust.errors import TrustError
from tests import pki as keys
from tests.samples import HOUSE
from tests.unit.trust.pki import Authority


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    pki = keys.make(tmp_path / "pki")
    dmp = Dmp(
        auth_cert=pki.cert("auth"),
        auth_key=pki.key("auth"),
        sign_cert=pki.cert("sign"),
        sign_key=pki.key("sign"),
        ca=pki.ca,
    )
    return Settings(establishment=HOUSE, dmp=dmp)


def test_the_next_seal_signs(settings: Settings, tmp_path: Path) -> None:
    contexts, taken = Contexts(settings), list[Signer]()
    first = contexts.signer(settings.dmp)
    contexts.renew_signer(settings.dmp, taken.append)
    following = keys.make(tmp_path / "next")
    assert settings.dmp.sign_cert is not None
    assert settings.dmp.sign_key is not None
    shutil.copy(following.cert("sign"), settings.dmp.sign_cert)
    (change,) = contexts.look()
    assert change.error, "the key of another certificate"
    assert taken == []
    shutil.copy(following.key("sign"), settings.dmp.sign_key)
    assert [change.error for change in contexts.look()] == [""]
    assert [signer.certificate for signer in taken] != [first.certificate]


def test_a_seal_that_cannot_sign_for_the_dmp_is_said(settings: Settings, tmp_path: Path) -> None:
    cert, key = Authority().issue().write(tmp_path, "elliptic")
    dmp = msgspec.structs.replace(settings.dmp, sign_cert=cert, sign_key=key)
    with pytest.raises(TrustError, match="ce n'est pas un cachet RSA"):
        Contexts(settings).signer(dmp)


def test_a_context_is_made_once_and_watched_once(settings: Settings) -> None:
    contexts = Contexts(settings)
    assert contexts.dmp(settings.dmp) is contexts.dmp(settings.dmp)
    assert settings.dmp.auth_cert is not None
    settings.dmp.auth_cert.write_bytes(settings.dmp.auth_cert.read_bytes() + b"\n")
    assert [change.what for change in contexts.look()] == ["[dmp]"]


def test_lists_that_are_kept_serve_whoever_names_none(settings: Settings, tmp_path: Path) -> None:
    root = Authority()
    ca = root.write(tmp_path)
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "one.crl").write_bytes(root.crl().public_bytes(Encoding.DER))
    published = Revocation(urls=("http://127.0.0.1:9/aci.crl",), folder=folder)
    dmp = msgspec.structs.replace(settings.dmp, ca=ca)
    contexts = Contexts(msgspec.structs.replace(settings, dmp=dmp, revocation=published))
    made = contexts.dmp(dmp)
    assert made.cert_store_stats()["crl"] == 1
    (folder / "two.crl").write_bytes(Authority("autre").crl().public_bytes(Encoding.DER))
    assert [change.error for change in contexts.look()] == [""]
    assert made.cert_store_stats()["crl"] == 1, "another authority's list is none of ours"


def test_a_place_that_does_not_answer_is_one_line(settings: Settings, tmp_path: Path) -> None:
    published = Revocation(urls=("http://127.0.0.1:9/aci.crl",), folder=tmp_path / "lists")
    (wrong,) = Contexts(msgspec.structs.replace(settings, revocation=published)).fetch_lists()
    assert "ne répond pas" in wrong
    assert "\n" not in wrong


def test_an_inlet_may_have_its_certificate_as_pkcs12(settings: Settings, tmp_path: Path) -> None:
    p12, word = Authority().issue().write_p12(tmp_path, "mot de passe")
    inlet = Smtp(
        listen="0.0.0.0:2525", recipients={"a@b.fr": "bal"}, peers=("10.0.0.0/8",), p12=p12, password_file=word
    )
    assert Contexts(settings).smtp(inlet) is not None
    assert first_problem(msgspec.structs.replace(settings, smtp=inlet)) is None
