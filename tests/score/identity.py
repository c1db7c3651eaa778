"""A million identities a hair's breadth apart, as claims and as letters: none may be taken for another.

``python -m tests.score.identity [PAIRS] [SEED]`` prints what was tried and the bound that it proves: no error in n
trials means at most 3/n at 95 % (rule of three). True claims and letters are tried beside: they must be found.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from gateway.identity.match import match
from gateway.identity.names import tokens
from gateway.model.identity import Patient
from tests.score import Row, none, share
from tests.score.pairs import false_claim, person, true_claim
from tests.unit.identity.families import FAMILIES, MEN, WOMEN, household
from tests.unit.identity.layouts import STATED, cast
from tests.unit.identity.people import OPEN
from tests.unit.identity.reading import said_of

PAIRS = 1_000_000
SEED = 20260601
ONE_LETTER_IN = 20  # pairs
ONE_CONTROL_IN = 10
_CHUNK = 5_000
_LAYOUTS = tuple(STATED.values())


@dataclass(frozen=True)
class Result:
    """What came of pairs of two persons: how many, ``letters`` of them as text, and which were taken for one.

    ``wrong`` names the change and the chunk's seed of each. ``controls`` are pairs of one person, ``found`` of them.
    """

    pairs: int = 0
    letters: int = 0
    wrong: tuple[str, ...] = ()
    controls: int = 0
    found: int = 0
    changes: Counter[str] = field(default_factory=Counter)

    @property
    def bound(self) -> float:
        """The greatest share of errors that is still likely at 95 %, when none was seen."""
        return 3 / self.pairs

    def __add__(self, other: Result) -> Result:
        return Result(
            self.pairs + other.pairs,
            self.letters + other.letters,
            self.wrong + other.wrong,
            self.controls + other.controls,
            self.found + other.found,
            self.changes + other.changes,
        )


def run(pairs: int, seed: int, processes: int = 1) -> Result:
    """Try that many pairs; the same seed makes the same ones."""
    chunks = [(min(_CHUNK, pairs - start), seed * 1_000_003 + start) for start in range(0, pairs, _CHUNK)]
    if processes == 1:
        return sum((_chunk(*chunk) for chunk in chunks), Result())
    with ProcessPoolExecutor(processes) as pool:
        return sum(pool.map(_chunk, *zip(*chunks, strict=True)), Result())


def rows(pairs: int, seed: int) -> Iterator[Row]:
    """The lines of the score."""
    done = run(pairs, seed, processes=2)
    yield none(f"near misses taken for a patient ({done.pairs} pairs, {done.letters} as letters)", len(done.wrong))
    yield Row("errors still likely at 95 %", f"at most {done.bound:.1e} of the pairs")
    yield share("true pairs found (without them the rest proves nothing)", done.found, done.controls, 0.99)


def _chunk(pairs: int, seed: int) -> Result:
    chance, wrong = random.Random(seed), []
    letters = controls = found = 0
    changes: Counter[str] = Counter()
    for turn in range(pairs):
        control = turn % ONE_CONTROL_IN == 0
        if turn % ONE_LETTER_IN == 0:
            letters += 1
            change, taken, his = _as_letter(chance, control=control)
        else:
            change, taken, his = _as_claim(chance, control=control)
        changes[change] += 1
        wrong += [f"{change} ({seed}, {turn})"] if taken else []
        controls, found = controls + control, found + his
    return Result(pairs, letters, tuple(wrong), controls, found, changes)


def _as_claim(chance: random.Random, *, control: bool) -> tuple[str, bool, bool]:
    """The change, whether its claim was taken for anybody, and whether the true claim was found."""
    held, bystander = person(chance, "HELD"), person(chance, "BYSTANDER")
    true = true_claim(chance, held)
    change, false = false_claim(chance, held, true)
    taken = match([false], None, (held, bystander), OPEN).ipp is not None
    return change, taken, control and match([true], None, (held,), OPEN).ipp == held.ipp


def _as_letter(chance: random.Random, *, control: bool) -> tuple[str, bool, bool]:
    """The same with a letter about somebody who is nearly the patient; the index holds the patient alone."""
    house, layout = household(chance), chance.choice(_LAYOUTS)
    change, false = _nearly(chance, house.patient)
    style = chance.getrandbits(32)
    index = (house.patient, house.doctor)
    letter = layout(cast(random.Random(style), replace(house, patient=false)))
    taken = said_of(letter, index).ipp is not None
    own = layout(cast(random.Random(style), house)) if control else ""
    return f"letter: {change}", taken, control and said_of(own, index).ipp == house.patient.ipp


def _nearly(chance: random.Random, held: Patient) -> tuple[str, Patient]:
    """Somebody of whom one trait is not the patient's."""
    born = date(int(held.birth_date[:4]), int(held.birth_date[4:6]), int(held.birth_date[6:]))
    moved = born + timedelta(days=chance.choice((1, -1, 10, 30, 365, 3653, -9131)))
    own = {*tokens(held.birth_name), *tokens(held.used_name), *tokens(held.given_names)}
    given = _not(chance, WOMEN if held.sex == "F" else MEN, own).upper()
    family = _not(chance, FAMILIES, own)
    lost = held.first_given[:-1] if len(held.first_given) > 3 else held.first_given + "E"
    every = {
        "another given name": replace(held, first_given=given, given_names=given),
        "another birth date": replace(held, birth_date=f"{moved:%Y%m%d}"),
        "the other sex": replace(held, sex="M" if held.sex == "F" else "F"),
        "another family": replace(held, birth_name=family, used_name=family),
        "a letter lost": replace(held, first_given=lost, given_names=lost),
        "one given name more": replace(held, first_given=f"{held.first_given}-{given}"),
    }
    change = chance.choice(tuple(every))
    return change, every[change]


def _not(chance: random.Random, among: tuple[str, ...], own: set[str]) -> str:
    return chance.choice([name for name in among if own.isdisjoint(tokens(name))])


def main(arguments: list[str]) -> int:
    """0 when nobody was taken for another and the true pairs were found."""
    numbers = [int(value) for value in arguments]
    pairs, seed = (*numbers, *(PAIRS, SEED)[len(numbers) :])
    started = time.monotonic()
    done = run(pairs, seed, processes=2)
    good = not done.wrong and done.found >= 0.99 * done.controls
    print(
        f"{done.pairs} pairs of two persons ({done.letters} as letters, seed {seed}): {len(done.wrong)} taken for one"
    )
    print(f"at 95 % at most {done.bound:.1e} of such pairs (rule of three), while none is")
    print(f"{done.found} of {done.controls} pairs of one person found, {time.monotonic() - started:.0f} s")
    for change, count in sorted(done.changes.items()):
        print(f"  {count:8} {change}")
    for one in done.wrong[:10]:
        print(f"  WRONG {one}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
