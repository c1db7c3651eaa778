"""Letters of many wordings against a town where everybody named is also a patient: the right one, or nobody."""

from __future__ import annotations

import pytest

from gateway.identity.text import claims
from tests.unit.identity.letters import FILED, HELD
from tests.unit.identity.people import CLAIRE, JEAN, TOWN
from tests.unit.identity.reading import said_of


def _filled(letter: str) -> str:
    assert JEAN.ins is not None
    assert CLAIRE.ins is not None
    numbers = {"key": JEAN.ins.number[13:], "jean": JEAN.ins.number, "claire": CLAIRE.ins.number}
    return letter.format(**numbers)


@pytest.mark.parametrize(
    ("letter", "ipp"), [(letter, ipp) for _, letter, ipp in FILED], ids=[name for name, *_ in FILED]
)
def test_the_patient_of_the_letter_is_found(letter: str, ipp: str) -> None:
    found = said_of(_filled(letter), TOWN)
    assert (found.ipp or "") == ipp, (found.rule, claims(_filled(letter)))


@pytest.mark.parametrize(
    ("letter", "reasons"), [(letter, reasons) for _, letter, reasons in HELD], ids=[name for name, *_ in HELD]
)
def test_a_person_is_asked(letter: str, reasons: tuple[str, ...]) -> None:
    found = said_of(_filled(letter), TOWN)
    assert found.ipp is None, (found.rule, claims(_filled(letter)))
    assert found.reason in reasons, (found.rule, claims(_filled(letter)))


@pytest.mark.parametrize("letter", [letter for _, letter, _ in FILED], ids=[name for name, *_ in FILED])
def test_a_letter_about_somebody_unknown_goes_to_nobody(letter: str) -> None:
    """The same letters when their patient is not in the index: no relative, doctor or homonym takes his place."""
    text = _filled(letter)
    here = said_of(text, TOWN).ipp
    without = tuple(patient for patient in TOWN if patient.ipp != here)
    assert said_of(text, without).ipp is None
