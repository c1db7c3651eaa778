"""Disposition notifications: judged by the standard library's parser, and read back in both forms."""

from __future__ import annotations

import email
import email.policy
import random
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage, MIMEPart
from typing import Any, Literal

import pytest

from gateway.formats.limits import DEFAULT
from gateway.formats.mails import reports
from gateway.model import reports as model
from gateway.protocols import mailparts, mdn
from gateway.protocols.mailparts import Attachment, MailError
from gateway.protocols.mdn import Fate, MdnRequest
from tests.unit.protocols.rfc8098 import judge, modifier

BOX, SENDER = "accueil@clinique.example.mssante.fr", "marc.durand@liberal.example.mssante.fr"
SUBJECT = "XDM/1.0/DDM+Compte rendu d'imagerie médicale CHAUVELIN ZOE 19/08/1956"
ORIGINAL = (
    b"From: <marc.durand@liberal.example.mssante.fr>\r\nSubject: essai\r\nMessage-ID: <m1@liberal.example.mssante.fr>"
    b"\r\n\r\n.Bonjour,\r\n\xc3\xa9t\xc3\xa9\r\n"
)


def request(**changes: Any) -> MdnRequest:
    values: dict[str, Any] = {
        "key": "accueil/7/41/abcdef",
        "mailbox": BOX,
        "to": SENDER,
        "subject": SUBJECT,
        "message_id": "<m1@liberal.example.mssante.fr>",
        "original": ORIGINAL,
        "instant": datetime(2026, 1, 5, 10, 11, 12, tzinfo=UTC),
        "fates": (Fate("IRM cérébrale", "intégré au dossier du patient"),),
    }
    return MdnRequest(**values | changes)


def parsed(asked: MdnRequest) -> EmailMessage:
    return email.message_from_bytes(mdn.build(asked), policy=email.policy.default)


def parts(asked: MdnRequest) -> tuple[str, MIMEPart, MIMEPart]:
    human, machine, original = parsed(asked).iter_parts()
    return str(human.get_content()), machine, original


def read(data: bytes) -> model.Report:
    """As its receiver reads it."""
    found = reports.read(data, DEFAULT)
    assert found is not None
    return found


def test_the_notification_of_success() -> None:
    mail = parsed(request(nil="NIL-123"))
    assert (mail["From"], mail["To"]) == (BOX, SENDER)
    assert mail["Subject"] == SUBJECT
    assert mail["Date"].datetime == datetime(2026, 1, 5, 10, 11, 12, tzinfo=UTC)
    assert mail["In-Reply-To"] == mail["References"] == "<m1@liberal.example.mssante.fr>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-MSS-NIL"] == "NIL-123"
    assert mail["Disposition-Notification-To"] is None
    assert mail.get_content_type() == "multipart/report"
    assert mail["Content-Type"].params["report-type"] == "disposition-notification"
    assert mail.defects == []
    human, machine, original = parts(request())
    assert "IRM cérébrale : intégré au dossier du patient." in human
    assert "Motif" not in human
    assert machine.get_content_type() == "message/disposition-notification"
    assert original.get_content_type() == "message/rfc822"


@pytest.mark.parametrize("form", ["1.1.3", "1.1.2"])
def test_both_forms_are_read_back(form: Literal["1.1.3", "1.1.2"]) -> None:
    asked = request(form=form)
    good = read(mdn.build(asked))
    assert good.kind is model.ReportKind.DISPOSITION
    assert good.message_id == "<m1@liberal.example.mssante.fr>"
    assert good.fates == (model.Fate(BOX, action="processed"),)
    bad = read(mdn.build(replace(asked, code="904"))).fates[0]
    assert (bad.error, bad.code, bad.label) == (True, "904", "INS different de celui connu")


def fields(asked: MdnRequest) -> dict[str, str]:
    """The machine's part as a reader of lines sees it."""
    content = mdn.build(asked).split(b"message/disposition-notification", 1)[1].split(b"\r\n\r\n", 2)[1]
    return dict(line.split(": ", 1) for line in content.decode("ascii").splitlines())


def test_the_fields_of_each_form() -> None:
    mode = "automatic-action/MDN-sent-automatically; processed"
    assert fields(request())["Disposition"] == mode
    new, old = fields(request(code="902")), fields(request(code="902", form="1.1.2"))
    assert new["Disposition"] == f"{mode}/error"
    assert new["Error"] == "902^Patient inconnu^applicationErrorCondition| E^Error^errorSeverity"
    assert old["Disposition"] == f"{mode}/Error: 902^Patient inconnu^messageErrorCondition| E^Error^errorSeverity"
    assert "Error" not in old
    assert new["Final-Recipient"] == f"rfc822;{BOX}"
    assert new["Original-Message-ID"] == "<m1@liberal.example.mssante.fr>"


