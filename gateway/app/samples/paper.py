"""What the samples are made of: a page of PDF, an XDM archive, a mail. The same words make the same bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from xml.sax.saxutils import escape, quoteattr

from gateway.app.samples.people import MAILBOX
from gateway.model.documents import Action, CdaHeader
from gateway.model.identity import INS_OIDS
from gateway.model.people import Sender

ARCHIVE = "IHE_XDM.zip"
_SLOTS = {Action.REPLACE: "C", Action.DELETE: "D"}
_SCHEMES = {
    "type": "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983",
    "confidentiality": "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f",
    "patient": "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427",
    "unique": "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab",
}


def pdf(lines: Iterable[str]) -> bytes:
    """A page of A4 with these lines, in Helvetica and WinAnsi."""
    shown = b"".join(b"(%b) Tj 0 -16 Td " % _literal(line) for line in lines)
    content = b"BT /F1 11 Tf 56 780 Td %bET" % shown
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font <</F1 5 0 R>> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start)


def xdm(document: bytes, header: CdaHeader, action: Action = Action.CREATE) -> bytes:
    """An XDM archive (IHE XDM; spec/mssante/mssante-mail.md §3) with one CDA."""
    return _zipped(
        {
            "README.TXT": "Document médical. Logiciel : exemples de la passerelle.\r\n".encode(),
            "INDEX.HTM": b"<html><body><a href='IHE_XDM/SUBSET01/DOC00001.XML'>Document</a></body></html>",
            "IHE_XDM/SUBSET01/METADATA.XML": _metadata(document, header, action),
            "IHE_XDM/SUBSET01/DOC00001.XML": document,
        }
    )


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a mail. ``kind`` is its media type."""

    name: str
    data: bytes
    kind: str = "application/pdf"


def mail(
    slug: str,
    at: datetime,
    sender: Sender | tuple[str, str],
    subject: str,
    text: str,
    *attachments: Attachment,
) -> bytes:
    """A mail to the clinic's mailbox. ``sender``: a professional, or (name, address)."""
    name, address = (f"Dr {sender.given} {sender.name}", sender.address) if isinstance(sender, Sender) else sender
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr((name, address))
    message["To"] = MAILBOX
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{slug}@exemple.mssante.fr>"
    message.set_content(text)
    for one in attachments:
        major, _, minor = one.kind.partition("/")
        message.add_attachment(one.data, major, minor, filename=one.name)
    if attachments:
        message.set_boundary(f"=_{slug}")
    return message.as_bytes()


def receipt(slug: str, at: datetime, sender: Sender) -> bytes:
    """A disposition notification (RFC 8098), as a sender's software answers a mail of ours."""
    boundary = f"=_{slug}"
    return "\r\n".join(
        (
            f"From: {sender.address}",
            f"To: {MAILBOX}",
            "Subject: Lu",
            f"Date: {format_datetime(at)}",
            f"Message-ID: <{slug}@exemple.mssante.fr>",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/report; report-type=disposition-notification; boundary="{boundary}"',
            "",
            f"--{boundary}",
            "Content-Type: text/plain; charset=utf-8",
            "",
            "Votre message a été lu.",
            f"--{boundary}",
            "Content-Type: message/disposition-notification",
            "",
            f"Final-Recipient: rfc822;{sender.address}",
            "Original-Message-ID: <lettre-de-sortie@clinique-des-genets.exemple.mssante.fr>",
            "Disposition: manual-action/MDN-sent-manually; displayed",
            "",
            f"--{boundary}--",
            "",
        )
    ).encode()


def _literal(line: str) -> bytes:
    raw = line.encode("cp1252", "replace")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _metadata(document: bytes, header: CdaHeader, action: Action) -> bytes:
    sha1 = hashlib.sha1(document, usedforsecurity=False).hexdigest()
    slots = {
        "hash": (sha1,),
        "size": (str(len(document)),),
        "URI": ("DOC00001.XML",),
        "sourcePatientInfo": (
            f"PID-5|{header.birth_name}^{header.first_given}^^^^^L",
            f"PID-7|{header.birth_date}",
            f"PID-8|{header.sex}",
        ),
    }
    if action in _SLOTS:
        slots["urn:action:extraMetadataSlot"] = (_SLOTS[action],)
    root, number = next((root, extension) for root, extension in header.patient_ids if root in INS_OIDS)
    entry = (
        '<ExtrinsicObject id="DOC00001" mimeType="text/xml">'
        + "".join(_slot(name, values) for name, values in slots.items())
        + f"<Name><LocalizedString value={quoteattr(header.title)}/></Name>"
        + _classified("type", header.code.code)
        + _classified("confidentiality", header.confidentiality)
        + _identified("patient", f"{number}^^^&{root}&ISO^NH")
        + _identified("unique", header.unique_id)
        + "</ExtrinsicObject>"
    )
    ebxml = "urn:oasis:names:tc:ebxml-regrep:xsd"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><SubmitObjectsRequest xmlns="{ebxml}:lcm:3.0">'
        f'<RegistryObjectList xmlns="{ebxml}:rim:3.0">{entry}</RegistryObjectList></SubmitObjectsRequest>'
    ).encode()


def _slot(name: str, values: Iterable[str]) -> str:
    listed = "".join(f"<Value>{escape(value)}</Value>" for value in values)
    return f"<Slot name={quoteattr(name)}><ValueList>{listed}</ValueList></Slot>"


def _classified(scheme: str, code: str) -> str:
    return f'<Classification classificationScheme="{_SCHEMES[scheme]}" nodeRepresentation={quoteattr(code)}/>'


def _identified(scheme: str, value: str) -> str:
    return f'<ExternalIdentifier identificationScheme="{_SCHEMES[scheme]}" value={quoteattr(value)}/>'
