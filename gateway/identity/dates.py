"""Birth dates as claims hold them: YYYYMMDD, zeros for what is not known, 00 for the century of a two-digit year."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

_CENTURIES = ("19", "20")


def is_whole(value: str | None) -> bool:
    """Whether day, month and at least two digits of the year are there, and name a day that exists."""
    return bool(value) and bool(readings(value or ""))


@lru_cache(maxsize=16_384)
def readings(value: str) -> tuple[str, ...]:
    """The whole dates that a claim's date may be: one, two when the century is not written, none when not whole."""
    if len(value) != 8 or not (value.isascii() and value.isdigit()):
        return ()
    if value[:2] != "00":
        return (value,) if _exists(value) else ()
    return tuple(c + value[2:] for c in _CENTURIES if _exists(c + value[2:]))


def agree(claimed: str, held: str) -> bool:
    """Whether the held date is one of the readings of the claimed one."""
    return held in readings(claimed)


def compatible(one: str, other: str) -> bool:
    """Whether two claimed dates may be the same day; zeros say nothing."""
    pairs = ((0, 2), (2, 4), (4, 6), (6, 8))
    return all("00" in (one[a:b], other[a:b]) or one[a:b] == other[a:b] for a, b in pairs)


def one_typing_error(claimed: str, held: str) -> bool:
    """One digit changed, two neighbours swapped, or day and month inverted."""
    return any(_near(reading, held) for reading in readings(claimed))


def _near(one: str, other: str) -> bool:
    if len(other) != 8 or one == other:
        return False
    if one == other[:4] + other[6:] + other[4:6]:
        return True
    wrong = [place for place in range(8) if one[place] != other[place]]
    if len(wrong) == 1:
        return True
    left, right = wrong[0], wrong[-1]
    return len(wrong) == 2 and right == left + 1 and one[left] == other[right] and one[right] == other[left]


def _exists(value: str) -> bool:
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:])).year >= 1850
    except ValueError:
        return False
