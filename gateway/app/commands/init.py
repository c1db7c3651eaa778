"""``gateway init``: a commented gateway.toml and a copy of the rules."""

from __future__ import annotations

import argparse

from gateway.app.init import init


def run(options: argparse.Namespace) -> int:
    """Write them, and say what comes next."""
    config = init(options.folder)
    print(f"{config} est écrit. Remplissez [establishment], puis : gateway check -c {config}")
    return 0
