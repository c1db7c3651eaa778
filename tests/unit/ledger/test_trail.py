"""The chain of the trail: any change of a line, of their order or number, shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from gateway.ledger import trail
from gateway.ledger.engine import Ledger
from gateway.ledger.tables import trail as table
from gateway.ledger.trail import TrailError
from tests.unit.ledger.rows import put

COUNT = 5


@pytest.fixture
def written(ledger: Ledger) -> Ledger:
    def write(c: Connection) -> None:
        for n in range(1, COUNT + 1):
            trail.append(c, n + 0.25, f"anne{n}", "decide", f"document {n}", {"n": n, "é": ["à"]})

    put(ledger, write)
    return ledger


def test_what_was_written_verifies_and_reads_back(written: Ledger) -> None:
    assert written.look(trail.verify) == COUNT
    found = written.look(lambda c: list(trail.lines(c)))
    assert [(line.seq, line.at, line.who) for line in found] == [(n, n + 0.25, f"anne{n}") for n in range(1, COUNT + 1)]
    assert found[0].detail == '{"n":1,"é":["à"]}'


def test_an_empty_trail_verifies(ledger: Ledger) -> None:
    assert ledger.look(trail.verify) == 0


CHANGES = {
    "at": 9.0,
    "who": "somebody",
    "action": "reject",
    "subject": "document 9",
    "detail": "{}",
    "hash": "f" * 64,
}


def test_every_column_is_tried() -> None:
    assert set(CHANGES) | {"seq"} == {column.name for column in table.columns}


@pytest.mark.parametrize("seq", range(1, COUNT + 1))
@pytest.mark.parametrize(("column", "value"), CHANGES.items())
def test_a_column_that_was_changed_shows(written: Ledger, column: str, value: object, seq: int) -> None:
    _tamper(written, lambda c: c.execute(update(table).where(table.c.seq == seq).values({column: value})))


def test_a_border_between_columns_that_moved_shows(written: Ledger) -> None:
    moved = {"who": "anne2d", "action": "ecide"}
    _tamper(written, lambda c: c.execute(update(table).where(table.c.seq == 2).values(moved)))


@pytest.mark.parametrize("seq", range(1, COUNT))
def test_a_line_that_was_taken_away_shows(written: Ledger, seq: int) -> None:
    _tamper(written, lambda c: c.execute(delete(table).where(table.c.seq == seq)))


def test_lines_that_changed_places_show(written: Ledger) -> None:
    def swap(c: Connection) -> None:
        for was, now in ((2, 99), (3, 2), (99, 3)):
            c.execute(update(table).where(table.c.seq == was).values(seq=now))

    _tamper(written, swap)


def test_a_line_slipped_in_shows(written: Ledger) -> None:
    last = written.look(lambda c: c.execute(select(table.c.hash).where(table.c.seq == COUNT)).scalar_one())
    line = {"at": 1.0, "who": "x", "action": "x", "subject": "x", "detail": "{}", "hash": last}
    _tamper(written, lambda c: c.execute(insert(table).values(**line)))


def test_a_line_and_its_effect_are_one_transaction(written: Ledger) -> None:
    class UndoneError(Exception):
        pass

    def work(c: Connection) -> None:
        trail.append(c, 9.0, "anne", "reject", "document 9", {})
        raise UndoneError

    with pytest.raises(UndoneError):
        put(written, work)
    assert written.look(trail.verify) == COUNT


def _tamper(ledger: Ledger, how: Callable[[Connection], object]) -> None:
    put(ledger, how)
    with pytest.raises(TrailError):
        ledger.look(trail.verify)
