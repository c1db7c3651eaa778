"""A person confirms who wrote a document that somebody else than its sender signs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from msgspec import structs
from sqlalchemy import Connection, update

from gateway.flow.decide import Decided
from gateway.flow.house import House
from gateway.ledger import deliveries, documents, patients, trail
from gateway.ledger.tables import decision, delivery
from gateway.model.documents import Signatory
from gateway.model.people import Sender
from gateway.model.reasons import NotFed
from gateway.model.settings import Dmp
from gateway.model.states import DeliveryState, DocumentState
from gateway.review.author import confirm
from gateway.review.case import ruled
from gateway.review.entries import Done, ReviewError
from tests.samples import SENDER, ZOE, Samples
from tests.unit.review.desk import Desk, sit

LEROY = replace(
    SENDER, address="anne.leroy@exemple.mssante.fr", rpps="10100000016", name="Le Roy-Mérieux", given="Anne"
)
SIGNED = Signatory("LE ROY MERIEUX", "A")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with sit(tmp_path / "site") as one:
        await one.take(Samples("author").letter())
        await one.house.ledger.write("directory", lambda c: patients.put_senders(c, [LEROY], 1.0))
        yield one


def house(desk: Desk) -> House:
    """The same house, feeding the DMP."""
    return replace(desk.house, settings=structs.replace(desk.house.settings, dmp=Dmp(enabled=True)))


async def unknown_author(desk: Desk, *signatories: Signatory) -> None:
    """The one document was not fed because somebody else signs it."""

    def change(c: Connection) -> None:
        number = documents.get_document(c, 1).decision_id or 0
        stored = msgspec.json.decode(documents.decision_content(c, number), type=Decided)
        kept = replace(stored, not_fed=NotFed.AUTHOR_UNKNOWN, signatories=signatories)
        content = msgspec.json.encode(kept).decode()
        c.execute(update(decision).where(decision.c.id == number).values(content=content))
        values = {"state": DeliveryState.NOT_APPLICABLE, "reason": NotFed.AUTHOR_UNKNOWN}
        c.execute(update(delivery).where(delivery.c.destination == "dmp").values(**values))

    await desk.house.ledger.write("change", change)


async def confirmed(desk: Desk, author: str = "") -> Done:
    return await desk.house.ledger.write("review", lambda c: confirm(c, house(desk), 1, author, "Mme Duval"))


async def add(desk: Desk, *rows: Sender) -> None:
    await desk.house.ledger.write("directory", lambda c: patients.put_senders(c, rows, 2.0))


@pytest.mark.parametrize("author", ["", LEROY.rpps, LEROY.address])
async def test_the_document_goes_to_the_dmp_under_the_confirmed_author(desk: Desk, author: str) -> None:
    await unknown_author(desk, SIGNED)
    done = await confirmed(desk, author)
    assert done.what == "again"

    def look(c: Connection) -> tuple[str, str, str]:
        found = documents.get_document(c, 1)
        sent = deliveries.last_of(c, 1, "dmp")
        stored = msgspec.json.decode(documents.decision_content(c, found.decision_id or 0), type=Decided)
        assert sent is not None
        return found.state, sent.state, stored.author

    assert await desk.look(look) == (DocumentState.DECIDED, DeliveryState.WAITING, LEROY.address)
    assert await desk.look(lambda c: len(documents.decisions_of(c, 1))) == 2
    await desk.look(trail.verify)


async def test_what_else_keeps_it_from_the_dmp_is_said(desk: Desk) -> None:
    await unknown_author(desk, SIGNED)
    await add(desk, replace(LEROY, feeds_dmp=True))
    await desk.house.ledger.write("blocked", lambda c: patients.put_patient(c, replace(ZOE, opposed=True), 9))
    done = await confirmed(desk)
    assert (done.what, "opposé" in done.text) == ("kept", True)


async def test_a_signatory_known_by_rpps(desk: Desk) -> None:
    await unknown_author(desk, Signatory("MAL-ECRIT", "", LEROY.rpps))
    assert (await confirmed(desk)).what == "again"


@pytest.mark.parametrize(
    ("signed", "author", "why"),
    [
        ((Signatory("VERNAY", "Luc"),), "", "n'est pas dans l'annuaire"),
        ((Signatory("LE ROY MERIEUX", ""),), "", "n'est pas dans l'annuaire"),
        ((), "", "ne dit pas qui"),
        ((SIGNED,), "10999999999", "n'est pas dans l'annuaire"),
        ((SIGNED,), "personne@exemple.mssante.fr", "n'est pas dans l'annuaire"),
    ],
)
async def test_nobody_is_chosen_by_chance(desk: Desk, signed: tuple[Signatory, ...], author: str, why: str) -> None:
    await unknown_author(desk, *signed)
    with pytest.raises(ReviewError, match=why):
        await confirmed(desk, author)


async def test_two_homonyms_are_for_a_person(desk: Desk) -> None:
    await unknown_author(desk, SIGNED)
    await add(desk, replace(LEROY, address="a.leroy@ailleurs.mssante.fr", rpps="10100000024", given="Alice"))
    with pytest.raises(ReviewError, match="plusieurs entrées"):
        await confirmed(desk)
    assert (await confirmed(desk, LEROY.rpps)).what == "again"


@pytest.mark.parametrize("number", [1, 99])
async def test_a_document_that_waits_for_no_author(desk: Desk, number: int) -> None:
    with pytest.raises(ReviewError):
        await desk.house.ledger.write("review", lambda c: confirm(c, house(desk), number, "", "Mme Duval"))


async def test_the_decision_tells_who_signs_and_what_to_do(desk: Desk) -> None:
    await unknown_author(desk, replace(SIGNED, rpps=LEROY.rpps))
    ((at, text),) = await desk.look(lambda c: documents.decisions_of(c, 1))
    lines = ruled(at, text).lines
    assert f"Signé par A LE ROY MERIEUX, RPPS {LEROY.rpps}, qui n'est pas l'expéditeur" in lines
    assert any("gateway quarantine author" in line for line in lines)
