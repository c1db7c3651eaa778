"""The TLS context of a mailbox: our authority alone, revocation when a CRL is given, our certificate."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from gateway.intake.imap.errors import TlsRefused
from gateway.model.settings import Mailbox


def context(settings: Mailbox) -> ssl.SSLContext | None:
    """What ``tls``, ``ca``, ``crl``, ``client_cert`` or ``client_p12`` say; None for ``tls = "none"``.

    TLS 1.2 or higher, host name checked (spec/mssante/mssante-mail.md, ECO.1.1.1 and ECO.1.1.5). TlsRefused when a
    file cannot be used.
    """
    if settings.tls == "none":
        return None
    try:
        made = ssl.create_default_context(cafile=settings.ca)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.crl is not None:
            made.load_verify_locations(settings.crl)
            made.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
        if settings.client_p12 is not None:
            _load_p12(made, settings.client_p12, settings.client_password_file)
        elif settings.client_cert is not None:
            made.load_cert_chain(settings.client_cert, settings.client_key)
    except (OSError, ValueError) as error:
        raise TlsRefused(
            f"Un certificat, une clé ou une liste de révocation de la boîte « {settings.name} » est inutilisable "
            f"({type(error).__name__}). Vérifiez ca, crl et le certificat client dans la configuration."
        ) from error
    return made


def _load_p12(made: ssl.SSLContext, file: Path, password_file: Path | None) -> None:
    """Through memory: ssl only loads keys from a path, and a decrypted key has no business on a disk."""
    password = password_file.read_bytes().strip(b"\r\n") if password_file else None
    key, certificate, others = pkcs12.load_key_and_certificates(file.read_bytes(), password)
    if key is None or certificate is None:
        raise ValueError("no key or no certificate")
    chain = [one.public_bytes(Encoding.PEM) for one in (certificate, *others)]
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    memory = os.memfd_create("client", os.MFD_CLOEXEC)
    try:
        os.write(memory, secret + b"".join(chain))
        made.load_cert_chain(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)
