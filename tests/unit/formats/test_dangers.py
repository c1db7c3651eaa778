"""What must never pass, under every wrapping and name; and what looks like it and must pass."""

from __future__ import annotations

import base64
import gzip

import pytest

from gateway.formats import dangers, mail
from gateway.formats.errors import FormatError
from gateway.formats.sniff import sniff
from gateway.model.documents import DocumentReading
from gateway.model.reasons import Reason
from tests.unit.formats import builders
from tests.unit.formats.builders import attached, cda, pdf, text, tnef, zipped

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LETTER = pdf("Cher confrere, je vous remercie de m'avoir adresse ce patient pour avis specialise.")
_TYPES = b'<Types><Override PartName="/word/x.bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
_PLAIN_TYPES = b'<Types><Default Extension="xml" ContentType="application/xml"/></Types>'
_WORD_PAGE = b"""<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office">
<head><meta http-equiv=Content-Type content="text/html; charset=windows-1252"><link rel=File-List href="a/filelist.xml">
<!--[if gte mso 9]><xml><o:DocumentProperties><o:Author>Ada</o:Author></o:DocumentProperties></xml><![endif]-->
<!--[if !mso]><object classid="clsid:38481807-CA0E-42D2-BF39-B33AF135CC4D" id=ieooui></object>
<style>st1\\:*{behavior:url(#ieooui) }</style><![endif]--></head><body lang=FR><p class=MsoNormal>Madame Martin est
stable ; demonstration = bonne, prescription : aucune. <a href="mailto:a@b.fr">a@b.fr</a>
<img width=151 height=60 src="cid:image001.png@01D"></p></body></html>"""


def _problem(data: bytes, name: str) -> Reason | None:
    readings = _read(data, name)
    return next((one.problem for one in readings if one.problem is Reason.UNSAFE), readings[0].problem)


def _read(data: bytes, name: str) -> tuple[DocumentReading, ...]:
    return mail.read(builders.mail(text(), attached(data, name))).documents


def _ooxml(**parts: bytes) -> bytes:
    names = {"types": "[Content_Types].xml", "document": "word/document.xml", "rels": "word/_rels/settings.xml.rels"}
    content = {"types": _PLAIN_TYPES, "document": b"<w:document/>"} | parts
    return zipped({names.get(key, key): data for key, data in content.items()})


def _relation(kind: str, target: str) -> bytes:
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return f'<Relationships><Relationship Id="r" Type="{base}/{kind}" Target="{target}"/></Relationships>'.encode()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (_ooxml(types=_TYPES), "lettre.docx"),
        (_ooxml(rels=_relation("attachedTemplate", "https://ailleurs.example/x.dotm")), "lettre.docx"),
        (_ooxml(document=b"<w:instrText>DDEAUTO c:\\\\cmd.exe</w:instrText>"), "lettre.docx"),
        (_ooxml(**{"word/embeddings/oleObject1.bin": builders.ole("\x01Ole10Native")}), "lettre.docx"),
        (
            zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "Basic/Standard/Module1.xml": b"<x/>"}),
            "a.odt",
        ),
        (b"<?xml version='1.0'?><office:document><ooo:module>Sub Main</ooo:module></office:document>", "a.fodt"),
        (builders.ole("Macros", "VBA"), "lettre.doc"),
        (builders.ole("\x01Ole10Native"), "lettre.doc"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>x()</script></svg>", "schema.svg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'></svg>", "schema.svg"),
        (b"<html><body>" + b"x" * 200_000 + b"<SCRIPT>x()</SCRIPT></body></html>", "lettre.html"),
        ("<html><body><script>x()</script></body></html>".encode("utf-16"), "lettre.html"),
        (b"<html><body><a href='&#106;avascript:x()'>suite</a></body></html>", "lettre.html"),
        (b"<html><body><a href=' &#74;ava\nScript: x'>suite</a></body></html>", "lettre.html"),
        (b"<html><p style='background:url(javascript:x)'>suite</p></html>", "lettre.html"),
        (b"javascript:alert(1)", "note.txt"),
        (b"<html><body><img src=x onerror=alert(1)></body></html>", "lettre.html"),
        (b"<html><meta http-equiv='refresh' content='0;url=http://x'></html>", "lettre.html"),
        (b"<html><form action='http://x'><input type=password></form></html>", "connexion.html"),
        (b"<html><iframe src='http://x'></iframe></html>", "lettre.html"),
        (b"<html><hta:application id=a></html>", "lettre.html"),
        (b"<html><body>Cliquez ici</body></html>", "lettre.pdf"),
        (b"<job><script language='VBScript'>x</script></job>", "lettre.xml"),
        (b"#@~^DgAAAA==\\ko$K6,JCE#IAAA==^#~@", "lettre.txt"),
        (b"[InternetShortcut]\r\nURL=http://x", "lettre.txt"),
        (b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(80), "lettre.pdf"),
        (bytes(0x8001) + b"CD001" + bytes(100), "images.bin"),
        (b"texte", "images.iso"),
        (b"texte", "lettre.pdf.exe. "),
        (b"{\\rtf1{\\object\\objupdate{\\*\\objdata 01}}}", "lettre.doc"),
        (b"{\\rt1{\\*\\template http://x/y.dotm}}", "lettre.rtf"),
        (LETTER + zipped({"a.exe": b"MZ"}), "lettre.pdf"),
        (b"\xff\xd8\xff\xe0" + bytes(20_000) + zipped({"a.exe": b"MZ"}), "photo.jpg"),
        (b"<script>x()</script>\n" + LETTER, "lettre.pdf"),
        (cda(body=b"MZ\x90\x00" + bytes(60)), "cr.xml"),
        (b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>', "cr.xml"),
        (b'<?xml version="1.0"?><svg xmlns="x"/>\n<!-- ' + EICAR + b" -->", "x.svg"),
    ],
)
def test_refused(data: bytes, name: str) -> None:
    assert _problem(data, name) is Reason.UNSAFE


