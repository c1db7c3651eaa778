"""The revocation lists of our authorities, fetched where they publish them; the last good one is kept.

ECO.1.1.6 and ECO.1.1.7 (spec/mssante/mssante-mail.md §1): when the place is down, the list that we hold serves until it
expires; then the certificates that it covers are refused. A list is signed: it may come over plain HTTP (RFC 5280 §8).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.trust.errors import TrustError
from gateway.trust.revocation import LIMIT, Crl, is_of, parse

_PATIENCE = httpx.Timeout(10.0)


def fetch(url: str, authorities: Iterable[x509.Certificate], folder: Path, now: datetime) -> bool:
    """Fetch the list published at ``url`` into ``folder``; whether it is newer than the one kept there.

    Raises:
        TrustError: nothing usable came: unreachable, too large, no list, not of these authorities, expired, or older
            than the one kept, which stays.
    """
    path = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.crl"
    (crl,) = _one(parse(_get(url, path), path), path)
    if not is_of(crl, authorities):
        raise TrustError(path, f"la liste publiée à {url} n'est signée par aucune de nos autorités", _KEPT)
    if crl.next_update_utc is not None and crl.next_update_utc < now:
        raise TrustError(path, f"la liste publiée à {url} est déjà expirée", _KEPT)
    before = _held(path)
    if before is not None and crl.last_update_utc < before.last_update_utc:
        raise TrustError(path, f"la liste publiée à {url} est plus ancienne que la nôtre", _KEPT)
    if before is not None and crl == before:
        return False
    _keep(path, crl)
    return True


_KEPT = "la dernière bonne liste sert tant qu'elle est valable ; prévenir l'autorité"


def _get(url: str, path: Path) -> bytes:
    content = bytearray()
    try:
        with httpx.stream("GET", url, timeout=_PATIENCE, follow_redirects=False) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > LIMIT:
                    raise TrustError(path, f"la liste publiée à {url} est démesurée", _KEPT)
    except httpx.HTTPError as error:
        raise TrustError(path, f"{url} ne répond pas ({type(error).__name__})", _KEPT) from None
    return bytes(content)


def _one(crls: tuple[Crl, ...], path: Path) -> tuple[Crl]:
    if len(crls) != 1:
        raise TrustError(path, "une adresse publie une liste, et une seule", "corriger [revocation] urls")
    return (crls[0],)


def _held(path: Path) -> Crl | None:
    try:
        return parse(path.read_bytes(), path)[0]
    except (OSError, TrustError):
        return None


def _keep(path: Path, crl: Crl) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        file.write(crl.public_bytes(Encoding.DER))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
