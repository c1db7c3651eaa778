"""What the ANS's rules object to before a document leaves for the DMP, and what a lost judge means."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.flow.delivering.legs import LOST, Wait
from gateway.flow.delivering.to_dmp import ToDmp
from gateway.flow.house import House
from gateway.formats.validity.verdict import Fault, Verdict
from gateway.isolation.errors import ReaderDied, ReaderError, ReaderTimedOut
from gateway.ledger.rows import Delivery
from gateway.model.delivery import Answer

FAULT = Fault("structuration minimale", "titre", "/ClinicalDocument/title", "Le titre manque.")


def leg(said: Verdict | ReaderError) -> ToDmp:
    async def judge(_: bytes) -> Verdict:
        if isinstance(said, ReaderError):
            raise said
        return said

    house = SimpleNamespace(readers=SimpleNamespace(judge=judge))
    return ToDmp(cast("House", house), cast("Any", None), cast("Any", None), 0.0)


def delivery(code: str = "") -> Delivery:
    return cast("Delivery", SimpleNamespace(code=code))


async def test_nothing_is_said_of_a_valid_document() -> None:
    assert await leg(Verdict(judged=("schéma CDA",)))._objection(delivery(), b"x") is None


async def test_what_is_not_valid_is_refused_with_its_faults_for_a_person() -> None:
    told = await leg(Verdict((FAULT,) * 7))._objection(delivery(), b"x")
    assert isinstance(told, Wait)
    assert (told.outcome.answer, told.outcome.code) == (Answer.REFUSED, "schema")
    assert "n'a pas été envoyé au DMP" in told.outcome.text
    assert "règle titre, à l'endroit /ClinicalDocument/title : Le titre manque." in told.outcome.text
    assert "Et 2 autres écarts." in told.outcome.text


@pytest.mark.parametrize("lost", [ReaderDied("memory"), ReaderTimedOut("60 s")])
async def test_a_judge_that_is_lost_once_is_asked_again_and_twice_is_for_a_person(lost: ReaderError) -> None:
    with pytest.raises(type(lost)):
        await leg(lost)._objection(delivery(), b"x")
    told = await leg(lost)._objection(delivery(LOST), b"x")
    assert isinstance(told, Wait)
    assert told.outcome.code == "schema"
    assert "n'a pas abouti" in told.outcome.text
