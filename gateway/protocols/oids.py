"""OIDs that we give, derived from seeds: the same parts always make the same OID (DESIGN §3).

A DMP uniqueId is a plain OID of at most 64 characters, without extension (spec/dmp/transactions.md §0.4).
"""

from __future__ import annotations

import hashlib
import math
import re

_LIMIT = 64
_BITS = 128
_ENOUGH = 80
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


def derive(root: str, *parts: str) -> str:
    """An OID below ``root`` whose last arc is a digest of ``parts``.

    The arc has 128 bits, or what the 64 characters leave; ``ValueError`` when that is less than 80 bits: two documents
    could then collide.
    """
    bits = min(_BITS, int((_LIMIT - len(root) - 1) * math.log2(10)))
    if bits < _ENOUGH:
        raise ValueError(f"the OID root is too long to derive unique identifiers from it ({len(root)} characters)")
    digest = hashlib.sha256(b"".join(_framed(part) for part in parts)).digest()
    return f"{root}.{int.from_bytes(digest) >> (256 - bits)}"


def is_plain(unique_id: str) -> bool:
    """Whether a document's id is one that the DMP takes as it is: an OID, neither too long nor a UUID."""
    return len(unique_id) <= _LIMIT and _OID.fullmatch(unique_id) is not None


def _framed(part: str) -> bytes:
    data = part.encode()
    return len(data).to_bytes(4) + data