_NESTED = builders.mail(text(), attached(EICAR, "test.txt"))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (EICAR, "a.txt"),
        (bytes(100_000) + EICAR, "a.bin"),
        (EICAR.decode().encode("utf-16-le"), "a.txt"),
        (zipped({"dossier/a.txt": EICAR}), "a.zip"),
        (zipped({"b.zip": zipped({"a.txt": EICAR})}), "a.zip"),
        (gzip.compress(EICAR, mtime=0), "a.txt.gz"),
        (tnef(("a.txt", EICAR)), "winmail.dat"),
        (zipped({"winmail.dat": tnef(("a.txt", EICAR))}), "a.zip"),
        (_NESTED, "transfert.eml"),
        (zipped({"transfert.eml": _NESTED}), "a.zip"),
        (tnef(("a.zip", zipped({"a.txt": EICAR}))), "winmail.dat"),
    ],
)
def test_the_test_virus_is_found_wherever_it_hides(data: bytes, name: str) -> None:
    assert _problem(data, name) is Reason.UNSAFE


def test_the_test_virus_as_a_text_of_the_mail() -> None:
    coded = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(EICAR)
    (reading,) = mail.read(builders.mail(coded)).documents
    assert reading.problem is Reason.UNSAFE


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (builders.ole("WordDocument", "1Table", "\x05SummaryInformation") + "Macrosomie".encode("utf-16-le"), "l.doc"),
        (_ooxml(rels=_relation("attachedTemplate", "file:///C:\\Modeles\\Courrier.dotx")), "lettre.docx"),
        (_ooxml(**{"word/embeddings/Microsoft_Excel_Sheet1.xlsx": _ooxml()}), "lettre.docx"),
        (
            zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "Basic/Standard/script-lb.xml": b"<x/>"}),
            "a.odt",
        ),
        (_WORD_PAGE, "lettre.html"),
        (_WORD_PAGE, "lettre.doc"),
        (b"<html><body><a href='javascript:void(0)'>x</a></body></html>", "lettre.html"),
        (
            b"<html><p>Langages (JavaScript : 10 ans), &lt;script&gt;, d&#39;autres ; onload = x</p></html>",
            "l.html",
        ),
        (b"Profession : developpeur JavaScript : travail sur ecran (35 h).", "note.txt"),
        (b"{\\rtf1\\ansi Objectif : objdata \\pict\\wmetafile8 0102}", "lettre.rtf"),
        (LETTER, "lettre.pdf"),
        (pdf("x", extra="/Names << >> % PK\x05\x06"), "lettre.pdf"),
        (b"Prescription : paracetamol. Le patient parle de JavaScript.", "note.txt"),
        (b"\xff\xd8\xff\xe0" + bytes(20_000), "photo.jpg"),
    ],
)
def test_let_through(data: bytes, name: str) -> None:
    assert _problem(data, name) is not Reason.UNSAFE


def test_a_zip_inside_a_stream_of_a_pdf_is_no_second_file() -> None:
    inner = zipped({"a.txt": b"x"})
    whole = LETTER.replace(b"%%EOF", b"%%EOF\n") + inner + b"\nendstream\nendobj\n%%EOF\n"
    dangers.refuse(whole, sniff(whole), "lettre.pdf")
    with pytest.raises(FormatError):
        dangers.refuse(LETTER + inner, sniff(LETTER), "lettre.pdf")
