"""``gateway demo``: the whole gateway between stand-ins, on this machine only."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from rich.console import Console

from gateway.app import paper
from gateway.app.demo import play
from gateway.sandbox.armed import listing


def run(options: argparse.Namespace) -> int:
    """0 when every sample ended where it should, else 1. The folder is kept but for ``--once`` without ``--dir``."""
    if "list" in options.scenario:
        paper.say(listing())
        return 0
    if options.dir is not None:
        return _play(options.dir.absolute(), options)
    if options.once:
        with tempfile.TemporaryDirectory(prefix="gateway-demo-") as folder:
            return _play(Path(folder), options, kept=False)
    return _play(Path(tempfile.mkdtemp(prefix="gateway-demo-")), options)


def _play(folder: Path, options: argparse.Namespace, *, kept: bool = True) -> int:
    console = Console(highlight=False)
    played = play(folder, console, once=options.once, kept=kept, scenarios=options.scenario)
    return 0 if asyncio.run(played) else 1
