"""``gateway demo``: the whole gateway between stand-ins, on this machine only."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from rich.console import Console

from gateway.app.demo import play


def run(options: argparse.Namespace) -> int:
    """0 when every sample ended where it should, else 1. The folder is kept but for ``--once`` without ``--dir``."""
    console = Console(highlight=False)
    if options.dir is not None:
        return _play(options.dir.absolute(), console, once=options.once)
    if options.once:
        with tempfile.TemporaryDirectory(prefix="gateway-demo-") as folder:
            return _play(Path(folder), console, once=True, kept=False)
    return _play(Path(tempfile.mkdtemp(prefix="gateway-demo-")), console, once=False)


def _play(folder: Path, console: Console, *, once: bool, kept: bool = True) -> int:
    return 0 if asyncio.run(play(folder, console, once=once, kept=kept)) else 1
