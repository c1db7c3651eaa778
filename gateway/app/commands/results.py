"""``gateway results``: JSON lines, one per document and arrival (DESIGN §7)."""

from __future__ import annotations

import argparse
import sys

import msgspec

from gateway.app.compose import open_ledger
from gateway.app.config import load
from gateway.ledger import views
from gateway.model.ports import Silent


def run(options: argparse.Namespace) -> int:
    """Print every document's line, in the order of arrival."""
    ledger, _ = open_ledger(load(options.config), Silent())
    try:
        for line in ledger.look(lambda c: list(views.results(c))):
            sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    finally:
        ledger.close()
    return 0
