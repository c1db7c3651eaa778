"""Certificate revocation lists (RFC 5280 §5), in PEM (several may follow one another) or DER."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from cryptography import x509

from gateway.trust.errors import TrustError, read

_LIMIT = 64_000_000  # the national lists weigh several megabytes
_BLOCK = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


def read_crls(path: Path, now: datetime) -> tuple[x509.CertificateRevocationList, ...]:
    """Every list of the file, at least one, each still valid at ``now`` (aware).

    Raises:
        TrustError: unreadable, no list in it, or a list whose next update is past.
    """
    content = read(path, _LIMIT)
    blocks = _BLOCK.findall(content)
    try:
        crls = tuple(map(x509.load_pem_x509_crl, blocks)) or (x509.load_der_x509_crl(content),)
    except ValueError:
        raise TrustError(path, "aucune liste de révocation lisible", "donner une CRL en PEM ou en DER") from None
    for crl in crls:
        if crl.next_update_utc is not None and crl.next_update_utc < now:
            raise TrustError(
                path,
                f"liste de révocation expirée depuis le {crl.next_update_utc:%d/%m/%Y %H:%M} UTC",
                "télécharger la nouvelle auprès de l'autorité",
            )
    return crls
