"""Pairs that look alike and are not the same person: twins, homonyms, relatives, one trait off. None may be filed.

Seeded, so that a failure comes back. GATEWAY_NEAR_MISSES sets how many are tried (20,000; 1,000,000 by hand).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from gateway.identity.match import match
from gateway.identity.names import normalise
from gateway.model.identity import INS_NIA, INS_NIR, Claim, Ins, InsStatus, Patient
from tests.unit.identity.people import OPEN, number

COUNT = int(os.environ.get("GATEWAY_NEAR_MISSES", "20000"))

FAMILIES = (
    "MARTIN", "MARTINEZ", "THOMAS", "DUPONT", "DUPOND", "LEFEVRE", "LEFEBVRE", "BEN ALI", "BENALI", "DE LA TOUR",
    "LE GOFF", "LEGOFF", "N'GUYEN", "NGUYEN", "SAINT-JUST", "SAINT--JUST", "D'ARGENT", "DARGENT",
    "PETIT", "PETIT-JEAN", "ROUX", "LECŒUR",
)  # fmt: skip
WOMEN = (
    "MARIE",
    "MARIE-CLAIRE",
    "CLAIRE",
    "ANNE",
    "ANNE-MARIE",
    "LEA",
    "LENA",
    "CAMILLE",
    "DOMINIQUE",
    "JEANNE",
    "MARTINE",
)
MEN = ("JEAN", "JEAN-MARC", "MARC", "THOMAS", "MARTIN", "LEO", "THEO", "CAMILLE", "DOMINIQUE", "PAUL", "PAUL-HENRI")

Change = Callable[[random.Random, Patient, Claim], Claim]


def test_no_near_miss_is_filed() -> None:
    chance = random.Random(20261121)
    tried: Counter[str] = Counter()
    for turn in range(COUNT):
        held = _person(chance, f"P{turn}")
        true = _claim(chance, held)
        assert match([true], None, (held,), OPEN).ipp == held.ipp, (
            "the true claim must be filed, or the test proves nothing"
        )
        change = chance.choice(CHANGES)
        false = change(chance, held, true)
        if _same(true, false):
            continue
        tried[change.__name__] += 1
        found = match([false], None, (held, _person(chance, "BYSTANDER")), OPEN)
        assert found.ipp is None, (change.__name__, turn, found.rule)
        assert found.reason is not None
    assert sum(tried.values()) > 0.9 * COUNT
    assert len(tried) == len(CHANGES)


def test_both_of_a_pair_in_the_index_are_told_apart_or_shown() -> None:
    chance = random.Random(11)
    for turn in range(COUNT // 10):
        held = _person(chance, "ONE")
        twin = replace(held, ipp="TWO", first_given=_other(chance, _given(held.sex), held.first_given), ins=None)
        twin = replace(twin, given_names=twin.first_given)
        claim = _claim(chance, held)
        assert match([claim], None, (held, twin), OPEN).ipp == "ONE", turn
        homonym = replace(held, ipp="THREE", ins=None)
        bare = replace(claim, ins=None)
        assert match([bare], None, (held, homonym), OPEN).ipp is None, turn


def _person(chance: random.Random, ipp: str) -> Patient:
    sex = chance.choice("MF")
    born = date(1930, 1, 1) + timedelta(days=chance.randrange(35_000))
    family = chance.choice(FAMILIES)
    given = _other(chance, _given(sex), family)
    second = chance.choice(_given(sex))
    thirteen = f"{'1' if sex == 'M' else '2'}{born:%y%m}{chance.choice(('37', '2A', '99'))}{chance.randrange(10**6):06}"
    return Patient(
        ipp=ipp,
        ins=Ins(number(thirteen), INS_NIR) if chance.random() < 0.7 else None,
        ins_status=InsStatus.QUALIFIEE,
        birth_name=family,
        used_name=chance.choice(FAMILIES) if sex == "F" and chance.random() < 0.5 else family,
        given_names=f"{given} {second}",
        first_given=given,
        birth_date=f"{born:%Y%m%d}",
        sex=sex,
        birth_place="37261",
    )


def _claim(chance: random.Random, held: Patient) -> Claim:
    with_ins = held.ins if chance.random() < 0.5 else None
    kind = chance.randrange(3)
    return Claim(
        "cda",
        ins=with_ins,
        birth_name=held.birth_name if kind < 2 or with_ins else None,
        used_name=held.used_name if kind == 1 else None,
        family_name=held.used_name if kind == 2 and not with_ins else None,
        first_given=held.first_given,
        birth_date=held.birth_date,
        sex=held.sex,
        birth_place=held.birth_place if chance.random() < 0.3 else None,
    )


def twin_same_sex(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """Another given name, everything else the same; his own INS when there is one."""
    return replace(true, first_given=_other(chance, _given(held.sex), held.first_given), ins=_new_ins(chance, true))


def twin_other_sex(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """A sister for a brother, sometimes with the same given name."""
    sex = "F" if held.sex == "M" else "M"
    given = held.first_given if chance.random() < 0.3 else chance.choice(_given(sex))
    return replace(true, sex=sex, first_given=given, ins=_new_ins(chance, true))


def homonym_other_date(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """The same names, born another day: mostly near, as father and son or a misread digit."""
    born = date(int(held.birth_date[:4]), int(held.birth_date[4:6]), int(held.birth_date[6:]))
    moved = born + timedelta(days=chance.choice((1, -1, 10, 30, 365, 3653, -9131)))
    return replace(true, birth_date=f"{moved:%Y%m%d}")


def day_and_month_swapped(_: random.Random, held: Patient, true: Claim) -> Claim:
    """12/03 for 03/12, also when that is no day."""
    return replace(true, birth_date=held.birth_date[:4] + held.birth_date[6:] + held.birth_date[4:6])


def names_swapped(_: random.Random, held: Patient, true: Claim) -> Claim:
    """Family and given names each in the other's place."""
    return replace(true, birth_name=held.first_given, used_name=None, family_name=None, first_given=held.birth_name)


