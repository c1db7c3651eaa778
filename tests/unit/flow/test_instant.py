"""The time that what we make carries: the mail's date, when it is one that a mail can have."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.flow.delivering.papers import Papers
from gateway.flow.reading import reader

ARRIVED = datetime(2026, 6, 3, 12, tzinfo=UTC)
ODD = ["", "hier", "Date:4294967296 Jul 3 2:3", "1 Jan 99999999999 00:00", "31 Dec 9999 23:00:00 -1200",
       "Mon, 1 Jan 1900 00:00:00 +0000", "3 Jul 2030 10:00:00 +0200",
       "1 Jan 2020 00:00 +999999999999"]  # fmt: skip


def instant(date: str) -> datetime:
    paper: Any = SimpleNamespace(
        arrival=SimpleNamespace(at=ARRIVED.timestamp()), context=SimpleNamespace(envelope=SimpleNamespace(date=date))
    )
    found: datetime = Papers.instant.fget(paper)  # type: ignore[attr-defined]
    return found


def test_the_mails_own_date() -> None:
    assert instant("Wed, 03 Jun 2026 10:00:00 +0200") == datetime(2026, 6, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize("date", ODD)
def test_a_date_that_no_mail_can_have_gives_way_to_its_arrival(date: str) -> None:
    assert instant(date) == ARRIVED


@pytest.mark.parametrize("date", ODD)
def test_a_day_has_eight_digits_or_is_none(date: str) -> None:
    assert len(reader._day(date)) in {0, 8}
