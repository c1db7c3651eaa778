"""Reports in the shapes that mail systems write, and whatever else arrives as one."""

from __future__ import annotations

import pytest

from gateway.formats import mail
from gateway.formats.limits import DEFAULT
from gateway.formats.mails import reports
from gateway.model.reasons import Ignored
from gateway.model.reports import Report, ReportKind
from tests.unit.formats import builders

SENT = "<order.1@clinique.example.mssante.fr>"
DOCTOR = "marc.durand@liberal.exemple.mssante.fr"
HEADER = f"From: x@clinique.example.mssante.fr\r\nMessage-ID: {SENT}\r\nSubject: XDM/1.0/DDM+CR\r\n\r\nBonjour\r\n"


def part(kind: str, content: str) -> bytes:
    return f"Content-Type: {kind}\r\n\r\n{content}".encode()


def report(*parts: bytes, kind: str = "delivery-status", head: str = "") -> bytes:
    words = part("text/plain; charset=utf-8", "Ceci est un message automatique.\r\n")
    return builders.mail(words, *parts, top=f"multipart/report; report-type={kind}", head=head)


def delivery(content: str, returned: str = HEADER, kind: str = "message/rfc822") -> Report:
    found = reports.read(report(part("message/delivery-status", content), part(kind, returned)), DEFAULT)
    assert found is not None
    assert found.kind is ReportKind.DELIVERY
    return found


POSTFIX = """Reporting-MTA: dns; smtp.operateur.exemple\r
X-Postfix-Queue-ID: 4XyZ\r
Arrival-Date: Mon,  1 Jun 2026 09:30:00 +0200 (CEST)\r
\r
Final-Recipient: rfc822; Marc.Durand@liberal.exemple.mssante.fr\r
Original-Recipient: rfc822;marc.durand@liberal.exemple.mssante.fr\r
Action: failed\r
Status: 5.1.1\r
Remote-MTA: dns; mx.liberal.exemple\r
Diagnostic-Code: smtp; 550-5.1.1 <marc.durand@liberal.exemple.mssante.fr>: User\r
    unknown\r
\r
Final-Recipient: rfc822; zoe@liberal.exemple.mssante.fr\r
Action: delivered\r
Status: 2.0.0\r
Diagnostic-Code: smtp; 250 2.0.0 Ok: queued as 12\r
"""


def test_postfix_speaks_of_each_recipient() -> None:
    found = delivery(POSTFIX)
    assert found.message_id == SENT
    failed, taken = found.fates
    assert (failed.recipient, failed.original_recipient) == (DOCTOR, DOCTOR)
    assert (failed.action, failed.status, failed.smtp) == ("failed", "5.1.1", "550")
    assert failed.text.endswith("User unknown")
    assert (taken.recipient, taken.action, taken.smtp) == ("zoe@liberal.exemple.mssante.fr", "delivered", "250")


EXIM = "Reporting-MTA: dns; mx.exemple\r\n\r\nAction: failed\r\nFinal-Recipient: rfc822;{}\r\nStatus: 5.0.0\r\n".format
EXCHANGE = (
    "Reporting-MTA: dns;EXCH01.exemple.local\r\nReceived-From-MTA: dns;smtp\r\nArrival-Date: Mon, 1 Jun 2026\r\n\r\n"
    f"Original-Recipient: rfc822;{DOCTOR}\r\nFinal-Recipient: rfc822;{DOCTOR}\r\nAction: failed\r\nStatus: 5.2.2\r\n"
    "Diagnostic-Code: smtp;554 5.2.2 mailbox full; STOREDRV.Deliver\r\nX-Display-Name: Marc Durand\r\n"
)


@pytest.mark.parametrize(
    ("content", "action", "status", "smtp"),
    [
        (EXIM(DOCTOR), "failed", "5.0.0", ""),
        (EXCHANGE, "failed", "5.2.2", "554"),
        (f"Final-Recipient: LOCAL; <{DOCTOR}>\r\nStatus: 4.2.2\r\n", "delayed", "4.2.2", ""),
        (f"Final-Recipient: rfc822; {DOCTOR}\r\nDiagnostic-Code: smtp; 550 nobody\r\n", "failed", "", "550"),
        (f"\r\n\r\nfinal-recipient:{DOCTOR}\r\naction: Delayed (will retry)\r\n", "delayed", "", ""),
        (f"Final-Recipient: rfc822; {DOCTOR}\r\nAction: relayed\r\nStatus: 2.1.5 ok\r\n", "relayed", "2.1.5", ""),
    ],
)
def test_shapes_of_delivery_reports(content: str, action: str, status: str, smtp: str) -> None:
    (fate,) = delivery(content).fates
    assert (fate.recipient, fate.action, fate.status, fate.smtp) == (DOCTOR, action, status, smtp)


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/global-headers", "MESSAGE/RFC822"])
def test_what_was_sent_is_known_by_what_comes_back(kind: str) -> None:
    folded = HEADER.replace("Message-ID: ", "Received: by x\r\nMESSAGE-ID:\r\n ")
    assert delivery(EXCHANGE, folded, kind).message_id == SENT


def test_without_the_mail_the_envelope_or_the_thread_says_which() -> None:
    status = part("message/delivery-status", f"Original-Envelope-Id: order.1\r\n\r\n{EXCHANGE}")
    found = reports.read(report(status, head=f"In-Reply-To: {SENT}\r\n"), DEFAULT)
    assert found is not None
    assert (found.message_id, found.envelope_id) == (SENT, "order.1")
    alone = reports.read(report(status), DEFAULT)
    assert alone is not None
    assert alone.message_id == ""


