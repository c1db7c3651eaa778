"""``gateway run``: the daemon. Logs on stderr, one JSON object a line, without patient data."""

from __future__ import annotations

import argparse
import gc
import sys
from datetime import UTC, datetime

import uvloop

from gateway.app.config import check_files, load
from gateway.app.daemon import serve
from gateway.app.errors import CommandError
from gateway.operate.logs import Logs


def run(options: argparse.Namespace) -> int:
    """0 after SIGTERM; 1 when it cannot start or had to stop, said in one line on stderr."""
    settings = load(options.config)
    errors = [f.text for f in check_files(settings, datetime.now(UTC)) if f.level == "error"]
    if errors:
        raise CommandError(errors[0])
    collect_rarely()
    return uvloop.run(serve(settings, Logs(sys.stderr)))


def collect_rarely() -> None:
    """What is loaded stays; a document leaves few cycles: look for them less often than every 700 objects."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
