"""Whom a person is shown: each candidate with each trait, also where the wording of a letter gave nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.flow import index
from gateway.model.identity import InsStatus, Likeness, Patient
from gateway.review.wording import told
from tests.samples import ZOE
from tests.unit.formats.builders import attached
from tests.unit.review.desk import Desk, carrying, sit

PAUL = Patient("777", None, InsStatus.VALIDEE, "LEROUX", "LEROUX", "PAUL", "PAUL", "19580714", "M", "56260")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with sit(tmp_path / "site") as one:
        await one.house.ledger.write("import", lambda c: index.put_all(c, [PAUL], one.house.now))
        yield one


def _letter(text: str) -> bytes:
    return carrying(attached(text.encode(), "cr.txt", "text/plain; charset=utf-8"))


def _row(one: Patient, last: str) -> str:
    return f"{one.birth_name} | {one.first_given} | {_day(one)} | {last}"


def _day(one: Patient) -> str:
    return f"{one.birth_date[6:]}/{one.birth_date[4:6]}/{one.birth_date[:4]}"


async def test_who_stands_in_a_text_that_says_too_little_is_shown_trait_by_trait(desk: Desk) -> None:
    await desk.take(_letter(_row(ZOE, "8001234") + "\nNFS du 02/02/2026 : normale."))
    case = await desk.entry()
    assert case.reason == "identity-missing"
    (shown,) = case.candidates
    likeness = {trait.trait: trait.likeness for trait in shown.traits}
    assert (shown.ipp, likeness["birth_date"], likeness["sex"]) == (ZOE.ipp, Likeness.EQUAL, Likeness.ABSENT)
    page = "\n".join(told(case))
    assert f"IPP {ZOE.ipp}" in page
    assert page.count("(document : ") == len(shown.traits)


async def test_the_whole_identity_in_an_unknown_layout_is_filed(desk: Desk) -> None:
    await desk.take(_letter(_row(ZOE, ZOE.sex) + "\nNFS du 02/02/2026 : normale."))
    assert [(line.patient_ipp, line.dpi) for line in await desk.lines()] == [(ZOE.ipp, "delivered")]


async def test_another_patient_in_the_footer_is_shown_beside_the_first(desk: Desk) -> None:
    named = f"Concerne : Madame {ZOE.first_given} {ZOE.birth_name}, née le {_day(ZOE)}\n"
    await desk.take(_letter(f"{named}\nTout va bien.\n\n\n{_row(PAUL, 'page 1/1')}"))
    case = await desk.entry()
    assert case.reason == "several-patients"
    assert {one.ipp for one in case.candidates} == {ZOE.ipp, PAUL.ipp}
    assert all(one.traits for one in case.candidates)
