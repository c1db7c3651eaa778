"""The ledger: one writer thread, group commit, reads beside it.

``await ledger.write(name, work)`` runs ``work(connection)`` in the writer thread and returns after the commit. Works
that wait together share one transaction, each in a savepoint of its own: one fsync for many. ``work`` is short and
does no other input or output. SQLite runs WAL with synchronous=FULL (study/reliability.md: NORMAL may roll back the
last commits at power loss) and BEGIN IMMEDIATE (STACK.md §4: without it most concurrent transactions are lost).
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from gateway.ledger import schema
from gateway.model.ports import Observer

T = TypeVar("T")
Work = Callable[[Connection], T]

#: Works sharing one commit; bounds how long the first of them waits.
BATCH = 64


class LedgerError(Exception):
    """The ledger cannot keep what it is given: the disk is full or failing, or the database is not ours."""


class LedgerFull(LedgerError):  # noqa: N818 - says what happened
    """There is no room for it now. Nothing of it is kept, what was kept stays, and it may be tried again later."""


@dataclass(slots=True)
class _Order:
    name: str
    work: Work[Any]
    done: Future[Any]


class Ledger:
    """The rows of one establishment. ``url`` is SQLAlchemy's; the schema is created or brought up to date."""

    def __init__(self, url: str, observer: Observer) -> None:
        self._observer = observer
        self._path = _sqlite_path(url)
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))  # its columns are in clear
        self._writer = _engine(url, write=True)
        try:
            schema.upgrade(self._writer)
        except DBAPIError as error:
            raise _failed(error) from error
        self._reader = _engine(url, write=False)
        self._reading = threading.Lock()  # SQLite's reader is one connection
        self._readers = ThreadPoolExecutor(1, "ledger-read")
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._changes = 0
        self._thread = threading.Thread(target=self._serve, name="ledger-write", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path | None:
        """The database file; None for a server."""
        return self._path

    @property
    def changes(self) -> int:
        """How many commits this process has made; moves when there may be news."""
        return self._changes

    async def write(self, name: str, work: Work[T]) -> T:
        """Run ``work`` and commit. Raises what ``work`` raises (nothing of it is kept) or LedgerError."""
        return await asyncio.wrap_future(self.submit(name, work))

    def submit(self, name: str, work: Work[T]) -> Future[T]:
        """The same for callers without an event loop."""
        done: Future[T] = Future()
        self._orders.put(_Order(name, work, done))
        return done

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` on a consistent view of what is committed."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.look, work)

    def look(self, work: Work[T]) -> T:
        """The same for callers without an event loop."""
        try:
            with self._reading, self._reader.connect() as connection, connection.begin():
                return work(connection)
        except DBAPIError as error:
            raise LedgerError(_plain(error)) from error

    def data_version(self) -> int:
        """A number that changes when another process has committed (SQLite's data_version)."""
        with self._reading, self._reader.connect() as connection:
            return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())

    def close(self) -> None:
        """Finish what was ordered, then let go of the database."""
        self._orders.put(None)
        self._thread.join()
        self._readers.shutdown()
        self._writer.dispose()
        self._reader.dispose()

    def _serve(self) -> None:
        with self._writer.connect() as connection:
            while (orders := self._gather()) is not None:
                self._commit(connection, orders)

    def _gather(self) -> list[_Order] | None:
        first = self._orders.get()
        if first is None:
            return None
        orders = [first]
        while len(orders) < BATCH:
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                break
            if order is None:
                self._orders.put(None)
                break
            orders.append(order)
        return orders

    def _commit(self, connection: Connection, orders: list[_Order]) -> None:
        results: list[tuple[_Order, Any]] = []
        try:
            transaction = connection.begin()
            results = [(order, value) for order in orders for value in self._run(connection, order)]
            with ExitStack() as steps:
                for name in sorted({order.name for order, _ in results}):
                    steps.enter_context(self._observer.step(f"ledger.commit.{name}"))
                transaction.commit()
        except DBAPIError as error:
            connection.rollback()
            for order in orders:
                if not order.done.done():
                    order.done.set_exception(_failed(error))
            return
        self._changes += 1
        for order, value in results:
            order.done.set_result(value)

    def _run(self, connection: Connection, order: _Order) -> list[Any]:
        """The result of one work in a list; an empty list when it was cancelled or raised (its savepoint is undone)."""
        if not order.done.set_running_or_notify_cancel():
            return []
        connection.exec_driver_sql("SAVEPOINT work")
        try:
            value = order.work(connection)
        except sqlite3.Error:
            raise
        except DBAPIError as error:
            if error.connection_invalidated or isinstance(error.orig, sqlite3.OperationalError):
                raise
            _undo(connection)
            order.done.set_exception(error)
        except Exception as error:  # noqa: BLE001 - handed to the caller, whoever he is
            _undo(connection)
            order.done.set_exception(error)
        else:
            connection.exec_driver_sql("RELEASE work")
            return [value]
        return []


def _engine(url: str, *, write: bool) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url)
    engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False, "timeout": 60})

    @event.listens_for(engine, "connect")
    def configure(dbapi: sqlite3.Connection, _record: object) -> None:
        dbapi.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=60000"):
            dbapi.execute(f"PRAGMA {pragma}")

    # Not an event of the engine: with one, SQLAlchemy asks for listeners at every step of every statement.
    begin = "BEGIN IMMEDIATE" if write else "BEGIN"
    engine.dialect.do_begin = lambda dbapi: dbapi.execute(begin)  # type: ignore[method-assign,assignment]
    return engine


def _undo(connection: Connection) -> None:
    connection.exec_driver_sql("ROLLBACK TO work")
    connection.exec_driver_sql("RELEASE work")


def _sqlite_path(url: str) -> Path | None:
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _failed(error: DBAPIError) -> LedgerError:
    full = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return (LedgerFull if full else LedgerError)(_plain(error))


def _plain(error: DBAPIError) -> str:
    """What the database said, without the statement's values."""
    return f"{type(error.orig).__name__}: {error.orig}"