@pytest.mark.parametrize("code", sorted(mdn.LABELS))
def test_an_error_says_what_and_what_to_do(code: str) -> None:
    asked = request(code=code)
    assert parsed(asked)["Subject"] == f"[KO Intégration système !][{code}] {SUBJECT}"
    human, _, _ = parts(asked)
    assert f"Motif : {code} - {mdn.LABELS[code]}." in human
    assert "Que faire :" in human


def test_a_code_that_the_volet_does_not_know_is_906() -> None:
    asked = request(code="AR")
    assert read(mdn.build(asked)).fates[0].code == "906"
    assert parsed(asked)["Subject"].startswith("[KO Intégration système !][906] ")


def test_the_same_answer_is_the_same_bytes_and_another_one_has_another_id() -> None:
    assert mdn.build(request()) == mdn.build(request())
    assert mdn.message_id(request()) == parsed(request())["Message-ID"]
    assert mdn.message_id(request()).endswith("@clinique.example.mssante.fr>")
    ids = {mdn.message_id(one) for one in (request(), request(code="902"), request(key="other"))}
    assert len(ids) == 3


def test_the_original_comes_back_byte_for_byte() -> None:
    built = mdn.build(request())
    assert b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + ORIGINAL in built
    assert b"Content-Transfer-Encoding: 7bit\r\n\r\nA: b\r\n" in mdn.build(request(original=b"A: b\r\n\r\nc\r\n"))


@pytest.mark.parametrize(
    "changes",
    [
        {"whole": False},
        {"original": ORIGINAL + b"x" * 1000 + b"\r\n"},
        {"original": ORIGINAL + b"\x00\r\n"},
        {"original": ORIGINAL + b"line\r\n" * 900_000},
    ],
)
def test_an_original_that_is_large_or_cannot_travel_gives_its_header_alone(changes: dict[str, Any]) -> None:
    _, _, original = parts(request(**changes))
    assert original.get_content_type() == "text/rfc822-headers"
    assert "Message-ID: <m1@liberal.example.mssante.fr>" in original.get_content()
    assert "Bonjour" not in original.get_content()


@pytest.mark.parametrize("original", [b"", b"no header", b"\xff" * 5000, b"A: b\n\nbare\rends\n", b"A" * 200_000])
def test_whatever_the_original_is_lines_can_travel(original: bytes) -> None:
    built = mdn.build(request(original=original))
    assert b"\x00" not in built
    assert all(len(line) <= 998 for line in built.split(b"\r\n"))
    assert b"\r" not in built.replace(b"\r\n", b"")
    assert b"\n" not in built.replace(b"\r\n", b"")
    assert not read(built).fates[0].error


def test_an_original_that_quotes_our_boundary() -> None:
    built = mdn.build(request())
    boundary = email.message_from_bytes(built).get_boundary()
    again = request(original=b"A: b\r\n\r\n--" + str(boundary).encode() + b"--\r\nafter\r\n")
    assert len(list(parsed(again).iter_parts())) == 3
    assert "after" in str(parts(again)[2])
    assert read(mdn.build(again)) == read(built)


def test_what_the_mail_says_never_makes_a_field() -> None:
    evil = "essai\r\nBcc: x@example.fr\nDisposition-Notification-To: y@example.fr"
    asked = request(
        subject=evil, message_id="<a@b>\r\nBcc: x@example.fr", fates=(Fate(evil, "reçu"),), code="906", nil=evil
    )
    mail = parsed(asked)
    assert mail["Bcc"] is None
    assert mail["Disposition-Notification-To"] is None
    assert mail["In-Reply-To"] is None
    assert "Original-Message-ID" not in fields(asked)


def test_control_characters_are_left_out() -> None:
    built = mdn.build(request(subject="a\x00b\x1b[31m", fates=(Fate("\x07cr.pdf", "reçu"),)))
    assert b"Subject: a b [31m\r\n" in built
    assert not set(built) & (set(range(32)) - {10, 13})


@pytest.mark.parametrize(
    "address", ["", "accueil", "a@b\r\nBcc: c@d", "a b@c.fr", "é@example.fr", "a@b>,<c@d", "a@é.fr", "@b.fr"]
)
def test_an_address_that_a_header_cannot_carry(address: str) -> None:
    with pytest.raises(MailError):
        mdn.build(request(to=address))
    with pytest.raises(MailError):
        mdn.build(request(mailbox=address))


def test_several_documents_are_one_answer_with_the_gravest_code() -> None:
    fates = (
        Fate("IRM", "intégré au dossier du patient", taken=True),
        Fate("Lettre", "refusé par le dossier du patient", "902"),
        Fate("Biologie", "refusé par le dossier du patient", "904"),
    )
    code = mdn.worst(fate.code for fate in fates)
    assert code == "904"
    human, _, _ = parts(request(fates=fates, code=code))
    assert "- IRM : intégré au dossier du patient." in human
    assert "- Lettre : refusé par le dossier du patient (902 - Patient inconnu)." in human
    assert "- Biologie : refusé par le dossier du patient (904 - INS différent de celui connu)." in human
    assert "ne renvoyez que le reste" in human
    assert "ne renvoyez que" not in parts(request(fates=fates[1:], code=code))[0], "nothing was taken"


