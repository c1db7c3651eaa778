"""Receipts from the ledger to a submission server: what is said, over which wire, and under every fault."""

# ruff: noqa: ARG002, N802 - the signatures of aiosmtpd and of our ports
from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from sqlalchemy import Connection, select

from gateway.delivery.submission import Server, Submission, prepare
from gateway.flow.breaker import Breakers
from gateway.flow.deliver import Deliverer
from gateway.flow.delivering.legs import Go, Skip, Wait
from gateway.flow.delivering.to_sender import ToSender
from gateway.flow.house import House, Readers
from gateway.flow.planning import plan
from gateway.flow.reading.originals import Originals
from gateway.formats.limits import DEFAULT
from gateway.formats.mails import reports
from gateway.ledger import deliveries, documents, jobs, mails
from gateway.ledger.engine import Ledger
from gateway.ledger.rows import Delivery, Transport
from gateway.ledger.tables import job
from gateway.model import settings as model
from gateway.model.delivery import Answer, Frozen, Outcome
from gateway.model.documents import Action, Carrier, DocumentReading, MailReading
from gateway.model.documents import Envelope as MailEnvelope
from gateway.model.ports import Silent, SystemChance, SystemClock
from gateway.model.reasons import Ignored, Reason
from gateway.model.reports import Fate
from gateway.model.states import DeliveryEvent, DeliveryState, DocumentEvent
from gateway.protocols import mailparts
from gateway.vault.files import Vault
from gateway.vault.keys import Keys
from tests import pki, samples
from tests.pki import Pki
from tests.protocol.keeper import Watching
from tests.unit.decision import shipped

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

BOX, SENDER = "accueil@clinique.example.mssante.fr", samples.SENDER.address
BODY = b"Subject: re\xc3\xa7u\r\n\r\n.point\r\n"
RECEIPT = prepare("<mdn.1@clinique.example.mssante.fr>", BOX, SENDER, BODY)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return pki.make(tmp_path_factory.mktemp("pki"))


