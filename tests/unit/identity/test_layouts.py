"""Letters of many layouts against the whole household and each of its members: never another, and nearly all found.

Seeded, so that a failure comes back. GATEWAY_LETTERS sets how many letters each layout makes (12; more by hand).
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from gateway.identity.keys import keys
from gateway.identity.names import tokens
from gateway.model.identity import Patient
from gateway.model.reasons import Reason
from tests.unit.identity.families import Household, household
from tests.unit.identity.layouts import ASTRAY, SILENT, STATED, TRAPS, Layout, cast
from tests.unit.identity.reading import evidence, said_of

COUNT = int(os.environ.get("GATEWAY_LETTERS", "12"))
HEADS = (
    "",
    "Docteur Odile VASSEUR\nCardiologue\n12 rue des Lilas\n37000 TOURS\n\nTours, le 02/02/2027\n\n",
    "CENTRE HOSPITALIER DE VALCOURT\nPneumologie\nDr O. VASSEUR     Tél : 02 47 00 00 00\nÉdité le 02/02/2027\n",
)
TAILS = (
    "",
    "\n\nBien confraternellement,\nDr Odile VASSEUR",
    "\n\nAntécédents : appendicectomie le 03/04/1999.\nConclusion : stable.\nCopie : Dr LENOIR Guy\nPage 1/1",
)


def _letters(layout: Layout, seed: int) -> Iterator[tuple[str, Household]]:
    chance = random.Random(seed)
    for _ in range(COUNT):
        house = household(chance)
        yield chance.choice(HEADS) + layout(cast(chance, house)) + chance.choice(TAILS), house


def _each(layouts: dict[str, Layout]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("layout", layouts.values(), ids=layouts.keys())


@_each({**STATED, **TRAPS})
def test_the_patient_is_found_and_nobody_else(layout: Layout) -> None:
    found = [said_of(letter, house.town).ipp for letter, house in _letters(layout, 1)]
    assert set(found) <= {"PATIENT", None}
    assert found.count("PATIENT") >= 0.75 * COUNT


def test_nearly_all_that_state_their_patient_are_filed() -> None:
    found = [
        said_of(letter, house.town).ipp == "PATIENT"
        for layout in (*STATED.values(), *TRAPS.values())
        for letter, house in _letters(layout, 2)
    ]
    print(f"filed {sum(found)} of {len(found)}")
    assert sum(found) >= 0.985 * len(found)


@_each({**SILENT, **ASTRAY})
def test_nobody_is_filed(layout: Layout) -> None:
    for letter, house in _letters(layout, 3):
        assert said_of(letter, house.town).ipp is None, letter


@_each({**STATED, **TRAPS, **SILENT, **ASTRAY})
def test_nobody_takes_the_place_of_a_patient_who_is_not_in_the_index(layout: Layout) -> None:
    for letter, house in _letters(layout, 4):
        others = house.town[1:]
        for index in (others, *((one,) for one in others)):
            assert said_of(letter, index).ipp is None, letter


def test_the_ledger_is_asked_for_whoever_stands_in_the_text() -> None:
    """The keys hold what brings the patient, also where the wording gives no claim at all."""
    for letter, house in _letters(STATED["semicolons"], 5):
        said = evidence(letter)
        wanted = keys(said.claims, said.metadata, said.text, said.dates)
        assert house.patient.birth_date in wanted.text_dates
        assert wanted.text_words >= set(_first_words(house.patient))


def _first_words(one: Patient) -> tuple[str, str]:
    return tokens(one.used_name)[0], tokens(one.first_given)[0]


def test_whoever_stands_in_a_text_that_says_too_little_is_shown_with_each_trait() -> None:
    for letter, house in _letters(SILENT["row without sex"], 6):
        found = said_of(letter, (house.patient,))
        assert found.reason in (Reason.IDENTITY_MISSING, Reason.IDENTITY_INCOMPLETE)
        likeness = {each.trait: each.likeness for each in found.candidates[0].evidence}
        assert found.candidates[0].ipp == "PATIENT"
        assert likeness["birth_date"] == "equal"
        assert likeness["sex"] == "absent"


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("the previous patient in the footer", {Reason.SEVERAL_PATIENTS}),
        ("the twin in the footer", {Reason.SEVERAL_PATIENTS}),
        ("the homonym in the footer", {Reason.SEVERAL_PATIENTS, Reason.IDENTITY_AMBIGUOUS}),
        ("a list in a table", {Reason.SEVERAL_PATIENTS}),
    ],
)
def test_another_patient_who_stands_there_as_plausibly_holds_the_letter(name: str, reasons: set[Reason]) -> None:
    for letter, house in _letters(ASTRAY[name], 8):
        assert said_of(letter, house.town).reason in reasons, letter
