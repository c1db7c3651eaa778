"""``gateway patients import`` and ``gateway senders import``: rows of a CSV, inserted or changed by IPP or address."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from gateway.app.compose import open_ledger
from gateway.app.config import load
from gateway.app.errors import CommandError
from gateway.flow import index
from gateway.intake import tables
from gateway.ledger import patients, trail
from gateway.model.people import Sender
from gateway.model.ports import Silent, SystemClock

T = TypeVar("T")
SHOWN = 20
_Import = tuple[Callable[[Connection], None], int, list[tables.RowError]]


def run(options: argparse.Namespace) -> int:
    """0 when every row was taken; 1 when some were refused (the others are in)."""
    settings = load(options.config)
    work, taken, refused = (_patients if options.table == "patients" else _senders)(options.file)
    ledger, _ = open_ledger(settings, Silent())
    try:
        ledger.submit("import", work).result()
    finally:
        ledger.close()
    print(f"{taken} lignes prises, {len(refused)} refusées")
    for row in refused[:SHOWN]:
        print(f"gateway : {options.file.name} {row}", file=sys.stderr)
    return 1 if refused else 0


def _patients(file: Path) -> _Import:
    rows, refused = _read(file, tables.read_patients)
    now = SystemClock().now().timestamp()
    return lambda c: index.put_all(c, rows, now), len(rows), refused


def _senders(file: Path) -> _Import:
    rows, refused = _read(file, tables.read_senders)
    now = SystemClock().now().timestamp()
    return lambda c: _put_senders(c, rows, now), len(rows), refused


def _read(
    file: Path, read: Callable[[Iterable[str]], Iterator[T | tables.RowError]]
) -> tuple[list[T], list[tables.RowError]]:
    """The rows that can be taken, and those that cannot. CommandError when the file is no such table."""
    good: list[T] = []
    bad: list[tables.RowError] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for row in read(lines):
                if isinstance(row, tables.RowError):
                    bad.append(row)
                else:
                    good.append(row)
    except tables.TableError as error:
        raise CommandError(f"{file.name} : {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file.name} : fichier illisible ({type(error).__name__})") from error
    return good, bad


def _put_senders(c: Connection, rows: list[Sender], now: float) -> None:
    count = patients.put_senders(c, rows, now)
    trail.append(c, now, "gateway", "import", "senders", {"rows": count})
