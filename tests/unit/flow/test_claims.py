"""A document is claimed by its id, else its bytes; whatever the order of reading, the lower arrival owns it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.flow import read
from gateway.ledger import documents, mails
from gateway.ledger.engine import Ledger
from gateway.model.documents import Action, DocumentReading, Envelope, MailReading
from gateway.model.ports import Silent
from gateway.model.reasons import Ignored, Reason
from gateway.model.states import DocumentEvent
from tests.unit.flow.test_judge import CDA, PDF

HOUSE: Any = SimpleNamespace(now=1.0)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(f"sqlite:///{tmp_path}/ledger.db", Silent())
    yield found
    found.close()


def _arrive(c: Connection) -> int:
    """A mail that came in; its number."""
    key = str(
        len(list(mails.count_states(c).values())) + c.exec_driver_sql("select count(*) from arrival").scalar_one()
    )
    values: dict[str, object] = {"key": key, "place": "test", "source": key, "at": 1.0}
    return mails.add_arrival(c, values)


def _read(ledger: Ledger, seq: int, one: DocumentReading) -> None:
    ledger.submit("read", lambda c: read._add(c, HOUSE, mails.get_arrival(c, seq), one)).result()


def _adder(seq: int, reading: MailReading) -> Callable[[Connection], None]:
    return lambda c: read._add_all(c, HOUSE, mails.get_arrival(c, seq), reading)


def _three(ledger: Ledger) -> list[int]:
    return [ledger.submit("arrive", _arrive).result() for _ in range(3)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("one", [CDA, PDF])
def test_the_lower_arrival_owns_the_claim(ledger: Ledger, order: tuple[int, ...], one: DocumentReading) -> None:
    seqs = _three(ledger)
    for turn in order:
        _read(ledger, seqs[turn], one)
    found = ledger.look(lambda c: [documents.of_arrival(c, seq) for seq in seqs])
    claim = read.claim_of(one)
    first, second, third = (rows[0] for rows in found)
    assert [len(rows) for rows in found] == [1, 1, 1]
    assert (first.claim, first.duplicate_of) == (claim, None)
    assert (second.claim, third.claim) == (None, None)
    assert second.duplicate_of == third.duplicate_of == first.id, "all follow the fate of the owner"


def test_what_is_decided_keeps_its_claim(ledger: Ledger) -> None:
    early, late, _ = _three(ledger)
    _read(ledger, late, CDA)
    owner = ledger.look(lambda c: documents.of_arrival(c, late))[0]
    ledger.submit("decide", lambda c: documents.move(c, owner, DocumentEvent.DECIDE)).result()
    _read(ledger, early, CDA)
    assert ledger.look(lambda c: documents.of_arrival(c, early))[0].duplicate_of == owner.id


def test_what_somebody_wrote_beside_a_logo_is_kept_for_a_person(ledger: Ledger) -> None:
    logo = replace(PDF, ordinal=1, ignored=Ignored.NOT_A_DOCUMENT)
    letter, words, answer = _three(ledger)
    readings = {
        letter: MailReading("1", Envelope(), (logo, replace(PDF, ordinal=2))),
        words: MailReading("1", Envelope(), (logo,), problem=Reason.NO_DOCUMENT),
        answer: MailReading("1", Envelope(), (logo,), ignored=Ignored.REPORT),
    }
    for seq, reading in readings.items():
        ledger.submit("read", _adder(seq, reading)).result()
    kept = ledger.look(lambda c: [[d.ordinal for d in documents.of_arrival(c, seq)] for seq in readings])
    assert [sorted(ordinals) for ordinals in kept] == [[1, 2], [0, 1], [1]]


def test_a_deletion_claims_apart_from_what_it_deletes() -> None:
    deletion = replace(CDA, action=Action.DELETE)
    assert read.claim_of(CDA) == "id:1.2.3.1"
    assert read.claim_of(deletion) == "delete:1.2.3.1"
    assert read.claim_of(PDF) == f"bytes:{PDF.sha256}"
    assert read.claim_of(replace(CDA, ignored=Ignored.COPY)) is None
    assert read.claim_of(replace(CDA, sha256="")) is None
