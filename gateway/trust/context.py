"""TLS contexts for both sides: 1.2 at least, forward secrecy, names checked, revocation checked when a list is given.

Sources: spec/dmp/transactions.md §3 (the ciphers that the DMP accepts: ECDHE with AES-GCM, AES-256-CBC-SHA384 or
ChaCha20) and spec/mssante/mssante-mail.md (ECO.1.1.1 TLS 1.2, ECO.1.1.6 revocation).
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.trust.credential import Credential, read_certificates
from gateway.trust.errors import TrustError

Lists = Sequence[x509.CertificateRevocationList]

# The DMP's list, and the same suites for the mail operators whose certificates are elliptic.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE-RSA-AES256-SHA384:!aNULL"


def client_context(credential: Credential | None, ca: Path | None, crls: Lists | None = None) -> ssl.SSLContext:
    """To reach a server: its name and chain are checked, against ``ca`` (PEM or DER) or else the machine's store.

    ``crls`` holds the list of the authority that issued the server's certificate, and may hold others; that certificate
    is the one checked, and refused when no list of its authority is there; None: revocation is not checked. OpenSSL
    judges a list by the machine's clock at the handshake.

    Raises:
        TrustError: an unusable file.
    """
    context = _bounded(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    renew(context, credential, ca, crls)
    return context


def server_context(credential: Credential, client_ca: Path | None) -> ssl.SSLContext:
    """To be reached: with ``client_ca`` (PEM or DER) a client without a certificate of these authorities is refused.

    Raises:
        TrustError: an unusable file.
    """
    context = _bounded(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    context.options |= ssl.OP_NO_RENEGOTIATION
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        _trust(context, client_ca)
    present(context, credential)
    return context


def renew(context: ssl.SSLContext, credential: Credential | None, ca: Path | None, crls: Lists | None) -> None:
    """Give a client's context what its files hold now; its next handshake uses it.

    What is new is added: an authority that left the file is trusted until the next start, and of several lists of one
    authority OpenSSL takes the newest. Raises TrustError before anything is changed by an unusable file.
    """
    _trust(context, ca)
    if crls is not None:
        _revoke(context, crls)
    if credential is not None:
        present(context, credential)


def present(context: ssl.SSLContext, credential: Credential) -> None:
    """Prove ourselves with this certificate from the next handshake on. Raises TrustError."""
    with _in_memory(credential.pem()) as path:
        try:
            context.load_cert_chain(path)
        except ssl.SSLError as error:
            raise TrustError(
                credential.source,
                f"certificat refusé par OpenSSL ({error.reason})",
                "demander un certificat dont la clé et la signature sont assez fortes",
            ) from None


def _bounded(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    return context


def _trust(context: ssl.SSLContext, ca: Path | None) -> None:
    if ca is None:
        context.load_default_certs()
        return
    authorities = read_certificates(ca)
    context.load_verify_locations(cadata=b"".join(item.public_bytes(Encoding.DER) for item in authorities))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # whoever stands in the file is trusted, a root or not


def _revoke(context: ssl.SSLContext, crls: Lists) -> None:
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    if crls:  # OpenSSL takes lists from a PEM file only
        with _in_memory(b"".join(item.public_bytes(Encoding.PEM) for item in crls)) as path:
            context.load_verify_locations(cafile=path)


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """A path that OpenSSL can open, whose bytes never reach a disk."""
    descriptor = os.memfd_create("gateway")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
