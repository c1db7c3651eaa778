"""The mail by which a document of the hospital leaves by MSSanté: to professionals, or to the patient.

Fields, subject and names as the référentiel wants them (spec/mssante/mssante-mail.md §2.1); what comes from the record
and which flags may meet: §2.6. The same values make the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Literal

from gateway.model.documents import Action, CdaHeader
from gateway.model.identity import INS_OIDS, Ins
from gateway.model.orders import Orders
from gateway.protocols import mailparts
from gateway.protocols.mailparts import Attachment, MailError, address, attached, encoded, identifier, line, plain
from gateway.terminology import type_code

PATIENT_DOMAIN = "patient.mssante.fr"
SUBJECT = "XDM/1.0/DDM+"
ARCHIVE = "IHE_XDM.zip"
#: Beyond this, Mon espace santé sends a mail back (bytes; §2.3).
PATIENT_LIMIT = 25_000_000
_LABEL = 40
_UNSAFE = re.compile(r"[^\w .,'()-]")

_CHANGES = {
    Action.CREATE: "",
    Action.REPLACE: "Ce document annule et remplace la version que vous avez déjà reçue.",
    Action.DELETE: "Ce document a été retiré par son auteur : merci de le supprimer de vos dossiers.",
}


class Audience(StrEnum):
    """To whom a mail goes: each gets one of its own."""

    PROFESSIONALS = "professionals"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class MailRequest:
    """``key``: what the Message-ID derives from. ``mailbox`` sends, as ``label``. ``archive``: IHE_XDM.zip.

    ``pdf``: that of the document; empty: none. ``words``: the body; empty: ours. ``receipt``: ask for a disposition
    notification. ``closed``: the patient may not answer. ``instant`` is aware. ``nil`` is the product's X-MSS-NIL.
    """

    key: str
    audience: Audience
    mailbox: str
    label: str
    to: tuple[str, ...]
    header: CdaHeader
    action: Action
    archive: bytes
    instant: datetime
    pdf: bytes = b""
    words: str = ""
    reply_to: str = ""
    receipt: bool = False
    closed: bool = False
    nil: str = ""


def forbidden(orders: Orders, rule: Literal["strict", "lenient"]) -> str:
    """Why these flags may not leave by MSSanté, in French; empty when they may (§2.6, "any other is an error").

    ``lenient``: the volet's own examples break its matrix; only what would show a document to whom it is hidden from.
    """
    both = orders.to_professionals and orders.to_patient
    if orders.to_professionals and orders.masked_to_professionals:
        return "un document masqué aux professionnels ne part pas vers un professionnel"
    if orders.to_patient and orders.invisible_to_patient:
        return "un document invisible au patient ne part pas vers le patient"
    if rule == "lenient":
        return ""
    if orders.secret:
        return "un document en connexion secrète ne part pas par MSSanté"
    if orders.to_professionals and orders.invisible_to_representatives:
        return "un document caché aux représentants légaux ne part pas vers un professionnel"
    if orders.to_professionals and not both and not orders.invisible_to_patient:
        return "un document visible du patient part aussi vers le patient (DESTMSSANTEPAT), ou pas par MSSanté"
    if orders.to_patient and not both and orders.to_dmp:
        return "un document qui part vers le patient seul ne part pas en même temps vers le DMP"
    return ""


def patient_address(ins: Ins) -> str:
    """The patient's own mailbox (ECO.2.2.6); only with a qualified INS."""
    return f"{ins.number}@{PATIENT_DOMAIN}"


def message_id(key: str, mailbox: str) -> str:
    """The same for the same document and audience: what comes back names it."""
    return f"<doc.{hashlib.sha256(key.encode()).hexdigest()[:32]}@{mailbox.rpartition('@')[2]}>"


def envelope_id(message: str) -> str:
    """What a delivery report gives back of the SMTP envelope (RFC 3461 §4.4), when it gives back nothing else."""
    return message.strip("<>").partition("@")[0]


