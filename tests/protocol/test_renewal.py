"""Certificates and revocation lists replaced under a daemon that runs: no restart, and a bad file changes nothing."""

from __future__ import annotations

import shutil
import smtplib
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from tests import pki as keys
from tests.protocol import dovecot, living
from tests.protocol.living import Living, until

USER = "bal@test.mssante.fr"


@pytest.fixture
def house(tmp_path: Path) -> Living:
    pki = keys.make(tmp_path / "pki")
    port = dovecot._free_port()
    smtp = {
        "listen": f"127.0.0.1:{port}",
        "recipients": {USER: "bal"},
        "cert": pki.cert("server"),
        "key": pki.key("server"),
    }
    return living.build(tmp_path / "house", {"smtp": smtp}, [])


def _port(house: Living) -> int:
    text = house.config.read_text()
    return int(text.split('listen = "127.0.0.1:', 1)[1].split('"', 1)[0])


def _shown(port: int) -> int:
    """The serial number of the certificate that the inlet shows."""
    context = ssl._create_unverified_context()  # whoever it is
    with smtplib.SMTP("localhost", port, "essai.example.fr", timeout=20) as client:
        client.starttls(context=context)
        assert isinstance(client.sock, ssl.SSLSocket)
        shown = client.sock.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown or b"").serial_number


def test_the_inlet_shows_the_new_certificate(house: Living, tmp_path: Path) -> None:
    pki, other = keys.Pki(tmp_path / "pki"), keys.make(tmp_path / "next")
    with house.daemon() as daemon:
        port = _port(house)
        before = _shown(port)
        shutil.copy(other.cert("server"), pki.cert("server"))
        until(lambda: daemon.events("certificate.refused") != [], "half of a pair is said")
        assert _shown(port) == before, "and changes nothing"
        shutil.copy(other.key("server"), pki.key("server"))
        until(lambda: daemon.events("certificate.renewed") != [], "the pair is taken up")
        wanted = x509.load_pem_x509_certificate(other.cert("server").read_bytes()).serial_number
        assert _shown(port) == wanted != before


def test_what_expires_soon_is_said(house: Living) -> None:
    with house.daemon() as daemon:
        until(lambda: daemon.events("certificate.expires") != [], "certificates of one day")
        (said,) = daemon.events("certificate.expires")
        assert (said["table"], said["level"]) == ("[smtp]", "warning")
        assert "[smtp]" in house.call("status").stdout
