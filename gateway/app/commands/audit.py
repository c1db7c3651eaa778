"""``gateway audit``: the trail verified, or handed out line by line."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection

from gateway.app.compose import ledger_of
from gateway.app.config import load
from gateway.app.errors import CommandError
from gateway.ledger import trail
from gateway.review.case import iso

_COLUMNS = ("seq", "at", "who", "action", "subject", "detail", "hash")


def run(options: argparse.Namespace) -> int:
    """0 when the chain holds, or the export is whole; CommandError names the line where it breaks."""
    with ledger_of(load(options.config)) as ledger:
        try:
            if options.verb == "verify":
                count = ledger.look(trail.verify)
                print(f"La piste d'audit est intacte : {count} ligne{'s' if count > 1 else ''}.")
            else:
                ledger.look(_as_csv if options.format == "csv" else _as_json)
        except trail.TrailError as error:
            number = str(error).removeprefix("line ")
            raise CommandError(f"la piste d'audit est rompue à la ligne {number} : conservez ce registre") from error
    return 0


def _as_csv(c: Connection) -> None:
    writer = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_lines(c))


def _as_json(c: Connection) -> None:
    for line in _lines(c):
        detail = msgspec.Raw(str(line["detail"]).encode())
        sys.stdout.buffer.write(msgspec.json.encode({**line, "detail": detail}) + b"\n")


def _lines(c: Connection) -> Iterator[dict[str, object]]:
    for one in trail.lines(c):
        values = (one.seq, iso(one.at), one.who, one.action, one.subject, one.detail, one.hash)
        yield dict(zip(_COLUMNS, values, strict=True))
