"""Fictitious families: a patient with the relatives, homonyms and professionals who could be taken for him."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

from gateway.identity.names import tokens
from gateway.model.identity import INS_NIR, Ins, InsStatus, Patient
from tests.unit.identity.people import number

FAMILIES = (
    "MARTIN", "DURAND", "LEFÈVRE", "MOREAU", "PETIT", "ROUX", "GARCIA", "BEN ALI", "DE LA TOUR", "LE GOFF", "N'GUYEN",
    "SAINT-JUST", "D'ARGENT", "LECŒUR", "EL AMRANI", "DA SILVA", "VAN DER BERG", "MARIE", "THOMAS", "HERVÉ-LACROIX",
    "TRAORÉ", "ÖZTÜRK", "PÉREZ LOPEZ", "DUMAS", "BENOÎT", "CLÉMENT", "OUEDRAOGO", "KOWALSKI", "FERREIRA DOS SANTOS",
)  # fmt: skip
WOMEN = (
    "Claire", "Marie-Claire", "Anne", "Léa", "Camille", "Dominique", "Zoé", "Fatima", "Hélène", "Anne-Sophie",
    "Françoise", "Nathalie", "Chloé", "Maria Luisa", "Agnès", "Thi Hoa",
)  # fmt: skip
MEN = (
    "Jean", "Jean-Marc", "Paul", "Léo", "Camille", "Dominique", "Théo", "Karim", "André", "Jean-François", "Gérard",
    "Noël", "Jérôme", "Moussa", "Paul-Henri", "José Luis",
)  # fmt: skip


@dataclass(frozen=True)
class Household:
    """All of them are in the index; ``doctor`` and ``previous`` are patients too, of another day."""

    patient: Patient
    twin: Patient
    parent: Patient
    child: Patient
    spouse: Patient
    homonym: Patient
    doctor: Patient
    previous: Patient

    @property
    def town(self) -> tuple[Patient, ...]:
        """Everybody."""
        return (self.patient, self.twin, self.parent, self.child, self.spouse, self.homonym, self.doctor, self.previous)


def household(chance: random.Random) -> Household:
    """A patient of any age with his people."""
    patient = person(chance, "PATIENT")
    born = _day(patient.birth_date)
    parent = _kin(chance, patient, "PARENT", born - timedelta(days=365 * 29 + chance.randrange(3000)))
    child = _kin(chance, patient, "CHILD", born + timedelta(days=365 * 26 + chance.randrange(3000)))
    twin = _kin(chance, patient, "TWIN", born)
    spouse = replace(_kin(chance, patient, "SPOUSE", born + timedelta(days=chance.randrange(1, 900))),
                     birth_name=_other(chance, FAMILIES, patient.birth_name), used_name=patient.used_name)  # fmt: skip
    if chance.random() < 0.3:  # father and son of one name
        parent = replace(parent, first_given=patient.first_given, given_names=patient.first_given, sex=patient.sex)
    homonym = replace(patient, ipp="HOMONYM", ins=None, birth_date=f"{born + timedelta(days=7300):%Y%m%d}")
    doctor = _stranger(chance, "DOCTOR", patient)
    previous = _stranger(chance, "PREVIOUS", patient)
    return Household(patient, twin, parent, child, spouse, homonym, doctor, previous)


def person(chance: random.Random, ipp: str) -> Patient:
    """Anybody."""
    sex = chance.choice("MF")
    born = date(1935, 1, 1) + timedelta(days=chance.randrange(31_000))
    given = chance.choice(WOMEN if sex == "F" else MEN)
    family = _other(chance, FAMILIES, given)
    second = _other(chance, WOMEN if sex == "F" else MEN, given)
    thirteen = f"{'1' if sex == 'M' else '2'}{born:%y%m}{chance.choice(('37', '2A', '99'))}{chance.randrange(10**6):06}"
    return Patient(
        ipp=ipp,
        ins=Ins(number(thirteen), INS_NIR),
        ins_status=InsStatus.QUALIFIEE,
        birth_name=family,
        used_name=_other(chance, FAMILIES, family) if sex == "F" and chance.random() < 0.5 else family,
        given_names=f"{given} {second}".upper(),
        first_given=given.upper(),
        birth_date=f"{born:%Y%m%d}",
        sex=sex,
        birth_place="37261",
    )


def _stranger(chance: random.Random, ipp: str, patient: Patient) -> Patient:
    """Somebody of whom no name is the patient's."""
    while True:
        other = person(chance, ipp)
        if not {other.birth_name, other.used_name} & {patient.birth_name, patient.used_name}:
            return other


def _kin(chance: random.Random, of: Patient, ipp: str, born: date) -> Patient:
    other = person(chance, ipp)
    given = _other(chance, WOMEN if other.sex == "F" else MEN, of.first_given)
    return replace(other, birth_name=of.birth_name, used_name=of.birth_name, first_given=given.upper(),
                   given_names=given.upper(), birth_date=f"{born:%Y%m%d}")  # fmt: skip


def _day(value: str) -> date:
    return date(int(value[:4]), int(value[4:6]), int(value[6:]))


def _other(chance: random.Random, among: tuple[str, ...], than: str) -> str:
    own = set(tokens(than))
    return chance.choice([name for name in among if own.isdisjoint(tokens(name))])
