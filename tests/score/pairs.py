"""Pairs of a claim and a patient who look alike and are not the same person: the changes that make them so."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from gateway.identity.names import normalise
from gateway.model.identity import INS_NIA, INS_NIR, INS_NIR_DEMO, INS_NIR_TEST, Claim, Ins, InsStatus, Patient
from tests.unit.identity.people import number

FAMILIES = (
    "MARTIN", "MARTINEZ", "THOMAS", "DUPONT", "DUPOND", "LEFEVRE", "LEFEBVRE", "BEN ALI", "BENALI", "DE LA TOUR",
    "LE GOFF", "LEGOFF", "N'GUYEN", "NGUYEN", "SAINT-JUST", "SAINT--JUST", "D'ARGENT", "DARGENT",
    "PETIT", "PETIT-JEAN", "ROUX", "LECŒUR",
)  # fmt: skip
WOMEN = (
    "MARIE", "MARIE-CLAIRE", "CLAIRE", "ANNE", "ANNE-MARIE", "LEA", "LENA", "CAMILLE", "DOMINIQUE", "JEANNE", "MARTINE",
)  # fmt: skip
MEN = ("JEAN", "JEAN-MARC", "MARC", "THOMAS", "MARTIN", "LEO", "THEO", "CAMILLE", "DOMINIQUE", "PAUL", "PAUL-HENRI")

Change = Callable[[random.Random, Patient, Claim], Claim]


def person(chance: random.Random, ipp: str) -> Patient:
    """Anybody of the index."""
    sex = chance.choice("MF")
    born = date(1930, 1, 1) + timedelta(days=chance.randrange(35_000))
    family = chance.choice(FAMILIES)
    given = other(chance, given_names(sex), family)
    second = chance.choice(given_names(sex))
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


def true_claim(chance: random.Random, held: Patient) -> Claim:
    """A claim that is the patient's, with or without his INS."""
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


def false_claim(chance: random.Random, held: Patient, true: Claim) -> tuple[str, Claim]:
    """The name of a change and the claim that it makes, of somebody who is not the patient."""
    while True:
        change = chance.choice(CHANGES)
        false = change(chance, held, true)
        if not _same(true, false):
            return change.__name__, false


def twin_same_sex(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """Another given name, everything else the same; his own INS when there is one."""
    given = other(chance, given_names(held.sex), held.first_given)
    return replace(true, first_given=given, ins=_new_ins(chance, true))


def twin_other_sex(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """A sister for a brother, sometimes with the same given name."""
    sex = "F" if held.sex == "M" else "M"
    given = held.first_given if chance.random() < 0.3 else chance.choice(given_names(sex))
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


def birth_and_used_names_exchanged(_: random.Random, held: Patient, true: Claim) -> Claim:
    """The married name given as the birth name, and the other way round."""
    if normalise(held.birth_name) == normalise(held.used_name):
        return true
    return replace(true, birth_name=held.used_name, used_name=held.birth_name, family_name=None)


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
    """His traits under the number of somebody else, or with a wrong key."""
    if held.ins is None or chance.random() < 0.5:
        return replace(true, birth_name=held.birth_name, ins=_new_ins(chance, replace(true, ins=Ins("", ""))))
    wrong = f"{(int(held.ins.number[13:]) % 97) + 1:02}"
    return replace(true, birth_name=held.birth_name, ins=Ins(held.ins.number[:13] + wrong, INS_NIR))


def ins_off_by_one(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """A neighbour of his number in the register, with its own right key."""
    if held.ins is None:
        return true
    order = (int(held.ins.number[10:13]) + chance.choice((1, -1))) % 1000
    near = number(f"{held.ins.number[:10]}{order:03}")
    return replace(true, birth_name=held.birth_name, ins=Ins(near, INS_NIR))


def other_authority(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """His number as NIA, test or demonstration."""
    if held.ins is None:
        return true
    oid = chance.choice((INS_NIA, INS_NIR_TEST, INS_NIR_DEMO))
    return replace(true, birth_name=held.birth_name, ins=Ins(held.ins.number, oid))


def relative(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """A parent or a child: the family name alone in common."""
    sex = chance.choice("MF")
    born = f"{int(held.birth_date[:4]) + chance.choice((-28, 25)):04}{held.birth_date[4:]}"
    given = chance.choice(given_names(sex))
    return replace(true, sex=sex, first_given=given, birth_date=born, ins=_new_ins(chance, true))


def father_and_son_of_one_name(_: random.Random, held: Patient, true: Claim) -> Claim:
    """The same family and given name a generation apart, without a number."""
    return replace(true, birth_date=f"{int(held.birth_date[:4]) - 30:04}{held.birth_date[4:]}", ins=None)


def other_family(chance: random.Random, held: Patient, true: Claim) -> Claim:
    """The same given name and birth date under a name that is neither his birth nor his used name."""
    his = (normalise(held.birth_name), normalise(held.used_name))
    names = [name for name in FAMILIES if normalise(name) not in his]
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
    half = chance.choice(parts) if len(parts) > 1 else f"{held.first_given}-{chance.choice(given_names(held.sex))}"
    return replace(true, first_given=half)


CHANGES: tuple[Change, ...] = (
    twin_same_sex, twin_other_sex, homonym_other_date, day_and_month_swapped, names_swapped,
    birth_and_used_names_exchanged, typing_error, digit_of_the_date, other_ins, ins_off_by_one, other_authority,
    relative, father_and_son_of_one_name, other_family, trait_missing, given_names_halved,
)  # fmt: skip


def given_names(sex: str) -> tuple[str, ...]:
    """Those of women or of men."""
    return WOMEN if sex == "F" else MEN


def other(chance: random.Random, among: tuple[str, ...], than: str) -> str:
    """One of these that is not that one."""
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
