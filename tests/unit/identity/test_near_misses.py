"""Pairs that look alike and are not the same person: twins, homonyms, relatives, one trait off. None may be filed.

Seeded, so that a failure comes back. A million of them: ``python -m tests.score.identity``.
"""

from __future__ import annotations

import random
from dataclasses import replace

from gateway.identity.match import match
from tests.score.identity import run
from tests.score.pairs import CHANGES, given_names, other, person, true_claim
from tests.unit.identity.people import OPEN

COUNT = 10_000


def test_no_near_miss_is_filed() -> None:
    done = run(COUNT, seed=20261121)
    assert done.wrong == ()
    assert done.pairs == COUNT
    assert done.letters >= COUNT // 25
    assert {change.__name__ for change in CHANGES} <= done.changes.keys()
    assert done.found >= 0.99 * done.controls > 0, "the true claim must be filed, or the test proves nothing"


def test_both_of_a_pair_in_the_index_are_told_apart_or_shown() -> None:
    chance = random.Random(11)
    for turn in range(COUNT // 10):
        held = person(chance, "ONE")
        twin = replace(held, ipp="TWO", first_given=other(chance, given_names(held.sex), held.first_given), ins=None)
        twin = replace(twin, given_names=twin.first_given)
        claim = true_claim(chance, held)
        assert match([claim], None, (held, twin), OPEN).ipp == "ONE", turn
        homonym = replace(held, ipp="THREE", ins=None)
        bare = replace(claim, ins=None)
        assert match([bare], None, (held, homonym), OPEN).ipp is None, turn
