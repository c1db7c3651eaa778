"""Where inputs begin: small files of our own making for each format, and those of the corpora when they are there."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from PIL import Image

from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.mails import mime
from gateway.formats.sniff import Kind, sniff
from tests.samples import Samples
from tests.unit.formats import builders

MOST, LARGEST = 60, 96 * 1024

_HL7 = (
    b"MSH|^~\\&|LABO|X|DPI|Y|20260603101500||ORU^R01^ORU_R01|1|P|2.5|||||FRA|8859/1\r"
    b"PID|||256089932695080^^^ASIP&1.2.250.1.213.1.4.8&ISO^INS~0071^^^C&1.2.250.1.999.7.2&ISO^PI||"
    b"CHAUVELIN^ZOE^ZOE ANNE^^MME^^L||19560819|F|||^^^^^^BDL^^99326\rEVN||20260603101500\rMRG|0072^^^C&1.2.3&ISO^PI\r"
    b"OBR|1||7|24323-8^Bilan^LN|||20260603\rOBX|1|NM|2160-0^Creatinine^LN||70|umol/L|50-90|N|||F\r"
    b"OBX|2|ED|PDF^PDF||^application^pdf^Base64^JVBERi0xLjQK||||||F\rZFA|ACTIF|20260101\r"
)
_HPRIM_MEDECIN = (
    "0071\r\nCHAUVELIN\r\nZOE\r\n1 rue du Pont\r\n\r\n35000 RENNES\r\n19/08/1956\r\n256089932695080\r\n7\r\n"
    "03/06/2026\r\n10107507153   Dr DURAND MARC\r\n10107507153   Dr MARTIN ANNE\r\nCompte rendu sans particularité.\r\n"
    "****LAB****\r\nRES|Créatinine|CREA|A|N|70|µmol/l|50|90|N|F|\r\n****FIN****\r\n****FINFICHIER****\r\n"
).encode("cp1252")
_HPRIM_SANTE = (
    "H|~^\\&|7||LABO||ORU|||||P|2.1|20260603\rP|1|0071|||CHAUVELIN^ZOE||19560819|F\rOBR|1|7||CREA^Créatinine\r"
    "OBX|1|NM|CREA^Créatinine||70|µmol/l|50-90|N|||F\rC|||vu\rL|1||1|6|\r"
).encode("cp1252")
_RTF = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0\b Compte rendu\b0\par Patient : CHAUVELIN Zo\'e9\par"
    rb" n\u233?e le 19/08/1956{\*\x y}\trowd\cell\row{\pict\pngblip 89504e47}\par}"
)
_HTML = "<html><head><style>p{color:red}</style></head><body><p>Née le 19/08/1956</p><table><tr><td>a&eacute;".encode()
_DOCX = {
    "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "word/document.xml": b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    b"<w:p><w:r><w:t>Patient : CHAUVELIN Zoe</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl></w:body>"
    b"</w:document>",
}
_ODT = {
    "mimetype": b"application/vnd.oasis.opendocument.text",
    "content.xml": b'<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    b'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text><text:p>Patient<text:s '
    b'text:c="3"/>CHAUVELIN</text:p></office:text></office:body></office:document-content>',
}
_MDN = (
    b"From: a@b.fr\r\nContent-Type: multipart/report; report-type=disposition-notification; boundary=a\r\n\r\n--a\r\n"
    b"\r\nlu\r\n--a\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; a@b.fr\r\n"
    b"Original-Message-ID: <1@x>\r\nDisposition: automatic-action/MDN-sent-automatically; displayed\r\n--a--\r\n"
)
_SOAP = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
    b"<s:Header><a:RelatesTo>urn:uuid:1</a:RelatesTo></s:Header><s:Body><RegistryResponse "
    b'xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:'
    b'Failure"><RegistryErrorList><RegistryError errorCode="XDSDuplicateUniqueIdInRegistry" codeContext="x"/>'
    b"</RegistryErrorList></RegistryResponse></s:Body></s:Envelope>"
)
_EXISTENCE = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><PRPA_IN201308UV02 xmlns="urn:hl7-org:v3">'
    b'<controlActProcess><subject><registrationEvent><subject1><patient><statusCode code="active"/></patient>'
    b'</subject1></registrationEvent></subject><queryAck><queryResponseCode code="OK"/></queryAck></controlActProcess>'
    b"</PRPA_IN201308UV02></s:Body></s:Envelope>"
)
_CSV = (
    b"ipp;ins;ins_oid;ins_status;birth_name;first_given;birth_date;sex\r\n"
    b"0071;256089932695080;1.2.250.1.213.1.4.8;qualifiee;CHAUVELIN;ZOE;19560819;F\r\n"
    b"address;kind;rpps;name;specialty_code;structure_id;authorised\r\na@b.fr;PER;10107507153;Durand;G15_10/SM26;1;1\r\n"
)
_TEXT = (
    "Docteur Marc Durand\nRENNES, le 3 juin 2026\n\nCOMPTE RENDU DE CONSULTATION\n\nPatient : Mme CHAUVELIN Zoé\n"
    "née CHAUVELIN le 19/08/1956 à Rennes, sexe F\nINS : 2 56 08 99 326 950 80\nCher confrère,\nJe vous adresse Mme "
    "CHAUVELIN.\nBien confraternellement,\nDr Marc DURAND\nRPPS 10107507153\n"
).encode()
_SYMBOL = (
    b"DC03FR03AV011A1B1C1D0105S1256089932695080\x1dS2ZOE ANNE\x1dS3ZOE\x1dS4CHAUVELIN\x1dS5F\x1dS619560819\x1dS799326"
)


def of(*kinds: Kind | str) -> list[bytes]:
    """Seeds of these kinds (a media type of ``sniff``, or a name of ``_OWN``); of all kinds without any."""
    own, found = _own(), _outside()
    wanted = kinds or tuple(own)
    return [seed for kind in wanted for seed in (*own.get(kind, ()), *found.get(kind, ()))]


@lru_cache(maxsize=1)
def _own() -> dict[Kind | str, list[bytes]]:
    samples = Samples("fuzz")
    cda = builders.cda()
    return {
        Kind.MAIL: [samples.new(), samples.letter(), builders.mail(builders.text(), builders.attached(_TEXT, "a.txt"))],
        Kind.CDA: [cda, builders.cda(body=builders.pdf("Compte rendu"))],
        Kind.XML: [builders.metadata(builders.listed(cda))],
        Kind.ZIP: [builders.xdm(cda)],
        Kind.PDF: [builders.pdf("Patient : CHAUVELIN Zoe", "nee le 19/08/1956"), builders.pdf()],
        Kind.HTML: [_HTML],
        Kind.RTF: [_RTF],
        Kind.DOCX: [builders.zipped(_DOCX)],
        Kind.ODT: [builders.zipped(_ODT, stored=True)],
        Kind.HPRIM_MEDECIN: [_HPRIM_MEDECIN],
        Kind.HPRIM_SANTE: [_HPRIM_SANTE],
        Kind.HL7V2: [_HL7],
        Kind.TNEF: [b"\x78\x9f\x3e\x22\x01\x00\x01\x06\x90\x08\x00\x04\x00\x00\x00\x00\x00\x01\x00\x01\x00"],
        Kind.PKCS7: [
            b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x00\x00"
        ],
        Kind.PNG: [_picture("PNG")],
        Kind.JPEG: [_picture("JPEG")],
        Kind.TIFF: [_picture("TIFF")],
        Kind.TEXT: [_TEXT],
        "mdn": [_MDN],
        "soap": [_SOAP, _EXISTENCE],
        "csv": [_CSV],
        "symbol": [_SYMBOL],
    }


def _picture(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("L", (40, 30), 200).save(out, form)
    return out.getvalue()


@lru_cache(maxsize=1)
def _outside() -> dict[Kind | str, list[bytes]]:
    """Of each kind some of the corpora's files, from the smallest to the largest."""
    found: dict[Kind | str, set[bytes]] = {}
    for content in _files():
        if 0 < len(content) <= LARGEST:
            found.setdefault(sniff(content), set()).add(content)
    chosen: dict[Kind | str, list[bytes]] = {}
    for kind, contents in found.items():
        ordered = sorted(contents, key=lambda one: (len(one), one))
        chosen[kind] = ordered[:: max(1, -(-len(ordered) // MOST))]
    return chosen


def _files() -> Iterator[bytes]:
    root = Path(os.environ.get("GATEWAY_CORPORA", Path(__file__).resolve().parents[3] / "shared" / "corpora"))
    for folder in ("email-*", "hprim-fr", "hl7v2-fr", "pdf-*", "xdm-*", "cda-fr"):
        for file in sorted(root.glob(f"{folder}/**/*")):
            if file.is_file() and file.stat().st_size <= LARGEST:
                yield file.read_bytes()
    for file in sorted(root.glob("mails/mails/*.eml"))[::3]:
        raw = file.read_bytes()
        yield raw
        yield from _inside(raw)


def _inside(raw: bytes) -> Iterator[bytes]:
    """The parts of a mail, and the members of their archives."""
    try:
        contents = [part.decoded() for part in mime.split(raw, DEFAULT)[1]]
    except FormatError:
        return
    for content in contents:
        yield content
        if sniff(content) is Kind.ZIP:
            try:
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    yield from (archive.read(one) for one in archive.infolist() if one.file_size <= LARGEST)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
                continue
