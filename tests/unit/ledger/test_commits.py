"""Works share a commit and nothing else; what cannot be kept is said, and the ledger goes on."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from gateway.ledger import patients, schema, trail
from gateway.ledger.engine import BATCH, Ledger, LedgerError
from gateway.ledger.tables import meta
from gateway.ledger.tables import trail as lines
from gateway.model.ports import Silent
from tests.unit.ledger.rows import put


def _keep(name: str, value: str = "x") -> Callable[[Connection], str]:
    def work(c: Connection) -> str:
        c.execute(insert(meta).values(name=name, value=value))
        return name

    return work


def _names(ledger: Ledger) -> set[str]:
    return set(ledger.look(lambda c: c.execute(select(meta.c.name)).scalars().all())) - {"schema"}


class BrokenError(Exception):
    pass


@contextmanager
def _together(ledger: Ledger) -> Iterator[None]:
    """Works submitted inside wait behind one that is held, and are then taken together."""
    entered, go = threading.Event(), threading.Event()

    def hold(c: Connection) -> None:
        del c
        entered.set()
        assert go.wait(30)

    first = ledger.submit("hold", hold)
    assert entered.wait(30)
    yield
    go.set()
    first.result(timeout=30)


def _settle(futures: Sequence[Future[Any]]) -> list[Any]:
    return [future.exception(timeout=30) or future.result() for future in futures]


def test_works_that_wait_together_share_one_commit(ledger: Ledger) -> None:
    before = ledger.changes
    with _together(ledger):
        waiting = [ledger.submit("keep", _keep(f"n{n}")) for n in range(20)]
    assert _settle(waiting) == [f"n{n}" for n in range(20)]
    assert ledger.changes == before + 2
    assert _names(ledger) == {f"n{n}" for n in range(20)}


def test_a_crowd_is_cut_into_batches(ledger: Ledger) -> None:
    before = ledger.changes
    with _together(ledger):
        waiting = [ledger.submit("keep", _keep(f"n{n}")) for n in range(BATCH + 10)]
    assert len(_settle(waiting)) == BATCH + 10
    assert ledger.changes == before + 3


def test_a_work_that_fails_leaves_nothing_and_harms_nobody(ledger: Ledger) -> None:
    def breaks(c: Connection) -> None:
        _keep("half")(c)
        raise BrokenError

    with _together(ledger):
        waiting: list[Future[Any]] = [
            ledger.submit("keep", _keep("one")),
            ledger.submit("break", breaks),
            ledger.submit("twice", _keep("one")),
            ledger.submit("keep", _keep("two")),
        ]
    first, broken, twice, last = _settle(waiting)
    assert (first, last) == ("one", "two")
    assert isinstance(broken, BrokenError)
    assert isinstance(twice, IntegrityError)
    assert _names(ledger) == {"one", "two"}


def test_a_work_sees_those_before_it_and_not_what_they_undid(ledger: Ledger) -> None:
    def breaks(c: Connection) -> None:
        _keep("undone")(c)
        raise BrokenError

    seen: list[list[str]] = []
    with _together(ledger):
        ledger.submit("keep", _keep("before"))
        ledger.submit("break", breaks)
        last = ledger.submit("look", lambda c: seen.append(list(c.execute(select(meta.c.name)).scalars())))
    last.result(timeout=30)
    assert set(seen[0]) - {"schema"} == {"before"}


def test_nothing_is_seen_before_it_is_committed(ledger: Ledger) -> None:
    with _together(ledger):
        waiting = ledger.submit("keep", _keep("later"))
        assert _names(ledger) == set()
        assert not waiting.done()
    waiting.result(timeout=30)
    assert _names(ledger) == {"later"}


def test_a_caller_who_has_gone_stops_nobody(ledger: Ledger) -> None:
    with _together(ledger):
        gone = ledger.submit("keep", _keep("gone"))
        stays = ledger.submit("keep", _keep("stays"))
        assert gone.cancel()
    assert stays.result(timeout=30) == "stays"
    put(ledger, _keep("after"))
    assert _names(ledger) == {"stays", "after"}


def test_what_was_ordered_before_closing_is_kept(url: str) -> None:
    ledger = Ledger(url, Silent())
    waiting = [ledger.submit("keep", _keep(f"n{n}")) for n in range(200)]
    ledger.close()
    assert len(_settle(waiting)) == 200
    again = Ledger(url, Silent())
    try:
        assert len(_names(again)) == 200
    finally:
        again.close()


async def test_callers_with_an_event_loop(ledger: Ledger) -> None:
    assert await ledger.write("keep", _keep("one")) == "one"
    with pytest.raises(IntegrityError):
        await ledger.write("keep", _keep("one"))
    assert await ledger.read(lambda c: patients.get_meta(c, "one")) == "x"


def test_a_reader_sees_one_instant(ledger: Ledger) -> None:
    def twice(c: Connection) -> tuple[int, int]:
        count = select(func.count()).select_from(meta)
        before = c.execute(count).scalar_one()
        put(ledger, _keep("meanwhile"))
        return before, c.execute(count).scalar_one()

    before, after = ledger.look(twice)
    assert before == after or not ledger.path, "SQLite's readers look at a snapshot"


# -- what cannot be kept ----------------------------------------------------------------------------------------------


@pytest.fixture
def file(ledger: Ledger) -> Path:
    if ledger.path is None:
        pytest.skip("a server's disk is the server's business")
    return ledger.path


@contextmanager
def _no_larger_files(file: Path) -> Iterator[None]:
    """The kernel refuses to let files of this process grow (EFBIG, as a full disk refuses with ENOSPC)."""
    largest = max(path.stat().st_size for path in file.parent.glob(file.name + "*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 50_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _no_more_pages(ledger: Ledger) -> Iterator[None]:
    """SQLite's own word for a full disk: SQLITE_FULL."""

    def pages(c: Connection, count: int) -> None:
        c.execute(text(f"PRAGMA max_page_count={count}"))

    used = put(ledger, lambda c: c.execute(text("PRAGMA page_count")).scalar_one())
    put(ledger, lambda c: pages(c, used + 2))
    try:
        yield
    finally:
        put(ledger, lambda c: pages(c, 1 << 30))


