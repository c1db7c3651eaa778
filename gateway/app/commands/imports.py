"""``gateway patients import`` and ``gateway senders import``: rows of a CSV, inserted or changed by IPP or address.

``senders import`` also takes the extractions of the national directory, told by their header, a batch at a time.
"""

from __future__ import annotations

import argparse
import codecs
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from gateway.app.compose import ledger_of
from gateway.app.config import load
from gateway.app.errors import CommandError
from gateway.flow import index
from gateway.intake import annuaire, tables
from gateway.ledger import patients, trail
from gateway.model.causes import cause
from gateway.model.people import Sender
from gateway.model.ports import SystemClock
from gateway.model.settings import Settings

T = TypeVar("T")
SHOWN = 20
BATCH = 2000
_Import = tuple[Callable[[Connection], None], int, list[tables.RowError]]


def run(options: argparse.Namespace) -> int:
    """0 when every row was taken; 1 when some were refused (the others are in)."""
    settings = load(options.config)
    if options.table == "senders" and annuaire.is_national(_header(options.file)):
        return _national(settings, options.file)
    work, taken, refused = (_patients if options.table == "patients" else _senders)(options.file)
    with ledger_of(settings) as ledger:
        ledger.submit("import", work).result()
    return _say(options.file, taken, refused, len(refused))


def _say(file: Path, taken: int, shown: Sequence[tables.RowError], refused: int) -> int:
    print(f"{taken} lignes prises, {refused} refusées")
    for row in shown[:SHOWN]:
        print(f"gateway : {file.name} {row}", file=sys.stderr)
    return 1 if refused else 0


def _national(settings: Settings, file: Path) -> int:
    """The national directory, in batches: its files are of gigabytes, and other work goes on between two of them."""
    encoding = _encoding(file)
    now = SystemClock().now().timestamp()
    taken, refused, shown = 0, 0, list[tables.RowError]()
    with ledger_of(settings) as ledger:
        try:
            rows = annuaire.read_national(lambda: _lines(file, encoding))
            while batch := list(islice(rows, BATCH)):
                good = [row for row in batch if isinstance(row, Sender)]
                bad = [row for row in batch if isinstance(row, tables.RowError)]
                ledger.submit("import", partial(_merge, good, now)).result()
                taken, refused, shown = taken + len(good), refused + len(bad), [*shown, *bad][:SHOWN]
            ledger.submit(
                "import", lambda c: trail.append(c, now, "gateway", "import", "senders", {"rows": taken})
            ).result()
        except tables.TableError as error:
            raise CommandError(f"{file.name} : {error}") from error
        except OSError as error:
            raise CommandError(f"{file.name} : fichier illisible ({cause(error)})") from error
    return _say(file, taken, shown, refused)


def _merge(rows: list[Sender], now: float, c: Connection) -> None:
    patients.merge_senders(c, rows, now)


def _header(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.readline(tables.MAX_LINE).decode("utf-8-sig", "replace")
    except OSError as error:
        raise CommandError(f"{file.name} : fichier illisible ({cause(error)})") from error


def _encoding(file: Path) -> str:
    """UTF-8, or Windows-1252 when the file is not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return "cp1252"
    return "utf-8-sig"


def _lines(file: Path, encoding: str) -> Iterator[str]:
    """The lines, in bounded pieces; a byte that is no letter is replaced."""
    with file.open(encoding=encoding, errors="replace", newline="") as lines:
        while line := lines.readline(tables.MAX_LINE):
            yield line


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
    except OSError as error:
        raise CommandError(f"{file.name} : fichier illisible ({cause(error)})") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file.name} : ce fichier n'est pas en UTF-8 ; l'exporter ainsi") from error
    return good, bad


def _put_senders(c: Connection, rows: list[Sender], now: float) -> None:
    count = patients.put_senders(c, rows, now)
    trail.append(c, now, "gateway", "import", "senders", {"rows": count})
