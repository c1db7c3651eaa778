"""What the gateway makes of the material that is not ours, held against the bounds: ``python -m tests.score``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table. ``bound`` says what is asked, empty when nothing is; ``good`` whether it holds."""

    name: str
    value: str
    bound: str = ""
    good: bool = True


def share(name: str, part: int, whole: int, least: float) -> Row:
    """A share with its least value. Of nothing, nothing is asked."""
    if not whole:
        return Row(name, "none")
    ratio = part / whole
    return Row(name, f"{ratio:.1%} ({part}/{whole})", f"at least {least:.0%}", ratio >= least)


def none(name: str, count: int) -> Row:
    """What must not happen even once."""
    return Row(name, str(count), "none", count == 0)


def most(name: str, value: float, unit: str, limit: float, *, of: str = "") -> Row:
    """A measure with its greatest value; ``of``: what it was measured on."""
    return Row(name, f"{value:.2f} {unit}" + (f" ({of})" if of else ""), f"at most {limit:.0f} {unit}", value <= limit)
