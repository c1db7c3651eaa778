"""A real Dovecot 2.3 in a temporary folder, on free loopback ports. It must be started as root, and drops to others.

- STARTTLS and implicit TLS; a client certificate is asked for. With ``external``, a client that shows one *is* the
  user named by its CN, whatever it says it is (``auth_ssl_username_from_cert`` overrides every mechanism).
- Every user exists, with the password PASSWORD. XOAUTH2 tokens are JWT made by ``token``, checked by Dovecot itself.
- LMTP delivers. ``without`` takes capabilities away ("MOVE", "UIDPLUS", "IDLE"…).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import imaplib
import json
import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from gateway.app.tls import Contexts
from gateway.model.settings import Mailbox, Settings
from tests import pki
from tests.samples import HOUSE

PASSWORD = 'mot"de\\passe'
_SECRET = b"a secret that only tests know, of thirty-two bytes or more"
_CAPABILITIES = (
    "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN SPECIAL-USE"
)


class Dovecot:
    """A server in ``folder``. ``mailbox`` gives the settings that reach it."""

    def __init__(self, folder: Path, *, external: bool, without: tuple[str, ...], extra: str) -> None:
        self.folder = folder
        self.pki = pki.make(folder / "pki")
        self.imap, self.imaps, self.lmtp = _free_port(), _free_port(), _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._write(external, without, extra)

    def start(self) -> None:
        self._process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", self.folder / "dovecot.conf"])
        for port in (self.imap, self.imaps, self.lmtp):
            self._wait(port)

    def kick(self) -> None:
        """Every client hears BYE."""
        subprocess.run(["doveadm", "-c", self.folder / "dovecot.conf", "kick", "*"], check=False, capture_output=True)

    def stop(self) -> None:
        """Orderly."""
        if self._process is not None:
            self.kick()
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def deliver(self, user: str, *mails: bytes) -> None:
        """By LMTP; returns after the server's 250."""
        with smtplib.LMTP("127.0.0.1", self.lmtp) as lmtp:
            for mail in mails:
                lmtp.sendmail("expediteur@test.mssante.fr", [user], mail)

    @contextmanager
    def client(self, user: str) -> Iterator[imaplib.IMAP4]:
        """Somebody else's client, on the same mailbox."""
        client = imaplib.IMAP4_SSL("localhost", self.imaps, ssl_context=self.pki.client_context(""))
        client.login(f'"{user}"', PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def put(self, user: str, *mails: bytes) -> None:
        """Many at once, straight into the Maildir."""
        new = self.folder / "mails" / user / "new"
        for folder in (new.parent, new, new.parent / "cur", new.parent / "tmp"):
            folder.mkdir(exist_ok=True)
            os.chown(folder, _NOBODY, _NOGROUP)
        for number, raw in enumerate(mails, len(list(new.iterdir()))):
            file = new.parent / "tmp" / f"{1700000000 + number}.M{number}.test"
            file.write_bytes(raw)
            os.chown(file, _NOBODY, _NOGROUP)
            file.rename(new / file.name)

    def files(self, user: str) -> list[Path]:
        """The files of the inbox, oldest first."""
        inbox = self.folder / "mails" / user
        return sorted((*inbox.glob("new/*"), *inbox.glob("cur/*")), key=lambda file: file.name)

    def append(self, user: str, *mails: bytes, folder: str = "INBOX") -> None:
        with self.client(user) as client:
            for mail in mails:
                assert client.append(f'"{folder}"', "", "", mail)[0] == "OK"

    def count(self, user: str, folder: str, criteria: str = "ALL") -> int:
        """How many mails of a folder meet the criteria; 0 when there is no such folder."""
        with self.client(user) as client:
            if client.select(f'"{folder}"', readonly=True)[0] != "OK":
                return 0
            return len(client.search(None, criteria)[1][0].split())

    def mailbox(self, user: str, **changes: object) -> Mailbox:
        password = self.folder / "password"
        password.write_text(PASSWORD + "\n")
        defaults: dict[str, object] = {
            "name": "bal",
            "address": user,
            "user": user,
            "host": "localhost",
            "port": self.imaps if changes.get("tls") == "implicit" else self.imap,
            "password_file": password,
            "ca": self.pki.ca,
        }
        return Mailbox(**(defaults | changes))  # type: ignore[arg-type]

    def token(self, user: str, *, secret: bytes = _SECRET) -> str:
        now = int(time.time())
        claims = {"sub": user, "email": user, "iat": now - 10, "exp": now + 3600}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return f"{signed}.{_base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def _write(self, external: bool, without: tuple[str, ...], extra: str) -> None:
        mails = self.folder / "mails"
        mails.mkdir()
        os.chown(mails, _NOBODY, _NOGROUP)
        self._write_crl()
        keys = self.folder / "keys" / "default" / "HS256"
        keys.mkdir(parents=True)
        (keys / "default").write_bytes(base64.b64encode(_SECRET))
        (self.folder / "oauth2.conf").write_text(
            "introspection_mode = local\nusername_attribute = email\n"
            f"local_validation_key_dict = fs:posix:prefix={self.folder}/keys/\n"
        )
        words = [word for word in _CAPABILITIES.split() if word not in without]
        capability = f"imap_capability = {' '.join(words)}" if without else ""
        from_cert = "auth_ssl_username_from_cert = yes\nauth_ssl_require_client_cert = no" if external else ""
        (self.folder / "dovecot.conf").write_text(
            _CONF.format(
                s=self, p=self.pki.folder, capability=capability, from_cert=from_cert, extra=extra, password=PASSWORD
            )
        )

    def _write_crl(self) -> None:
        """Dovecot checks client certificates only with a CRL beside the authority: an empty one does."""
        authority = x509.load_pem_x509_certificate(self.pki.ca.read_bytes())
        key = load_pem_private_key((self.pki.folder / "ca.key").read_bytes(), None)
        now = datetime.now(UTC)
        crl = x509.CertificateRevocationListBuilder().issuer_name(authority.subject)
        crl = crl.last_update(now - timedelta(hours=1)).next_update(now + timedelta(days=1))
        listed = crl.sign(key, hashes.SHA256())  # type: ignore[arg-type]
        (self.pki.folder / "crl.pem").write_bytes(listed.public_bytes(Encoding.PEM))
        (self.pki.folder / "ca-crl.pem").write_bytes(self.pki.ca.read_bytes() + listed.public_bytes(Encoding.PEM))

    def _wait(self, port: int) -> None:
        for _ in range(200):
            if self._process is None or self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"Dovecot does not start:\n{self.log()[-2000:]}")