@pytest.mark.parametrize("kind", ["grow", "pages"])
def test_a_full_disk_is_said_and_the_ledger_goes_on_when_there_is_room(ledger: Ledger, file: Path, kind: str) -> None:
    put(ledger, _keep("before"))
    with _no_larger_files(file) if kind == "grow" else _no_more_pages(ledger):
        with _together(ledger):
            waiting = [ledger.submit("keep", _keep("small")), ledger.submit("keep", _keep("large", "x" * 2_000_000))]
        said = _settle(waiting)
        assert all(isinstance(error, LedgerError) for error in said), "of a commit that fails nothing is kept"
        assert _names(ledger) == {"before"}
    assert put(ledger, _keep("large", "x" * 2_000_000)) == "large"
    assert _names(ledger) == {"before", "large"}
    assert ledger.look(lambda c: c.execute(text("PRAGMA integrity_check")).scalar_one()) == "ok"


def test_the_error_says_nothing_of_the_values(ledger: Ledger, file: Path) -> None:
    with _no_larger_files(file), pytest.raises(LedgerError) as said:
        put(ledger, _keep("large", "DUPONT" * 300_000))
    assert "DUPONT" not in str(said.value)


# -- two processes ----------------------------------------------------------------------------------------------------

_WRITER = """
import sys
from gateway.ledger import trail
from gateway.ledger.engine import Ledger
from gateway.model.ports import Silent
ledger = Ledger(sys.argv[1], Silent())
for n in range(150):
    ledger.submit("line", lambda c: trail.append(c, float(n), sys.argv[2], "write", str(n), {})).result()
ledger.close()
"""


def test_two_processes_at_once_lose_nothing(url: str, ledger: Ledger) -> None:
    commands = [[sys.executable, "-c", _WRITER, url, name] for name in ("one", "two")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    for n in range(50):
        put(ledger, lambda c, n=n: trail.append(c, float(n), "here", "write", str(n), {}))  # type: ignore[misc]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    counted = select(lines.c.who, func.count()).group_by(lines.c.who)
    written = ledger.look(lambda c: {row[0]: row[1] for row in c.execute(counted)})
    assert written == {"one": 150, "two": 150, "here": 50}
    assert ledger.look(trail.verify) == 350


def test_another_process_commit_is_noticed(url: str, ledger: Ledger) -> None:
    if ledger.path is None:
        pytest.skip("SQLite's own way")
    before = ledger.data_version()
    assert ledger.data_version() == before
    other = Ledger(url, Silent())
    put(other, _keep("news"))
    other.close()
    assert ledger.data_version() != before


def test_a_ledger_of_a_newer_gateway_is_left_alone(url: str, ledger: Ledger) -> None:
    put(ledger, lambda c: patients.set_meta(c, "schema", "9999"))
    with pytest.raises(schema.SchemaError):
        Ledger(url, Silent())