@dataclass
class Mailbox:
    """An aiosmtpd handler that keeps what it is given; ``answers``: what it says to RCPT or DATA instead."""

    answers: dict[str, str] = field(default_factory=dict)
    kept: list[Envelope] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        if "DATA" not in self.answers:
            self.kept.append(envelope)
        return self.answers.get("DATA", "250 OK")

    async def auth_EXTERNAL(self, server: SMTP, args: list[str]) -> AuthResult:
        self.identities.append(b64decode(args[1]).decode() if args[1] != "=" else "")
        return AuthResult(success="AUTH" not in self.answers, handled=False, message=self.answers.get("AUTH"))

    def log_in(self, server: SMTP, session: Any, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data == LoginPassword(b"bal", b"secret")
        return AuthResult(success=good, handled=False)


@asynccontextmanager
async def submission(
    mailbox: Mailbox | None = None, tls: ssl.SSLContext | None = None, implicit: bool = False, **options: Any
) -> AsyncIterator[tuple[int, Mailbox]]:
    mailbox = mailbox or Mailbox()
    loop = asyncio.get_running_loop()
    values = {"authenticator": mailbox.log_in, "auth_require_tls": False, "enable_SMTPUTF8": True, **options}
    inside = None if implicit else tls

    def session() -> SMTP:
        return SMTP(mailbox, hostname="smtp.example.fr", tls_context=inside, loop=loop, **values)

    server = await loop.create_server(session, "127.0.0.1", 0, ssl=tls if implicit else None)
    try:
        yield server.sockets[0].getsockname()[1], mailbox
    finally:
        server.close()


def server_tls(ours: Pki, client_ca: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours.cert("server"), ours.key("server"))
    if client_ca:
        context.load_verify_locations(ours.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def to(port: int, **changes: Any) -> Submission:
    values: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 20, **changes}
    return Submission(Server(**values), Silent())


async def test_a_receipt_leaves_with_an_empty_sender() -> None:
    async with submission() as (port, mailbox):
        watching = Watching()
        sender = Submission(Server("127.0.0.1", port, "none"), watching)
        assert (await sender.send(RECEIPT)).answer is Answer.DONE
        (kept,) = mailbox.kept
        assert (kept.mail_from, kept.rcpt_tos, kept.content) == ("<>", [SENDER], BODY)
        assert "BODY=8BITMIME" in kept.mail_options
        assert watching.journal == ["receipt.send", "receipt.answer"]


@pytest.mark.parametrize("implicit", [False, True])
async def test_tls_and_password(ours: Pki, implicit: bool) -> None:
    async with submission(tls=server_tls(ours), implicit=implicit, auth_required=True) as (port, mailbox):
        tls = "implicit" if implicit else "starttls"
        known: dict[str, Any] = {"tls": tls, "context": ours.client_context(""), "auth": "password", "user": "bal"}
        assert (await to(port, **known, password="secret").send(RECEIPT)).answer is Answer.DONE
        wrong = await to(port, **known, password="autre").send(RECEIPT)
        assert (wrong.answer, wrong.code, wrong.down, wrong.stop) == (Answer.RETRY_LATER, "535", True, True)
        stranger = known | {"context": ssl.create_default_context()}
        refused = await to(port, **stranger, password="secret").send(RECEIPT)
        assert (refused.answer, refused.code, refused.stop) == (Answer.RETRY_LATER, "tls", True)
        assert len(mailbox.kept) == 1


async def test_a_client_certificate_and_external(ours: Pki) -> None:
    known: dict[str, Any] = {"tls": "starttls", "auth": "external"}
    async with submission(tls=server_tls(ours, client_ca=True), auth_required=True) as (port, mailbox):
        mine = known | {"context": ours.client_context("auth")}
        assert (await to(port, **mine).send(RECEIPT)).answer is Answer.DONE
        assert (await to(port, **mine, user="bal@x.fr").send(RECEIPT)).answer is Answer.DONE
        assert mailbox.identities == ["", "bal@x.fr"]
        mailbox.answers["AUTH"] = "454 4.7.0 later"
        later = await to(port, **mine).send(RECEIPT)
        assert (later.answer, later.code, later.down, later.stop) == (Answer.RETRY_LATER, "454", True, False)
        nobody = await to(port, **known, context=ours.client_context("")).send(RECEIPT)
        assert (nobody.answer, nobody.down) == (Answer.RETRY_LATER, True)


async def test_starttls_is_never_given_up(ours: Pki) -> None:
    async with submission() as (port, mailbox):
        said = await to(port, tls="starttls", context=ours.client_context("")).send(RECEIPT)
        assert (said.answer, said.down) == (Answer.RETRY_LATER, True)
        assert mailbox.kept == []


@pytest.mark.parametrize("where", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    ("said", "answer", "down"),
    [
        ("550 5.1.1 nobody", Answer.REFUSED, False),
        ("451 4.3.0 later", Answer.RETRY_LATER, False),
        ("421 4.3.2 closing", Answer.RETRY_LATER, True),
    ],
)
async def test_what_the_server_answers(where: str, said: str, answer: Answer, down: bool) -> None:
    async with submission(Mailbox({where: said})) as (port, _):
        outcome = await to(port).send(RECEIPT)
        assert (outcome.answer, outcome.code, outcome.down) == (answer, said[:3], down)
        assert "nobody" not in outcome.text


async def test_nobody_listens() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    outcome = await to(port).send(RECEIPT)
    assert (outcome.answer, outcome.down, outcome.stop) == (Answer.RETRY_LATER, True, False)


SCRIPT = [b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n"]


@pytest.mark.parametrize(("answered", "silent"), [*((n, False) for n in range(6)), (0, True), (3, True), (5, True)])
async def test_a_server_that_stops_answering(answered: int, silent: bool) -> None:
    """It says so many lines, then closes, or says nothing more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, line in enumerate(SCRIPT[:answered]):
            if number:
                await reader.readline()
            writer.write(line)
        if silent:
            await reader.read()
        elif answered:
            await reader.readuntil(b"\r\n.\r\n" if answered == 5 else b"\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    sender = to(server.sockets[0].getsockname()[1], timeout=1 if silent else 20)
    outcome = await sender.send(RECEIPT)
    # From DATA on, nobody knows.
    assert outcome.answer is (Answer.RETRY_LATER if answered < 4 else Answer.UNKNOWN), outcome
    assert outcome.down
    assert (await sender.look_up(RECEIPT)).answer is Answer.RETRY_LATER
    server.close()


async def test_an_address_that_cannot_be_said() -> None:
    async with submission() as (port, mailbox):
        assert (await to(port).send(prepare("<1@x>", BOX, "é@example.fr", BODY))).answer is Answer.REFUSED
        assert mailbox.kept == []


MAIL = b"From: <marc>\r\nMessage-ID: <m1@liberal.exemple.mssante.fr>\r\nSubject: essai\r\n\r\nBonjour\r\n"
ENVELOPE = MailEnvelope(
    message_id="<m1@liberal.exemple.mssante.fr>",
    subject="XDM/1.0/DDM+CR CHAUVELIN ZOE",
    sender=SENDER,
    return_path=SENDER,
    recipients=(BOX,),
    receipt_to=SENDER,
)
PDF = DocumentReading(0, Carrier.PDF, "1", "cr.pdf", "application/pdf", 5, "00" * 32, "00" * 20, title="Compte rendu")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = model.Settings(
        establishment=samples.HOUSE,
        mailbox=(model.Mailbox(name="accueil", address=BOX, host="127.0.0.1"),),
        submission=model.Submission(host="127.0.0.1", tls="none", auth="none", nil="NIL-1"),
        dpi=model.Dpi(kind="mllp"),
    )
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", Silent())
    vault = Vault(tmp_path / "vault", Keys.create(tmp_path / "key", tmp_path / "vault"), Silent())
    clock, chance = SystemClock(), SystemChance()
    yield House(settings, ledger, vault, clock, chance, Silent(), shipped.book, cast("Readers", None), chance.token())
    ledger.close()


async def arrive(
    house: House,
    *readings: DocumentReading,
    mail: bytes = MAIL,
    transport: Transport | None = None,
    key: str = "imap:accueil:7:1",
    **envelope: Any,
) -> tuple[int, list[int]]:
    """An arrival that was read, and its documents."""
    reading = MailReading("1", replace(ENVELOPE, **envelope), readings)
    ref = house.vault.put([mail])

    def work(c: Connection) -> tuple[int, list[int]]:
        known = mails.add_mail(c, ref.address, ref.size, house.now)
        values = {"key": key, "place": "imap", "mailbox": "accueil", "source": "", "trusted": True}
        said = msgspec.json.encode(transport or Transport()).decode()
        moment = datetime(2026, 1, 5, 10, 11, 12, tzinfo=UTC).timestamp()
        rest = {"mail_id": known.id, "size": ref.size, "envelope": said, "at": moment, "target": "done"}
        seq = mails.add_arrival(c, {**values, **rest})
        mails.keep_reading(c, known, msgspec.json.encode(reading).decode(), "1")
        mails.arrival_read(c, mails.get_arrival(c, seq), reading.envelope.message_id)
        facts = {"action": Action.CREATE, "found_at": house.now}
        return seq, [documents.add_document(c, seq, one.ordinal, facts) for one in readings]

    return await house.ledger.write("arrive", work)


async def settle(house: House, seq: int) -> Delivery | None:
    """Settle the arrival as the flow does; the receipt that follows."""
    await house.ledger.write("settle", lambda c: plan.settle_arrival(c, house, seq))
    return next(iter(await answers(house, seq)), None)


async def answers(house: House, seq: int) -> list[Delivery]:
    return await house.ledger.read(lambda c: deliveries.answers_of(c, seq))


async def quarantine(house: House, number: int, reason: Reason) -> None:
    def work(c: Connection) -> None:
        documents.move(c, documents.get_document(c, number), DocumentEvent.QUARANTINE, reason=reason)

    await house.ledger.write("quarantine", work)


async def file(house: House, number: int, event: DeliveryEvent, code: str = "") -> None:
    def work(c: Connection) -> None:
        documents.move(c, documents.get_document(c, number), DocumentEvent.DECIDE)
        made = deliveries.get_delivery(c, deliveries.plan(c, "dpi", house.now, document_id=number, purpose="create"))
        sending = deliveries.move(c, made, DeliveryEvent.SEND, house.now)
        deliveries.move(c, sending, event, house.now, code=code)
        documents.settle_if_ended(c, number)

    await house.ledger.write("file", work)


class Nowhere:
    async def send(self, payload: Frozen) -> Any:
        raise AssertionError

    look_up = send


async def ready(house: House, receipt: Delivery | None) -> Any:
    assert receipt is not None
    return await ToSender(house, Originals(house.readers), Nowhere(), 5).ready(receipt)


def said(body: bytes) -> Fate:
    """As the sender's software reads it."""
    report = reports.read(body, DEFAULT)
    assert report is not None
    assert report.message_id == ENVELOPE.message_id
    return report.fates[0]


def human(body: bytes) -> str:
    mail = email.message_from_bytes(body, policy=email.policy.default)
    return str(next(mail.iter_parts()).get_content())


async def test_all_documents_filed(house: House) -> None:
    seq, (one, two) = await arrive(house, PDF, replace(PDF, ordinal=1, title="", filename="b.pdf"))
    await file(house, one, DeliveryEvent.DONE, "AA")
    await file(house, two, DeliveryEvent.DONE, "AA")
    receipt = await settle(house, seq)
    assert receipt is not None
    assert receipt.code == ""
    go = await ready(house, receipt)
    assert isinstance(go, Go)
    body = go.payload.body
    assert go.payload.key == go.unique_id
    assert go.unique_id.encode() in body
    assert said(body) == Fate(BOX, action="processed")
    assert "- Compte rendu : intégré au dossier du patient." in human(body)
    assert "- b.pdf : intégré au dossier du patient." in human(body)
    assert b"X-MSS-NIL: NIL-1" in body
    assert MAIL in body
    assert (await ready(house, receipt)) == go, "the same answer again"


async def test_one_document_refused_by_the_record(house: House) -> None:
    seq, (one, two) = await arrive(house, PDF, replace(PDF, ordinal=1, title="Second"))
    await file(house, one, DeliveryEvent.DONE, "AA")
    await file(house, two, DeliveryEvent.REFUSE, "904")
    go = await ready(house, await settle(house, seq))
    assert said(go.payload.body).code == "904"
    assert "- Second : refusé par le dossier du patient (904 - INS différent de celui connu)." in human(go.payload.body)
    assert "- Compte rendu : intégré au dossier du patient." in human(go.payload.body)


@pytest.mark.parametrize(
    ("reason", "word", "whole"), [(Reason.ENCRYPTED, "sans protection", True), (Reason.UNSAFE, "dangereux", False)]
)
async def test_what_the_sender_alone_can_mend_is_said_at_once(
    house: House, reason: Reason, word: str, whole: bool
) -> None:
    seq, (one,) = await arrive(house, PDF)
    await quarantine(house, one, reason)
    go = await ready(house, await settle(house, seq))
    assert said(go.payload.body).code == "906"
    assert word in human(go.payload.body)
    assert (MAIL in go.payload.body) is whole, "what may harm is not sent round"


async def test_what_waits_for_a_person_is_not_answered_yet(house: House) -> None:
    seq, (one,) = await arrive(house, PDF)
    await quarantine(house, one, Reason.PATIENT_UNKNOWN)
    assert await settle(house, seq) is None


async def test_copies_are_not_listed_and_duplicates_are(house: House) -> None:
    seq, numbers = await arrive(house, PDF, replace(PDF, ordinal=1, title="Copie"), replace(PDF, ordinal=2, title="Vu"))

    def work(c: Connection) -> None:
        for number, ignored in zip(numbers, (Ignored.DUPLICATE, Ignored.COPY, Ignored.DUPLICATE), strict=True):
            documents.move(c, documents.get_document(c, number), DocumentEvent.IGNORE, ignored=ignored)

    await house.ledger.write("ignore", work)
    go = await ready(house, await settle(house, seq))
    text = human(go.payload.body)
    assert "Copie" not in text
    assert "- Vu : déjà reçu auparavant." in text


@pytest.mark.parametrize(
    "envelope",
    [
        {"receipt_to": ""},
        {"automatic": True},
        {"return_path": ""},
        {"return_path": None},
        {"return_path": "autre@liberal.exemple.mssante.fr"},
        {"receipt_to": "autre@liberal.exemple.mssante.fr"},
    ],
)
async def test_nobody_is_answered_who_did_not_ask_or_is_a_machine(house: House, envelope: dict[str, Any]) -> None:
    seq, (one,) = await arrive(house, PDF, **envelope)
    await file(house, one, DeliveryEvent.DONE)
    assert await settle(house, seq) is None


async def test_our_own_receipts_and_answers_to_them_are_never_answered(house: House) -> None:
    """A notification asks for none, and its envelope sender is empty."""
    seq, (one,) = await arrive(house, PDF)
    await file(house, one, DeliveryEvent.DONE)
    go = await ready(house, await settle(house, seq))
    mail = email.message_from_bytes(go.payload.body, policy=email.policy.default)
    assert mail["Disposition-Notification-To"] is None
    assert (mail.get_content_type(), mail["Auto-Submitted"]) == ("multipart/report", "auto-replied")


async def test_the_smtp_envelope_counts_as_return_path(house: House) -> None:
    transport = Transport(sender=SENDER.upper(), recipients=("autre@clinique.example.mssante.fr",))
    seq, (one,) = await arrive(house, PDF, transport=transport, return_path=None)
    await file(house, one, DeliveryEvent.DONE)
    go = await ready(house, await settle(house, seq))
    assert said(go.payload.body).recipient == BOX, "as configured"
    house.settings = msgspec.structs.replace(house.settings, mailbox=())
    elsewhere = await ready(house, await settle(house, seq))
    assert said(elsewhere.payload.body).recipient == "autre@clinique.example.mssante.fr"


@pytest.mark.parametrize("stranger", ["marc@example.com", "256089932695080@patient.mssante.fr"])
async def test_only_whom_we_believe_is_answered(house: House, stranger: str) -> None:
    seq, (one,) = await arrive(house, PDF, receipt_to=stranger, return_path=stranger)
    await file(house, one, DeliveryEvent.DONE)
    assert isinstance(await ready(house, await settle(house, seq)), Skip)


async def test_an_address_that_no_notification_can_carry(house: House) -> None:
    odd = "é@liberal.exemple.mssante.fr"
    seq, (one,) = await arrive(house, PDF, receipt_to=odd, return_path=odd)
    await file(house, one, DeliveryEvent.DONE)
    said = await ready(house, await settle(house, seq))
    assert isinstance(said, Wait)
    assert said.outcome.answer is Answer.REFUSED


async def test_a_large_mail_gives_its_header_alone(house: House) -> None:
    seq, (one,) = await arrive(house, PDF, mail=MAIL + b"x" * 70 + b"\r\n" * (mailparts.WHOLE // 2))
    await file(house, one, DeliveryEvent.DONE)
    go = await ready(house, await settle(house, seq))
    assert len(go.payload.body) < 10_000
    assert b"text/rfc822-headers" in go.payload.body


async def test_without_submission_the_receipt_says_so(house: House) -> None:
    house.settings = msgspec.structs.replace(house.settings, submission=None)
    seq, (one,) = await arrive(house, PDF)
    await file(house, one, DeliveryEvent.DONE)
    receipt = await settle(house, seq)
    assert receipt is not None
    assert (receipt.state, receipt.reason) == (DeliveryState.NOT_APPLICABLE, "not-configured")


ERRORS = "erreurs@clinique.example.mssante.fr"


def telling(house: House, **values: Any) -> None:
    receipt = msgspec.structs.replace(house.settings.receipt, error_mailbox=ERRORS, **values)
    house.settings = msgspec.structs.replace(house.settings, receipt=receipt)


async def refused(house: House, **envelope: Any) -> list[Delivery]:
    """The answers to a mail whose document the record refuses."""
    seq, (one,) = await arrive(house, PDF, **{"receipt_to": "", **envelope})
    await file(house, one, DeliveryEvent.REFUSE, "902")
    await settle(house, seq)
    await settle(house, seq)
    return await answers(house, seq)


async def test_the_error_mailbox_learns_what_nobody_asked_about(house: House) -> None:
    assert await refused(house) == [], "off unless configured"


@pytest.mark.parametrize("sender_too", [False, True])
async def test_one_notice_a_mail(house: House, sender_too: bool) -> None:
    telling(house, notify_sender=sender_too)
    planned = await refused(house)
    assert [one.purpose for one in planned] == ["error-mailbox", "notice"][: 1 + sender_too]
    for one, to in zip(planned, (ERRORS, SENDER), strict=False):
        go = await ready(house, one)
        assert (await ready(house, one)) == go
        mail = email.message_from_bytes(go.payload.body, policy=email.policy.default)
        assert (mail["To"], mail["From"]) == (to, BOX)
        assert mail["Subject"].startswith("[KO Intégration système !][902] XDM/1.0/DDM+")
        assert "- Compte rendu : refusé par le dossier du patient (902" in human(go.payload.body)
        assert reports.read(go.payload.body, DEFAULT) is None, "an ordinary mail"


@pytest.mark.parametrize(
    "envelope",
    [
        {"automatic": True},
        {"return_path": ""},
        {"sender": "256089932695080@patient.mssante.fr"},
        {"sender": ERRORS},
        {"receipt_to": SENDER},
    ],
)
async def test_no_notice_to_machines_and_patients_nor_beside_a_receipt(house: House, envelope: dict[str, Any]) -> None:
    telling(house, notify_sender=True)
    assert {one.purpose for one in await refused(house, **envelope)} <= {"receipt"}


async def test_the_error_mailbox_is_known_however_it_is_written(house: House) -> None:
    receipt = msgspec.structs.replace(house.settings.receipt, error_mailbox=ERRORS.title(), notify_sender=True)
    house.settings = msgspec.structs.replace(house.settings, receipt=receipt)
    assert await refused(house, sender=ERRORS) == []


async def test_what_a_list_passed_on_is_told_to_the_house_alone(house: House) -> None:
    telling(house, notify_sender=True)
    assert [one.purpose for one in await refused(house, listed=True)] == ["error-mailbox"]


async def test_no_notice_when_all_is_well_or_when_there_is_no_document(house: House) -> None:
    telling(house, notify_sender=True)
    seq, (one,) = await arrive(house, PDF, receipt_to="")
    await file(house, one, DeliveryEvent.DONE, "AA")
    assert await settle(house, seq) is None
    words, _ = await arrive(house, mail=MAIL + b"x", receipt_to="", key="imap:accueil:7:2")
    await house.ledger.write(
        "words", lambda c: documents.add_document(c, words, 0, {"action": Action.CREATE, "found_at": house.now})
    )
    assert await settle(house, words) is None
    late = await house.ledger.read(lambda c: list(c.execute(select(job.c.kind)).scalars()))
    assert "overdue" not in late


async def test_a_sender_who_asked_otherwise_is_not_written_to(house: House) -> None:
    """He asked for a receipt that no machine may give; the hospital's own people are told."""
    telling(house, notify_sender=True)
    planned = await refused(house, receipt_to="autre@liberal.exemple.mssante.fr")
    assert [one.purpose for one in planned] == ["error-mailbox"]


async def test_only_senders_whom_we_believe_get_a_notice(house: House) -> None:
    telling(house, notify_sender=True)
    _, notice = await refused(house, sender="marc@example.com", return_path="marc@example.com")
    assert isinstance(await ready(house, notice), Skip)


@pytest.mark.parametrize("unsafe", [False, True])
async def test_the_older_form_gives_archive_and_pdf_back(house: House, unsafe: bool) -> None:
    receipt = msgspec.structs.replace(house.settings.receipt, form="1.1.2")
    house.settings = msgspec.structs.replace(house.settings, receipt=receipt)
    house.readers = cast("Readers", Parts())
    within = replace(PDF, ordinal=1, carrier=Carrier.XDM, part="1.2!0", filename="DOC0001.XML", media_type="text/xml")
    seq, (one, two) = await arrive(house, replace(PDF, part="1.3"), within)
    await quarantine(house, one, Reason.UNSAFE if unsafe else Reason.ENCRYPTED)
    await file(house, two, DeliveryEvent.DONE, "AA")
    go = await ready(house, await settle(house, seq))
    mail = email.message_from_bytes(go.payload.body, policy=email.policy.default)
    files = [(part.get_filename(), part.get_content()) for part in list(mail.iter_parts())[3:]]
    assert files == ([] if unsafe else [("cr.pdf", b"bytes of 1.3"), ("IHE_XDM.zip", b"bytes of 1.2")])


class Parts:
    """Readers that only extract."""

    async def extract(self, digest: str, part: str) -> bytes:
        return f"bytes of {part}".encode()


@pytest.mark.parametrize("lost", [False, True])
async def test_from_the_ledger_to_the_wire(house: House, lost: bool) -> None:
    """The whole leg; an answer that was lost: the very same message again."""
    seq, (one,) = await arrive(house, PDF)
    await file(house, one, DeliveryEvent.DONE)
    receipt = await settle(house, seq)
    assert receipt is not None
    async with submission() as (port, mailbox):
        wire = Losing(to(port)) if lost else to(port)
        leg = ToSender(house, Originals(house.readers), wire, unknown_wait=0)
        machine = Deliverer(house, {"receipt": leg}, Breakers(house.settings.retry, house.chance))
        states = [await work(house, machine, receipt.id) for _ in range(1 + lost)]
    assert states == [DeliveryState.UNKNOWN, DeliveryState.DONE][not lost :]
    assert len(mailbox.kept) == 1 + lost
    assert len({envelope.content for envelope in mailbox.kept}) == 1
    (kept, *_) = mailbox.kept
    assert kept.rcpt_tos == [SENDER]
    assert isinstance(kept.content, bytes)
    assert not said(kept.content).error


@dataclass
class Losing:
    """The first answer is lost."""

    inner: Submission
    lost: bool = False

    async def send(self, payload: Frozen) -> Outcome:
        said = await self.inner.send(payload)
        if self.lost:
            return said
        self.lost = True
        return Outcome(Answer.UNKNOWN, "lost")

    async def look_up(self, payload: Frozen) -> Outcome:
        return await self.inner.look_up(payload)


async def work(house: House, machine: Deliverer, number: int) -> DeliveryState:
    """Work the delivery's job one step, when it is due; its state then."""
    due = house.now + house.settings.retry.max
    (job,) = await house.ledger.write("claim", lambda c: jobs.claim(c, due, house.lease, {"receipt": 1}))
    await machine.deliver(job)
    return (await house.ledger.read(lambda c: deliveries.get_delivery(c, number))).state