def disposition(*lines: str, head: str = "", returned: bytes = b"") -> Report:
    given = part("message/disposition-notification", "\r\n".join(lines) + "\r\n")
    parts = [given, *([returned] if returned else [])]
    found = reports.read(report(*parts, kind="disposition-notification", head=head), DEFAULT)
    assert found is not None
    assert found.kind is ReportKind.DISPOSITION
    return found


NAMED = (f"Final-Recipient: rfc822;{DOCTOR}", f"Original-Message-ID: {SENT}")
AUTOMATIC = "Disposition: automatic-action/MDN-sent-automatically; "
NEWER = "Error: 902^Patient inconnu^applicationErrorCondition| E^Error^errorSeverity"
OLDER = "processed/Error: 903^INS absent^messageErrorCondition| E^Error^errorSeverity"


@pytest.mark.parametrize(
    ("lines", "action", "error", "code", "label"),
    [
        ((AUTOMATIC + "processed",), "processed", False, "", ""),
        ((AUTOMATIC + "processed/error", NEWER), "processed", True, "902", "Patient inconnu"),
        ((AUTOMATIC + OLDER,), "processed", True, "903", "INS absent"),
        ((AUTOMATIC + "processed/Error:\r\n 905^INS incomplet^x|E",), "processed", True, "905", "INS incomplet"),
        ((AUTOMATIC + "processed/error",), "processed", True, "", ""),
        (
            ("Disposition: automatic-action/MDN-sent-automatically;displayed/warning", "Warning: x"),
            "displayed",
            0,
            "",
            "",
        ),
        ((AUTOMATIC + "deleted",), "deleted", False, "", ""),
        ((AUTOMATIC + "dispatched",), "dispatched", False, "", ""),
        ((AUTOMATIC + "failed", "Failure: unsupported"), "failed", True, "", ""),
        (("Disposition: displayed",), "displayed", False, "", ""),
        ((AUTOMATIC + "processed / error , expired", "Error: disk full"), "processed", True, "", ""),
        ((), "", False, "", ""),
    ],
)
def test_dispositions(lines: tuple[str, ...], action: str, error: bool, code: str, label: str) -> None:
    found = disposition(*NAMED, *lines)
    (fate,) = found.fates
    assert found.message_id == SENT
    assert (fate.recipient, fate.action, fate.error) == (DOCTOR, action, bool(error))
    assert (fate.code, fate.label) == (code, label)


def test_who_acted() -> None:
    assert not disposition(*NAMED, "Disposition: manual-action/MDN-sent-manually; displayed").automatic
    assert disposition(*NAMED, AUTOMATIC + "processed").automatic
    assert disposition(*NAMED, AUTOMATIC + "processed/error,expired").modifiers == ("error", "expired")


def test_a_receipt_that_names_nothing_gives_the_mail_back() -> None:
    found = disposition(AUTOMATIC + "displayed", returned=part("text/rfc822-headers", HEADER))
    assert (found.message_id, found.fates[0].recipient) == (SENT, "")


QMAIL = f"""Hi. This is the qmail-send program at mx.exemple.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{DOCTOR}>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 No such user

--- Below this line is a copy of the message.

Return-Path: <accueil@clinique.example.mssante.fr>
Message-ID: {SENT}
To: someone@else.exemple

Bonjour
"""
OLD_EXIM = f"""A message that you sent could not be delivered to one or more of its recipients.
The following address(es) failed:

  {DOCTOR}
    SMTP error from remote mail server after RCPT TO: 550 unknown

------ This is a copy of the message, including all the headers. ------

Message-Id: {SENT}
"""


def bounce(text: str, subject: str = "failure notice", head: str = "") -> bytes:
    fields = f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.exemple\nSubject: {subject}\n{head}"
    return f"{fields}Content-Type: text/plain\n\n{text}".encode()


@pytest.mark.parametrize(
    ("raw", "action", "smtp"),
    [
        (bounce(QMAIL), "failed", "550"),
        (bounce(OLD_EXIM, "Mail delivery failed", f"X-Failed-Recipients: {DOCTOR}\n"), "failed", "550"),
        (bounce(OLD_EXIM.replace("550", "451"), "Warning: message delayed 24 hours"), "delayed", "451"),
    ],
)
def test_bounces_of_plain_text(raw: bytes, action: str, smtp: str) -> None:
    read = mail.read(raw)
    assert read.ignored is Ignored.REPORT
    assert read.report is not None
    assert read.report.message_id == SENT
    (fate,) = read.report.fates
    assert (fate.recipient, fate.action, fate.smtp) == (DOCTOR, action, smtp)


def test_a_report_stays_ignored_whatever_it_says() -> None:
    read = mail.read(report(part("message/delivery-status", EXCHANGE), part("message/rfc822", HEADER)))
    assert (read.ignored, read.documents) == (Ignored.REPORT, ())
    assert read.report is not None
    assert mail.read(builders.mail(builders.text())).report is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Content-Type: multipart/report\r\n\r\n--\r\n",
        report(part("message/feedback-report", "Feedback-Type: abuse\r\n")),
        bounce("Nothing that names anybody."),
        bounce(f"<{DOCTOR}>: nobody"),
    ],
)
def test_what_says_nothing(raw: bytes) -> None:
    assert reports.read(raw, DEFAULT) is None


def test_hostile_reports_are_bounded() -> None:
    many = "".join(f"Final-Recipient: rfc822; a{n}@b.fr\r\nAction: failed\r\n\r\n" for n in range(2000))
    found = delivery(many + "Diagnostic-Code: " + "x" * 100_000)
    assert len(found.fates) <= 200
    assert all(len(fate.text) <= 500 for fate in found.fates)
    assert reports.read(bounce("-" * 200_000 + "\n" + "a@" * 100_000), DEFAULT) is None
