"""Whole mails: what is a document, what is not, what is dangerous."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats import VERSION, mail
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.model.documents import Carrier, DocumentReading, MailReading
from gateway.model.reasons import Ignored, Reason
from tests.unit.formats import builders
from tests.unit.formats.builders import attached, cda, pdf, text, xdm, zipped

LETTER = pdf("Consultation de M. PETITJEAN Octave ne le 03/04/1951", "Cher confrere, votre patient va bien.")
EXE = b"MZ\x90\x00" + bytes(200)
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def _documents(*parts: bytes) -> tuple[DocumentReading, ...]:
    return mail.read(builders.mail(text(), *parts)).documents


def _one(data: bytes, name: str, kind: str = "application/octet-stream") -> DocumentReading:
    (document,) = _documents(attached(data, name, kind))
    return document


def test_envelope() -> None:
    head = (
        "Return-Path: <Ada.Exemple@Cabinet.mssante.fr>\r\n"
        "Disposition-Notification-To: <Ada.Exemple@cabinet.mssante.fr>\r\n"
        "Cc: b@c.fr\r\nReply-To: secretariat@cabinet.mssante.fr\r\n"
    )
    reading = mail.read(builders.mail(text("Bonjour\r\n"), attached(LETTER, "a.pdf"), head=head))
    envelope = reading.envelope
    assert reading.reader == VERSION
    assert (envelope.sender, envelope.sender_name) == ("ada.exemple@cabinet.mssante.fr", "Dr Ada Exemple")
    assert envelope.return_path == envelope.receipt_to == "ada.exemple@cabinet.mssante.fr"
    assert envelope.recipients == ("dpi@hopital.mssante.fr", "b@c.fr")
    assert (envelope.body, envelope.message_id, envelope.subject) == ("Bonjour", "<1@x>", "courrier")
    assert not envelope.automatic


@pytest.mark.parametrize(
    ("head", "return_path", "automatic"),
    [
        ("", None, False),
        ("Return-Path: <>\r\n", "", True),
        ("Return-Path: <a@b.fr>\r\nAuto-Submitted: no\r\n", "a@b.fr", False),
        ("Auto-Submitted: auto-generated; x=y\r\n", None, True),
        ("Precedence: Bulk\r\n", None, True),
    ],
)
def test_automatic(head: str, return_path: str | None, automatic: bool) -> None:
    envelope = mail.read(builders.mail(text(), head=head)).envelope
    assert (envelope.return_path, envelope.automatic) == (return_path, automatic)


@pytest.mark.parametrize("head", ["List-Id: <cardio.exemple.mssante.fr>\r\n", "List-Unsubscribe: <mailto:a@b.fr>\r\n"])
def test_what_a_list_passed_on_may_be_of_a_person(head: str) -> None:
    envelope = mail.read(builders.mail(text(), head=head)).envelope
    assert (envelope.listed, envelope.automatic) == (True, False)


def test_body_from_html_and_bounded() -> None:
    markup = "<html><head><style>p{}</style></head><p>Cher&nbsp;confr&egrave;re</p><div>Bien à vous</div></html>"
    assert mail.read(builders.mail(text(markup, "html"))).envelope.body == "Cher confrère\nBien à vous"
    assert len(mail.read(builders.mail(text("a" * 30_000))).envelope.body) == 20_000
    assert mail.read(builders.mail(text("<p>x" * 200_000, "html"))).envelope.body


def test_pdf_letter() -> None:
    document = _one(LETTER, "lettre.pdf")
    assert (document.carrier, document.problem, document.ignored, document.pages) == (Carrier.PDF, None, None, 1)
    assert "PETITJEAN Octave" in document.text
    assert document.claims == ()


@pytest.mark.parametrize("kind", ["application/pdf", "text/plain", "application/octet-stream", "image/jpeg"])
@pytest.mark.parametrize("name", ["a.pdf", "a.txt", "sans-extension"])
def test_content_decides(kind: str, name: str) -> None:
    assert _one(LETTER, name, kind).carrier is Carrier.PDF


def test_pdf_is_the_whole_mail_and_pdf_inline() -> None:
    head = attached(LETTER, "a.pdf", "application/pdf")
    assert mail.read(b"From: a@b.fr\r\n" + head).documents[0].carrier is Carrier.PDF
    inline = head.replace(b"attachment", b"inline")
    assert mail.read(builders.mail(text(), inline)).documents[0].carrier is Carrier.PDF


def test_a_scan_is_a_picture_and_damage_is_unreadable() -> None:
    scan = _one(pdf(), "scan.pdf")
    assert (scan.carrier, scan.problem, scan.text, scan.image_only) == (Carrier.PDF, None, "", True)
    assert _one(b"%PDF-1.4\n rien", "a.pdf").problem is Reason.UNREADABLE
    assert _one(b"\x01\x02\x03\x04" * 50, "a.pdf").problem is Reason.UNREADABLE
    assert _one(b"", "a.pdf").problem is Reason.UNREADABLE
    assert _one(b"II*\x00" + bytes(5000), "a.tif").problem is Reason.UNREADABLE


def test_empty_file_beside_a_document_is_set_aside() -> None:
    documents = _documents(attached(LETTER, "a.pdf"), attached(b"", "vide.pdf"))
    assert [d.ignored for d in documents] == [None, Ignored.NOT_A_DOCUMENT]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (EXE, "visionneuse.exe"),
        (EXE, "lettre.pdf"),
        (b"\x7fELF" + bytes(60), "a"),
        (b"WScript.Shell", "lettre.txt"),
        (b"var a = 1;", "lettre.js"),
        (b"var a = 1;", "lettre.pdf.js"),
        (b"<html><script>alert(1)</script></html>", "lettre.html"),
        (zipped({"lettre.html": b"<html><script>alert(1)</script></html>"}), "lettre.zip"),
        (zipped({"IHE_XDM/S/METADATA.XML": b"<a/>", "IHE_XDM/S/AIDE.JS": b"1"}), "IHE_XDM.zip"),
        (EICAR, "test.txt"),
        (zipped({"a.txt": EICAR}), "a.zip"),
        (zipped({"lettre.pdf": LETTER, "lire.exe": EXE}), "documents.zip"),
        (zipped({"[Content_Types].xml": b"<a/>", "word/vbaProject.bin": b"x"}), "lettre.docm"),
        (zipped({"META-INF/MANIFEST.MF": b"x", "a.class": b"x"}), "lettre.zip"),
        (zipped({"../a.pdf": LETTER}), "a.zip"),
        (zipped({"a": bytes(3_000_000)}), "a.zip"),
        (zipped({"a.zip": zipped({"a": bytes(3_000_000)})}), "a.zip"),
        (builders.ole("Macros", "_VBA_PROJECT"), "lettre.doc"),
        (b"{\\rtf1{\\object\\objemb{\\*\\objdata 0105}}}", "lettre.rtf"),
        (b"<?xml version='1.0'?><!DOCTYPE a><a xmlns='urn:hl7-org:v3'>ClinicalDocument</a>", "cr.xml"),
    ],
)
def test_dangers(data: bytes, name: str) -> None:
    assert _one(data, name).problem is Reason.UNSAFE


def test_zips_inside_zips_end_somewhere() -> None:
    data = LETTER
    for level in range(3):
        data = zipped({f"{level}.zip": data})
    assert _one(data, "a.zip").problem is None
    assert _one(zipped({"z.zip": data}), "a.zip").problem is Reason.UNSAFE


def test_program_attached_to_a_pdf_is_found() -> None:
    names = (
        "/Names << /EmbeddedFiles << /Names [(lire.exe) << /Type /Filespec /F (lire.exe) /EF << /F 4 0 R >> >>] >> >>"
    )
    assert _one(pdf("x" * 60, extra=names), "a.pdf").problem is Reason.UNSAFE
    launch = "/OpenAction << /S /Launch /F (cmd.exe) >>"
    assert _one(pdf("x" * 60, extra=launch), "a.pdf").problem is Reason.UNSAFE


def test_encrypted() -> None:
    enveloped = b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03" + bytes(50)
    assert _one(enveloped, "smime.p7m").problem is Reason.ENCRYPTED
    assert _one(builders.ole("EncryptedPackage"), "a.docx").problem is Reason.ENCRYPTED
    locked = bytearray(zipped({"a.pdf": LETTER}))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert _one(bytes(locked), "a.zip").problem is Reason.ENCRYPTED


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (builders.ole("WordDocument"), "a.doc"),
        (zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<a/>"}), "a.xlsx"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "a.ods"),
    ],
)
def test_not_read_yet(data: bytes, name: str) -> None:
    document = _one(data, name)
    assert (document.carrier, document.problem) == (Carrier.OTHER, Reason.UNSUPPORTED_FORMAT)
    assert document.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "name", "words", "rendition"),
    [
        (b"{\\rtf1 Lettre}", "a.rtf", "Lettre", ""),
        (b"MZ est le code du service. Cher confrere,", "b.txt", "MZ est le code du service. Cher confrere,", ""),
        (b"BM du 3 mai : rien de nouveau.", "b.txt", "BM du 3 mai : rien de nouveau.", ""),
        ("Prenez soin d'Éléonore.".encode("cp1252"), "a.txt", "Prenez soin d'Éléonore.", "text/plain"),
        (b"<html><body>lettre</body></html>", "a.html", "lettre", "application/pdf"),
    ],
)
def test_letters_of_word_processors(data: bytes, name: str, words: str, rendition: str) -> None:
    document = _one(data, name)
    assert (document.carrier, document.problem) == (Carrier.OTHER, None)
    assert (document.text, document.rendition) == (words, rendition)


_HPRIM = "\r\n".join(
    ["0001", "PETITJEAN", "OCTAVE", "1 rue", "", "63000 X", "03/04/1951", "", "55", "02/06/2026", "LAB1 Labo", "H Dr"]
)


@pytest.mark.parametrize("mark", ["", "[apicrypt]\r\n"])
def test_hprim_in_the_body(mark: str) -> None:
    reading = mail.read(builders.mail(text(f"{mark}{_HPRIM}\r\n\r\nUree 5\r\n****FIN****\r\n")))
    assert [(d.carrier, d.problem, d.rendition) for d in reading.documents] == [(Carrier.BODY, None, "text/plain")]
    assert reading.problem is None


def test_hl7_in_the_body() -> None:
    reading = mail.read(builders.mail(text("MSH|^~\\&|LABO|X|DPI|Y|20260101||ORU^R01|1|P|2.5\r\nPID|1\r\n")))
    assert [(d.carrier, d.media_type) for d in reading.documents] == [(Carrier.BODY, "application/hl7-v2")]


def test_rich_text_as_an_alternative_of_the_body_is_no_document() -> None:
    rich = b"Content-Type: text/rtf\r\n\r\n{\\rtf1 Bonjour}"
    assert mail.read(builders.mail(text(), rich, top="multipart/alternative")).problem is Reason.NO_DOCUMENT


def _png(width: int, height: int, size: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + bytes(size)


@pytest.mark.parametrize(
    ("data", "name", "extra", "document"),
    [
        (_png(120, 40, 900), "logo.png", "Content-ID: <l1>\r\n", False),
        (_png(900, 120, 90_000), "banniere.png", "Content-ID: <l1>\r\n", False),
        (_png(1240, 1754, 90_000), "scan.png", "Content-ID: <l1>\r\n", True),
        (_png(320, 240, 30_000), "plaie.png", "", True),
        (_png(120, 40, 900), "logo.png", "", False),
        (b"BEGIN:VCARD\r\nEND:VCARD", "contact.vcf", "", False),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR", "rdv.ics", "", False),
        (b"\x30\x82\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + bytes(40), "smime.p7s", "", False),
        (b"Ce message est confidentiel et reserve a son destinataire.", "note.txt", "", False),
        (b"Ce courrier confidentiel concerne M. X, ne le 3 avril 1951", "note.txt", "", True),
    ],
)
def test_accessories(data: bytes, name: str, extra: str, document: bool) -> None:
    raw = builders.mail(text('<img src="cid:l1">', "html"), attached(data, name, extra=extra))
    (reading,) = mail.read(raw).documents
    assert (reading.ignored is None) is document


def _report(kind: str, content: str) -> bytes:
    status = f"Content-Type: {kind}\r\n\r\n{content}".encode()
    original = b"Content-Type: message/rfc822\r\n\r\n" + builders.mail(text(), attached(xdm(cda()), "IHE_XDM.zip"))
    return builders.mail(text("Lu."), status, original, attached(LETTER, "a.pdf"), top="multipart/report")


@pytest.mark.parametrize(
    "raw",
    [
        _report("message/disposition-notification", "Disposition: automatic-action/MDN-sent-automatically; processed"),
        _report("message/delivery-status", "Action: failed"),
        builders.mail(text("Je suis absent."), head="Auto-Submitted: auto-replied\r\n"),
        builders.mail(text("Je suis absent.")).replace(
            b"Subject: courrier", "Subject: Réponse automatique : x".encode()
        ),
        builders.mail(
            text("rejected"), attached(LETTER, "a.pdf"), head="Return-Path: <>\r\nX-Failed-Recipients: a@b\r\n"
        ),
    ],
)
def test_reports(raw: bytes) -> None:
    reading = mail.read(raw)
    assert (reading.ignored, reading.problem) == (Ignored.REPORT, None)


def test_automatic_sending_of_a_result_is_a_document() -> None:
    head = "Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\n"
    reading = mail.read(builders.mail(text(), attached(LETTER, "a.pdf"), head=head))
    assert (reading.ignored, len(reading.documents), reading.documents[0].problem) == (None, 1, None)


def test_multipart_report_without_report_is_a_mail() -> None:
    reading = mail.read(builders.mail(text(), attached(LETTER, "a.pdf"), top="multipart/report"))
    assert [d.carrier for d in reading.documents] == [Carrier.PDF]


def test_no_document() -> None:
    reading = mail.read(builders.mail(text("Merci !"), attached(b"BEGIN:VCARD\r\nEND:VCARD", "c.vcf")))
    assert (reading.problem, reading.documents[0].ignored) == (Reason.NO_DOCUMENT, Ignored.NOT_A_DOCUMENT)


def test_forwarded_mail_gives_its_documents() -> None:
    inside = builders.mail(text(), attached(xdm(cda()), "IHE_XDM.zip"), attached(LETTER, "a.pdf"))
    reading = mail.read(builders.mail(text("Pour suite."), attached(inside, "m.eml", "message/rfc822")))
    assert [d.carrier for d in reading.documents] == [Carrier.XDM, Carrier.PDF]
    assert reading.envelope.body == "Pour suite."


def test_part_too_deep_is_unsafe() -> None:
    raw = b"From: a@b.fr\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 200 + b"\r\nfin"
    assert [d.problem for d in mail.read(raw).documents] == [Reason.UNSAFE]


def test_mail_beyond_limits_is_a_problem_of_the_mail() -> None:
    raw = builders.mail(text(), attached(LETTER, "a.pdf"))
    assert mail.read(raw, limits=replace(DEFAULT, mime_parts=1)).problem is Reason.UNSAFE


def _every_part(reading: MailReading, raw: bytes) -> None:
    for document in reading.documents:
        assert hashlib.sha256(mail.extract(raw, document.part)).hexdigest() == document.sha256


def test_extract_gives_the_bytes_that_were_read() -> None:
    uu = text("begin 644 a.txt\r\n#0V%T\r\n`\r\nend")
    nested = zipped({"in.zip": zipped({"a.pdf": LETTER, "b.xml": cda()})})
    raw = builders.mail(uu, attached(xdm(cda()), "IHE_XDM.zip"), attached(LETTER, "a.pdf"), attached(nested, "n.zip"))
    reading = mail.read(raw)
    assert [d.part for d in reading.documents] == ["1.1~0", "1.2!3", "1.3", "1.4!0!0", "1.4!0!1"]
    assert [d.ordinal for d in reading.documents] == [1, 2, 3, 4, 5]
    _every_part(reading, raw)


@pytest.mark.parametrize("part", ["", "9", "1.2!99", "1.2!x", "1.1~0", "1.1~x", "1.3!0", "1.2!3!0"])
def test_extract_of_what_is_not_there(part: str) -> None:
    raw = builders.mail(text(), attached(xdm(cda()), "IHE_XDM.zip"), attached(LETTER, "a.pdf"))
    with pytest.raises(FormatError):
        mail.extract(raw, part)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 5000), st.binary(min_size=1, max_size=12), st.booleans())
def test_no_damage_raises(at: int, patch: bytes, cut: bool) -> None:
    raw = builders.mail(text(), attached(xdm(cda(body=LETTER)), "IHE_XDM.zip"), attached(LETTER, "a.pdf"))
    at %= len(raw)
    damaged = raw[:at] if cut else raw[:at] + patch + raw[at + len(patch) :]
    _every_part(mail.read(damaged), damaged)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_raise(raw: bytes) -> None:
    mail.read(raw)


def test_the_words_of_a_letter_inside_a_cda_are_there_for_the_rules() -> None:
    inside = builders.pdf("Prescription d'une contraception orale")
    raw = builders.mail(builders.text(), builders.attached(builders.cda(body=inside), "document.xml", "text/xml"))
    (document,) = mail.read(raw).documents
    assert "contraception orale" in document.text
    assert [claim.source for claim in document.claims] == ["cda"], "whom it concerns is said by the header alone"


def test_a_dangerous_file_inside_a_cda_makes_it_dangerous() -> None:
    inside = builders.pdf("Bonjour", extra="/OpenAction << /S /Launch /F (calc.exe) >>")
    raw = builders.mail(builders.text(), builders.attached(builders.cda(body=inside), "document.xml", "text/xml"))
    (document,) = mail.read(raw).documents
    assert document.problem is Reason.UNSAFE


@pytest.mark.parametrize("begins", ["MIME-Version: 1.0\r\n", "From: <Saved by Blink>\r\nMIME-Version: 1.0\r\n"])
def test_a_web_archive_is_not_filed_as_its_source(begins: str) -> None:
    page = builders.text("<html><body>Mme Odile MERCOEUR, née le 07/02/1951</body></html>", "html").decode()
    saved = f'{begins}Content-Type: multipart/related;\r\n boundary="x"\r\n\r\n--x\r\n{page}\r\n--x--\r\n'
    raw = builders.mail(builders.text(), builders.attached(saved.encode(), "courrier.mht"))
    assert [one.problem for one in mail.read(raw).documents] == [Reason.UNSUPPORTED_FORMAT]
