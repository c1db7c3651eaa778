"""Delivery by MLLP, judged by the referee of the record: no violation, and the right outcome under every fault."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import socket
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.dpi.mllp import Mllp, Peer, prepare
from gateway.formats import mail
from gateway.formats.clinical import cda as reader
from gateway.formats.limits import Limits
from gateway.model.delivery import Answer, Outcome
from gateway.model.documents import Action, Carrier, Envelope, Visibility
from gateway.model.ports import Silent
from gateway.protocols import cda, hl7_ack, hl7v2
from gateway.protocols.cda_transform import Completion, transform
from gateway.protocols.handover import Handover, Parties, Recipient
from gateway.protocols.mllp import Deframer, frame
from tests import outside, pki
from tests.protocol import referees
from tests.protocol.referees import Referee
from tests.unit.protocols.people import ESTABLISHMENT, PATIENT, SENDER, UNQUALIFIED, wrap_request

OURS = {
    "ipp": PATIENT.ipp,
    "ins": PATIENT.ins.number if PATIENT.ins else "",
    "oid": PATIENT.ins.oid if PATIENT.ins else "",
    "birth_name": PATIENT.birth_name,
    "first_names": PATIENT.given_names,
    "birth_date": PATIENT.birth_date,
    "sex": PATIENT.sex,
    "birth_place": PATIENT.birth_place,
}
ENVELOPE = Envelope("<m1@example.mssante.fr>", "CR d'été ^ & | ~ \\ <2>", SENDER.address, body="Cher confrère,\r\n…")


@pytest.fixture(scope="module")
def referee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Referee]:
    options = ("--ipp-oid", ESTABLISHMENT.ipp_oid)
    with referees.dpi(tmp_path_factory.mktemp("dpi"), [OURS], options) as running:
        yield running


@asynccontextmanager
async def record(port: int, **changes: Any) -> AsyncIterator[Mllp]:
    destination = Mllp(Peer("127.0.0.1", port, **{"timeout": 20, **changes}), Silent())
    try:
        yield destination
    finally:
        await destination.close()


def request(name: str, **changes: Any) -> Handover:
    """The delivery of a wrapped PDF; ``wrap`` are changes to what is wrapped."""
    wrap = {"id": f"1.2.250.1.999.7.2.{name}", "set_id": f"1.2.250.1.999.7.3.{name}", **changes.pop("wrap", {})}
    document, header = cda.build(wrap_request(**wrap))
    values = {
        "control_id": f"c-{header.id_root}",
        "time": "20260105101112+0100",
        "parties": Parties("GATEWAY", "CLINIQUE", "DPI", "CLINIQUE"),
        "action": Action.CREATE,
        "header": header,
        "document": document,
        "envelope": ENVELOPE,
        "sender": SENDER,
        "recipients": (Recipient("urologie@hopital.example.mssante.fr", "Service d'urologie", "3435", "120456789"),),
        "visibility": Visibility(),
        "modified_confidentiality": False,
    }
    return Handover(**{**values, **changes})


def judged(referee: Referee, control_id: str) -> dict[str, Any]:
    """The last line of the journal about a message."""
    return next(e for e in reversed(referee.journal()) if e.get("controlId") == control_id)


async def test_a_wrapped_pdf_is_taken_without_violation_nor_warning(referee: Referee) -> None:
    async with record(referee.port) as dpi:
        assert await dpi.send(prepare(request("1"))) == Outcome(Answer.DONE, code="AA")
    entry = judged(referee, "c-1.2.250.1.999.7.2.1")
    assert (entry["violations"], entry["warnings"], entry["committed"]) == ([], [], True)


async def test_a_patient_without_qualified_ins_is_designated_by_his_ipp(referee: Referee) -> None:
    elsewhere = "1.2.250.1.999.8"
    document = {"patient": UNQUALIFIED, "ipp_oid": elsewhere}
    async with record(referee.port) as dpi:
        refused = await dpi.send(prepare(request("2", wrap=document)))
        assert (refused.answer, refused.code) == (Answer.REFUSED, "903")
        ours = request("3", wrap=document, ipp=PATIENT.ipp, ipp_oid=ESTABLISHMENT.ipp_oid)
        assert (await dpi.send(prepare(ours))).answer is Answer.DONE
    assert judged(referee, ours.control_id)["violations"] == []


async def test_replacement_then_deletion(referee: Referee) -> None:
    common = {"set_id": "1.2.250.1.999.7.3.40"}
    first = request("41", wrap=common)
    second = request(
        "42",
        wrap={**common, "version": 2, "parent": first.header.unique_id},
        action=Action.REPLACE,
        visibility=Visibility(invisible_to_patient=True),
        modified_confidentiality=True,
    )
    third = replace(second, control_id="c-43", action=Action.DELETE, modified_confidentiality=False)
    async with record(referee.port) as dpi:
        for message in (first, second, third):
            assert await dpi.send(prepare(message)) == Outcome(Answer.DONE, code="AA"), message.action
            assert judged(referee, message.control_id)["violations"] == []
    assert judged(referee, second.control_id)["event"] == "T10"
    assert judged(referee, second.control_id)["warnings"] == []
    assert judged(referee, "c-43")["event"] == "T04"


async def test_a_completed_document_meets_every_check_on_the_header(referee: Referee) -> None:
    elsewhere = {"patient": UNQUALIFIED, "ipp_oid": "1.2.250.1.999.8", "set_id": "1.2.250.1.999.7.3.30"}
    plain, _ = cda.build(wrap_request(id="1.2.250.1.999.7.2.30", **elsewhere))
    original = plain.replace(b'<id root="1.2.250.1.999.7.2.30">', b'<id root="1.2.250.1.999.7.2.30" extension="7">')
    before = reader.read(original, Limits()).header
    document, header = transform(original, Completion(before, "1.2.250.1.999.7.9.30", PATIENT))
    async with record(referee.port) as dpi:
        await dpi.send(prepare(request("0", control_id="c-before", document=original, header=before)))
        sent = request("0", control_id="c-after", document=document, header=header)
        assert (await dpi.send(prepare(sent))).answer is Answer.DONE
    assert {w["id"] for w in judged(referee, "c-before")["warnings"]} == {"C06", "C14"}
    assert judged(referee, "c-after")["warnings"] == []


async def test_the_same_frame_again_has_one_effect(referee: Referee) -> None:
    frozen = prepare(request("50"))
    async with record(referee.port) as dpi:
        referee.arm("ack_lost")
        assert (await dpi.send(frozen)).answer is Answer.UNKNOWN
        assert (await dpi.look_up(frozen)).answer is Answer.RETRY_LATER
        assert (await dpi.send(frozen)).answer is Answer.DONE
    entries = [e for e in referee.journal() if e.get("controlId") == frozen.key]
    assert [e["committed"] for e in entries] == [True, False]


@pytest.mark.parametrize(
    ("kind", "parameters", "answer", "code"),
    [
        ("ae", {"code": "902"}, Answer.REFUSED, "902"),
        ("ae", {"code": "906"}, Answer.REFUSED, "906"),
        ("ae", {"code": "101"}, Answer.REFUSED, "101"),
        ("ar", {}, Answer.RETRY_LATER, "AR"),
        ("hang", {"seconds": 3}, Answer.UNKNOWN, "timeout"),
        ("reset", {}, Answer.UNKNOWN, "reset"),
        ("ack_lost", {}, Answer.UNKNOWN, "reset"),
        ("ack_lost", {"reset": True}, Answer.UNKNOWN, "reset"),
        ("garbage_ack", {}, Answer.UNKNOWN, "ack"),
        ("garbage_ack", {"text": "MSH|^~\\&|"}, Answer.UNKNOWN, "ack"),
        ("wrong_msa_id", {}, Answer.UNKNOWN, "ack"),
        ("slow", {"bytesPerSecond": 2000}, Answer.DONE, "AA"),
    ],
)
async def test_every_fault_gives_its_outcome(
    referee: Referee, kind: str, parameters: dict[str, Any], answer: Answer, code: str
) -> None:
    frozen = prepare(request(f"6{int.from_bytes(hashlib.md5(f'{kind}{parameters}'.encode()).digest()[:4])}"))
    referee.arm(kind, **parameters)
    async with record(referee.port, timeout=1.5 if kind == "hang" else 20) as dpi:
        outcome = await dpi.send(frozen)
        assert (outcome.answer, outcome.code) == (answer, code)
        assert outcome.text or answer is Answer.DONE
        assert (await dpi.send(frozen)).answer is Answer.DONE


async def test_nobody_listens() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with record(port) as dpi:
        outcome = await dpi.send(prepare(request("70")))
    assert (outcome.answer, outcome.down) == (Answer.RETRY_LATER, True)


class Scripted:
    """A record of a few lines: answers AA ``good`` times on each connection, then closes it."""

    def __init__(self, good: int = 1) -> None:
        self.good = good
        self.messages: list[bytes] = []
        self.connections = 0
        self.closed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        deframer, left = Deframer(), self.good
        while left and (data := await reader.read(65536)):
            for message in deframer.feed(data):
                self.messages.append(message)
                answer = hl7_ack.build_ack(hl7v2.parse(message), "AA", control_id="a", time="2026")
                writer.writelines(frame(answer))
                left -= 1
        writer.close()
        await writer.wait_closed()
        self.closed.set()


@asynccontextmanager
async def scripted(script: Scripted, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_connection_closed_meanwhile_is_no_doubt() -> None:
    script = Scripted(good=1)
    async with scripted(script) as port, record(port, connections=1) as dpi:
        for number in range(5):
            assert (await dpi.send(prepare(request(f"8{number}")))).answer is Answer.DONE
            await script.closed.wait()
            script.closed.clear()
    assert len(script.messages) == script.connections == 5


async def test_connections_are_kept_and_counted() -> None:
    script = Scripted(good=100)
    async with scripted(script) as port, record(port, connections=2) as dpi:
        sent = await asyncio.gather(*(dpi.send(prepare(request(f"9{number}"))) for number in range(8)))
    assert {outcome.answer for outcome in sent} == {Answer.DONE}
    assert script.connections == 2
    assert len(set(script.messages)) == 8


async def test_a_large_document_arrives_whole() -> None:
    script = Scripted(good=1)
    frozen = prepare(request("98", wrap={"body": b"%PDF-1.4" + bytes(20_000_000)}))
    async with scripted(script) as port, record(port) as dpi:
        assert (await dpi.send(frozen)).answer is Answer.DONE
    assert script.messages == [frozen.body]


async def test_a_pdf_of_20_mb_is_taken_by_the_record(referee: Referee) -> None:
    large = request("97", wrap={"body": b"%PDF-1.4" + bytes(20_000_000)})
    async with record(referee.port, timeout=60) as dpi:
        assert (await dpi.send(prepare(large))).answer is Answer.DONE
    entry = judged(referee, large.control_id)
    assert (entry["violations"], entry["documentBytes"]) == ([], len(large.document))


def test_a_large_message_is_held_once() -> None:
    large = request("96", wrap={"body": b"%PDF-1.4" + bytes(50_000_000)})
    tracemalloc.start()
    frozen = prepare(large)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(frozen.body) > 4 * len(large.document) // 3
    assert peak < 1.3 * len(frozen.body)


class Answering:
    """A record that answers each message with these pieces, one write each."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        deframer = Deframer()
        while data := await reader.read(1 << 20):
            for _ in deframer.feed(data):
                for piece in self.pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.001)
        writer.close()


