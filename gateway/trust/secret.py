"""Secrets are files: a password, a token, the passphrase of a PKCS#12."""

from __future__ import annotations

import stat
from pathlib import Path

from gateway.trust.errors import TrustError, read


def read_secret(path: Path) -> str:
    """The first and only line of the file, without its newline.

    Raises:
        TrustError: absent, empty, several lines, not UTF-8, or readable by every account of the machine.
    """
    content = read(path, limit=65_536)
    if is_world_readable(path):
        raise TrustError(path, "ce secret est lisible par tous les comptes de la machine", f"chmod o= {path.name}")
    try:
        secret = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise TrustError(path, "ce secret n'est pas du texte UTF-8", "le réécrire dans cet encodage") from None
    if "\n" in secret or "\r" in secret or "\0" in secret:
        raise TrustError(path, "plusieurs lignes", "n'y laisser que le secret, sur une seule ligne")
    return secret


def is_world_readable(path: Path) -> bool:
    """Whether any account of the machine may read the file."""
    return bool(path.stat().st_mode & stat.S_IROTH)