@pytest.mark.parametrize(
    ("codes", "gravest"),
    [((), ""), (("", ""), ""), (("906", "900"), "900"), (("AR", ""), "906"), (("905", "902", "901"), "902")],
)
def test_the_gravest_of_several_codes(codes: tuple[str, ...], gravest: str) -> None:
    assert mdn.worst(codes) == gravest


FILES = (Attachment("IHE_XDM.zip", "application/zip", b"PK\x05\x06"), Attachment("été.pdf", "application/pdf", b"%PDF"))


def test_the_older_form_gives_the_files_back_with_an_error() -> None:
    asked = request(form="1.1.2", code="902", files=FILES)
    listed = list(parsed(asked).iter_parts())
    assert [part.get_filename() for part in listed[3:]] == ["IHE_XDM.zip", "été.pdf"]
    assert [part.get_content() for part in listed[3:]] == [b"PK\x05\x06", b"%PDF"]
    assert read(mdn.build(asked)).fates[0].code == "902"
    for other in (replace(asked, form="1.1.3"), replace(asked, code="")):
        assert len(list(parsed(other).iter_parts())) == 3


def notice(asked: MdnRequest, sender: str = "") -> EmailMessage:
    return email.message_from_bytes(mdn.build_notice(asked, sender), policy=email.policy.default)


def test_who_asked_for_nothing_gets_an_ordinary_mail() -> None:
    asked = request(code="902", files=FILES)
    mail = notice(asked)
    assert mail["Subject"] == f"[KO Intégration système !][902] {SUBJECT}"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail.get_content_type() == "multipart/mixed"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "message/rfc822"]
    assert mail.defects == []
    older = notice(replace(asked, form="1.1.2"))
    assert [part.get_filename() for part in older.iter_parts()][2:] == ["IHE_XDM.zip", "été.pdf"]


def test_the_error_mailbox_is_told_who_sent() -> None:
    asked = request(code="902", to="erreurs@clinique.example.mssante.fr")
    mail = notice(asked, "Marc <marc.durand@liberal.example.mssante.fr>\r\nBcc: x@example.fr")
    text = str(next(mail.iter_parts()).get_content())
    assert "Expéditeur : Marc <marc.durand@liberal.example.mssante.fr>" in text
    assert mail["Bcc"] is None
    assert mail["Message-ID"] == mdn.notice_id(asked)
    ids = {mdn.notice_id(one) for one in (asked, request(code="902"), replace(asked, code="904"))}
    assert len(ids) == 3


def test_a_label_of_an_address() -> None:
    assert mailparts.address("a@b.fr", 'Clinique "X"\r\nBcc: c@d.fr') == "\"Clinique 'X' Bcc: c@d.fr\" <a@b.fr>"
    assert mailparts.address("a@b.fr", "Hôpital").endswith(" <a@b.fr>")


ODD = (
    "",
    "\r\nBcc: e@x.fr",
    "é" * 300,
    "a" * 2000,
    "=?utf-8?q?=0A?=",
    "\x00",
    "😀" * 100,
    "<m@x>\r\nX: y",
    f"<{'m' * 950}@x>",
)
ORIGINALS = (
    b"",
    b"no header",
    b"From: a\n\nx\n.\n",
    b"X: " + b"y" * 2000 + b"\r\n\r\n",
    b"\xe9\r\n\r\n\xff\x00",
    b"\r\n\r\n",
)


@pytest.mark.parametrize("form", ["1.1.3", "1.1.2"])
@pytest.mark.parametrize("original", ORIGINALS)
def test_another_parser_finds_nothing_to_say(form: Literal["1.1.3", "1.1.2"], original: bytes) -> None:
    """Whatever the sender wrote where, and whatever became of his documents: the code is the worst of theirs."""
    chance = random.Random(len(original))
    for _ in range(40):
        codes = chance.choices(["", "", "901", "902", "904", "905", "AE"], k=chance.randint(1, 6))
        fates = tuple(Fate(chance.choice(ODD), "non intégré", code, not code) for code in codes)
        files = (Attachment(chance.choice(ODD), "application/pdf", b"%PDF"),)
        words = {"subject": chance.choice(ODD), "message_id": chance.choice(ODD), "original": original}
        asked = request(
            code=mdn.worst(codes), form=form, fates=fates, files=files, whole=chance.random() < 0.7, **words
        )
        fields = judge(mdn.build(asked))
        stated = fields.get("error", "") if form == "1.1.3" else modifier(fields).removeprefix("Error: ")
        worst = next((code for code in ("904", "902", "905", "901") if code in codes), "906" if "AE" in codes else "")
        assert stated.partition("^")[0] == worst
        assert (modifier(fields) != "") == (worst != "")
