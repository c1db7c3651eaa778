"""Readers that take more than bytes, and what must hold of those that answer: each takes the bytes of one input."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import msgspec

import gateway
from gateway.delivery.dmp import DmpError, errors
from gateway.delivery.dpi import acks
from gateway.delivery.wire import Response
from gateway.flow.reading import enclosed, reader
from gateway.flow.reading.asked import Request
from gateway.formats import archive, containers, dangers, mail
from gateway.formats.clinical import cda, xdm
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.mails import headers, lzfu, part, smime
from gateway.formats.sniff import Kind, sniff
from gateway.identity import text, textdates
from gateway.intake import tables
from gateway.intake.imap import wire
from gateway.model.identity import INS_NIR, Ins
from gateway.protocols import adt, cda_transform, ebxml, hl7_ack, hl7v2, mllp, mtom, pix, soap, transmission
from gateway.protocols.cda import CdaError
from gateway.protocols.cda_transform import Completion
from tests.samples import ZOE

_PICTURES = (Kind.PNG, Kind.JPEG, Kind.TIFF, Kind.GIF, Kind.BMP)
_ASKED = Ins("256089932695080", INS_NIR)
_READ = msgspec.json.encode(Request("read"))


def whole_mail(data: bytes) -> None:
    """Never raises; and every document that it lists can be taken out, with the digest that it said."""
    for one in mail.read(data).documents[:20]:
        if one.problem is None and one.sha256:
            assert hashlib.sha256(mail.extract(data, one.part)).hexdigest() == one.sha256, "another document"


def reader_process(data: bytes) -> None:
    """What the confined child does with a mail."""
    reader.work(_READ, [data])


def reader_process_on_a_file(data: bytes) -> None:
    """The same with the bytes as an attachment without a name."""
    head = b"From: a@b.fr\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n"
    reader.work(_READ, [head + b"Content-Disposition: attachment\r\n\r\n" + data])


def fields(data: bytes) -> None:
    """The header of a mail, its words and its parameters."""
    for _, value in headers.parse(data, DEFAULT.header_value).pairs:
        headers.decode_words(value)
        headers.parameters(value)


def transfer_encodings(data: bytes) -> None:
    """Damage never raises."""
    for encoding in ("base64", "quoted-printable", "x-uuencode", "7bit"):
        part.decode(data, encoding)


def zip_members(data: bytes) -> None:
    """Every member, or the refusal of the whole."""
    opened = archive.Archive(data, DEFAULT)
    files = [(entry, opened.read(entry)) for entry in opened.entries]
    xdm.documents(files, DEFAULT)


def office(data: bytes) -> None:
    """A text of Word or OpenDocument, whatever it says that it is."""
    words = import_module("gateway.formats.office.words")
    for kind in (Kind.DOCX, Kind.ODT):
        with suppress(FormatError):
            words.read(kind, data, DEFAULT)


def members(data: bytes) -> None:
    """Each file inside, whatever wraps it."""
    for number in range(3):
        containers.member(data, number, DEFAULT)


def compressed_rtf(data: bytes) -> None:
    """Decompressed to a bounded size."""
    for content in (data, len(data).to_bytes(4, "little") * 2 + b"LZFu\0\0\0\0" + data):
        with suppress(FormatError):
            assert len(lzfu.decompress(content, 10_000)) <= 10_000, "more than was asked for"


def dangerous(data: bytes) -> None:
    """The look for what must not be passed on."""
    dangers.refuse(data, sniff(data), "a.bin")


def signature(data: bytes) -> None:
    """A detached S/MIME signature; and its content, from the same bytes."""
    smime.detached(data[: len(data) // 2], data[len(data) // 2 :])
    smime.detached(b"content", data)


def pictures(data: bytes) -> None:
    """Each page as a picture."""
    raster = import_module("gateway.formats.pages.raster")
    kind = sniff(data)
    kind = kind if kind in _PICTURES else Kind.PNG
    for _ in raster.pages(data, kind, DEFAULT, wanted=range(raster.count(data, kind, DEFAULT)), dpi=100):
        pass


def symbols_on_pages(data: bytes) -> None:
    """The Data Matrix symbols of a PDF."""
    import_module("gateway.formats.pages.datamatrix").of_pdf(data, range(3), DEFAULT)


def page_read(data: bytes) -> None:
    """A picture's words; what the bytes hold is refused by the raster."""
    raster, ocr = import_module("gateway.formats.pages.raster"), import_module("gateway.formats.pages.ocr")
    kind = sniff(data)
    for picture in raster.pages(data, kind if kind in _PICTURES else Kind.PNG, DEFAULT, wanted=(0,), dpi=100):
        ocr.read(picture.resize((min(picture.width, 200), min(picture.height, 200))))


def pages_looked_at(data: bytes) -> None:
    """Words and symbols of the first page, as the reader process asks for them."""
    kind = sniff(data)
    kind = kind if kind in (*_PICTURES, Kind.PDF) else Kind.PDF
    import_module("gateway.formats.pages.pictures").read(data, kind, DEFAULT)


def symbol(data: bytes) -> None:
    """What a Data Matrix symbol says; of bytes that are none, nothing."""
    import_module("gateway.identity.datamatrix").claims([data.decode("latin-1"), data.decode("utf-8", "replace")])


def identity_in_text(data: bytes) -> None:
    """Whom a text names, and its dates."""
    content = data.decode("utf-8", "replace")
    text.claims(content)
    textdates.dates_of(content)


def letter(data: bytes) -> None:
    """Type, signatory, title and dates of a letter."""
    import_module("gateway.letters.said").read(data.decode("utf-8", "replace"))


