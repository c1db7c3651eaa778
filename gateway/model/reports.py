"""What a report says of a mail that was sent: delivered or not (RFC 3464), read or treated (RFC 8098)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReportKind(StrEnum):
    """Of the mail's way (DSN), or of what its recipient did with it (MDN)."""

    DELIVERY = "delivery"
    DISPOSITION = "disposition"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mail for one recipient. Addresses are bare and lower case, as the reporter states them.

    ``action``, lower case: of a delivery failed, delayed, delivered, relayed, expanded (RFC 3464 §2.3.3); of a
    disposition displayed, deleted, dispatched, processed, denied, failed (RFC 8098 §3.2.6); empty: it does not say.
    ``status`` is the enhanced code (RFC 3463), ``smtp`` the three digits of the reply. ``error`` is true when a
    disposition carries an error, whose ``code`` and ``label`` the volet names (spec/mssante/mssante-mail.md §5.2).
    ``text``: the reporter's own words, bounded; they may hold anything, so they are never logged.
    """

    recipient: str
    original_recipient: str = ""
    action: str = ""
    status: str = ""
    smtp: str = ""
    error: bool = False
    code: str = ""
    label: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report. ``message_id`` is that of the mail it speaks of, empty when it does not say.

    ``automatic`` is false when a person acted; ``modifiers`` of the disposition, lower case; ``envelope_id`` is ENVID.
    """

    kind: ReportKind
    message_id: str = ""
    fates: tuple[Fate, ...] = ()
    automatic: bool = True
    modifiers: tuple[str, ...] = ()
    envelope_id: str = ""
