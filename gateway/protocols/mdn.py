"""The answer to a sender: a disposition notification when he asked for one (RFC 8098, spec/mssante/mssante-mail.md
§5.2), else, where the hospital wants it, an ordinary mail (§5.3).

Both forms of the volet are written: in 1.1.3 the error is a field of its own, in 1.1.2 it stands within
``Disposition``, and the files of the original go along once more. The mail answered is given back whole when it is
small and can travel as it is; else its header alone: its sender has it, and operators refuse large messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

from gateway.protocols import mailparts
from gateway.protocols.mailparts import Attachment, address, attached, block, encoded, identifier, line, plain

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
#: The code that the one field carries when several documents failed: first what is graver (docs/adr/0040).
_GRAVEST = ("904", "902", "905", "903", "901", "900", "906")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one document: its name as the sender knows it, and a French sentence without full stop.

    ``code`` when it was not integrated (table 0533); empty otherwise. ``taken``: the record has it.
    """

    name: str
    text: str
    code: str = ""
    taken: bool = False


@dataclass(frozen=True, slots=True)
class MdnRequest:
    """What to answer. ``key`` is what the Message-ID derives from, with ``code`` (empty: all is well; else table 0533).

    ``mailbox`` received, ``to`` is answered. ``subject`` and ``message_id`` are the original's; ``original`` its bytes
    (at least its header), given back whole if ``whole``. ``instant`` is aware. ``nil`` is the product's X-MSS-NIL.
    ``files`` go along once more with an error in form 1.1.2.
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
    files: tuple[Attachment, ...] = ()

    @property
    def known_code(self) -> str:
        """The code as the volet has it: what is not in its table is 906."""
        return self.code if not self.code or self.code in LABELS else "906"

    @property
    def files_again(self) -> tuple[Attachment, ...]:
        """The files that the older form gives back beside the mail."""
        return self.files if self.code and self.form == "1.1.2" else ()


def worst(codes: Iterable[str]) -> str:
    """The gravest of several codes of table 0533; what is not in it is 906. Empty when all are empty."""
    known = [_GRAVEST.index(code) if code in LABELS else len(_GRAVEST) - 1 for code in codes if code]
    return _GRAVEST[min(known)] if known else ""


def message_id(request: MdnRequest) -> str:
    """The same for the same answer, so that one sent twice is known for one."""
    return _derived("mdn", f"{request.key}/{request.known_code}", request)


def notice_id(request: MdnRequest) -> str:
    """The same for a notice: another one for each address told."""
    return _derived("ko", f"{request.key}/{request.known_code}/{request.to}", request)


def build(request: MdnRequest) -> bytes:
    """The notification, CRLF line ends, the same bytes for the same request. MailError."""
    fields = _fields(request, message_id(request), "auto-replied")
    parts = [mailparts.text(human(request)), _machine(request), *_original(request)]
    kind = "multipart/report; report-type=disposition-notification"
    return mailparts.assemble(fields, kind, parts, f"{request.key}/{request.code}")


def build_notice(request: MdnRequest, sender: str = "") -> bytes:
    """The ordinary mail for who asked for no notification (§5.3); ``request.code`` is not empty. MailError.

    ``sender``: who sent the original, when it is somebody of the hospital who is told.
    """
    fields = _fields(request, notice_id(request), "auto-generated" if sender else "auto-replied")
    said = _house(request, sender) if sender else human(request)
    parts = [mailparts.text(said), *_original(request)]
    return mailparts.assemble(fields, "multipart/mixed", parts, f"{request.key}/{request.code}/{request.to}")


def human(request: MdnRequest) -> str:
    """What a person reads: each document with what became of it."""
    return _lines(_ko(request) if request.code else _ok(request))


def _derived(kind: str, seed: str, request: MdnRequest) -> str:
    digest = hashlib.sha256(seed.encode()).hexdigest()
    return f"<{kind}.{digest[:32]}@{request.mailbox.rpartition('@')[2]}>"


def _fields(request: MdnRequest, own_id: str, submitted: str) -> dict[str, str]:
    mark = f"[KO Intégration système !][{request.known_code}] " if request.code else ""
    answered = identifier(request.message_id)
    return {
        "From": address(request.mailbox),
        "To": address(request.to),
        "Subject": encoded("Subject", mark + line(request.subject)),
        "Date": format_datetime(request.instant),
        "Message-ID": own_id,
        "In-Reply-To": answered,
        "References": answered,
        "Auto-Submitted": submitted,
        "X-MSS-NIL": plain(line(request.nil)),
    }


def _ok(request: MdnRequest) -> list[str]:
    first = "Votre message a bien été reçu et traité par notre établissement."
    return ["Bonjour,", "", first, *_list(request), "", "Vous n'avez rien à faire. Ceci est une réponse automatique."]


def _ko(request: MdnRequest) -> list[str]:
    code = request.known_code
    first = "Votre message a bien été reçu, mais tout n'a pas pu être intégré automatiquement au dossier du patient."
    why = f"Motif : {code} - {LABELS[code]}."
    partly = any(fate.taken for fate in request.fates)
    only = ["", "Ce qui est intégré ci-dessus l'est : ne renvoyez que le reste."] if partly else []
    last = "Ceci est une réponse automatique. Merci de votre attention."
    return ["Bonjour,", "", first, why, *_list(request), *only, "", f"Que faire : {_ADVICE[code]}", "", last]


def _house(request: MdnRequest, sender: str) -> str:
    code = request.known_code
    return _lines(
        [
            "Bonjour,",
            "",
            f"Un message reçu par {request.mailbox} n'a pas pu être intégré en entier au dossier du patient.",
            f"Motif : {code} - {LABELS[code]}.",
            f"Expéditeur : {line(sender)}, qui n'a pas demandé d'accusé.",
            *_list(request),
            "",
            "Que faire : voir ce message dans la liste de travail de la passerelle ; si besoin, prévenir l'expéditeur.",
        ]
    )


def _list(request: MdnRequest) -> list[str]:
    listed = [f"- {line(fate.name)[:120]} : {fate.text}{_coded(fate)}." for fate in request.fates]
    return ["", *listed] if listed else []


def _coded(fate: Fate) -> str:
    code = worst([fate.code])
    return f" ({code} - {LABELS[code]})" if code else ""


def _lines(lines: Iterable[str]) -> str:
    return "\r\n".join(lines) + "\r\n"


def _machine(request: MdnRequest) -> bytes:
    disposition, error = "automatic-action/MDN-sent-automatically; processed", ""
    if request.code:
        said = f"{request.known_code}^{plain(LABELS[request.known_code])}"
        if request.form == "1.1.2":
            disposition += f"/Error: {said}^messageErrorCondition| E^Error^errorSeverity"
        else:
            disposition += "/error"
            error = f"{said}^applicationErrorCondition| E^Error^errorSeverity"
    fields = {
        "Reporting-UA": f"{request.mailbox.rpartition('@')[2]}; {mailparts.PRODUCT}",
        "Final-Recipient": f"rfc822;{request.mailbox}",
        "Original-Message-ID": identifier(request.message_id),
        "Disposition": disposition,
        "Error": error,
    }
    head = block({"Content-Type": "message/disposition-notification", "Content-Transfer-Encoding": "7bit"})
    return head + b"\r\n" + block(fields)


def _original(request: MdnRequest) -> list[bytes]:
    whole = mailparts.returned(request.original, whole=request.whole)
    return [whole, *(attached(one) for one in request.files_again)]
