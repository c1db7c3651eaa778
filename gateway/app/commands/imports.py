"""``gateway patients import`` and ``gateway senders import``: rows of a CSV, inserted or changed by IPP or address."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
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


def run(options: argparse.Namespace) -> int:
    """0 when every row was taken; 1 when some were refused (the others are in)."""
    settings = load(options.config)
    try:
        with options.file.open(encoding="utf-8-sig", newline="") as lines:
            read = tables.read_patients if options.table == "patients" else tables.read_senders
            rows, refused = _sort(read(lines))
    except tables.TableError as error:
        raise CommandError(f"{options.file.name} : {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{options.file.name} : fichier illisible ({type(error).__name__})") from error
    ledger, _ = open_ledger(settings, Silent())
    now = SystemClock().now().timestamp()
    try:
        if options.table == "patients":
            ledger.submit("import", lambda c: index.put_all(c, rows, now)).result()
        else:
            ledger.submit("import", lambda c: _put_senders(c, rows, now)).result()
    finally:
        ledger.close()
    print(f"{len(rows)} lignes prises, {len(refused)} refusées")
    for row in refused[:SHOWN]:
        print(f"gateway : {options.file.name} {row}", file=sys.stderr)
    return 1 if refused else 0


def _put_senders(c: Connection, rows: list[Sender], now: float) -> None:
    count = patients.put_senders(c, rows, now)
    trail.append(c, now, "gateway", "import", "senders", {"rows": count})


def _sort(rows: Iterable[T | tables.RowError]) -> tuple[list[T], list[tables.RowError]]:
    good: list[T] = []
    bad: list[tables.RowError] = []
    for row in rows:
        if isinstance(row, tables.RowError):
            bad.append(row)
        else:
            good.append(row)
    return good, bad
