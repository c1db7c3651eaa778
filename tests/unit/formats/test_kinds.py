"""Which parts are documents and which mails are letters, in the mails of the programs that doctors use."""

from __future__ import annotations

import struct

import pytest

from gateway.formats import mail
from gateway.model.documents import MailReading
from gateway.model.reasons import Ignored, Reason
from tests.unit.formats import builders
from tests.unit.formats.builders import attached, pdf, text, zipped

LETTER = pdf("Cher confrere, je vous remercie de m'avoir adresse ce patient pour avis specialise.")


def _png(width: int, height: int, size: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + bytes(size)


def _jpeg(width: int, height: int, size: int) -> bytes:
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + frame + bytes(size)


def _bmp(width: int, height: int, size: int) -> bytes:
    return b"BM" + struct.pack("<IIIIii", 54 + size, 0, 54, 40, width, -height) + bytes(28 + size)


def _inline(data: bytes, name: str, content_id: str = "", disposition: str = "inline") -> bytes:
    part = attached(data, name, "application/octet-stream", f"Content-ID: <{content_id}>\r\n" if content_id else "")
    return part.replace(b"Content-Disposition: attachment", f"Content-Disposition: {disposition}".encode())


def _shown(tag: str, data: bytes, name: str = "image001.png") -> bool:
    """Whether a picture that the text shows is a document."""
    raw = builders.mail(
        text(f"<html><body><p>Bonjour</p>{tag}</body></html>", "html"), _inline(data, name, "image001@x")
    )
    (reading,) = mail.read(raw).documents
    return reading.ignored is None


@pytest.mark.parametrize(
    ("tag", "data", "document"),
    [
        ("<img src='cid:image001@x'>", _png(180, 60, 4_000), False),
        ("<img width=151 height=60 src='cid:image001@x'>", _png(1510, 600, 90_000), False),
        ('<img src="cid:image001@x" style="width: 150px">', _png(1500, 600, 90_000), False),
        ("<img src='cid:image001@x' width='600'>", _jpeg(1240, 1754, 300_000), True),
        ("<img width=605 height=806 src='cid:image001@x'>", _jpeg(3024, 4032, 60_000), True),
        ("<img src='cid:image001@x'>", _png(620, 877, 7_000), True),
        ("<img src='cid:image001@x'>", _png(1240, 1754, 5_000), True),
        ("<img src='cid:image001@x'>", _png(1300, 400, 60_000), True),
        ("<img src='cid:image001@x'>", _png(800, 180, 60_000), False),
        ("<img src='cid:image001@x'>", b"GIF89a" + struct.pack("<HH", 1, 1) + bytes(20), False),
        ("<img src='cid:image001@x'>", _bmp(120, 40, 14_400), False),
        ("<img src='cid:image001@x'>", _bmp(1240, 1754, 40_000), True),
        ("", _jpeg(1240, 1754, 9_000), True),
    ],
)
def test_pictures_in_the_text(tag: str, data: bytes, document: bool) -> None:
    assert _shown(tag, data) is document


@pytest.mark.parametrize("disposition", ["inline", "attachment"])
def test_photographed_letter_however_it_is_joined(disposition: str) -> None:
    for data in (_jpeg(1536, 2048, 8_000), _png(600, 848, 6_000)):
        raw = builders.mail(text(), _inline(data, "IMG_0412.jpg", disposition=disposition))
        assert [one.ignored for one in mail.read(raw).documents] == [None]


@pytest.mark.parametrize(
    ("data", "name", "kind", "document"),
    [
        (b"BEGIN:VCARD\r\nFN:Ada\r\nEND:VCARD", "Ada Exemple.vcf", "text/x-vcard", False),
        (b"BEGIN:VCARD\r\nFN:Ada\r\nEND:VCARD", "contact", "application/octet-stream", False),
        (b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR", "invite.ics", "text/calendar", False),
        ("Dr Ada EXEMPLE\nCabinet Exemple\nTél. 04 73 00 00 00".encode(), "signature.txt", "text/plain", False),
        (b"<html><body>Dr Ada EXEMPLE</body></html>", "ATT00001.htm", "text/html", False),
        ("Patient : Léonie Martineau, née le 12/05/1984. HTA.".encode(), "signature.txt", "text/plain", True),
        ("Patient : Léonie Martineau, née le 12/05/1984. HTA.".encode(), "ATT00001.txt", "text/plain", True),
        (b"Ce message est confidentiel et destine a son seul destinataire.", "avis.txt", "text/plain", False),
        (b"-----BEGIN PGP SIGNATURE-----\nx", "signature.asc", "application/octet-stream", False),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\nx", "OpenPGP_0xAA.asc", "application/octet-stream", False),
        (b"-----BEGIN CERTIFICATE-----\nx", "ada.cer", "application/octet-stream", False),
        (b"0\x82\x03\x00certificate", "ada.cer", "application/pkix-cert", False),
        (b"\x00\x05\x16\x07" + bytes(80), "._lettre.pdf", "application/applefile", False),
        (b"Version: 1\r\n", "version.asc", "application/pgp-encrypted", False),
        (b"-----BEGIN PGP MESSAGE-----\nx", "lettre.asc", "application/pgp-encrypted", True),
    ],
)
def test_what_comes_beside(data: bytes, name: str, kind: str, document: bool) -> None:
    raw = builders.mail(text(), attached(LETTER, "a.pdf"), attached(data, name, kind))
    assert [one.ignored is None for one in mail.read(raw).documents] == [True, document]


@pytest.mark.parametrize("name", ["image001.emz", "image002.wmf", "logo.svg"])
def test_drawings_that_the_text_shows_are_logos(name: str) -> None:
    drawn = b"<svg xmlns='http://www.w3.org/2000/svg'/>" if name.endswith("svg") else b"\x01\x00" + bytes(200)
    assert not _shown("<img src='cid:image001@x'>", drawn, name)
    assert _shown("", drawn, name)
    assert _shown("<img src='cid:image001@x'>", drawn + bytes(20_000), name)


MESSAGE = """4512
MERCOEUR
ODILE
3 RUE DU PORT

41200 ROMORANTIN
07/02/1951

260911
11/09/2026
LABO       Laboratoire du Val
HOP        CH
Mme MERCOEUR ODILE
Hb 13,1
****FIN****
""".replace("\n", "\r\n")


@pytest.mark.parametrize(
    "above",
    [
        "-----Message d'origine-----",
        "---------- Forwarded message ---------",
        "Le lun. 14 sept. 2026 à 10:12, Laboratoire du Val\r\n<labo@val.mssante.fr> a écrit :",
        "De : Laboratoire du Val\r\nEnvoyé : lundi 14 septembre 2026 10:12",
        "From: labo@val.mssante.fr\r\nSubject: resultats",
    ],
)
def test_a_message_that_an_answer_repeats_is_no_document(above: str) -> None:
    asked = text(f"Bonjour, que pensez-vous de ce résultat ?\r\n\r\n{above}\r\n\r\n{MESSAGE}")
    assert mail.read(builders.mail(asked)).problem is Reason.NO_DOCUMENT
    (letter,) = mail.read(builders.mail(asked, attached(LETTER, "cr.pdf"))).documents
    assert letter.filename == "cr.pdf"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("Bonjour,\r\nci-dessous.\r\n\r\n", ""),
        ("", "\r\n-----Message d'origine-----\r\nMerci."),
    ],
)
def test_a_message_of_the_mail_itself_is_a_document(before: str, after: str) -> None:
    (one,) = mail.read(builders.mail(text(before + MESSAGE + after))).documents
    assert one.problem is None