@contextmanager
def running(*, external: bool = False, without: tuple[str, ...] = (), extra: str = "") -> Iterator[Dovecot]:
    """A server from here to the end of the block. Skips without Dovecot or root, fails then when CI=true."""
    if not Path("/usr/sbin/dovecot").exists() or os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Dovecot 2.3, started as root, is needed")
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)  # its processes run as other users
    server = Dovecot(folder, external=external, without=without, extra=extra)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def mail(number: int, size: int = 0) -> bytes:
    """A fictitious mail, of about ``size`` bytes, whose lines look like IMAP now and then."""
    head = (
        f"From: Cabinet d'essai <expediteur@test.mssante.fr>\r\nTo: bal@test.mssante.fr\r\n"
        f"Subject: Essai {number}\r\nMessage-ID: <essai-{number}@test.mssante.fr>\r\n"
        "Date: Mon, 6 Jul 2026 10:00:00 +0200\r\n\r\n"
        "A1 OK not a response\r\n* 5 EXISTS (\r\n* BYE\r\n{12}\r\n"
    ).encode()
    line = b"0123456789abcdefghijklmnopqrstuvwxyz" * 2 + b"\r\n"
    return head + line * max(0, (size - len(head)) // len(line))


def secured(mailbox: Mailbox) -> ssl.SSLContext | None:
    """The context that the gateway makes for a mailbox."""
    return Contexts(Settings(establishment=HOUSE, mailbox=(mailbox,))).mailbox(mailbox)


def client_context(server: Dovecot, certificate: str = "") -> ssl.SSLContext:
    return server.pki.client_context(certificate)


_NOBODY, _NOGROUP = 65534, 65534
_CONF = """
protocols = imap lmtp
base_dir = {s.folder}/run
state_dir = {s.folder}/state
log_path = {s.folder}/log
listen = 127.0.0.1, 127.0.0.2
first_valid_uid = 1
mail_location = maildir:{s.folder}/mails/%u
mail_fsync = never
maildir_stat_dirs = no
mail_max_userip_connections = 100
ssl = yes
ssl_cert = <{p}/server.pem
ssl_key = <{p}/server.key
ssl_ca = <{p}/ca-crl.pem
ssl_verify_client_cert = yes
ssl_cert_username_field = commonName
disable_plaintext_auth = yes
auth_mechanisms = plain login external xoauth2
auth_username_chars =
auth_failure_delay = 0
postmaster_address = postmaster@test.mssante.fr
{from_cert}
{capability}
passdb {{
  driver = static
  mechanisms = external
  args = nopassword
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {s.folder}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={s.folder}/mails/%u allow_all_users=yes
}}
service imap-login {{
  service_count = 0
  inet_listener imap {{
    port = {s.imap}
  }}
  inet_listener imaps {{
    port = {s.imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {s.lmtp}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
{extra}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
