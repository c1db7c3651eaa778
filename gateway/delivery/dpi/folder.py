"""The record's inlet as a folder: a document, and beside it a JSON file that says what to do with it.

Both are named after the delivery's key. Each is written under a temporary name, synced, renamed, and the folder synced;
the JSON comes last, so that a reader who waits for it finds the document whole. Sending the same key again writes the
same bytes to the same names. A reader that removes what it took may therefore see a repetition after a crash between
our rename and our commit: it recognises it by ``key`` (spec/mssante/dpi-hl7v2.md §7 leaves such folders to each site).
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gateway.model.causes import cause
from gateway.model.delivery import Answer, Frozen, Outcome
from gateway.model.documents import Action, Visibility
from gateway.model.identity import Patient
from gateway.model.people import Sender
from gateway.model.ports import Observer
from gateway.protocols.handover import Recipient

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\Z")
_EXTENSIONS = {
    "application/pdf": "pdf",
    "text/xml": "xml",
    "application/xml": "xml",
    "image/jpeg": "jpg",
    "image/tiff": "tif",
    "image/png": "png",
    "text/plain": "txt",
    "text/html": "html",
    "text/rtf": "rtf",
    "application/rtf": "rtf",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the record's importer is told beside the bytes. ``act_date`` and ids as in the document.

    ``filename``, ``media_type`` and ``sha256`` are those of the bytes beside it: of the rendition where there is one.
    ``revision``: our version of the document (who sees it changed); ``replaces_key``: the delivery that it replaces.
    ``sender`` None: only his address is known. ``recipients``: the mailboxes of ours, the one that received it first.
    """

    unique_id: str
    action: Action
    patient: Patient
    type_code: str
    type_label: str
    title: str
    act_date: str
    filename: str
    media_type: str
    sha256: str
    sender: Sender | None
    mailbox: str
    message_id: str
    visibility: Visibility
    replaces: str = ""
    revision: int = 1
    replaces_key: str = ""
    sender_address: str = ""
    subject: str = ""
    reply_to: str = ""
    recipients: tuple[Recipient, ...] = ()
    modified_confidentiality: bool = False


def prepare(key: str, sheet: Sheet, document: bytes) -> Frozen:
    """Freeze a delivery. ``key``: letters, digits, ``._-``; it names the files. Raises ValueError on another key.

    A deletion may come without bytes: then no document is written and the JSON's ``document`` is null.
    """
    if not _KEY.match(key):
        raise ValueError("a key that cannot name a file")
    name = f"{key}.{_EXTENSIONS.get(sheet.media_type, 'bin')}" if document else None
    return Frozen(key, sheet.action, _json(key, name, sheet), document)


def renamed(filename: str, media_type: str) -> str:
    """The name of a rendition: the stem of the original's with the extension of what it has become."""
    stem = filename.rpartition(".")[0] or filename
    return f"{stem}.{_EXTENSIONS.get(media_type, 'bin')}" if stem else ""


class Folder:
    """The port of ``gateway.model.delivery`` on a folder."""

    def __init__(self, path: Path, observer: Observer) -> None:
        """Deliver into ``path``, which must exist."""
        self._path = path
        self._observer = observer

    async def send(self, payload: Frozen) -> Outcome:
        """Write the document, then its JSON. Disk errors answer RETRY_LATER."""
        try:
            if name := msgspec.json.decode(payload.head)["document"]:
                await self._put(name, payload.body)
            await self._put(f"{payload.key}.json", payload.head)
        except OSError as error:
            return Outcome(Answer.RETRY_LATER, code=_errno(error), text=_disk(error), down=True)
        return Outcome(Answer.DONE)

    async def look_up(self, payload: Frozen) -> Outcome:
        """DONE when the JSON is there; else the delivery is written again."""
        try:
            await asyncio.to_thread((self._path / f"{payload.key}.json").stat)
        except FileNotFoundError:
            return Outcome(Answer.RETRY_LATER, text="Le document n'est pas dans le dossier du DPI : il y sera remis.")
        except OSError as error:
            return Outcome(Answer.UNKNOWN, code=_errno(error), text=_disk(error), down=True)
        return Outcome(Answer.DONE)

    async def _put(self, name: str, data: bytes) -> None:
        temporary = self._path / f".{name}.tmp"
        with self._observer.step("dpi.folder.write"):
            await asyncio.to_thread(_write, temporary, data)
        with self._observer.step("dpi.folder.rename"):
            await asyncio.to_thread(temporary.replace, self._path / name)
        with self._observer.step("dpi.folder.sync"):
            await asyncio.to_thread(_sync, self._path)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _errno(error: OSError) -> str:
    return f"errno {error.errno}" if error.errno else type(error).__name__


def _disk(error: OSError) -> str:
    return (
        f"Le dossier d'entrée du DPI ne peut être écrit ({cause(error)}) : vérifier qu'il existe, "
        "les droits et la place. La remise sera retentée."
    )


def _json(key: str, document: str | None, sheet: Sheet) -> bytes:
    patient, sender, flags = sheet.patient, sheet.sender, sheet.visibility
    content = {
        "key": key,
        "document": document,
        "unique_id": sheet.unique_id,
        "action": sheet.action.value,
        "replaces": sheet.replaces or None,
        "revision": sheet.revision,
        "replaces_key": sheet.replaces_key or None,
        "ipp": patient.ipp,
        "ins": {"number": patient.ins.number, "oid": patient.ins.oid} if patient.ins and patient.qualified else None,
        "type": {"code": sheet.type_code, "label": sheet.type_label},
        "title": sheet.title,
        "act_date": sheet.act_date,
        "sender": _sender(sender) if sender else None,
        "sender_address": sheet.sender_address,
        "reply_to": sheet.reply_to or None,
        "recipients": [
            {"address": one.address, "service": one.service, "service_code": one.code} for one in sheet.recipients
        ],
        "mailbox": sheet.mailbox,
        "filename": sheet.filename,
        "media_type": sheet.media_type,
        "sha256": sheet.sha256,
        "masked_to_professionals": flags.masked_to_professionals,
        "invisible_to_patient": flags.invisible_to_patient,
        "invisible_to_representatives": flags.invisible_to_representatives,
        "modified_confidentiality": sheet.modified_confidentiality,
        "message_id": sheet.message_id,
        "subject": sheet.subject,
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2)


def _sender(sender: Sender) -> dict[str, str]:
    return {
        "address": sender.address,
        "rpps": sender.rpps,
        "adeli": sender.adeli,
        "name": sender.name,
        "given": sender.given,
        "structure": sender.structure,
        "structure_id": sender.structure_id,
    }
