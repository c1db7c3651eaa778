"""What one reader may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """``seconds`` for one document, from the moment the reader has it whole; bytes of memory for the whole process.

    A reader is replaced after ``documents``, or when it has grown by more than ``growth`` bytes.
    """

    seconds: float = 30.0
    memory: int = 1 << 30
    reply_bytes: int = 64 << 20
    reply_parts: int = 1000
    documents: int = 200
    growth: int = 128 << 20
