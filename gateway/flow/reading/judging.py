"""What a judging process does: in a confined child of its own pool, which keeps its compiled rules (ADR 0034).

Apart from ``flow.reading.reader``: Saxon takes 300 MB and two seconds to compile, which no reader of mails should pay.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from gateway.formats.validity import package
from gateway.formats.validity.judge import Judge


def work(body: bytes, parts: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    """Judge a CDA by the rules of a folder (the signature of gateway/isolation)."""
    return msgspec.json.encode(_judge(body.decode()).judge(parts[0])), ()


@lru_cache(maxsize=1)
def _judge(folder: str) -> Judge:
    return Judge(package.find(Path(folder)))
