"""The hospital's own number: heard from its own record alone, and never without the traits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.identity.match import Policy, match
from gateway.identity.own import own_number, stated_numbers
from gateway.model.identity import Claim, Match, Patient
from gateway.model.reasons import Reason
from tests.samples import IPP_OID, ZOE

TWIN = replace(ZOE, ipp="00899999", ins=None)
SAYS = Claim("cda", birth_name="CHAUVELIN", first_given="ZOE", given_names="ZOE ANNE", birth_date="19560819", sex="F",
             birth_place="99326", local_ids=((IPP_OID, ZOE.ipp), ("1.2.3", "x")))  # fmt: skip


def heard(claim: Claim, *candidates: Patient, holder: Patient | None = ZOE) -> Match:
    found = match((claim,), None, candidates, Policy())
    return own_number(found, (claim,), {ZOE.ipp: holder})


def test_only_the_numbers_of_our_own_domain_count() -> None:
    assert stated_numbers((SAYS, SAYS), IPP_OID) == (ZOE.ipp,)


def test_it_lets_exact_traits_pass_and_tells_homonyms_apart() -> None:
    assert heard(SAYS, ZOE).ipp == heard(SAYS, ZOE, TWIN).ipp == ZOE.ipp
    assert heard(SAYS, ZOE).rule == "own-number"


@pytest.mark.parametrize(
    "changes",
    [{"birth_date": "19560820"}, {"sex": "M"}, {"birth_name": "CHAUVET"}, {"first_given": None, "given_names": None}],
)
def test_it_never_stands_alone(changes: dict[str, Any]) -> None:
    assert heard(replace(SAYS, **changes), ZOE).ipp is None


@pytest.mark.parametrize("flag", ["douteux", "fictif", "CACH", "usur"])
def test_a_record_that_is_not_one_to_file_under_stays_so(flag: str) -> None:
    flagged = replace(ZOE, attributes=frozenset({flag}))
    assert heard(SAYS, flagged, TWIN, holder=flagged).ipp is None


def test_a_number_of_another_patient_takes_the_certainty_away() -> None:
    claim = replace(SAYS, ins=ZOE.ins)
    assert heard(claim, ZOE).ipp == ZOE.ipp
    found = heard(claim, ZOE, holder=replace(TWIN, birth_name="AUDIARD"))
    assert (found.ipp, found.reason, found.rule) == (None, Reason.IDENTITY_CONFLICT, "own-number-disagrees")


def test_a_number_that_the_index_does_not_know_says_nothing() -> None:
    assert heard(replace(SAYS, ins=ZOE.ins), ZOE, holder=None).ipp == ZOE.ipp
