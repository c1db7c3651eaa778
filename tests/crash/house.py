"""A house for one run of the crash suite, its driver, and the invariants of DESIGN §4 that hold after every crash."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gateway.app.compose import open_ledger
from gateway.app.config import load
from gateway.flow import index
from gateway.ledger import patients, trail
from gateway.ledger.tables import arrival, document, entry, job, mail
from gateway.ledger.views import Line, results
from gateway.model.ports import Silent
from tests.samples import HOUSE, IPP_OID, SENDER, ZOE, write

CRASHED = 137

_CONFIG = f"""
[establishment]
name = "{HOUSE.name}"
structure_id = "{HOUSE.structure_id}"
sector = "{HOUSE.sector}"
oid_root = "{HOUSE.oid_root}"
ipp_oid = "{IPP_OID}"
[matching]
without_ins = "file-and-feed"
parent_wait = "0s"
[retry]
first = "0.05s"
max = "0.2s"
breaker_after = 1000
"""


@dataclass(frozen=True)
class House:
    """One run's folder."""

    folder: Path

    @property
    def config(self) -> Path:
        """Its gateway.toml."""
        return self.folder / "gateway.toml"

    def lines(self) -> list[Line]:
        """What the gateway says of each document."""
        ledger, _ = open_ledger(load(self.config), Silent())
        try:
            return ledger.look(lambda c: list(results(c)))
        finally:
            ledger.close()

    def check(self, mails: int) -> None:
        """The invariants that need no destination."""
        ledger, _ = open_ledger(load(self.config), Silent())
        try:
            counts = ledger.look(_counts)
            assert counts["arrival"] == counts["mail"] == mails, counts
            assert counts["job"] == 0, "nothing is left to do"
            assert counts["half-moved"] == 0, "every document is closed, or waits for a person with an entry"
            ledger.look(trail.verify)
        finally:
            ledger.close()


def build(folder: Path, tables: str) -> House:
    """A house with its patient and its sender; ``tables`` are more lines of the configuration."""
    folder.mkdir(parents=True)
    house = House(folder)
    house.config.write_text(_CONFIG + tables, encoding="utf-8")
    ledger, _ = open_ledger(load(house.config), Silent())
    ledger.submit("import", lambda c: index.put_all(c, [ZOE], 4e9)).result()
    ledger.submit("import", lambda c: patients.put_senders(c, [SENDER], 4e9)).result()
    ledger.close()
    return house


def copy(template: House, folder: Path) -> House:
    """The same house, before anything came in."""
    shutil.copytree(template.folder, folder)
    return House(folder)


class Driver:
    """The process that forks one child a run."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, house: House, mails: Mapping[str, bytes], *, crash: str = "", record: Path | None = None) -> int:
        """Work the mails; the exit code of the child."""
        paths = write(house.folder / "mails", dict(mails))
        order: dict[str, Any] = {"config": str(house.config), "mails": [str(p) for p in paths], "crash": crash}
        if record is not None:
            order["record"] = str(record)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def stop_and_start(self, house: House, mails: Mapping[str, bytes], point: str) -> bool:
        """Stop at a point, then work to the end. False when the step was reached fewer times than that."""
        code = self.run(house, mails, crash=point)
        assert code in {0, CRASHED}, f"{point}: exit {code}"
        if code == CRASHED:
            assert self.run(house, mails) == 0, f"after {point} the gateway does not end"
        return code == CRASHED


def survive(points: Sequence[str], crash: Callable[[str, str], bool]) -> None:
    """Stop at every point; ``crash(point, tag)`` says whether it was hit. Each step must be, on both its sides.

    How often one thing waits for another depends on their speed: a later occurrence of a step may be missing from a
    run, and even the first is given some tries.
    """
    for number, point in enumerate(points):
        first = point.endswith(":1")
        tries = (crash(point, f"run{number}.{turn}") for turn in range(8 if first else 1))
        assert any(tries) or not first, f"{point} was never hit"
    print(f"{len(points)} crash points")


@contextmanager
def driver() -> Iterator[Driver]:
    """Start the driver, and end it."""
    command = [sys.executable, "-m", "tests.crash.driver"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Driver(process)
        finally:
            process.kill()


def _counts(c: Any) -> dict[str, int]:
    counts = {t.name: c.execute(select(func.count()).select_from(t)).scalar_one() for t in (arrival, mail, job)}
    waits = select(entry.c.document_id).where(entry.c.closed_at.is_(None))
    closed = document.c.state.in_(("settled", "ignored", "superseded")) | (
        (document.c.state == "quarantined") & document.c.id.in_(waits)
    )
    counts["half-moved"] = c.execute(select(func.count()).select_from(document).where(~closed)).scalar_one()
    return counts
