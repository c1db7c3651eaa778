"""Guards of the identity table that no other test holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.identity.match import match
from gateway.model.identity import INS_NIR, Claim, Ins
from gateway.model.reasons import Reason
from tests.unit.identity.people import JEAN, OPEN, number

SAID = Claim("text", family_name="MARTIN", first_given="Jean", birth_date="19560312", sex="M")


def test_a_number_without_authority_only_contradicts() -> None:
    assert JEAN.ins is not None
    assert match([replace(SAID, ins=Ins(JEAN.ins.number, ""))], None, (JEAN,), OPEN).ipp == JEAN.ipp
    found = match([replace(SAID, ins=Ins(number("1560337261999"), ""))], None, (JEAN,), OPEN)
    assert (found.ipp, found.reason) == (None, Reason.IDENTITY_CONFLICT)
    assert match([replace(SAID, ins=Ins(JEAN.ins.number, ""), sex=None)], None, (JEAN,), OPEN).ipp is None


@pytest.mark.parametrize("held", [replace(JEAN, ins=None)])
def test_a_number_without_authority_of_somebody_who_has_none_here(held: object) -> None:
    said = replace(SAID, ins=Ins(number("1560337261123"), ""))
    assert match([said], None, (held,), OPEN).ipp is None  # type: ignore[arg-type]


def test_another_source_may_contradict_the_patient_where_the_document_is_silent() -> None:
    held = replace(JEAN, birth_place="37261")
    silent = Claim("cda", JEAN.ins, "MARTIN", first_given="JEAN", birth_date="19560312", sex="M")
    assert match([silent], Claim("metadata", JEAN.ins, birth_place="37261"), (held,), OPEN).ipp == JEAN.ipp
    found = match([silent], Claim("metadata", JEAN.ins, birth_place="75056"), (held,), OPEN)
    assert (found.ipp, found.reason, found.rule) == (None, Reason.IDENTITY_CONFLICT, "sources-disagree")


def test_an_unknown_number_with_a_trait_missing_is_incomplete_whoever_is_near() -> None:
    unknown = Ins(number("1560337261999"), INS_NIR)
    lacking = Claim("cda", unknown, "MARTIN", first_given="JEAN", birth_date="19560312")
    assert match([lacking], None, (JEAN,), OPEN).reason is Reason.IDENTITY_INCOMPLETE