def acknowledged(code: str, control_id: str = "c-1.2.250.1.999.7.2.95", charset: str = "UNICODE UTF-8") -> bytes:
    errors = "ERR|||207|E|902^Patient ignoré^x\r" if code == "AE" else ""
    text = f"MSH|^~\\&|DPI|H|G|H|2026||ACK^T02^ACK|1|P|2.6|||||FRA|{charset}\rMSA|{code}|{control_id}\r{errors}"
    return b"\x0b" + text.encode("iso-8859-15" if charset == "8859/15" else "utf-8") + b"\x1c\r"


@pytest.mark.parametrize(
    ("pieces", "enough", "answer", "code"),
    [
        ([acknowledged("AA")[n : n + 1] for n in range(len(acknowledged("AA")))], False, Answer.DONE, "AA"),
        ([acknowledged("AE", charset="8859/15")], False, Answer.REFUSED, "902"),
        ([acknowledged("CA"), acknowledged("AA")], False, Answer.DONE, "AA"),
        ([acknowledged("CA") + acknowledged("AE")], False, Answer.REFUSED, "902"),
        ([acknowledged("CA"), acknowledged("CA")], False, Answer.UNKNOWN, "CA"),
        ([acknowledged("CA")], False, Answer.UNKNOWN, "CA"),
        ([acknowledged("CA")], True, Answer.DONE, "CA"),
        ([acknowledged("CA", "other")], True, Answer.UNKNOWN, "ack"),
        ([acknowledged("CE")], False, Answer.REFUSED, "CE"),
        ([acknowledged("CR")], False, Answer.RETRY_LATER, "CR"),
        ([b"\x0b" + bytes(1_200_000)], False, Answer.UNKNOWN, "ack"),
    ],
)
async def test_answers_as_they_come(pieces: list[bytes], enough: bool, answer: Answer, code: str) -> None:
    server = await asyncio.start_server(Answering(*pieces).serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    timeout = 0.5 if (answer, code) == (Answer.UNKNOWN, "CA") else 20
    async with server, record(port, timeout=timeout, commit_is_enough=enough) as dpi:
        outcome = await dpi.send(prepare(request("95")))
    assert (outcome.answer, outcome.code) == (answer, code)


async def test_what_follows_a_commit_is_not_taken_for_another_message() -> None:
    engine = Answering(acknowledged("CA"), acknowledged("AA"))
    server = await asyncio.start_server(engine.serve, "127.0.0.1", 0)
    async with server, record(server.sockets[0].getsockname()[1], commit_is_enough=True, connections=1) as dpi:
        for _ in range(3):
            assert (await dpi.send(prepare(request("95")))).code == "CA"
    assert engine.connections == 3


class Reluctant:
    """A peer that takes each piece after a while, and answers once it has the whole frame."""

    def __init__(self, pause: float) -> None:
        self.reader, self.transport, self.pause = asyncio.StreamReader(), self, pause
        self.taken, self.spent = 0, 0.0

    def write(self, piece: bytes) -> None:
        self.taken += len(piece)
        if bytes(piece[-2:]) == b"\x1c\r":
            self.reader.feed_data(acknowledged("AA"))

    async def drain(self) -> None:
        await asyncio.sleep(self.pause if self.taken > 1 else 0)
        self.spent += self.pause

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        pass


@pytest.mark.parametrize(("pause", "answer"), [(0.02, Answer.DONE), (5, Answer.UNKNOWN)])
async def test_a_slow_record_is_waited_for_as_long_as_it_takes_something(
    monkeypatch: pytest.MonkeyPatch, pause: float, answer: Answer
) -> None:
    peer = Reluctant(pause)

    async def connect(*_: Any, **__: Any) -> tuple[asyncio.StreamReader, Reluctant]:
        return peer.reader, peer

    monkeypatch.setattr(asyncio, "open_connection", connect)
    large = request("95", wrap={"body": b"%PDF-1.4" + bytes(5_000_000)})
    async with record(0, timeout=0.4) as dpi:
        assert (await dpi.send(prepare(large))).answer is answer
    assert peer.spent > 0.4 or answer is Answer.UNKNOWN


async def test_in_latin_9_the_record_finds_nothing_to_say(referee: Referee) -> None:
    envelope = replace(ENVELOPE, subject="CR d\u2019\u0153uf \U0001f642 ^ & |", body="3 \u20ac \u2013 merci")
    message = request("94", charset="8859/15", envelope=envelope)
    async with record(referee.port) as dpi:
        assert (await dpi.send(prepare(message))).answer is Answer.DONE
    entry = judged(referee, message.control_id)
    assert (entry["violations"], entry["warnings"]) == ([], [])


async def test_one_mail_to_two_services_and_every_kind_of_sender(referee: Referee) -> None:
    services = (
        Recipient("urologie@hopital.example.mssante.fr", "Service d'urologie", "3435", "120456789"),
        Recipient("chirurgie@hopital.example.mssante.fr", "Chirurgie ^ & co"),
        Recipient("dr.durand@hopital.example.mssante.fr", owner=SENDER),
    )
    senders = (
        replace(SENDER, rpps="", adeli="759312345"),
        replace(SENDER, rpps=""),
        replace(SENDER, kind="ORG", rpps="", name="Secrétariat", given=""),
        replace(SENDER, kind="APP", rpps="", name="Plateforme", given="", structure_id=""),
        None,
    )
    envelope = replace(ENVELOPE, reply_to="secretariat@example.mssante.fr")
    async with record(referee.port) as dpi:
        for number, sender in enumerate(senders):
            message = request(f"93.{number}", sender=sender, recipients=services, envelope=envelope)
            assert (await dpi.send(prepare(message))).answer is Answer.DONE
            entry = judged(referee, message.control_id)
            assert (entry["violations"], entry["warnings"]) == ([], [])


async def test_an_untrusted_record_stops_everything(tmp_path: Path) -> None:
    keys = pki.make(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(keys.cert("server"), keys.key("server"))
    async with scripted(Scripted(), server) as port:
        async with record(port, tls=ssl.create_default_context()) as dpi:
            outcome = await dpi.send(prepare(request("99")))
        assert (outcome.answer, outcome.stop) == (Answer.RETRY_LATER, True)
        async with record(port, tls=keys.client_context()) as dpi:
            assert (await dpi.send(prepare(request("99")))).answer is Answer.DONE


async def test_a_record_that_refuses_our_certificate_stops_everything(tmp_path: Path) -> None:
    keys = pki.make(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(keys.cert("server"), keys.key("server"))
    server.load_verify_locations(keys.ca)
    server.verify_mode = ssl.CERT_REQUIRED
    bare = ssl.create_default_context(cafile=str(keys.ca))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing = asyncio.create_task(asyncio.to_thread(_refuse_one, listener, server))
        async with record(listener.getsockname()[1], tls=bare) as dpi:
            outcome = await dpi.send(prepare(request("99")))
        await refusing
    assert (outcome.answer, outcome.stop) == (Answer.RETRY_LATER, True)


def _refuse_one(listener: socket.socket, context: ssl.SSLContext) -> None:
    """One handshake that ends with the alert read by the peer; asyncio's own server would drop it."""
    connection, _ = listener.accept()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    with connection:
        while not outgoing.eof:
            incoming.write(connection.recv(65536))
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
            except ssl.SSLError:
                connection.sendall(outgoing.read())
                outgoing.write_eof()
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(20)
        while connection.recv(65536):  # closing on what was not read would take the alert back
            pass
        while connection.recv(65536):
            pass


def _received() -> Iterator[tuple[str, bytes, Envelope, Visibility]]:
    """Each first CDA of a conforming mail that creates a document of a patient of the index."""
    seen = set()
    for file in sorted(outside.corpora("mails", "mails").glob("*xdm-n*.eml")):
        raw = file.read_bytes()
        reading = mail.read(raw)
        for document in reading.documents:
            fresh = document.unique_id not in seen and document.action is Action.CREATE
            if document.header and fresh and document.carrier is Carrier.XDM and not document.problem:
                seen.add(document.unique_id)
                yield file.name, mail.extract(raw, document.part), reading.envelope, document.visibility


async def test_received_documents_are_taken_as_they_are(tmp_path: Path) -> None:
    known = list(csv.DictReader(outside.corpora("mails", "referee-patients.csv").open(encoding="utf-8-sig")))
    received = list(_received())[:40]
    assert received
    with referees.dpi(tmp_path, known) as referee:
        async with record(referee.port) as dpi:
            for number, (name, document, envelope, visibility) in enumerate(received):
                message = request(
                    "1",
                    control_id=f"r-{number}",
                    document=document,
                    header=reader.read(document, Limits()).header,
                    envelope=envelope,
                    visibility=visibility,
                    sender=None,
                )
                outcome = await dpi.send(prepare(message))
                entry = judged(referee, f"r-{number}")
                identity = [v for v in entry["violations"] if not v["id"].startswith("F90")]
                assert identity == [], (name, identity)
                assert outcome.answer is Answer.DONE or entry["violations"], name


async def test_the_french_examples_break_no_rule_of_the_message(tmp_path: Path) -> None:
    with referees.dpi(tmp_path, [OURS]) as referee:
        async with record(referee.port) as dpi:
            for number, file in enumerate(sorted(outside.corpora("cda-fr").rglob("*.xml"))):
                document = file.read_bytes()
                header = reader.read(document, Limits()).header
                message = request("1", control_id=f"e-{number}", document=document, header=header)
                await dpi.send(prepare(message))
                found = judged(referee, f"e-{number}")["violations"]
                ours = [v for v in found if not v["id"].startswith(("F90", "C"))]
                assert ours == [], (file.name, ours)
