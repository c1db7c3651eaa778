"""How long the right patient takes, index included: ``python -m tests.bench.matching [SIZE...]`` (1000 100000 1000000).

A letter's claims and dates are those that its reader stored; what is timed is the rest, as ``flow.decide`` does it in
the ledger's thread: the keys, the queries, the match with the text. Timings are shown, never asserted.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

from sqlalchemy import Connection, insert, select, text

from gateway.identity.identify import Evidence, identify
from gateway.identity.keys import keys
from gateway.ledger import patients
from gateway.ledger.engine import Ledger
from gateway.ledger.tables import patient as table
from gateway.model.identity import INS_NIR, Ins, InsStatus, Patient
from gateway.model.ports import Silent
from tests.score.pairs import person
from tests.unit.identity.families import Household
from tests.unit.identity.layouts import ASTRAY, STATED, TRAPS, cast
from tests.unit.identity.people import OPEN
from tests.unit.identity.reading import evidence

SIZES = (1_000, 100_000, 1_000_000)
LETTERS = 1_000
AIM = "aim p99 5"
_STEP = 20_000
_SYLLABLES = ("MAR", "TI", "LE", "RO", "DU", "BER", "GA", "VI", "SON", "TEL", "QUI", "NO", "PA", "CHE", "LOU", "FRAN")


def main(arguments: list[str]) -> None:
    """Measure each size, then print."""
    for size in [int(value) for value in arguments] or SIZES:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            asyncio.run(_measure(size, Path(folder)))


async def _measure(size: int, folder: Path) -> None:
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}", Silent())
    try:
        for rows in _batches(size):
            await ledger.write("fill", _filling(rows))
        await ledger.write("analyse", lambda c: c.execute(text("ANALYZE")) and None)
        _line(f"matching against {size} patients (ms)", await ledger.write("match", _timed(size)), AIM)
        _line("  queries without an index", str(await ledger.read(_scans)), "aim 0")
    finally:
        ledger.close()


def _filling(rows: list[dict[str, object]]) -> Callable[[Connection], None]:
    def fill(c: Connection) -> None:
        c.execute(insert(table), rows)

    return fill


def _timed(size: int) -> Callable[[Connection], str]:
    def measure(c: Connection) -> str:
        chance, spent, used, found = random.Random(3), [], [], 0
        for number in range(LETTERS + 50):
            said = _letter(chance, c, size)
            started, cpu = time.perf_counter(), time.thread_time()
            seen = patients.candidates(c, keys(said.claims, said.metadata, said.text, said.dates))
            found += identify(said, seen, OPEN).ipp is not None
            if number >= 50:  # the first ones warm the caches
                spent.append(1000 * (time.perf_counter() - started))
                used.append(1000 * (time.thread_time() - cpu))
        cuts, own = (quantiles(each, n=100, method="inclusive") for each in (spent, used))
        return f"median {cuts[49]:.2f}, p99 {cuts[98]:.2f}; CPU median {own[49]:.2f}, p99 {own[98]:.2f}; filed {found}"

    return measure


def _letter(chance: random.Random, c: Connection, size: int) -> Evidence:
    """A letter about one of them, with others of them around."""
    one, *others = (_held(c, chance.randrange(size)) for _ in range(3))
    kin = [replace(one, ipp=f"kin {n}", first_given=other.first_given) for n, other in enumerate(others)]
    house = Household(one, *kin, *others, *kin[:1], *others)
    layout = chance.choice((*STATED.values(), *TRAPS.values(), *ASTRAY.values()))
    return evidence(layout(cast(chance, house)) + "\nConsultation du 02/02/2027, contrôle le 03/08/2027.\n" * 10)


def _held(c: Connection, number: int) -> Patient:
    found = patients.get_patient(c, f"P{number}")
    assert found is not None
    return found


def _batches(size: int) -> Iterator[list[dict[str, object]]]:
    chance = random.Random(2)
    for start in range(0, size, _STEP):
        yield [_row(chance, number) for number in range(start, min(size, start + _STEP))]


def _row(chance: random.Random, number: int) -> dict[str, object]:
    """Families as they are spread: a few names borne by many, many by few."""
    family = _name(int(50 * 800 ** chance.random()))  # the first of them is borne by 0.3 %, as MARTIN is
    given = _name(int(10 * 60 ** chance.random()))
    ins = Ins(f"{number:013}00", INS_NIR)
    one = replace(person(chance, f"P{number}"), birth_name=family, used_name=family, first_given=given,
                  given_names=given, ins=ins, ins_status=InsStatus.QUALIFIEE)  # fmt: skip
    return {"ipp": one.ipp, "row_version": 1, "revision": 1, **patients.values_of(one)}


def _name(rank: int) -> str:
    return "".join(_SYLLABLES[rank >> shift & 15] for shift in (0, 4, 8, 12) if rank >> shift) + "E"


def _scans(c: Connection) -> int:
    """How many of the queries go through the whole table."""
    narrow = select(table.c.ipp)
    asked = (
        narrow.where(table.c.ins == "x"),
        narrow.where(table.c.birth_date.in_(["19560312", "19860312"])),
        narrow.where(table.c.birth_key.in_(["MARTIN"]), table.c.given_key.in_(["JEAN"])),
        narrow.where((table.c.birth_key == "A") | (table.c.used_key == "A")).where(table.c.given_key == "B"),
        narrow.where(table.c.ipp == "P1"),
    )
    plans = [
        c.execute(text(f"EXPLAIN QUERY PLAN {one.compile(compile_kwargs={'literal_binds': True})}")).all()
        for one in asked
    ]
    return sum(any(row[3].startswith("SCAN") for row in plan) for plan in plans)


def _line(name: str, value: str, aim: str) -> None:
    print(f"{name:42} {value:60} {aim}".rstrip(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
