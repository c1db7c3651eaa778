"""``gateway results``: JSON lines, one per document and arrival (DESIGN §7)."""

from __future__ import annotations

import argparse
import sys

import msgspec

from gateway.app.compose import ledger_of
from gateway.app.config import load
from gateway.ledger import views


def run(options: argparse.Namespace) -> int:
    """Print every document's line, in the order of arrival."""
    with ledger_of(load(options.config)) as ledger:
        for line in ledger.look(lambda c: list(views.results(c))):
            sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    return 0