def subject(header: CdaHeader) -> str:
    """``XDM/1.0/DDM+<label> <NAME> <given> <DD/MM/YYYY>`` (ECO.2.1.3)."""
    born = header.birth_date
    date = f"{born[6:8]}/{born[4:6]}/{born[:4]}" if re.fullmatch(r"\d{8}", born[:8]) else ""
    return line(" ".join((SUBJECT + _label(header), *_names(header), date)))


def pdf_name(header: CdaHeader) -> str:
    """``<YYYYMMDD of the act>_<type>_<NAME>_<given>.pdf`` (ECO.2.1.6)."""
    act = next((event.low for event in header.events if event.low), header.effective_time)
    pieces = (act[:8], _label(header), *_names(header))
    return "_".join(line(_UNSAFE.sub(" ", piece)) for piece in pieces if piece) + ".pdf"


def build(request: MailRequest) -> bytes:
    """The mail, CRLF line ends. MailError."""
    if not request.to:
        raise MailError("nobody to write to")
    files = [Attachment(ARCHIVE, "application/zip", request.archive)]
    if request.pdf:
        files.append(Attachment(pdf_name(request.header), "application/pdf", request.pdf))
    parts = [mailparts.text(_words(request)), *(attached(one) for one in files)]
    return mailparts.assemble(_fields(request), "multipart/mixed", parts, request.key)


def _fields(request: MailRequest) -> dict[str, str]:
    header = request.header
    return {
        "From": address(request.mailbox, request.label),
        "To": ",\r\n ".join(address(one) for one in request.to),
        "Reply-To": address(request.reply_to) if request.reply_to else "",
        "Subject": encoded("Subject", subject(header)),
        "Date": format_datetime(request.instant),
        "Message-ID": identifier(message_id(request.key, request.mailbox)),
        "Disposition-Notification-To": address(request.mailbox) if request.receipt else "",
        "X-MSS-MES": "FIN" if request.closed and request.audience is Audience.PATIENT else "",
        "X-MSS-CODECDA": plain(line(header.code.code))[:_LABEL],
        "X-MSS-INS": "O" if _states_ins(header) else "N",
        "X-MSS-NIL": plain(line(request.nil)),
    }


def _states_ins(header: CdaHeader) -> bool:
    """Matricule, its authority and the strict traits are all there (ECO.2.4.2)."""
    number = any(root in INS_OIDS and value for root, value in header.patient_ids)
    return number and all((header.birth_name, header.first_given, header.birth_date, header.sex))


def _words(request: MailRequest) -> str:
    own = request.words.replace("\r\n", "\n").replace("\r", "\n").rstrip() or _ours(request)
    return own.replace("\n", "\r\n") + "\r\n"


def _ours(request: MailRequest) -> str:
    title = line(request.header.title) or _label(request.header)
    if request.audience is Audience.PATIENT:
        first = f"Votre établissement de santé, {line(request.label)}, vous transmet ce document : {title}."
        last = "Il est dans la pièce jointe au format PDF." if request.pdf else "Il est en pièce jointe."
    else:
        first = f"Veuillez trouver ci-joint le document : {title}."
        last = "L'archive IHE_XDM.zip s'intègre dans votre logiciel ; le PDF, s'il y en a un, en est la copie lisible."
    closed = "Merci de ne pas répondre à ce message." if request.closed else ""
    change = _CHANGES[request.action]
    return "\n".join(["Bonjour,", "", first, *filter(None, (change, last, closed)), "", line(request.label)])


def _label(header: CdaHeader) -> str:
    known = type_code(header.code.code)
    return line(header.code.label or (known.label if known else header.title))[:_LABEL].strip()


def _names(header: CdaHeader) -> tuple[str, str]:
    given = header.first_given or header.given_names.partition(" ")[0]
    return plain(line(header.birth_name)).upper(), plain(line(given))
