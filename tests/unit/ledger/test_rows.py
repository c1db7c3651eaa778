"""Rows that are one however often they are seen, versions that must be current, life-cycles visited cell by cell."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import product

import pytest
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from gateway.ledger import deliveries, documents, mails
from gateway.ledger.documents import StaleError
from gateway.ledger.engine import Ledger
from gateway.ledger.tables import delivery as delivery_table
from gateway.ledger.tables import document as document_table
from gateway.model.delivery import Answer, Outcome
from gateway.model.reasons import Reason
from gateway.model.states import (
    CLOSED,
    DELIVERY,
    DOCUMENT,
    ENDED,
    MAIL,
    DeliveryEvent,
    DeliveryState,
    DocumentEvent,
    DocumentState,
    IllegalTransitionError,
    MailEvent,
    MailState,
    advance,
)
from tests.unit.ledger.rows import arrival, delivery, document, put

# -- one row ----------------------------------------------------------------------------------------------------------


def test_an_arrival_is_one_row(ledger: Ledger) -> None:
    first = put(ledger, lambda c: arrival(c, "imap:1:1"))
    with pytest.raises(IntegrityError):
        put(ledger, lambda c: arrival(c, "imap:1:1"))
    found = ledger.look(lambda c: mails.arrival_by_key(c, "imap:1:1"))
    assert found is not None
    assert found.seq == first
    assert ledger.look(lambda c: mails.arrival_by_key(c, "imap:1:2")) is None


def test_arrivals_are_numbered_in_order_and_no_number_comes_twice(ledger: Ledger) -> None:
    numbers = [put(ledger, lambda c, n=n: arrival(c, f"k{n}")) for n in range(3)]  # type: ignore[misc]
    assert numbers == sorted(set(numbers))


def test_a_mail_is_one_row_for_all_its_arrivals(ledger: Ledger) -> None:
    first = put(ledger, lambda c: mails.add_mail(c, "digest", 10, 1.0))
    again = put(ledger, lambda c: mails.add_mail(c, "digest", 10, 2.0))
    other = put(ledger, lambda c: mails.add_mail(c, "other", 10, 2.0))
    assert first == again
    assert other.id != first.id


def test_a_mail_is_settled_with_its_last_arrival(ledger: Ledger) -> None:
    found = put(ledger, lambda c: mails.add_mail(c, "digest", 10, 1.0))
    seqs = [put(ledger, lambda c, n=n: arrival(c, f"k{n}", mail_id=found.id)) for n in range(2)]  # type: ignore[misc]
    put(ledger, lambda c: mails.keep_reading(c, found, "{}", "1"))
    for seq in seqs:
        put(ledger, lambda c, seq=seq: mails.arrival_read(c, mails.get_arrival(c, seq), ""))  # type: ignore[misc]
    settled = []
    for seq in seqs:
        put(ledger, lambda c, seq=seq: mails.arrival_settled(c, mails.get_arrival(c, seq), 9.0))  # type: ignore[misc]
        settled.append(ledger.look(lambda c: mails.get_mail(c, found.id)).state)
    assert settled == [MailState.READ, MailState.SETTLED]
    put(ledger, lambda c: mails.purged(c, found.id, 10.0))
    back = put(ledger, lambda c: mails.add_mail(c, "digest", 10, 11.0))
    assert (back.id, back.state, back.purged_at, back.reading) == (found.id, MailState.RECEIVED, None, None)


def test_a_claim_has_one_owner(ledger: Ledger) -> None:
    first = put(ledger, lambda c: document(c, "a", claim="id:1.2.3"))
    with pytest.raises(IntegrityError):
        put(ledger, lambda c: document(c, "b", claim="id:1.2.3"))
    found = ledger.look(lambda c: documents.owner(c, "id:1.2.3"))
    assert found is not None
    assert found.id == first
    put(ledger, lambda c: document(c, "c", claim=None))
    put(ledger, lambda c: document(c, "d", claim=None))


def test_a_place_in_a_mail_holds_one_document(ledger: Ledger) -> None:
    seq = put(ledger, arrival)
    values: dict[str, object] = {"action": "create", "found_at": 1.0}
    put(ledger, lambda c: documents.add_document(c, seq, 1, values))
    with pytest.raises(IntegrityError):
        put(ledger, lambda c: documents.add_document(c, seq, 1, values))


def test_a_document_without_arrival_is_no_document(ledger: Ledger) -> None:
    with pytest.raises(IntegrityError):
        put(ledger, lambda c: documents.add_document(c, 4711, 1, {"action": "create", "found_at": 1.0}))


# -- versions ---------------------------------------------------------------------------------------------------------


def test_a_document_that_somebody_else_moved_is_stale(ledger: Ledger) -> None:
    number = put(ledger, document)
    mine = ledger.look(lambda c: documents.get_document(c, number))
    put(ledger, lambda c: documents.move(c, mine, DocumentEvent.QUARANTINE, reason=Reason.POISON))
    with pytest.raises(StaleError):
        put(ledger, lambda c: documents.move(c, mine, DocumentEvent.DECIDE))
    now = ledger.look(lambda c: documents.get_document(c, number))
    assert (now.state, now.version) == (DocumentState.QUARANTINED, mine.version + 1)


def test_a_delivery_that_somebody_else_changed_is_stale(ledger: Ledger) -> None:
    number = put(ledger, delivery)
    mine = ledger.look(lambda c: deliveries.get_delivery(c, number))
    put(ledger, lambda c: deliveries.change(c, mine, held=True))
    with pytest.raises(StaleError):
        put(ledger, lambda c: deliveries.change(c, mine, held=False))
    with pytest.raises(StaleError):
        put(ledger, lambda c: deliveries.move(c, mine, DeliveryEvent.SEND, 2.0))
    now = ledger.look(lambda c: deliveries.get_delivery(c, number))
    assert (now.held, now.state, now.version) == (True, DeliveryState.WAITING, mine.version + 1)


def test_an_entry_is_closed_once(ledger: Ledger) -> None:
    number = put(ledger, document)
    first = put(ledger, lambda c: documents.open_entry(c, number, Reason.DMP_REFUSED, 1.0, destination="dmp"))
    assert put(ledger, lambda c: documents.open_entry(c, number, Reason.DMP_REFUSED, 2.0, destination="dmp")) == first
    assert put(ledger, lambda c: documents.open_entry(c, number, Reason.DPI_REFUSED, 2.0, destination="dpi")) != first
    found = ledger.look(lambda c: documents.get_entry(c, first))
    assert found is not None
    put(ledger, lambda c: documents.close_entry(c, found, 3.0, "anne", "done"))
    with pytest.raises(StaleError):
        put(ledger, lambda c: documents.close_entry(c, found, 4.0, "paul", "rejected"))
    kept = ledger.look(lambda c: documents.get_entry(c, first))
    assert kept is not None
    assert (kept.closed_by, kept.closed_how) == ("anne", "done")
    assert put(ledger, lambda c: documents.open_entry(c, number, Reason.DMP_REFUSED, 5.0, destination="dmp")) != first


def test_a_late_answer_is_kept_with_its_own_attempt(ledger: Ledger) -> None:
    number = put(ledger, delivery)
    first, second = (
        put(ledger, lambda c, n=n: deliveries.begin_attempt(c, number, f"t{n}", "ref", "key", 1.0))  # type: ignore[misc]
        for n in range(2)
    )
    put(ledger, lambda c: deliveries.end_attempt(c, second, Outcome(Answer.DONE, "AA"), 2.0))
    put(ledger, lambda c: deliveries.end_attempt(c, first, Outcome(Answer.UNKNOWN, "timeout"), 3.0))
    kept = ledger.look(lambda c: deliveries.attempts(c, number))
    assert [(one.id, one.answer, one.code) for one in kept] == [(first, "unknown", "timeout"), (second, "done", "AA")]


# -- life-cycles ------------------------------------------------------------------------------------------------------

#: DESIGN §3, as a person would draw them: state, event, state.
MAILS = "received read read, read settle settled, settled return received"
DOCUMENTS = """found read read, read decide decided, read quarantine quarantined, read ignore ignored,
decided settle settled, decided supersede superseded, settled reopen decided, settled supersede superseded,
quarantined decide decided, quarantined ignore ignored, quarantined reject rejected, rejected reopen quarantined"""
DELIVERIES = """planned start waiting, planned skip not-applicable, waiting send sending, waiting skip not-applicable,
waiting done done, waiting refuse refused, sending done done, sending refuse refused, sending retry waiting,
sending lose unknown, unknown done done, unknown refuse refused, unknown retry waiting, refused retry waiting,
not-applicable retry waiting, done withdraw withdrawn"""


def _drawn(text: str) -> dict[tuple[str, str], str]:
    arrows = [arrow.split() for arrow in text.split(",")]
    return {(state, event): after for state, event, after in arrows}


@pytest.mark.parametrize(
    ("table", "states", "events", "drawn"),
    [
        (MAIL, MailState, MailEvent, MAILS),
        (DOCUMENT, DocumentState, DocumentEvent, DOCUMENTS),
        (DELIVERY, DeliveryState, DeliveryEvent, DELIVERIES),
    ],
)
def test_every_cell_of_a_table(
    table: Mapping[tuple[StrEnum, StrEnum], StrEnum], states: type[StrEnum], events: type[StrEnum], drawn: str
) -> None:
    expected = _drawn(drawn)
    for state, event in product(states, events):
        if (state, event) in expected:
            assert advance(table, state, event) == expected[state, event]
        else:
            with pytest.raises(IllegalTransitionError):
                advance(table, state, event)


@pytest.mark.parametrize(("state", "event"), list(product(DocumentState, DocumentEvent)))
def test_a_document_moves_only_along_its_table(ledger: Ledger, state: DocumentState, event: DocumentEvent) -> None:
    after = _drawn(DOCUMENTS).get((state, event))

    def work(c: Connection) -> None:
        number = document(c)
        c.execute(update(document_table).where(document_table.c.id == number).values(state=state))
        found = documents.get_document(c, number)
        if after is None:
            with pytest.raises(IllegalTransitionError):
                documents.move(c, found, event)
        else:
            documents.move(c, found, event)
        assert documents.get_document(c, number).state == (after or state)

    put(ledger, work)


@pytest.mark.parametrize(("state", "event"), list(product(DeliveryState, DeliveryEvent)))
def test_a_delivery_moves_only_along_its_table(ledger: Ledger, state: DeliveryState, event: DeliveryEvent) -> None:
    after = _drawn(DELIVERIES).get((state, event))

    def work(c: Connection) -> None:
        number = delivery(c)
        c.execute(update(delivery_table).where(delivery_table.c.id == number).values(state=state))
        found = deliveries.get_delivery(c, number)
        if after is None:
            with pytest.raises(IllegalTransitionError):
                deliveries.move(c, found, event, 5.0)
        else:
            moved = deliveries.move(c, found, event, 5.0)
            assert (moved.ended_at == 5.0) is (after in ENDED)
        assert deliveries.get_delivery(c, number).state == (after or state)

    put(ledger, work)


def test_what_has_ended_moves_only_by_a_person_or_a_withdrawal() -> None:
    moves = {(state, event) for state, event in DELIVERY if state in ENDED}
    assert moves == {
        (DeliveryState.REFUSED, DeliveryEvent.RETRY),
        (DeliveryState.NOT_APPLICABLE, DeliveryEvent.RETRY),
        (DeliveryState.DONE, DeliveryEvent.WITHDRAW),
    }
    assert DocumentState.QUARANTINED not in CLOSED
    assert {state for state, _ in DOCUMENT} | set(DOCUMENT.values()) == set(DocumentState)
    assert {state for state, _ in DELIVERY} | set(DELIVERY.values()) == set(DeliveryState)