def test_what_a_machine_repeats_in_its_answer_is_no_document() -> None:
    answer = text("Je suis absente.\r\n\r\n" + MESSAGE)
    assert mail.read(builders.mail(answer, head="Auto-Submitted: auto-replied\r\n")).ignored is Ignored.REPORT
    sent = mail.read(builders.mail(text(MESSAGE), head="Auto-Submitted: auto-generated\r\n"))
    assert (sent.ignored, len(sent.documents)) == (None, 1)


def _headed(subject: str, *parts: bytes, sender: str = "ada.exemple@cabinet.mssante.fr", head: str = "") -> MailReading:
    raw = builders.mail(*parts, head=head)
    raw = raw.replace(b"Subject: courrier", b"Subject: " + subject.encode())
    return mail.read(raw.replace(b"<Ada.Exemple@Cabinet.mssante.fr>", f"<{sender}>".encode()))


@pytest.mark.parametrize(
    "subject",
    [
        "Réponse automatique : Courrier",
        "Automatic reply: Courrier",
        "Automatische Antwort: Courrier",
        "Abwesenheitsnotiz",
        "Respuesta automática: Courrier",
        "Risposta automatica: Courrier",
        "Lu : Courrier",
        "Read: Courrier",
        "Gelesen: Courrier",
        "Letto: Courrier",
        "Accusé de lecture : Courrier",
        "Absence du bureau",
    ],
)
def test_answers_of_machines(subject: str) -> None:
    answer = text("Votre message a été lu.")
    assert _headed(subject, answer).ignored is Ignored.REPORT
    reading = _headed(subject, answer, attached(LETTER, "cr.pdf"))
    assert (reading.ignored, [one.problem for one in reading.documents]) == (None, [None])


