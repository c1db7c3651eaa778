"""Files inside files: every nesting is read, located, bounded; nothing of it escapes the guards."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile

import pytest

from gateway.formats import mail
from gateway.formats.limits import Limits
from gateway.model.documents import Carrier, DocumentReading
from gateway.model.reasons import Ignored, Reason
from tests.unit.formats import builders
from tests.unit.formats.builders import attached, cda, pdf, text, tnef, xdm, zipped

LETTER = pdf("Cher confrere, je vous remercie de m'avoir adresse ce patient pour avis specialise.")
OTHER = pdf("Une autre lettre, a propos d'une autre consultation, assez longue pour etre lue.")


def _read(data: bytes, name: str, limits: Limits | None = None) -> tuple[DocumentReading, ...]:
    raw = builders.mail(text(), attached(data, name))
    readings = mail.read(raw, limits=limits or Limits()).documents
    for one in readings:
        if one.problem is None:
            assert len(mail.extract(raw, one.part)) == one.size
    return readings


def _names(data: bytes, name: str) -> list[str]:
    return [one.filename for one in _read(data, name) if one.ignored is None and one.problem is None]


def _mail(*files: tuple[bytes, str]) -> bytes:
    return builders.mail(text("Lettre jointe."), *(attached(*file) for file in files), boundary="=_in")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (zipped({"a.pdf": LETTER, "b.pdf": OTHER}), "envoi.zip"),
        (zipped({"2026/06/a.pdf": LETTER, "2026/b.pdf": OTHER}), "envoi.zip"),
        (zipped({"dedans.zip": zipped({"a.pdf": LETTER}), "b.pdf": OTHER}), "envoi.zip"),
        (zipped({"courrier.eml": _mail((LETTER, "a.pdf"), (OTHER, "b.pdf"))}), "envoi.zip"),
        (zipped({"courrier.eml": _mail((zipped({"a.pdf": LETTER}), "x.zip")), "b.pdf": OTHER}), "envoi.zip"),
        (tnef(("x.zip", zipped({"a.pdf": LETTER, "b.pdf": OTHER}))), "winmail.dat"),
        (tnef(("a.pdf", LETTER), ("courrier.eml", _mail((OTHER, "b.pdf")))), "winmail.dat"),
        (_mail((LETTER, "a.pdf"), (OTHER, "b.pdf")), "message.eml"),
        (_mail((_mail((_mail((LETTER, "a.pdf")), "3.eml")), "2.eml"), (OTHER, "b.pdf")), "sans nom"),
        (_mail((tnef(("a.pdf", LETTER)), "winmail.dat"), (OTHER, "b.pdf")), "message.eml"),
        (b"From someone Thu Jan  1 00:00:00 2026\n" + _mail((LETTER, "a.pdf"), (OTHER, "b.pdf")), "message"),
        (gzip.compress(zipped({"a.pdf": LETTER, "b.pdf": OTHER}), mtime=0), "envoi.zip.gz"),
    ],
)
def test_documents_of_every_nesting(data: bytes, name: str) -> None:
    assert sorted(_names(data, name)) == ["a.pdf", "b.pdf"]


def test_forwarded_mails_however_they_are_declared() -> None:
    inner = _mail((LETTER, "a.pdf"))
    coded = b"Content-Transfer-Encoding: base64\r\n\r\n" + builders.attached(inner, "x").split(b"\r\n\r\n", 1)[1]
    for head in (b"Content-Type: message/rfc822\r\n", b'Content-Type: application/octet-stream; name="a.eml"\r\n'):
        raw = builders.mail(text(), head + coded)
        (letter,) = mail.read(raw).documents
        assert (letter.filename, mail.extract(raw, letter.part)) == ("a.pdf", LETTER)
        assert mail.read(raw).envelope.subject == "courrier"
    plain = builders.mail(text(), b"Content-Type: message/rfc822\r\n\r\n" + inner.replace(b"courrier", b"dedans"))
    assert mail.read(plain).envelope.subject == "courrier"


def test_words_that_look_like_a_header_are_no_mail() -> None:
    quoted = "From: a@b.fr\r\nTo: c@d.fr\r\nDate: lundi\r\nSubject: x\r\n\r\nBonjour"
    reading = mail.read(builders.mail(text(quoted), attached(LETTER, "a.pdf")))
    assert [one.filename for one in reading.documents] == ["a.pdf"]
    assert reading.envelope.body.endswith("Bonjour")
    saved = b"From: <Saved by Blink>\r\nSubject: x\r\nDate: x\r\nTo: x\r\nMIME-Version: 1.0\r\n\r\n<html>"
    assert [one.media_type for one in _read(saved, "page.mht")] == ["text/plain"]


def test_mail_attached_without_document_is_none() -> None:
    readings = _read(zipped({"courrier.eml": builders.mail(text("Merci."), boundary="=_in"), "a.pdf": LETTER}), "a.zip")
    assert [one.ignored for one in readings] == [Ignored.NOT_A_DOCUMENT, None]


def test_logo_and_card_of_a_mail_in_an_archive_are_no_documents() -> None:
    logo = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 120, 40) + bytes(900)
    inner = _mail((logo, "logo.png"), (b"BEGIN:VCARD\r\nEND:VCARD", "a.vcf"), (LETTER, "a.pdf"))
    readings = _read(zipped({"m.eml": inner, "ada.vcf": b"BEGIN:VCARD\r\nEND:VCARD"}), "a.zip")
    assert [one.ignored for one in readings].count(Ignored.NOT_A_DOCUMENT) == 3
    assert [one.filename for one in readings if one.ignored is None] == ["a.pdf"]


def test_xdm_however_it_is_wrapped() -> None:
    for data, name in (
        (tnef(("IHE_XDM.zip", xdm(cda()))), "winmail.dat"),
        (zipped({"IHE_XDM.zip": xdm(cda())}), "envoi.zip"),
        (_mail((xdm(cda()), "IHE_XDM.zip")), "message.eml"),
    ):
        assert [(one.carrier, one.problem) for one in _read(data, name)] == [(Carrier.XDM, None)]


def _named(raw: bytes, *, utf8: bool = False) -> bytes:
    """An archive with one name in these bytes."""
    data = bytearray(zipped({"x" * len(raw): LETTER}))
    data[30 : 30 + len(raw)] = raw
    at = data.index(b"PK\x01\x02")
    data[at + 46 : at + 46 + len(raw)] = raw
    if utf8:
        data[7] |= 8
        data[at + 9] |= 8
    return bytes(data)


@pytest.mark.parametrize(
    ("raw", "utf8"),
    [
        ("Évaluation à Î.pdf".encode(), True),
        ("Évaluation à Î.pdf".encode(), False),
        ("Évaluation à Î.pdf".encode("cp850"), False),
    ],
)
def test_names_of_an_archive(raw: bytes, utf8: bool) -> None:
    assert _names(_named(raw, utf8=utf8), "a.zip") == ["Évaluation à Î.pdf"]


def test_hidden_marks_in_a_name_that_declares_no_utf8() -> None:
    assert _read(_named("a\u202efdp.scr.pdf".encode()), "a.zip")[0].problem is Reason.UNSAFE


def test_gzip_names_its_file_and_is_bounded() -> None:
    out = io.BytesIO()
    with gzip.GzipFile("lettre.pdf", "wb", fileobj=out) as stream:
        stream.write(LETTER)
    assert _names(out.getvalue(), "x.gz") == ["lettre.pdf"]
    assert _names(out.getvalue()[:-8] + b"", "x.gz") == []
    two = gzip.compress(LETTER[:100]) + gzip.compress(LETTER[100:])
    assert _names(two, "a.pdf.gz") == ["a.pdf.gz"]
    assert _read(gzip.compress(bytes(3_000_000)), "a.gz")[0].problem is Reason.UNSAFE
    assert _read(gzip.compress(LETTER)[:-20], "a.gz")[0].problem is Reason.UNREADABLE


def test_other_archives_wait_with_a_word_of_help() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        letter = tarfile.TarInfo("a.pdf")
        letter.size = len(LETTER)
        archive.addfile(letter, io.BytesIO(LETTER))
    for data, name in (
        (b"Rar!\x1a\x07\x00" + bytes(60), "a.rar"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(60), "a.7z"),
        (out.getvalue(), "a.tar"),
        (gzip.compress(out.getvalue(), mtime=0), "a.tgz"),
        (b"BZh91AY&SY" + bytes(60), "a.bz2"),
        (b"\xfd7zXZ\x00" + bytes(60), "a.xz"),
        (b"MSCF\x00\x00\x00\x00" + bytes(60), "a.cab"),
    ):
        (reading,) = _read(data, name)
        assert (reading.problem, "ZIP" in reading.detail) == (Reason.UNSUPPORTED_FORMAT, True), name


def test_the_whole_mail_is_bounded_not_only_each_archive() -> None:
    one = zipped({"a.txt": b"x" * 400_000}, stored=True)
    raw = builders.mail(text(), *(attached(one, f"{number}.zip") for number in range(3)))
    limits = Limits(zip_total=1_000_000)
    assert [r.problem for r in mail.read(raw, limits=limits).documents].count(Reason.UNSAFE) == 1
    across = zipped({"a.zip": one, "b.eml": _mail((one, "b.zip"))}, stored=True)
    assert Reason.UNSAFE in {r.problem for r in _read(across, "c.zip", limits)}
    many = zipped({f"{number}.zip": zipped({f"{n}.txt": b"x" for n in range(20)}) for number in range(20)})
    assert Reason.UNSAFE in {r.problem for r in _read(many, "d.zip", Limits(zip_entries=100))}


def test_bombs_overlaps_and_path_tricks_inside_other_containers() -> None:
    bomb = zipped({"a": bytes(3_000_000)})
    trick = zipped({"../a.pdf": LETTER})
    overlapping = bytearray(zipped({"a.pdf": LETTER, "b.pdf": LETTER}))
    second = overlapping.rindex(b"PK\x01\x02")
    overlapping[second + 42 : second + 46] = bytes(4)
    for bad in (bomb, trick, bytes(overlapping)):
        for data, name in (
            (tnef(("a.zip", bad)), "winmail.dat"),
            (_mail((bad, "a.zip")), "m.eml"),
            (zipped({"m.eml": _mail((bad, "a.zip"))}), "b.zip"),
            (gzip.compress(bad, mtime=0), "a.zip.gz"),
        ):
            assert {one.problem for one in _read(data, name)} == {Reason.UNSAFE}


def test_nesting_ends_somewhere() -> None:
    data, limits = _mail((LETTER, "a.pdf")), Limits()
    for number in range(limits.mime_depth):
        data = builders.mail(text(), attached(data, "m.eml"), boundary=f"=_{number}")
    assert [one.problem for one in mail.read(data).documents] == [Reason.UNSAFE]
    packed = LETTER
    for _ in range(5):
        packed = tnef(("m.zip", zipped({"winmail.dat": packed})))
    assert {one.problem for one in _read(packed, "winmail.dat")} == {Reason.UNSAFE}


def test_bounce_with_a_document_in_it_is_a_report() -> None:
    original = b"Content-Type: message/rfc822\r\n\r\n" + _mail((LETTER, "a.pdf"))
    raw = builders.mail(text("Non remis."), original).replace(b"Ada.Exemple@Cabinet", b"MAILER-DAEMON@Cabinet")
    assert mail.read(raw).ignored is Ignored.REPORT
    report = builders.mail(text("Non remis."), original, top="multipart/report; report-type=delivery-status")
    assert mail.read(report).ignored is Ignored.REPORT


def test_archive_with_a_link_is_unsafe_in_a_forwarded_mail() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("lien")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    raw = builders.mail(text(), b"Content-Type: message/rfc822\r\n\r\n" + _mail((out.getvalue(), "a.zip")))
    assert [one.problem for one in mail.read(raw).documents] == [Reason.UNSAFE]
