"""Codes of a mail that was not delivered or not treated, as the record reads them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.flow.planning import posted
from gateway.model.orders import Orders, Origin, Participant, Tidings, ZamEvent
from gateway.model.reports import Fate, ReportKind

MARC = "marc.durand@liberal.exemple.mssante.fr"
ASKING = Orders(Origin("1"), receipt_wanted=True, reading_wanted=True, recipients=(Participant("810", address=MARC),))


def delivery(**values: Any) -> Tidings | None:
    return posted.of_fate(ReportKind.DELIVERY, Fate(MARC, **values), ASKING, MARC)


@pytest.mark.parametrize(
    ("status", "smtp", "code"),
    [
        ("5.1.1", "", "550"),
        ("5.1.1", "554", "550"),
        ("5.1.2", "", "512"),
        ("5.2.2", "452", "552"),
        ("5.3.4", "", "523"),
        ("5.7.1", "550", "541"),
        ("4.4.7", "", "420"),
        ("4.9.9", "", "450"),
        ("5.9.9", "", "554"),
        ("", "553", "553"),
        ("", "599", "554"),
        ("", "", "554"),
    ],
)
def test_the_code_of_a_failure_is_of_the_table(status: str, smtp: str, code: str) -> None:
    news = delivery(action="failed", status=status, smtp=smtp)
    assert news is not None
    assert (news.event, news.done, news.code, news.party_id, news.address) == (
        ZamEvent.DELIVERED,
        False,
        code,
        "810",
        MARC,
    )
    assert news.label


@pytest.mark.parametrize(("action", "done"), [("delivered", True), ("relayed", True), ("expanded", True)])
def test_what_counts_as_delivered(action: str, done: bool) -> None:
    news = delivery(action=action)
    assert news is not None
    assert news.done is done
    assert delivery(action="delayed") is None
    assert delivery(action="") is None


@pytest.mark.parametrize(
    ("fate", "done", "code"),
    [
        (Fate(MARC, action="displayed"), True, ""),
        (Fate(MARC, action="dispatched"), True, ""),
        (Fate(MARC, action="deleted"), False, "906"),
        (Fate(MARC, action="processed", error=True, code="904"), False, "904"),
        (Fate(MARC, action="processed", error=True), False, "906"),
        (Fate(MARC, action="failed", error=True, code="42"), False, "906"),
    ],
)
def test_what_counts_as_read(fate: Fate, done: bool, code: str) -> None:
    news = posted.of_fate(ReportKind.DISPOSITION, fate, ASKING, MARC)
    assert news is not None
    assert (news.event, news.done, news.code) == (ZamEvent.READ, done, code)
    assert posted.of_fate(ReportKind.DISPOSITION, fate, Orders(Origin("1"), receipt_wanted=True), MARC) is None


def test_a_person_looks_at_failures_alone() -> None:
    assert posted.failed(ReportKind.DELIVERY, Fate(MARC, action="failed", status="5.1.1")).startswith("550 : ")
    assert posted.failed(ReportKind.DISPOSITION, Fate(MARC, action="processed", error=True, code="902")).startswith(
        "902"
    )
    for kind, action in ((ReportKind.DELIVERY, "delayed"), (ReportKind.DISPOSITION, "deleted")):
        assert posted.failed(kind, Fate(MARC, action=action)) == ""