@pytest.mark.parametrize(
    ("subject", "sender"),
    [
        ("Undeliverable: Courrier", "postmaster@hopital.mssante.fr"),
        ("Non remis : Courrier", "postmaster@hopital.mssante.fr"),
        ("failure notice", "MAILER-DAEMON@hopital.mssante.fr"),
        ("Échec de la remise", "mailer-daemon@hopital.mssante.fr"),
        ("Unzustellbar: Courrier", "postmaster@hopital.mssante.fr"),
    ],
)
def test_mail_that_comes_back_with_its_document(subject: str, sender: str) -> None:
    assert _headed(subject, text("x"), attached(LETTER, "cr.pdf"), sender=sender).ignored is Ignored.REPORT


@pytest.mark.parametrize(
    "subject",
    ["Accusé de réception de votre patient", "Compte rendu", "Refus de soins : courrier", "Non remis en mains propres"],
)
def test_letters_of_persons(subject: str) -> None:
    reading = _headed(subject, text("Bonjour, ci-joint."), attached(LETTER, "cr.pdf"), head="Return-Path: <a@b.fr>\r\n")
    assert (reading.ignored, [one.problem for one in reading.documents]) == (None, [None])


def test_postmaster_who_writes_himself() -> None:
    reading = _headed("Lettre", text("x"), attached(LETTER, "cr.pdf"), sender="postmaster@clinique.mssante.fr")
    assert [one.problem for one in reading.documents] == [None]


@pytest.mark.parametrize("subject", ["Question", "Re: votre patient", "Rendez-vous"])
def test_human_mail_without_document(subject: str) -> None:
    card = attached(b"BEGIN:VCARD\r\nEND:VCARD", "a.vcf")
    assert _headed(subject, text("Pouvez-vous me rappeler ?"), card).problem is Reason.NO_DOCUMENT


def test_receipts_of_outlook_thunderbird_and_signed_ones() -> None:
    receipt = (
        b"Content-Type: message/disposition-notification\r\n\r\nDisposition: manual-action/MDN-sent-manually; displayed"
    )
    alternative = builders.mail(text(), text("<p>Lu</p>", "html"), top="multipart/alternative", boundary="=_a")
    report = builders.mail(alternative.split(b"MIME-Version: 1.0\r\n")[1], receipt, top="multipart/report")
    assert mail.read(report).ignored is Ignored.REPORT
    inside = builders.mail(text("Lu."), receipt, top="multipart/report", boundary="=_r").split(
        b"MIME-Version: 1.0\r\n"
    )[1]
    signed = builders.mail(inside, attached(b"x", "smime.p7s", "application/pkcs7-signature"), top="multipart/signed")
    assert mail.read(signed).ignored is Ignored.REPORT


def test_cards_in_an_archive_are_no_documents() -> None:
    data = zipped(
        {"a.pdf": LETTER, "ada.vcf": b"BEGIN:VCARD\r\nEND:VCARD", "rdv.ics": b"BEGIN:VCALENDAR\r\nEND:VCALENDAR"}
    )
    readings = mail.read(builders.mail(text(), attached(data, "a.zip"))).documents
    assert [one.ignored for one in readings] == [None, Ignored.NOT_A_DOCUMENT, Ignored.NOT_A_DOCUMENT]
