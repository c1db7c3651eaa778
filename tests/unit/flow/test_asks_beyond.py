"""The same document again, from the hospital's own record: whether something else is asked for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.model.orders import Orders, Origin, Participant

BEFORE = Orders(Origin("1"), to_dmp=True, to_professionals=True, recipients=(Participant(address="a@b.mssante.fr"),))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"to_dmp": False},
        {"to_professionals": False, "recipients": ()},
        {"to_dmp": False, "to_professionals": False, "invisible_to_patient": True},
        {"origin": Origin("2"), "receipt_wanted": True},
    ],
)
def test_what_was_asked_before_is_not_asked_again(change: dict[str, object]) -> None:
    assert not replace(BEFORE, **change).asks_beyond(BEFORE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"to_patient": True},
        {"invisible_to_patient": True},
        {"masked_to_professionals": True},
        {"secret": True},
        {"recipients": (Participant(address="c@d.mssante.fr"),)},
    ],
)
def test_what_is_asked_beyond_is_seen(change: dict[str, object]) -> None:
    assert replace(BEFORE, **change).asks_beyond(BEFORE)  # type: ignore[arg-type]


def test_of_what_came_otherwise_nothing_was_asked() -> None:
    assert BEFORE.asks_beyond(None)
    assert not Orders(Origin("1")).asks_beyond(None)
