"""Certificate revocation lists (RFC 5280 §5), in PEM (several may follow one another) or DER."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from gateway.trust.errors import TrustError, read

LIMIT = 64_000_000  # the national lists weigh several megabytes
_BLOCK = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)

Crl = x509.CertificateRevocationList


def read_crls(path: Path, now: datetime) -> tuple[Crl, ...]:
    """Every list of the file, at least one, each still valid at ``now`` (aware).

    Raises:
        TrustError: unreadable, no list in it, or a list whose next update is past.
    """
    crls = parse(read(path, LIMIT), path)
    for crl in crls:
        if crl.next_update_utc is not None and crl.next_update_utc < now:
            raise TrustError(
                path,
                f"liste de révocation expirée depuis le {crl.next_update_utc:%d/%m/%Y %H:%M} UTC",
                "télécharger la nouvelle auprès de l'autorité",
            )
    return crls


def parse(content: bytes, source: Path) -> tuple[Crl, ...]:
    """The lists in ``content``, whatever their dates. Raises TrustError when there is none."""
    blocks = _BLOCK.findall(content)
    try:
        return tuple(map(x509.load_pem_x509_crl, blocks)) or (x509.load_der_x509_crl(content),)
    except ValueError:
        raise TrustError(source, "aucune liste de révocation lisible", "donner une CRL en PEM ou en DER") from None


def kept(folder: Path, authorities: Iterable[x509.Certificate]) -> tuple[Crl, ...]:
    """The lists of these authorities among those kept in ``folder`` (``lists.py``)."""
    issuers = {authority.subject for authority in authorities}
    return tuple(crl for path in sorted(folder.glob("*.crl")) for crl in _readable(path) if crl.issuer in issuers)


def is_of(crl: Crl, authorities: Iterable[x509.Certificate]) -> bool:
    """Whether one of these authorities signed the list."""
    return any(authority.subject == crl.issuer and _signed(crl, authority) for authority in authorities)


def _signed(crl: Crl, authority: x509.Certificate) -> bool:
    try:
        return crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type] # another key raises TypeError
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _readable(path: Path) -> Iterator[Crl]:
    try:
        yield from parse(read(path, LIMIT), path)
    except TrustError:
        return  # it will be fetched again
