"""The TLS contexts of every configured edge, made of the files that gateway.toml names and renewed with them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import Certificate
from msgspec import Struct, structs

from gateway.app.problem import mailbox_name, tables
from gateway.model.settings import Ack, Dmp, Dpi, Hospital, Mailbox, Settings, Smtp, Submission
from gateway.protocols.xmldsig import Signer
from gateway.trust import context, lists, revocation
from gateway.trust.credential import Credential, load, read_certificates
from gateway.trust.errors import TrustError
from gateway.trust.renewal import Change, Renewal

_SEAL = "donner le certificat ORG_SIGN, qui signe vers le DMP"
Reached = Mailbox | Submission | Dpi | Dmp | Ack
_Files = tuple[Path | None, Path | None, Path | None, Path | None]


class Contexts:
    """What the edges prove themselves with and whom they believe. Every method raises TrustError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._renewal = Renewal()
        self._made: dict[str, ssl.SSLContext] = {}

    def mailbox(self, box: Mailbox) -> ssl.SSLContext | None:
        """To a mailbox; None for ``tls = "none"``."""
        return None if box.tls == "none" else self._client(mailbox_name(box), box)

    def submission(self, server: Submission) -> ssl.SSLContext | None:
        """To the server of receipts; None for ``tls = "none"``."""
        return None if server.tls == "none" else self._client("[submission]", server)

    def record(self, dpi: Dpi) -> ssl.SSLContext:
        """To the patient record."""
        return self._client("[dpi]", dpi)

    def dmp(self, dmp: Dmp) -> ssl.SSLContext:
        """To the DMP, as the establishment."""
        return self._client("[dmp]", dmp, "auth_")

    def smtp(self, inlet: Smtp) -> ssl.SSLContext | None:
        """Of the SMTP inlet; None when it has no certificate."""
        return self._server("[smtp]", inlet)

    def hospital(self, inlet: Hospital) -> ssl.SSLContext | None:
        """Of the inlet of the hospital's own documents; None when it has no certificate."""
        return self._server("[hospital]", inlet)

    def ack(self, table: Ack) -> ssl.SSLContext:
        """To where the record is told of its documents."""
        return self._client("[ack]", table)

    def signer(self, dmp: Dmp) -> Signer:
        """The organisation's seal."""
        files = _files(dmp, "sign_")
        sign = _load(files)
        if sign is None or not isinstance(sign.key, RSAPrivateKey):
            raise TrustError(files[0] or files[2] or Path("[dmp] sign_cert"), "ce n'est pas un cachet RSA", _SEAL)
        return Signer.of(sign.certificate, sign.key, dmp.signature)

    def renew_signer(self, dmp: Dmp, take_up: Callable[[Signer], None]) -> None:
        """``take_up`` gets the next seal."""
        self._renewal.watch("[dmp] sign_cert", _files(dmp, "sign_"), lambda: take_up(self.signer(dmp)))

    def look(self) -> list[Change]:
        """Take up what was replaced on disk since the last look."""
        return list(self._renewal.look())

    def fetch_lists(self) -> list[str]:
        """Fetch the revocation lists of our authorities; what went wrong, one French line each."""
        table, wrong = self._settings.revocation, []
        authorities = [one for _, settings in tables(self._settings) for one in _authorities(settings)]
        for url in table.urls:
            try:
                lists.fetch(url, authorities, table.folder, datetime.now(UTC))
            except (TrustError, OSError) as error:
                wrong.append(str(error))
        return wrong

    def _server(self, what: str, inlet: Smtp | Hospital) -> ssl.SSLContext | None:
        files = _files(inlet, "")
        credential = _load(files)
        if credential is None:
            return None
        made = context.server_context(credential, inlet.client_ca)
        self._renewal.watch(what, files, lambda: context.present(made, _there(_load(files))))
        return made

    def _client(self, what: str, table: Reached, stem: str = "client_") -> ssl.SSLContext:
        """Made once, then renewed in place."""
        if what not in self._made:
            made = self._made[what] = client(table, stem, self._lists(table))
            kept = table.crl or (self._settings.revocation.folder if self._settings.revocation.urls else None)

            def take_up() -> None:
                context.renew(made, _load(_files(table, stem)), table.ca, self._lists(table))

            self._renewal.watch(what, (*_files(table, stem), table.ca, kept), take_up)
        return self._made[what]

    def _lists(self, table: Reached) -> context.Lists | None:
        """The lists that a table names, else those that are kept; None when revocation is not checked."""
        if table.crl is not None or table.ca is None or not self._settings.revocation.urls:
            return _named(table)
        return revocation.kept(self._settings.revocation.folder, read_certificates(table.ca))


def client(table: Reached, stem: str = "client_", lists: context.Lists | None = None) -> ssl.SSLContext:
    """A context for the server of this table, with its own list unless others are given. TrustError."""
    return context.client_context(_load(_files(table, stem)), table.ca, _named(table) if lists is None else lists)


def _named(table: Reached) -> context.Lists | None:
    return revocation.read_crls(table.crl, datetime.now(UTC)) if table.crl else None


def _files(table: Struct, stem: str) -> _Files:
    keys = structs.asdict(table)
    cert, key, p12, word = (keys.get(f"{stem}{end}") for end in ("cert", "key", "p12", "password_file"))
    return cert, key, p12, word


def _load(files: _Files) -> Credential | None:
    return load(*files, now=datetime.now(UTC))


def _there(credential: Credential | None) -> Credential:
    assert credential is not None, "files that are watched made one before"  # noqa: S101 - our own invariant
    return credential


def _authorities(table: Struct) -> list[Certificate]:
    ca: Path | None = structs.asdict(table).get("ca")
    try:
        return list(read_certificates(ca)) if ca else []
    except TrustError:
        return []  # said by the edge that uses it
