"""What the national directory may change of the hospital's own, and finding a sender by number or name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.ledger import patients
from gateway.ledger.engine import Ledger
from gateway.model.people import Sender
from tests.samples import SENDER


async def merged(ledger: Ledger, *rows: Sender) -> Sender:
    await ledger.write("import", lambda c: patients.merge_senders(c, rows, 2.0))
    found = await ledger.read(lambda c: patients.get_sender(c, SENDER.address))
    assert found is not None
    return found


async def put(ledger: Ledger, *rows: Sender) -> None:
    await ledger.write("import", lambda c: patients.put_senders(c, rows, 1.0))


async def test_what_the_hospital_decided_stays(ledger: Ledger) -> None:
    await put(ledger, replace(SENDER, authorised=False, feeds_dmp=True, sector="SA07", practice_setting="AMBULATOIRE"))
    found = await merged(ledger, replace(SENDER, name="DURAND-LEROY", sector="SA01"))
    assert (found.authorised, found.feeds_dmp, found.sector, found.practice_setting) == (
        False,
        True,
        "SA07",
        "AMBULATOIRE",
    )
    assert found.name == "DURAND-LEROY"


async def test_a_structure_that_the_directory_lacks_stays_that_of_the_same_person(ledger: Ledger) -> None:
    await put(ledger, SENDER)
    assert (await merged(ledger, replace(SENDER, structure_id="", structure=""))).structure_id == SENDER.structure_id
    other = replace(SENDER, rpps="10100000016", structure_id="", structure="")
    assert (await merged(ledger, other)).structure_id == ""


async def test_the_person_whom_the_hospital_named_for_a_shared_mailbox_stays(ledger: Ledger) -> None:
    await put(ledger, SENDER)
    assert await merged(ledger, replace(SENDER, kind="ORG", rpps="", name="Secrétariat")) == SENDER


async def test_only_what_changed_is_written(ledger: Ledger) -> None:
    assert await ledger.write("import", lambda c: patients.merge_senders(c, [SENDER], 1.0)) == 1
    assert await ledger.write("import", lambda c: patients.merge_senders(c, [SENDER], 2.0)) == 0


@pytest.mark.parametrize("name", ["Ferrière", "FERRIERE", "ferriere"])
async def test_a_sender_by_name_or_rpps(ledger: Ledger, name: str) -> None:
    ferriere = replace(SENDER, address="m@x.mssante.fr", name="Ferrière", rpps="10100000016")
    await put(ledger, SENDER, ferriere, replace(ferriere, address="n@x.mssante.fr", name="Ferriery", rpps=""))
    assert await ledger.read(lambda c: patients.senders_like(c, name=name)) == [ferriere]
    assert await ledger.read(lambda c: patients.senders_like(c, rpps="10100000016")) == [ferriere]
