"""The daemon as ``gateway run`` runs it, with its steps counted: ``python -m tests.bench.daemon CONFIG [PROFILE]``.

It prints its SMTP port once it is ready. Each line on stdin asks for the commits and steps so far, as one JSON line; it
ends with stdin. With a file as PROFILE it reads the mails itself and writes there where its time went.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from gateway.app.commands.run import collect_rarely
from gateway.app.compose import MakeReaders
from gateway.app.config import load
from gateway.app.daemon import running
from tests.bench.profile import Profile, readers_here


class Counting:
    """An observer that counts."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count it."""
        self.steps[name] += 1
        yield

    def event(self, name: str, **facts: str | int | float | None) -> None:
        """Say what went wrong; the rest is not written."""
        if name in ("job.crashed", "job.failed", "reader.died", "gateway.task-crashed"):
            print(name, facts, file=sys.stderr, flush=True)


async def main(config: Path, readers: MakeReaders | None = None) -> None:
    """Run until stdin ends."""
    seen = Counting()
    async with running(load(config), seen, readers) as life:
        print(life.smtp_port, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps({"commits": life.gateway.house.ledger.changes, "steps": seen.steps}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        with Profile(Path(sys.argv[2])):
            asyncio.run(main(Path(sys.argv[1]), readers_here))
    else:
        collect_rarely()
        uvloop.run(main(Path(sys.argv[1])))
