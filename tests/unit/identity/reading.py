"""A letter read as the gateway reads it: its wording and its dates in the reader, then the index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from gateway.identity.identify import Evidence, identify
from gateway.identity.text import claims
from gateway.identity.textdates import dates_of
from gateway.model.identity import Match, Patient
from tests.unit.identity.people import OPEN

ARRIVED = date(2027, 3, 1)


def evidence(letter: str) -> Evidence:
    """What the reader stores of a letter."""
    return Evidence(claims(letter), None, letter, dates_of(letter), "text", ARRIVED)


def said_of(letter: str, index: Sequence[Patient]) -> Match:
    """Who it is, for an index of these patients."""
    return identify(evidence(letter), index, OPEN)
