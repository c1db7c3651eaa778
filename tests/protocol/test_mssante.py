"""The hospital's own documents by MSSanté: from its record to the recipients' software, and what comes back."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select, update

from gateway.app.compose import open_house
from gateway.app.config import load
from gateway.delivery.submission import ACCEPTED, TRACKED, Server, Submission
from gateway.flow import decide, index, read, receive
from gateway.flow.breaker import Breakers
from gateway.flow.deliver import Deliverer
from gateway.flow.delivering.to_mssante import ToMssante
from gateway.flow.house import House
from gateway.flow.reading.originals import Originals
from gateway.flow.receive import Sighting
from gateway.formats import mail
from gateway.formats.clinical import cda
from gateway.formats.limits import DEFAULT
from gateway.ledger import deliveries, documents, outgoing
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Delivery, Document
from gateway.ledger.tables import job as table
from gateway.model import settings as model
from gateway.model.delivery import Answer
from gateway.model.documents import Action, Carrier
from gateway.model.identity import INS_OIDS, Ins, InsStatus
from gateway.model.orders import PLACE, Tidings, ZamEvent
from gateway.model.ports import Silent
from gateway.model.reasons import Ignored, Reason
from gateway.model.states import DeliveryState, DocumentState
from gateway.review.release import release
from tests import hospital, outside
from tests.crash.driver import InlineReaders
from tests.crash.house import build
from tests.protocol.test_receipt import Mailbox, submission
from tests.samples import IPP_OID, ZOE, Samples

BOX = "dpi.sortant@clinique.example.mssante.fr"
MARC, LINA = "marc.durand@liberal.exemple.mssante.fr", "lina.petit@liberal.exemple.mssante.fr"
PATIENT = "256089932695080@patient.mssante.fr"
SUBMISSION = model.Submission(host="127.0.0.1", tls="none", auth="none", mailbox="sortant", nil="NIL-1")
FLAGS = {
    "MASQUE_PS": "N",
    "INVISIBLE_PATIENT": "N",
    "INVISIBLE_REP_LEGAUX": "N",
    "CONNEXION_SECRETE": "N",
    "MODIF_CONF_CODE": "N",
    "DESTDMP": "N",
    "DESTMSSANTEPS": "Y",
    "DESTMSSANTEPAT": "N",
    "ACK_RECEPTION": "Y",
    "ACK_LECTURE_MSS": "Y",
}


def message(
    document: bytes, *recipients: str, reply: str = "", status: str = "F", words: str = "", **flags: str
) -> bytes:
    """An ORU^R01 of the record; ``flags`` change those of FLAGS."""
    control = {"F": "NW", "C": "RO", "D": "CA"}[status]
    number = base64.b32encode(document[-3:] + status.encode()).decode().strip("=") + str(len(document))
    header = (
        f"MSH|^~\\&|DPI|CLIN|GATEWAY|CLIN|20260603093000||ORU^R01^ORU_R01|{number}|P|2.5|||||FRA|UNICODE UTF-8|||"
        "2.1^CISIS_CDA_HL7_V2"
    )
    patient = (
        f"PID|||256089932695080^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS~00712345^^^X&{IPP_OID}&ISO^PI||"
        "CHAUVELIN^ZOE^ZOE ANNE^^^^L||19560819|F"
    )
    lines = [
        header,
        patient,
        "PV1||O",
        f"ORC|{control}",
        "OBR|1|||11488-4^CR^LN",
        f"OBX|1|ED|11488-4^CR^LN||^TEXT^XML^Base64^{base64.b64encode(document).decode()}||||||{status}",
        f"PRT|1|UC||SB^^participation|{'|' * 10}^^X.400^{MARC}",
    ]
    lines += [
        f"PRT||UC||RCT^^participation|8{len(address):011}^X^Y|{'|' * 8}|^^X.400^{address}" for address in recipients
    ]
    if reply:
        lines.append(f"PRT||UC||REPLY^^participation|{'|' * 10}^^X.400^{reply}")
    known = FLAGS | flags
    lines += [
        f"OBX|{n}|CE|{k}^{k}^MetaDMPMSS||{v}^^expandedYes-NoIndicator||||||F"
        for n, (k, v) in enumerate(known.items(), 2)
    ]
    if words:
        coded = base64.b64encode(words.encode()).decode()
        lines.append(f"OBX|20|ED|CORPSMAIL_PS^x^MetaDMPMSS||^TEXT^^Base64^{coded}||||||F")
    return ("\r".join(lines) + "\r").encode()


@asynccontextmanager
async def opened(folder: Path, submit: model.Submission | None = SUBMISSION) -> AsyncIterator[House]:
    built = build(folder, "")
    async with open_house(load(built.config), Silent(), InlineReaders) as house:
        box = model.Mailbox(name="sortant", address=BOX, host="127.0.0.1")
        values: dict[str, Any] = {"mailbox": (box,), "submission": submit, "ack": model.Ack(url="mllp://127.0.0.1:9")}
        house.settings = msgspec.structs.replace(house.settings, **values)
        yield house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path / "house") as one:
        yield one


def submitting(house: House, **changes: Any) -> None:
    submit = msgspec.structs.replace(SUBMISSION, **changes)
    house.settings = msgspec.structs.replace(house.settings, submission=submit)


async def take(house: House, raw: bytes, place: str = PLACE) -> int:
    """Take, read and decide a message or a mail; its arrival."""

    async def whole() -> AsyncIterator[bytes]:
        yield raw

    seen = await receive.take(house, Sighting(place, "x", f"{place}:{hash(raw)}", "sortant"), whole(), 1 << 24)
    await read.read(house, Originals(house.readers), await _in_hand(house, "read", seen.seq))
    await decide.decide(house, await _in_hand(house, "decide", seen.seq))
    return seen.seq


async def _in_hand(house: House, kind: str, subject: int) -> Job:
    def work(c: Connection) -> Job:
        row = c.execute(select(table).where(table.c.kind == kind, table.c.subject == subject)).one()
        held = {"token": house.lease.token, "lease_until": house.lease.until, "parked": None}
        c.execute(update(table).where(table.c.id == row.id).values(**held))
        return Job(row.id, kind, row.lane, subject, 0, house.lease.token)

    return await house.ledger.write("take", work)


async def documents_of(house: House, seq: int) -> list[Document]:
    return await house.ledger.read(lambda c: documents.of_arrival(c, seq))


async def sent_of(house: House, seq: int, name: str = "mssante") -> list[Delivery]:
    (found, *_) = await documents_of(house, seq)
    every = await house.ledger.read(lambda c: deliveries.of_document(c, found.id))
    return [one for one in every if one.destination == name]


async def told(house: House, seq: int) -> list[Tidings]:
    """What the record is to be told."""
    return [msgspec.json.decode(one.says, type=Tidings) for one in await sent_of(house, seq, "ack")]


async def deliver(house: House, seq: int, port: int) -> list[Delivery]:
    """Work each mail one step."""
    leg = ToMssante(
        house, Originals(house.readers), Submission(Server("127.0.0.1", port, "none"), Silent(), "mssante"), 0
    )
    machine = Deliverer(house, {"mssante": leg}, Breakers(house.settings.retry, house.chance))
    for one in await sent_of(house, seq):
        await machine.deliver(await _in_hand(house, "deliver", one.id))
    return await sent_of(house, seq)


def parsed(content: bytes | str | None) -> EmailMessage:
    assert isinstance(content, bytes)
    return email.message_from_bytes(content, policy=email.policy.default)


DOCUMENT = Samples("mssante").document()


async def test_a_document_leaves_to_professionals_and_to_the_patient(house: House) -> None:
    raw = message(
        DOCUMENT,
        MARC,
        LINA,
        reply="secretariat@clinique.example.mssante.fr",
        words="Cher confrère,\n\nvoici.",
        DESTMSSANTEPAT="Y",
    )
    seq = await take(house, raw)
    async with submission() as (port, mailbox):
        ended = await deliver(house, seq, port)
    assert [(one.state, one.code) for one in ended] == [(DeliveryState.DONE, ACCEPTED)] * 3
    assert [kept.rcpt_tos for kept in mailbox.kept] == [[MARC], [LINA], [PATIENT]]
    assert {kept.mail_from for kept in mailbox.kept} == {BOX}, "what becomes of it is reported there"
    assert mailbox.kept[0].content == mailbox.kept[1].content, "one mail to both"
    ours, patients = parsed(mailbox.kept[0].content), parsed(mailbox.kept[2].content)
    assert ours["To"] == f"{MARC}, {LINA}"
    assert ours["From"].addresses[0].addr_spec == BOX
    assert ours["From"].addresses[0].display_name == "CLINIQUE DES AJONCS"
    assert ours["Reply-To"] == "secretariat@clinique.example.mssante.fr"
    assert ours["Subject"] == "XDM/1.0/DDM+CR ou fiche de consultation ou de visite CHAUVELIN ZOE 19/08/1956"
    assert ours["Disposition-Notification-To"] == f"<{BOX}>"
    assert (ours["X-MSS-CODECDA"], ours["X-MSS-INS"], ours["X-MSS-NIL"]) == ("11488-4", "O", "NIL-1")
    assert ours["X-MSS-MES"] is None
    assert "Cher confrère" in str(next(ours.iter_parts()).get_content())
    assert patients["To"] == PATIENT
    assert "vous transmet ce document" in str(next(patients.iter_parts()).get_content())
    assert ours["Message-ID"] != patients["Message-ID"]
    names = [part.get_filename() for part in ours.iter_parts()]
    assert names == [None, "IHE_XDM.zip", "20260603_CR ou fiche de consultation ou de visite_CHAUVELIN_ZOE.pdf"]
    assert [(t.event, t.done, t.address) for t in await told(house, seq)] == [
        (ZamEvent.DELIVERED, True, address) for address in (MARC, LINA, PATIENT)
    ], "no server reports: what it took is all that will be known"


@pytest.mark.parametrize(("status", "action"), [("F", Action.CREATE), ("C", Action.REPLACE), ("D", Action.DELETE)])
async def test_what_we_send_another_gateway_files(house: House, tmp_path: Path, status: str, action: Action) -> None:
    """The very same CDA, with no remark: its archive is right to those who look."""
    samples = Samples("mssante")
    second = samples.document("second", version=2, parent="first")
    steps = {"F": [("F", DOCUMENT)], "C": [("F", DOCUMENT), ("C", second)], "D": [("F", DOCUMENT), ("D", DOCUMENT)]}[
        status
    ]
    async with submission() as (port, mailbox), opened(tmp_path / "other") as other:
        for step, document in steps:
            await deliver(house, await take(house, message(document, MARC, status=step)), port)
            content = mailbox.kept[-1].content
            assert isinstance(content, bytes)
            seq = await take(other, content, "imap")
        assert isinstance(content, bytes)
        reading = mail.read(content)
        sent, copy = reading.documents
        assert (sent.carrier, sent.problem, sent.detail, sent.action) == (Carrier.XDM, None, "", action)
        assert copy.ignored is Ignored.COPY
        assert mail.extract(content, sent.part) == document
        assert sent.metadata_claim is not None
        (filed, _) = await documents_of(other, seq)
        assert filed.ipp == ZOE.ipp, filed
        assert filed.state in (DocumentState.SETTLED, DocumentState.DECIDED)


@pytest.mark.parametrize(
    "name",
    [
        "DOC_NON_STRUCTURE_CDA-R2-N1.xml",
        "BIO-CR-BIO_2024.01_Electrophorese.xml",
        "BIO-CR-BIO_2021.01_Electrophorese.xml",
        "CARD-F-PRC-DCI_2022.01.xml",
        "LDL-SES_2022.01.xml",
    ],
)
async def test_the_french_examples_go_round(tmp_path: Path, name: str) -> None:
    """Level 1, level 3 with a PDF of itself and without: each filed as the same bytes, its PDF known for a copy."""
    document = outside.corpora("cda-fr", "ExemplesCDA", name).read_bytes()
    header = cda.read(document, DEFAULT).header
    ins = next(Ins(number, oid) for oid, number in header.patient_ids if oid in INS_OIDS)
    patient = replace(
        ZOE,
        ins=ins,
        birth_name=header.birth_name,
        used_name=header.used_name,
        given_names=header.given_names,
        first_given=header.first_given,
        birth_date=header.birth_date,
        sex=header.sex,
        birth_place=header.birth_place,
    )
    async with (
        opened(tmp_path / "house") as house,
        opened(tmp_path / "other") as other,
        submission() as (port, mailbox),
    ):
        for one in (house, other):
            one.settings = msgspec.structs.replace(
                one.settings, establishment=msgspec.structs.replace(one.settings.establishment, test=True)
            )
            await index_with(one, patient)
        sent = hospital.oru(
            [document], hospital.pid(header), number="1", flags={"DESTMSSANTEPS": "Y"}, prt=f"{RCT}{MARC}"
        )
        (ended,) = await deliver(house, await take(house, sent), port)
        assert (ended.state, ended.text) == (DeliveryState.DONE, "")
        content = mailbox.kept[0].content
        assert isinstance(content, bytes)
        first, copy = await documents_of(other, await take(other, content, "imap"))
    assert (first.ipp, first.unique_id) == (patient.ipp, header.unique_id)
    assert copy.ignored is Ignored.COPY
    reading = mail.read(content).documents[0]
    assert mail.extract(content, reading.part) == document
    assert reading.problem is None


RCT = f"PRT||UC||RCT^^participation|810^X^Y{'|' * 10}^^X.400^"


@dataclass
class Scripted:
    """A server that speaks DSN (RFC 3461), which keeps the commands that it heard."""

    heard: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        while line := await reader.readline():
            self.heard.append(line.decode().strip())
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
            writer.write(b"250-x\r\n250 DSN\r\n" if verb == b"EHLO" else b"250 ok\r\n")
        writer.close()


async def test_where_servers_report_their_word_is_waited_for(house: House) -> None:
    seq = await take(house, message(DOCUMENT, MARC))
    script = Scripted()
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    (done,) = await deliver(house, seq, server.sockets[0].getsockname()[1])
    server.close()
    assert (done.state, done.code) == (DeliveryState.DONE, TRACKED)
    assert await told(house, seq) == []
    said = " ".join(script.heard)
    row = await house.ledger.read(lambda c: outgoing.of_delivery(c, done.id))
    assert row is not None
    assert f"ENVID={row.message_id.strip('<>').split('@')[0]}" in said
    assert f"RCPT TO:<{MARC}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;{MARC}" in said
    alone = report("delivery-status", f"Original-Envelope-Id: {row.message_id[1:].split('@')[0]}\r\n\r\n{TAKEN}")
    await take(house, alone, "imap")
    assert [t.done for t in await told(house, seq)] == [True], "known by its envelope alone"


TAKEN = f"Final-Recipient: rfc822; {MARC}\r\nAction: delivered\r\nStatus: 2.0.0\r\n"
LOST = f"Final-Recipient: rfc822; {MARC}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 nobody\r\n"
READ = f"Final-Recipient: rfc822; {MARC}\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"
TREATED = f"Final-Recipient: rfc822;{MARC}\r\nDisposition: automatic-action/MDN-sent-automatically; processed\r\n"
UNKNOWN_PATIENT = TREATED.replace("processed", "processed/error") + "Error: 902^Patient inconnu^x| E^Error^y\r\n"


def report(kind: str, content: str, message_id: str = "", sender: str = "", path: str = "") -> bytes:
    sender = sender or ("mailer-daemon@operateur.mssante.fr" if kind == "delivery-status" else MARC)
    named = "disposition-notification" if kind != "delivery-status" else kind
    return (
        f"Return-Path: <{path}>\r\nFrom: <{sender}>\r\nTo: <{BOX}>\r\nSubject: rapport\r\nMIME-Version: 1.0\r\n"
        f"Message-ID: <{abs(hash((kind, content, message_id, sender)))}@x>\r\n"
        f'Content-Type: multipart/report; report-type={named}; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\nrapport\r\n"
        f"--b\r\nContent-Type: message/{named}\r\n\r\n{content}\r\n--b\r\n"
        f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n\r\n--b--\r\n"
    ).encode()


async def posted(house: House, **flags: str) -> tuple[int, str]:
    """A document that has left to MARC where nobody reports: its arrival, and its Message-ID."""
    seq = await take(house, message(DOCUMENT, MARC, **flags))
    (one,) = await sent_of(house, seq)
    row = await house.ledger.read(lambda c: outgoing.of_delivery(c, one.id))
    assert row is not None
    return seq, row.message_id


@pytest.mark.parametrize(
    ("kind", "content", "news"),
    [
        ("delivery-status", TAKEN, (ZamEvent.DELIVERED, True, "", "")),
        ("delivery-status", LOST, (ZamEvent.DELIVERED, False, "550", "Boîte inexistante")),
        ("delivery-status", LOST.replace("failed", "delayed"), None),
        ("mdn", READ, (ZamEvent.READ, True, "", "")),
        ("mdn", TREATED, (ZamEvent.READ, True, "", "")),
        ("mdn", UNKNOWN_PATIENT, (ZamEvent.READ, False, "902", "Patient inconnu")),
    ],
)
async def test_what_comes_back_is_told_once(
    house: House, kind: str, content: str, news: tuple[ZamEvent, bool, str, str] | None
) -> None:
    seq, message_id = await posted(house)
    for again in ("", "\r\n"):
        came = await take(house, report(kind, content + again, message_id), "imap")
        (found,) = await documents_of(house, came)
        assert found.ignored is Ignored.REPORT, "a report stays a report"
    known = await told(house, seq)
    assert [(t.event, t.done, t.code, t.label) for t in known] == ([news] if news else [])
    assert {(t.address, t.party_id) for t in known} <= {(MARC, f"8{len(MARC):011}")}
    wrong = news is not None and not news[1]
    reasons = await house.ledger.read(lambda c: [one.reason for one in documents.open_entries(c)])
    assert reasons == ([Reason.MSSANTE_REFUSED] if wrong else [])


@pytest.mark.parametrize(
    "changes",
    [
        {"content": READ, "sender": LINA},
        {"content": READ.replace(MARC, LINA), "sender": LINA},
        {"content": READ, "message_id": "<doc.0@clinique.example.mssante.fr>"},
        {"kind": "delivery-status", "content": LOST.replace(MARC, LINA)},
        {"kind": "delivery-status", "content": LOST, "message_id": ""},
    ],
)
async def test_reports_that_are_not_of_our_mail_change_nothing(house: House, changes: dict[str, str]) -> None:
    seq, message_id = await posted(house)
    given: dict[str, str] = {"kind": "mdn", "message_id": message_id, **changes}
    await take(house, report(**given), "imap")
    assert await told(house, seq) == []
    assert await house.ledger.read(lambda c: list(documents.open_entries(c))) == []


async def test_one_recipient_does_not_speak_for_another(house: House) -> None:
    seq = await take(house, message(DOCUMENT, MARC, LINA))
    first = (await sent_of(house, seq))[0].id
    row = await house.ledger.read(lambda c: outgoing.of_delivery(c, first))
    assert row is not None
    for kind, content in (("delivery-status", LOST), ("mdn", READ)):
        await take(house, report(kind, content, row.message_id, sender=LINA), "imap")
    assert await told(house, seq) == []
    await take(house, report("delivery-status", LOST, row.message_id), "imap")
    assert [(t.done, t.address) for t in await told(house, seq)] == [(False, MARC)]


async def test_a_record_that_asked_for_nothing_is_told_nothing(house: House) -> None:
    seq, message_id = await posted(house, ACK_RECEPTION="N", ACK_LECTURE_MSS="N")
    for kind, content in (("delivery-status", LOST), ("mdn", READ)):
        await take(house, report(kind, content, message_id), "imap")
    assert await told(house, seq) == []
    assert len(await house.ledger.read(lambda c: list(documents.open_entries(c)))) == 1, "a person is, of what failed"


async def refused(house: House, *recipients: str, document: bytes = DOCUMENT, **flags: str) -> Delivery:
    """What cannot leave: the record and a person are told."""
    seq = await take(house, message(document, *recipients, **flags))
    async with submission() as (port, mailbox):
        (one,) = await deliver(house, seq, port)
    assert mailbox.kept == []
    assert one.state is DeliveryState.REFUSED
    (news,) = await told(house, seq)
    assert (news.event, news.done, news.code) == (ZamEvent.DELIVERED, False, one.code)
    (entry,) = await house.ledger.read(lambda c: list(documents.open_entries(c)))
    assert (entry.reason, entry.destination) == (Reason.MSSANTE_REFUSED, "mssante")
    return one


async def test_only_mssante_addresses_are_written_to(house: House) -> None:
    assert (await refused(house, "marc@example.com")).code == "513"


async def test_only_the_patients_own_address_is_written_to(house: House) -> None:
    stranger = "158075612345629@patient.mssante.fr"
    one = await refused(house, stranger, DESTMSSANTEPS="N", DESTMSSANTEPAT="Y")
    assert one.code == "510"


async def test_an_ins_that_is_not_qualified_does_not_leave(house: House) -> None:
    await index_with(house, replace(ZOE, ins_status=InsStatus.RECUPEREE))
    assert "INS" in (await refused(house, MARC)).text


async def index_with(house: House, patient: Any) -> None:
    await house.ledger.write("index", lambda c: index.put_all(c, [patient], 5e9))


async def test_what_is_too_large_does_not_leave(house: House) -> None:
    submitting(house, max_size=2_000)
    assert (await refused(house, MARC)).code == "523"


async def test_the_printed_matrix_can_be_asked_for(house: House) -> None:
    submitting(house, flags="strict")
    assert "DESTMSSANTEPAT" in (await refused(house, MARC)).text


async def test_without_a_mailbox_to_send_from_it_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path / "house", None) as house:
        seq = await take(house, message(DOCUMENT, MARC))
        (one,) = await sent_of(house, seq)
        assert (one.state, one.reason) == (DeliveryState.NOT_APPLICABLE, "not-configured")
        assert [t.done for t in await told(house, seq)] == [False]
        assert len(await house.ledger.read(lambda c: list(documents.open_entries(c)))) == 1


async def test_one_who_cannot_be_reached_keeps_nobody_waiting(house: House) -> None:
    class Picky(Mailbox):
        async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
            self.answers = {"RCPT": "550 5.1.1 nobody"} if address == MARC else {}
            return await super().handle_RCPT(server, session, envelope, address, options)

    seq = await take(house, message(DOCUMENT, MARC, LINA))
    async with submission(Picky()) as (port, mailbox):
        first, second = await deliver(house, seq, port)
    assert [(first.state, first.code), (second.state, second.code)] == [
        (DeliveryState.REFUSED, "550"),
        (DeliveryState.DONE, ACCEPTED),
    ]
    assert [kept.rcpt_tos for kept in mailbox.kept] == [[LINA]]
    assert [(t.done, t.code) for t in await told(house, seq)] == [(False, "550"), (True, "")]


async def test_an_address_that_may_not_be_written_spoils_the_mail_for_nobody(house: House) -> None:
    odd = 'o"dd@liberal.exemple.mssante.fr'
    seq = await take(house, message(DOCUMENT, odd, "marc@example.com", LINA))
    async with submission() as (port, mailbox):
        ended = await deliver(house, seq, port)
    assert [one.code for one in ended] == ["510", "513", ACCEPTED]
    assert [kept.rcpt_tos for kept in mailbox.kept] == [[LINA]]
    assert parsed(mailbox.kept[0].content)["To"] == LINA
    assert [(t.done, t.code, t.address) for t in await told(house, seq)] == [
        (False, "510", odd),
        (False, "513", "marc@example.com"),
        (True, "", LINA),
    ]


async def test_a_person_has_all_that_failed_sent_again(house: House) -> None:
    seq = await take(house, message(DOCUMENT, "a@example.com", "b@example.com"))
    async with submission() as (port, mailbox):
        assert {one.state for one in await deliver(house, seq, port)} == {DeliveryState.REFUSED}
        (entry,) = await house.ledger.read(documents.open_entries)
        house.settings = msgspec.structs.replace(
            house.settings, senders=model.Senders(trusted_domains=("example.com",))
        )
        await house.ledger.write("release", lambda c: release(c, house, entry.id, "C. Martin"))
        assert {one.state for one in await deliver(house, seq, port)} == {DeliveryState.DONE}
    assert [kept.rcpt_tos for kept in mailbox.kept] == [["a@example.com"], ["b@example.com"]]


async def test_a_lost_answer_sends_the_very_same_mail(house: House) -> None:
    seq = await take(house, message(DOCUMENT, MARC))
    (one,) = await sent_of(house, seq)
    leg = ToMssante(house, Originals(house.readers), Submission(Server("127.0.0.1", 1, "none"), Silent()), 0)
    go = await leg.ready(one)
    assert go == await leg.ready(one)
    assert (await leg.destination.look_up(go.payload)).answer is Answer.RETRY_LATER  # type: ignore[union-attr]
