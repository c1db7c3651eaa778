"""Mails by MSSanté: fields, subject and names of the référentiel, and which flags may leave."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from gateway.model.documents import Action, CdaHeader, Code, ServiceEvent
from gateway.model.identity import INS_NIA, INS_NIR, Ins
from gateway.model.orders import Orders, Origin
from gateway.protocols import outgoing
from gateway.protocols.mailparts import MailError
from gateway.protocols.outgoing import Audience, MailRequest

HEADER = CdaHeader(
    id_root="1.2.250.1.999.1",
    id_extension="",
    code=Code("18748-4", "2.16.840.1.113883.6.1", "CR d'imagerie médicale"),
    title="IRM du genou",
    effective_time="20260604101112+0200",
    confidentiality="N",
    language="fr-FR",
    patient_ids=(("1.2.250.1.213.1.4.8", "256089932695080"),),
    birth_name="D'ÉTÉ-NOËL",
    first_given="Zoé",
    birth_date="19560819",
    sex="F",
    events=(ServiceEvent(low="20260603093000+0200"),),
)
BOX = "dpi@clinique.example.mssante.fr"


def request(**changes: Any) -> MailRequest:
    values: dict[str, Any] = {
        "key": "abc/hl7!0/mssante/professionals",
        "audience": Audience.PROFESSIONALS,
        "mailbox": BOX,
        "label": "Hôpital d'Été",
        "to": ("a@b.mssante.fr", "c@d.mssante.fr"),
        "header": HEADER,
        "action": Action.CREATE,
        "archive": b"PK",
        "instant": datetime(2026, 6, 4, 8, 11, 12, tzinfo=UTC),
        "pdf": b"%PDF-1.4",
    }
    return MailRequest(**values | changes)


def parsed(asked: MailRequest) -> EmailMessage:
    return email.message_from_bytes(outgoing.build(asked), policy=email.policy.default)


def body(asked: MailRequest) -> str:
    return str(next(parsed(asked).iter_parts()).get_content())


def test_the_fields() -> None:
    mail = parsed(request(reply_to="x@y.mssante.fr", receipt=True, nil="NIL-7"))
    assert mail.defects == []
    assert mail["From"].addresses[0].display_name == "Hôpital d'Été"
    assert mail["To"] == "a@b.mssante.fr, c@d.mssante.fr"
    assert mail["Reply-To"] == "x@y.mssante.fr"
    assert mail["Disposition-Notification-To"] == f"<{BOX}>"
    assert mail["Date"].datetime == datetime(2026, 6, 4, 8, 11, 12, tzinfo=UTC)
    assert (mail["X-MSS-CODECDA"], mail["X-MSS-INS"], mail["X-MSS-NIL"]) == ("18748-4", "O", "NIL-7")
    assert mail["Auto-Submitted"] is None, "a letter, which may be answered"
    bare = parsed(request())
    assert {bare[name] for name in ("Reply-To", "Disposition-Notification-To", "X-MSS-NIL", "X-MSS-MES")} == {None}


@pytest.mark.parametrize(
    ("changes", "stated"),
    [
        ({}, "O"),
        ({"patient_ids": (("1.2.250.1.999.2", "IPP1"),)}, "N"),
        ({"birth_name": ""}, "N"),
        ({"first_given": ""}, "N"),
        ({"birth_date": ""}, "N"),
        ({"sex": ""}, "N"),
        ({"patient_ids": ((INS_NIA, ""),)}, "N"),
    ],
)
def test_whether_the_ins_is_there(changes: dict[str, Any], stated: str) -> None:
    assert parsed(request(header=replace(HEADER, **changes)))["X-MSS-INS"] == stated


@pytest.mark.parametrize(
    ("changes", "subject", "name"),
    [
        (
            {},
            "XDM/1.0/DDM+CR d'imagerie médicale D'ETE-NOEL Zoe 19/08/1956",
            "20260603_CR d'imagerie médicale_D'ETE-NOEL_Zoe.pdf",
        ),
        ({"birth_date": "1956"}, "XDM/1.0/DDM+CR d'imagerie médicale D'ETE-NOEL Zoe", None),
        (
            {"code": Code("11488-4", "x", "Un libellé qui a bien plus de quarante caractères en tout")},
            "XDM/1.0/DDM+Un libellé qui a bien plus de quarante c D'ETE-NOEL Zoe 19/08/1956",
            "20260603_Un libellé qui a bien plus de quarante c_D'ETE-NOEL_Zoe.pdf",
        ),
        (
            {"code": Code("11488-4", "x")},
            "XDM/1.0/DDM+CR ou fiche de consultation ou de visite D'ETE-NOEL Zoe 19/08/1956",
            None,
        ),
        (
            {"code": Code("x", "y", "CR/avis : été\r\nBcc: z@y.fr"), "events": ()},
            "XDM/1.0/DDM+CR/avis : été Bcc: z@y.fr D'ETE-NOEL Zoe 19/08/1956",
            "20260604_CR avis été Bcc z y.fr_D'ETE-NOEL_Zoe.pdf",
        ),
        (
            {"first_given": "", "given_names": "Anne Zoé"},
            "XDM/1.0/DDM+CR d'imagerie médicale D'ETE-NOEL Anne 19/08/1956",
            None,
        ),
    ],
)
def test_subject_and_name(changes: dict[str, Any], subject: str, name: str | None) -> None:
    header = replace(HEADER, **changes)
    assert parsed(request(header=header))["Subject"] == subject
    if name is not None:
        listed = [part.get_filename() for part in parsed(request(header=header)).iter_parts()]
        assert listed == [None, "IHE_XDM.zip", name]


def test_the_body_is_the_records_word_or_ours() -> None:
    assert body(request(words="Cher confrère,\nvoici.\n\n")).splitlines() == ["Cher confrère,", "voici."]
    assert "IRM du genou" in body(request())
    assert "vous transmet" in body(request(audience=Audience.PATIENT))
    assert "annule et remplace" in body(request(action=Action.REPLACE))
    assert "retiré" in body(request(action=Action.DELETE))
    assert "PDF" not in body(request(audience=Audience.PATIENT, pdf=b""))


def test_closing_the_exchange_is_for_the_patient_alone() -> None:
    assert parsed(request(closed=True))["X-MSS-MES"] is None
    patient = request(closed=True, audience=Audience.PATIENT, to=("1@patient.mssante.fr",))
    assert parsed(patient)["X-MSS-MES"] == "FIN"
    assert "ne pas répondre" in body(patient)


def test_the_same_mail_is_the_same_bytes_and_each_audience_has_its_own_id() -> None:
    assert outgoing.build(request()) == outgoing.build(request())
    assert parsed(request())["Message-ID"] == outgoing.message_id(request().key, BOX)
    assert outgoing.message_id("k1", BOX) != outgoing.message_id("k2", BOX)
    envelope = outgoing.envelope_id(outgoing.message_id("k1", BOX))
    assert outgoing.message_id("k1", BOX).startswith(f"<{envelope}@")
    assert len(envelope) <= 100, "RFC 3461 §4.4"


@pytest.mark.parametrize(
    "changes", [{"to": ()}, {"to": ("é@b.fr",)}, {"mailbox": "x"}, {"reply_to": "a@b\r\nBcc: c@d"}]
)
def test_what_no_field_can_carry(changes: dict[str, Any]) -> None:
    with pytest.raises(MailError):
        outgoing.build(request(**changes))


def test_the_patients_address() -> None:
    assert outgoing.patient_address(Ins("256089932695080", INS_NIR)) == "256089932695080@patient.mssante.fr"


def orders(letters: str) -> Orders:
    """m: masked, p: hidden from the patient, r: from representatives, s: secret, D: to the DMP, P: professionals,
    Z: the patient.
    """
    return Orders(
        Origin("1"),
        masked_to_professionals="m" in letters,
        invisible_to_patient="p" in letters,
        invisible_to_representatives="r" in letters,
        secret="s" in letters,
        to_dmp="D" in letters,
        to_professionals="P" in letters,
        to_patient="Z" in letters,
    )


def test_the_printed_matrix() -> None:
    """Every combination of the flags against the three rows of the volet."""
    allowed = {"PZ", "DPZ", "Pp", "DPp", "Z", "Zm", "Zr", "Zmr"}
    found = set()
    for number in range(2**7):
        letters = "".join(letter for place, letter in enumerate("DPZmprs") if number >> place & 1)
        if set(letters) & set("PZ") and not outgoing.forbidden(orders(letters), "strict"):
            found.add(letters)
    assert found == allowed


@pytest.mark.parametrize(
    ("letters", "leaves"),
    [
        ("P", True),
        ("Ps", True),
        ("Pprs", True),
        ("DZ", True),
        ("Pm", False),
        ("PZm", False),
        ("Zp", False),
        ("PZp", False),
    ],
)
def test_otherwise_nothing_reaches_whom_it_is_hidden_from(letters: str, leaves: bool) -> None:
    assert (outgoing.forbidden(orders(letters), "lenient") == "") is leaves


@pytest.mark.parametrize(
    "text", ["11488-é", "名前" * 120, "a" * 3000, "\r\nBcc: x@y.fr", "=?utf-8?q?=0D=0ABcc:_x?=", "😀" * 90]
)
def test_whatever_the_words_no_line_is_too_long_and_no_field_is_added(text: str) -> None:
    header = replace(HEADER, code=Code(text, "1.2", text), title=text, birth_name=text, first_given=text)
    raw = outgoing.build(request(header=header, label=text, words=text))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert (mail["Bcc"], mail.defects) == (None, [])
    assert [part.get_filename() for part in mail.iter_parts()][1] == "IHE_XDM.zip"
    assert str([part.get_filename() for part in mail.iter_parts()][2]).endswith(".pdf")
