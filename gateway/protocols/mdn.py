"""The answer to a sender who asked for one: a disposition notification (RFC 8098, spec/mssante/mssante-mail.md §5.2).

Two forms of the volet are written and both are read: in 1.1.3 the error is a field of its own, in 1.1.2 it stands
within ``Disposition``. The mail answered is given back whole when it is small and can travel as it is; else its header
alone (RFC 6522 §3): its sender has it, and operators refuse large messages.
"""

from __future__ import annotations

import hashlib
import quopri
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from typing import Literal

#: The largest original given back whole (bytes).
WHOLE = 5_000_000
_HEADER = 64 * 1024

LABELS = {
    "900": "Version incorrecte",
    "901": "Auteur non autorisé",
    "902": "Patient inconnu",
    "903": "INS absent du document",
    "904": "INS différent de celui connu",
    "905": "INS incomplet",
    "906": "Autre motif",
}
_ADVICE = {
    "900": "La version à remplacer ou à supprimer n'est pas la dernière que nous avons : vérifiez la version envoyée.",
    "901": "Seul l'auteur du document ou sa structure peut le remplacer ou le supprimer : vérifiez l'auteur indiqué.",
    "902": "Vérifiez que ce patient est bien suivi ici et que son identité est exacte, puis renvoyez le document.",
    "903": "Renvoyez le document avec l'INS qualifiée du patient.",
    "904": "Vérifiez l'INS et les traits d'identité du patient (téléservice INSi), puis renvoyez le document.",
    "905": "Renvoyez le document avec tous les traits d'identité du patient : nom de naissance, premier prénom, "
    "date de naissance, sexe, lieu de naissance.",
    "906": "Si le détail ci-dessus ne vous suffit pas, répondez à cette adresse ou joignez notre secrétariat.",
}
_ADDRESS = re.compile(r"[!-9;=?-~]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_FIELD_ERROR = re.compile(r"\s*(\w+)\s*\^([^^|]*)")


class MdnError(Exception):
    """An address that no notification can carry, or bytes that are none. The text quotes nothing."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one document: its name as the sender knows it, and a French sentence without full stop."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class MdnRequest:
    """What to answer. ``key`` is what the Message-ID derives from, with ``code`` (empty: all is well; else table 0533).

    ``mailbox`` received, ``to`` asked. ``subject`` and ``message_id`` are the original's; ``original`` its bytes (at
    least its header), given back whole if ``whole``. ``instant`` is aware. ``nil`` is the product's X-MSS-NIL.
    """

    key: str
    mailbox: str
    to: str
    subject: str
    message_id: str
    original: bytes
    instant: datetime
    fates: tuple[Fate, ...] = ()
    code: str = ""
    form: Literal["1.1.3", "1.1.2"] = "1.1.3"
    whole: bool = True
    nil: str = ""

    @property
    def known_code(self) -> str:
        """The code as the volet has it: what is not in its table is 906."""
        return self.code if not self.code or self.code in LABELS else "906"


@dataclass(frozen=True, slots=True)
class Disposition:
    """What a notification says. ``code`` and ``label`` are empty unless ``error``, and may be empty even then."""

    message_id: str
    recipient: str
    type: str
    error: bool
    code: str = ""
    label: str = ""


def message_id(request: MdnRequest) -> str:
    """The same for the same answer, so that one sent twice is known for one."""
    digest = hashlib.sha256(f"{request.key}/{request.known_code}".encode()).hexdigest()
    return f"<mdn.{digest[:32]}@{request.mailbox.rpartition('@')[2]}>"


def build(request: MdnRequest) -> bytes:
    """The notification, CRLF line ends, the same bytes for the same request. MdnError."""
    if not _ADDRESS.fullmatch(request.mailbox) or not _ADDRESS.fullmatch(request.to):
        raise MdnError("an address that a header cannot carry")
    parts = [_human(request), _machine(request), _original(request)]
    boundary = _boundary(request, parts)
    edge = b"--" + boundary.encode()
    body = b"".join(edge + b"\r\n" + part + b"\r\n" for part in parts)
    return _block(_fields(request, boundary)) + b"\r\n" + body + edge + b"--\r\n"


def read(data: bytes) -> Disposition:
    """What a notification of either form says. MdnError when it is none."""
    header, body = _cut(data)
    boundary = header.get_boundary() if header.get_content_type() == "multipart/report" else None
    if not boundary:
        raise MdnError("not a report")
    for piece in re.split(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode()) + rb"(?:--)?[ \t]*(?:\r?\n|\Z)", body):
        part, content = _cut(piece)
        if part.get_content_type() == "message/disposition-notification":
            part.set_payload(content.decode("latin-1"))
            decoded = part.get_payload(decode=True)
            return _disposition(decoded if isinstance(decoded, bytes) else content)
    raise MdnError("no disposition notification")


def _fields(request: MdnRequest, boundary: str) -> dict[str, str]:
    mark = f"[KO Intégration système !][{request.known_code}] " if request.code else ""
    answered = _id(request.message_id)
    fields = {
        "From": f"<{request.mailbox}>",
        "To": f"<{request.to}>",
        "Subject": _encoded("Subject", mark + _line(request.subject)),
        "Date": format_datetime(request.instant),
        "Message-ID": message_id(request),
        "In-Reply-To": answered,
        "References": answered,
        "Auto-Submitted": "auto-replied",
        "X-MSS-NIL": _line(request.nil),
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/report; report-type=disposition-notification;\r\n boundary="{boundary}"',
    }
    return {name: value for name, value in fields.items() if value}


def _human(request: MdnRequest) -> bytes:
    text = "\r\n".join(_ko(request) if request.code else _ok(request)) + "\r\n"
    head = _block({"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "quoted-printable"})
    return head + b"\r\n" + _quoted(text.encode())


def _ok(request: MdnRequest) -> list[str]:
    first = "Votre message a bien été reçu et traité par notre établissement."
    return ["Bonjour,", "", first, *_list(request), "", "Vous n'avez rien à faire. Ceci est une réponse automatique."]


def _ko(request: MdnRequest) -> list[str]:
    code = request.known_code
    first = "Votre message a bien été reçu, mais tout n'a pas pu être intégré automatiquement au dossier du patient."
    why = f"Motif : {code} - {LABELS[code]}."
    last = "Ceci est une réponse automatique. Merci de votre attention."
    return ["Bonjour,", "", first, why, *_list(request), "", f"Que faire : {_ADVICE[code]}", "", last]


def _list(request: MdnRequest) -> list[str]:
    return ["", *(f"- {_line(fate.name)[:120]} : {fate.text}." for fate in request.fates)] if request.fates else []


def _machine(request: MdnRequest) -> bytes:
    disposition, error = "automatic-action/MDN-sent-automatically; processed", ""
    if request.code:
        said = f"{request.known_code}^{_ascii(LABELS[request.known_code])}"
        if request.form == "1.1.2":
            disposition += f"/Error: {said}^messageErrorCondition| E^Error^errorSeverity"
        else:
            disposition += "/error"
            error = f"{said}^applicationErrorCondition| E^Error^errorSeverity"
    fields = {
        "Reporting-UA": f"{request.mailbox.rpartition('@')[2]}; passerelle-mssante",
        "Final-Recipient": f"rfc822;{request.mailbox}",
        "Original-Message-ID": _id(request.message_id),
        "Disposition": disposition,
        "Error": error,
    }
    head = _block({"Content-Type": "message/disposition-notification", "Content-Transfer-Encoding": "7bit"})
    return head + b"\r\n" + _block({name: value for name, value in fields.items() if value})


def _original(request: MdnRequest) -> bytes:
    data = re.sub(rb"\r\n|\r|\n", b"\r\n", request.original)
    travels = b"\x00" not in data and re.search(rb"[^\r\n]{999}", data) is None
    if request.whole and len(data) <= WHOLE and travels:
        encoding = "7bit" if data.isascii() else "8bit"
        return _block({"Content-Type": "message/rfc822", "Content-Transfer-Encoding": encoding}) + b"\r\n" + data
    header = (data.split(b"\r\n\r\n", 1)[0] + b"\r\n")[:_HEADER]
    head = _block({"Content-Type": "text/rfc822-headers", "Content-Transfer-Encoding": "quoted-printable"})
    return head + b"\r\n" + _quoted(header)


def _boundary(request: MdnRequest, parts: list[bytes]) -> str:
    """A line that stands in none of the parts, derived like everything else."""
    number = 0
    while True:
        boundary = hashlib.sha256(f"{request.key}/{request.code}/{number}".encode()).hexdigest()[:32]
        if not any(boundary.encode() in part for part in parts):
            return boundary
        number += 1


def _block(fields: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode("ascii")


def _quoted(data: bytes) -> bytes:
    return quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")


def _encoded(name: str, value: str) -> str:
    return Header(value, "us-ascii" if value.isascii() else "utf-8", header_name=name).encode(linesep="\r\n")


def _line(text: str) -> str:
    """One line: no character that could begin another field."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _id(text: str) -> str:
    """A message identifier as received, when a field can carry it."""
    text = text.strip()
    return text if 0 < len(text) < 900 and all("!" <= letter <= "~" for letter in text) else ""


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _cut(data: bytes) -> tuple[Message, bytes]:
    """A header, read alone (no descent into parts), and what follows its empty line."""
    empty = re.search(rb"\r?\n\r?\n", data)
    end = empty.end() if empty else len(data)
    return BytesHeaderParser().parsebytes(data[:end][: _HEADER * 4]), data[end:]


def _disposition(content: bytes) -> Disposition:
    fields = BytesHeaderParser().parsebytes(content[:_HEADER].lstrip())
    said = " ".join(str(fields.get("Disposition", "")).split())
    kind, slash, modifier = said.partition(";")[2].partition("/")
    if not kind.strip():
        raise MdnError("no disposition")
    within = modifier.partition(":")[2]
    found = _FIELD_ERROR.match(str(fields.get("Error", "")) or within)
    return Disposition(
        message_id=str(fields.get("Original-Message-ID", "")).strip(),
        recipient=str(fields.get("Final-Recipient", "")).partition(";")[2].strip(),
        type=kind.strip().lower(),
        error=bool(slash) and modifier.strip().lower().startswith("error"),
        code=found[1] if found else "",
        label=found[2].strip() if found else "",
    )