def typing_error(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """One letter of a name changed, lost, doubled or swapped."""
    if chance.random() < 0.5:
        return replace(true, first_given=_mistyped(chance, held.first_given))
    if true.birth_name:
        return replace(true, birth_name=_mistyped(chance, true.birth_name))
    mistyped = _mistyped(chance, true.family_name or "")
    his = (normalise(held.birth_name), normalise(held.used_name))
    return true if normalise(mistyped) in his else replace(true, family_name=mistyped)


def digit_of_the_date(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """One digit of the date read wrong."""
    place = chance.randrange(8)
    digit = chance.choice([d for d in "0123456789" if d != held.birth_date[place]])
    return replace(true, birth_date=held.birth_date[:place] + digit + held.birth_date[place + 1 :])


def other_ins(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """His traits under the number of somebody else, or of another authority, or with a wrong key."""
    if held.ins is None or chance.random() < 0.5:
        return replace(true, birth_name=held.birth_name, ins=_new_ins(chance, replace(true, ins=Ins("", ""))))
    if chance.random() < 0.5:
        return replace(true, birth_name=held.birth_name, ins=Ins(held.ins.number, INS_NIA))
    wrong = f"{(int(held.ins.number[13:]) % 97) + 1:02}"
    return replace(true, birth_name=held.birth_name, ins=Ins(held.ins.number[:13] + wrong, INS_NIR))


def relative(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """A parent or a child: the family name alone in common."""
    sex = chance.choice("MF")
    born = f"{int(held.birth_date[:4]) + chance.choice((-28, 25)):04}{held.birth_date[4:]}"
    return replace(true, sex=sex, first_given=chance.choice(_given(sex)), birth_date=born, ins=_new_ins(chance, true))


def other_family(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """The same given name and birth date under a name that is neither his birth nor his used name."""
    names = [
        name for name in FAMILIES if normalise(name) not in (normalise(held.birth_name), normalise(held.used_name))
    ]
    return replace(true, birth_name=chance.choice(names), used_name=None, family_name=None, ins=_new_ins(chance, true))


def trait_missing(chance: random.Random, _: Patient, true: Claim) -> Claim:
    """One of the four left out."""
    return chance.choice(
        (
            replace(true, birth_name=None, used_name=None, family_name=None),
            replace(true, first_given=None),
            replace(true, birth_date=None),
            replace(true, sex=None),
        )
    )


def given_names_halved(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """Half of a composed given name, or one that the register does not have."""
    parts = normalise(held.first_given).split()
    half = chance.choice(parts) if len(parts) > 1 else f"{held.first_given}-{chance.choice(_given(held.sex))}"
    return replace(true, first_given=half)


CHANGES: tuple[Change, ...] = (
    twin_same_sex, twin_other_sex, homonym_other_date, day_and_month_swapped, names_swapped, typing_error,
    digit_of_the_date, other_ins, relative, other_family, trait_missing, given_names_halved,
)  # fmt: skip


def _given(sex: str) -> tuple[str, ...]:
    return WOMEN if sex == "F" else MEN


def _other(chance: random.Random, among: tuple[str, ...], than: str) -> str:
    return chance.choice([name for name in among if normalise(name) != normalise(than)])


def _new_ins(chance: random.Random, true: Claim) -> Ins | None:
    if true.ins is None:
        return None
    return Ins(number(f"{chance.choice('12')}9901{chance.choice(('37', '2B'))}{chance.randrange(10**6):06}"), INS_NIR)


def _mistyped(chance: random.Random, name: str) -> str:
    place = chance.randrange(len(name))
    return chance.choice(
        (
            name[:place] + name[place + 1 :],
            name[:place] + chance.choice("ABCDEGILMNORSTU") + name[place + 1 :],
            name[:place] + name[place] * 2 + name[place + 1 :],
            name[:place] + name[place + 1 : place + 2] + name[place] + name[place + 2 :],
        )
    )


def _same(true: Claim, false: Claim) -> bool:
    """Whether the change left the person as he was."""
    fields = ("birth_name", "used_name", "family_name", "first_given")
    names = all(normalise(getattr(true, f) or "") == normalise(getattr(false, f) or "") for f in fields)
    return names and (true.birth_date, true.sex, true.ins) == (false.birth_date, false.sex, false.ins)
