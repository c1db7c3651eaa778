"""The daemon between the hospital's record, a submission server and a real Dovecot: a document goes out by MSSanté, its
reports come back into our mailbox, the record is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.app import daemon
from gateway.app.config import load
from gateway.formats import mail
from gateway.formats.clinical import cda
from gateway.formats.limits import DEFAULT
from gateway.model.documents import Carrier
from gateway.model.ports import Silent
from tests import hospital
from tests.crash.driver import InlineReaders
from tests.hospital import Told, hand_over, oru, pid
from tests.protocol import dovecot, living
from tests.protocol.dovecot import Dovecot
from tests.protocol.test_mssante import LOST, MARC, TREATED, parsed, report
from tests.protocol.test_receipt import submission
from tests.samples import Samples

BOX = "sortant@test.mssante.fr"
FLAGS = {"DESTMSSANTEPS": "Y", "ACK_RECEPTION": "Y", "ACK_LECTURE_MSS": "Y"}
RECIPIENT = f"PRT||UC||RCT^^participation|810^X^Y{'|' * 10}^^X.400^{MARC}"


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot.running() as running:
        yield running


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    async with hospital.told() as record:
        yield record


async def test_out_and_back(tmp_path: Path, server: Dovecot, told: Told) -> None:
    document = Samples("daemon").document()
    async with submission() as (port, mailbox):
        tables: dict[str, dict[str, Any]] = {
            "hospital": {"listen": "127.0.0.1:0"},
            "ack": {"url": f"mllp://127.0.0.1:{told.port}"},
            "submission": {"host": "127.0.0.1", "port": port, "tls": "none", "auth": "none", "mailbox": "bal"},
        }
        house = living.build(tmp_path / "house", tables, [living.mailbox(server, BOX)])
        async with daemon.running(load(house.config), Silent(), InlineReaders) as life:
            sent = oru(
                [document],
                pid(cda.read(document, DEFAULT).header),
                number="1",
                flags=FLAGS,
                prt=RECIPIENT,
                processing="P",
            )
            (ack,) = await hand_over(life.hospital_port, sent)
            assert ack.code == "AA", ack.errors
            (first,) = await told.until(1)
            (content,) = [kept.content for kept in mailbox.kept]
            assert isinstance(content, bytes)
            message_id = str(parsed(content)["Message-ID"])
            assert (first.field("MSH", 9, component=2), first.field("OBX", 5)) == ("Z02", "Y")
            for one in (report("mdn", TREATED, message_id), report("delivery-status", LOST, message_id)):
                await asyncio.to_thread(server.put, BOX, one)
            news = await told.until(3)
    assert {(m.field("MSH", 9, component=2), m.field("OBX", 5)) for m in news[1:]} == {("Z03", "Y"), ("Z02", "N")}
    assert [m.field("ERR", 5) for m in news if m.field("OBX", 5) == "N"] == ["550"]
    assert all(MARC in m.named("OBX")[1].field(5, component=4) for m in news)
    server.deliver("medecin@test.mssante.fr", content)
    (stored,) = (file.read_bytes() for file in server.files("medecin@test.mssante.fr"))
    sent_back, copy = mail.read(stored).documents
    assert (sent_back.carrier, sent_back.problem, copy.ignored) == (Carrier.XDM, None, "copy"), (
        "as a mail server keeps it"
    )
    assert mail.extract(stored, sent_back.part) == document
