"""Every reason has its words."""

from __future__ import annotations

from gateway.model.identity import Likeness
from gateway.model.reasons import Ignored, NotFed, Reason
from gateway.model.states import DeliveryState
from gateway.operate.messages import IGNORED, LIKENESS, NOT_FED, REASONS, STATES, not_fed


def test_every_member_has_its_words() -> None:
    assert set(REASONS) == set(Reason)
    assert set(NOT_FED) == set(NotFed)
    assert set(IGNORED) == set(Ignored)
    assert set(STATES) == set(DeliveryState)
    assert set(LIKENESS) == set(Likeness)


def test_a_reason_says_what_why_and_what_to_do() -> None:
    for message in REASONS.values():
        assert message.title
        assert message.why.endswith(".")
        assert message.next_step.endswith(".")
        assert message.next_step.split()[0].rstrip("-le'").endswith(("z", "z-le"))


def test_a_code_of_another_is_shown_as_it_is() -> None:
    assert not_fed("no-dmp") == "le patient n'a pas de DMP"
    assert not_fed("already-there") == "already-there"
