"""What to fetch together, and how long to wait: decisions without input or output."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeVar

from gateway.intake.imap.port import Seen

#: Up to this size a mail is fetched whole, with others.
SMALL = 2 << 20
_TOGETHER = 8
_BYTES_TOGETHER = 4 << 20
#: Error code → first and longest wait, in seconds. A wrong password must not lock the account.
_WAITS = {"login": (30.0, 900.0), "tls": (15.0, 300.0), "stopped": (5.0, 60.0)}
_WAIT = (1.0, 60.0)

T = TypeVar("T")


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """``items`` in slices of at most ``size``."""
    return (items[start : start + size] for start in range(0, len(items), size))


def groups(seen: Iterable[Seen], alone: Collection[int]) -> Iterator[list[Seen]]:
    """Mails to have in hand at once, in order: up to 8 small ones of 4 MiB in all; large ones and ``alone``, singly."""
    group: list[Seen] = []
    for mail in seen:
        single = mail.size > SMALL or mail.uid in alone
        full = len(group) == _TOGETHER or sum(m.size for m in group) + mail.size > _BYTES_TOGETHER
        if group and (single or full):
            yield group
            group = []
        if single:
            yield [mail]
        else:
            group.append(mail)
    if group:
        yield group


def wait(code: str, failures: int, fraction: float) -> float:
    """Seconds before the next attempt after ``failures`` in a row: doubling, capped, between half and whole."""
    first, longest = _WAITS.get(code, _WAIT)
    whole = min(longest, first * 2 ** min(failures - 1, 16))
    return float(whole * (0.5 + fraction / 2))
