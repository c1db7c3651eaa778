"""The gateway as configured for a record: which message, in which characters, for which services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.protocols import hl7_ack, hl7v2
from gateway.protocols.hl7v2 import Message
from gateway.protocols.mllp import Deframer, frame
from tests.protocol import living
from tests.protocol.living import Living
from tests.protocol.test_sandbox import sandbox
from tests.samples import REFEREE_ROW, SENDER, ZOE, Samples, write

BOX = {"host": "localhost", "tls": "none", "user": "u"}


class Keeping:
    """A record that takes everything and remembers it."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        deframer = Deframer()
        while data := await reader.read(65536):
            for one in deframer.feed(data):
                self.taken.append(hl7v2.parse(one))
                writer.writelines(frame(hl7_ack.build_ack(self.taken[-1], "AA", control_id="a", time="2026")))
        writer.close()


@asynccontextmanager
async def house(folder: Path, **dpi: Any) -> AsyncIterator[tuple[Living, Keeping]]:
    record = Keeping()
    server = await asyncio.start_server(record.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        secret = _password(folder)
        boxes = [
            {"name": name, "address": f"{name}@hopital.exemple.mssante.fr", "password_file": secret, **BOX, **more}
            for name, more in {
                "urologie": {"service": "Urologie", "service_code": "3435"},
                "chirurgie": {"service": "Chirurgie"},
            }.items()
        ]
        yield living.build(folder, {"dpi": living.to_dpi(port, **dpi)}, boxes), record


async def test_the_sandbox_takes_an_oru_as_it_takes_an_mdm(tmp_path: Path) -> None:
    samples = Samples("s")
    known = tmp_path / "patients.csv"
    known.write_text(f"ipp,ins,dmp_state\n{ZOE.ipp},{REFEREE_ROW['ins']},active\n")
    with sandbox("dpi", "--state", tmp_path / "record", "--patients", known) as port:
        home = living.build(tmp_path / "house", {"dpi": living.to_dpi(port, message="oru")})
        for mail in (samples.new(), samples.replacement(), samples.deletion()):
            await ingest(home, mail)
    assert [line["dpi"] for line in home.results() if line["unique_id"]] == ["delivered"] * 3
    held = sorted(path.name for path in (tmp_path / "record" / ZOE.ipp).iterdir())
    assert held == sorted([f"{samples.oid('first')}.remplace", f"{samples.oid('second')}.supprime"])


async def ingest(home: Living, mail: bytes) -> None:
    (path,) = write(home.folder / "mails", {"one": mail})
    await asyncio.to_thread(home.call, "ingest", "--wait", "--timeout", "50", str(path))


async def test_by_default_an_mdm_in_utf_8_for_each_service(tmp_path: Path) -> None:
    to = b"To: urologie@hopital.exemple.mssante.fr, x@ailleurs.mssante.fr\r\nCc: Chirurgie@hopital.exemple.mssante.fr"
    mail = _addressed(Samples("m").new(), to)
    async with house(tmp_path / "house") as (home, record):
        await ingest(home, mail)
    (found,) = record.taken
    assert [found.field("MSH", n) for n in (9, 12, 18)] == ["MDM", "2.6", "UNICODE UTF-8"]
    assert [p.field(15, component=4) for p in found.named("PRT") if p.field(4) == "RCT"] == [
        *("urologie@hopital.exemple.mssante.fr", "chirurgie@hopital.exemple.mssante.fr"),
    ]
    sender = found.named("PRT")[0]
    assert (sender.field(5), sender.field(15, component=4)) == (f"8{SENDER.rpps}", SENDER.address)


async def test_an_oru_in_latin_9_when_the_record_asks_for_it(tmp_path: Path) -> None:
    async with house(tmp_path / "house", message="oru", charset="8859/15", sending_facility="CHU^1.2.9^ISO") as (
        home,
        record,
    ):
        await ingest(home, Samples("o").letter())
    (found,) = record.taken
    assert [found.field("MSH", n) for n in (9, 12, 18)] == ["ORU", "2.5", "8859/15"]
    assert found.first("MSH").raw(4) == "CHU^1.2.9^ISO"
    assert [line["dpi"] for line in home.results()] == ["delivered"]


def _password(folder: Path) -> Path:
    secret = folder / "password"
    folder.mkdir(exist_ok=True)
    secret.write_text("x")
    secret.chmod(0o600)
    return secret


def _addressed(mail: bytes, to: bytes) -> bytes:
    head, blank, body = mail.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"to:")]
    return b"\r\n".join([*lines, to]) + blank + body