def completed_cda(data: bytes) -> None:
    """The header completed for the DMP, of what the reader took for a CDA."""
    header = cda.read(data, DEFAULT).header
    cda_transform.transform(data, Completion(header, "1.2.3.4", ZOE, "1.2.3.5"))


def hl7_messages(data: bytes) -> None:
    """An ADT as the inlet reads it, an acknowledgement as the delivery does."""
    message = hl7v2.parse(data)
    with suppress(hl7v2.Hl7Error):
        hl7_ack.read_ack(message)
    adt.read(message, "1.2.250.1.999.7.2")


def hospital_messages(data: bytes) -> None:
    """A document of the hospital's own record: as a reader reads it, which never raises; as the inlet checks it."""
    enclosed.read(data, None)
    transmission.read(hl7v2.parse(data))


def acknowledgement(data: bytes) -> None:
    """Never raises."""
    acks.judge(data, "1")


def frames(data: bytes) -> None:
    """MLLP: what is whole in one piece is whole in two."""
    for stream in (data, mllp.START + data + mllp.END):
        whole, cut, half = mllp.Deframer(1 << 20), mllp.Deframer(1 << 20), len(stream) // 3
        with suppress(mllp.MllpError):
            messages = whole.feed(stream)
            assert messages == cut.feed(stream[:half]) + cut.feed(stream[half:]), "the cut is seen"


def dmp_answer(data: bytes) -> None:
    """A SOAP answer, and what stands in its body."""
    for content_type in ("application/soap+xml", 'multipart/related; boundary="a"; type="application/xop+xml"'):
        try:
            body = errors.payload(Response(200, content_type, data), "urn:uuid:1")
        except DmpError:
            continue
        with suppress(pix.QueryRefusedError):
            ebxml.read(body) if b"RegistryResponse" in data else pix.read(body, _ASKED)


def soap_message(data: bytes) -> None:
    """Its root part, and itself."""
    package = b"--a\r\nContent-Type: application/xop+xml\r\n\r\n" + data + b"\r\n--a--\r\n"
    soap.read(mtom.root_part('multipart/related; boundary="a"', package))
    mtom.root_part('multipart/related; boundary="a"', data)


def csv_tables(data: bytes) -> None:
    """The patients and the senders."""
    lines = data.decode("utf-8", "replace").splitlines(keepends=True)
    for read in (tables.read_patients, tables.read_senders):
        with suppress(tables.TableError):
            list(read(lines))


def imap_answers(data: bytes) -> None:
    """What a server says around its literals."""
    lines = data.split(b"\r\n")
    wire.searched(lines)
    list(wire.fetched(lines))
    wire.copied(lines)
    wire.response_code(lines)
    wire.message_id(data)


_Row = tuple[Callable[[bytes], None], tuple[Kind | str, ...], tuple[type[Exception], ...]]

#: Name (a module, and what tells two targets of one module apart) → the function, its seeds, the errors it may raise.
_TABLE: dict[str, _Row] = {
    "formats.mail": (whole_mail, (Kind.MAIL,), ()),
    "flow.reading.reader": (reader_process, (Kind.MAIL,), ()),
    "flow.reading.reader-file": (reader_process_on_a_file, (), ()),
    "formats.mails.headers": (fields, (Kind.MAIL,), (FormatError,)),
    "formats.mails.part": (transfer_encodings, (Kind.MAIL, Kind.TEXT), ()),
    "formats.archive": (zip_members, (Kind.ZIP, Kind.DOCX, Kind.ODT), (FormatError,)),
    "formats.containers": (members, (), (FormatError,)),
    "formats.mails.lzfu": (compressed_rtf, (Kind.TNEF, Kind.RTF), ()),
    "formats.office.docx": (office, (Kind.DOCX, Kind.ODT), ()),
    "formats.office.odt": (office, (Kind.ODT, Kind.DOCX, Kind.XML), ()),
    "formats.dangers": (dangerous, (), (FormatError,)),
    "formats.mails.smime-detached": (signature, (Kind.PKCS7,), (FormatError,)),
    "formats.pages.raster": (pictures, _PICTURES, (FormatError,)),
    "formats.pages.datamatrix": (symbols_on_pages, (Kind.PDF,), (FormatError,)),
    "formats.pages.ocr": (page_read, _PICTURES, (FormatError,)),
    "formats.pages.pictures": (pages_looked_at, (Kind.PDF, *_PICTURES), (FormatError,)),
    "identity.datamatrix": (symbol, ("symbol",), ()),
    "identity.text": (identity_in_text, (Kind.TEXT, "symbol"), ()),
    "letters.said": (letter, (Kind.TEXT,), ()),
    "protocols.cda_transform": (completed_cda, (Kind.CDA,), (FormatError, CdaError)),
    "protocols.hl7v2": (hl7_messages, (Kind.HL7V2,), (hl7v2.Hl7Error, adt.AdtError)),
    "protocols.transmission": (
        hospital_messages,
        (Kind.HL7V2,),
        (hl7v2.Hl7Error, transmission.TransmissionError),
    ),
    "delivery.dpi.acks": (acknowledgement, (Kind.HL7V2,), ()),
    "protocols.mllp": (frames, (Kind.HL7V2,), ()),
    "delivery.dmp.errors": (dmp_answer, ("soap",), (soap.SoapError,)),
    "protocols.mtom": (soap_message, ("soap", Kind.MAIL), (soap.SoapError,)),
    "intake.tables": (csv_tables, ("csv",), ()),
    "intake.imap.wire": (imap_answers, (Kind.MAIL,), ()),
}


def _exists(module: str) -> bool:
    return Path(gateway.__file__).parent.joinpath(*module.split(".")).with_suffix(".py").exists()


#: Those whose module exists.
TARGETS = {name: row for name, row in _TABLE.items() if _exists(name.partition("-")[0])}
