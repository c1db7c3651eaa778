"""The one error of this room."""

from __future__ import annotations

from gateway.model.reasons import Reason


class FormatError(Exception):
    """Bytes that cannot be read. ``detail`` is French, for a person, and never quotes the document."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.detail = detail
