"""A patient record to try and train with: MDM^T02, T10 and T04, or ORU^R01, over MLLP (spec/mssante/dpi-hl7v2.md).

It answers AA, or AE with a code of table 0533, and keeps each document under ``<IPP>/<document id>.xml``, each message
under ``messages/<MSH-10>.hl7``: the same message again gets the same answer.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import signal
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from gateway.sandbox.disk import Patients, keep, name_for
from gateway.sandbox.serve import LOOPBACK, say_ready

MAX_MESSAGE = 200_000_000
_START, _END = b"\x0b", b"\x1c\r"

_DOCUMENT = "{urn:hl7-org:v3}ClinicalDocument"
_CDA = {"h": "urn:hl7-org:v3"}
_MDM = {("MDM", "T02"), ("MDM", "T10"), ("MDM", "T04")}
_EVENTS = {"F": "T02", "C": "T10", "D": "T04"}  # what OBX-11 of an ORU asks for

_REASONS = {
    "100": "message illisible",
    "101": "le message ne désigne pas le document",
    "199": "ce numéro de message (MSH-10) a déjà servi pour un autre contenu",
    "200": "type de message inconnu : MDM T02, T10, T04 ou ORU R01 sont attendus",
    "900": "le document à remplacer ou à supprimer n'est pas au dossier",
    "902": "patient inconnu au dossier",
    "906": "refus demandé pour l'exercice",
}


class RefusedError(Exception):
    """The record refuses; ``code`` is of table 0533, or a technical one."""

    def __init__(self, code: str) -> None:
        super().__init__(_REASONS.get(code, "refus"))
        self.code = code


@dataclass(frozen=True, slots=True)
class Message:
    """What an MDM or ORU message says; ``event`` is that of an MDM."""

    control_id: str
    event: str
    patient_ids: tuple[str, ...]
    document_id: str
    parent_id: str
    document: bytes


class Record:
    """What the record holds. ``refuse``: the code by which every message is refused, to train with; empty: none."""

    def __init__(self, state: Path, patients: Patients, refuse: str = "") -> None:
        self._state, self._patients, self._refuse = state, patients, refuse

    def answer(self, raw: bytes) -> bytes:
        """The acknowledgement of a message, once what it says is on disk."""
        control_id = ""
        try:
            control_id = _fields(raw, b"MSH")[8].decode("utf-8", "replace")
            self._take(raw, read(raw))
        except RefusedError as error:
            return _ack(control_id, "AE", error.code, str(error))
        except (IndexError, KeyError, UnicodeDecodeError, binascii.Error):
            return _ack(control_id, "AE", "100", _REASONS["100"])
        return _ack(control_id, "AA")

    def _take(self, raw: bytes, message: Message) -> None:
        if self._refuse:
            raise RefusedError(self._refuse)
        kept = self._state / "messages" / f"{name_for(message.control_id)}.hl7"
        if kept.exists():
            if kept.read_bytes() != raw:
                raise RefusedError("199")
            return
        patient = self._patients.find(*message.patient_ids)
        if patient is None:
            raise RefusedError("902")
        self._file(self._state / name_for(patient.ipp or patient.ins), message)
        keep(kept, raw)

    def _file(self, folder: Path, message: Message) -> None:
        document = folder / f"{name_for(message.document_id)}.xml"
        before = document if message.event == "T04" else folder / f"{name_for(message.parent_id)}.xml"
        if message.event != "T02" and not before.exists() and not document.exists():
            raise RefusedError("900")
        if message.event == "T04":
            document.rename(document.with_suffix(".supprime"))
            return
        keep(document, message.document)
        if message.event == "T10" and before.exists():
            before.rename(before.with_suffix(".remplace"))


def read(raw: bytes) -> Message:
    """Read a message. RefusedError, IndexError, KeyError, UnicodeDecodeError or binascii.Error when it cannot be."""
    header, patient, observation = _fields(raw, b"MSH"), _fields(raw, b"PID"), _fields(raw, b"OBX")
    codec = "iso-8859-15" if header[16:17] == [b"8859/15"] else "utf-8"
    kind = tuple(header[7].decode(codec).split("^")[:2])
    document = base64.b64decode(observation[4].rpartition(b"^")[2], validate=True)
    if kind in _MDM:
        notice = [*(field.decode(codec) for field in _fields(raw, b"TXA")), ""]
        event, document_id, parent = kind[1], notice[11], notice[12]
    elif kind == ("ORU", "R01"):
        event = _EVENTS[observation[10].decode(codec)]
        document_id, parent = _named(document, "h:id"), _named(document, "h:relatedDocument/h:parentDocument/h:id")
    else:
        raise RefusedError("200")
    if not document_id or not header[8]:
        raise RefusedError("101")
    ids = tuple(one.partition("^")[0] for one in patient[2].decode(codec).split("~") if one)
    return Message(header[8].decode(codec), event, ids, document_id, parent, document)


def _named(document: bytes, path: str) -> str:
    """An id of the CDA: in an ORU it stands nowhere else. Empty when there is none."""
    parser = etree.XMLParser(no_network=True, resolve_entities=False, huge_tree=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError:
        raise RefusedError("100") from None
    found = next(root.iter(_DOCUMENT), root).find(path, _CDA)  # it may be inside its own style sheet
    return "" if found is None else f"{found.get('root', '')}^{found.get('extension', '')}".rstrip("^")


def _fields(raw: bytes, name: bytes) -> list[bytes]:
    """The fields of the first segment of that name; IndexError when there is none."""
    segments = [segment for segment in raw.split(b"\r") if segment.startswith(name + b"|")]
    return segments[0].split(b"|")[1:]


def _ack(control_id: str, code: str, error: str = "", text: str = "") -> bytes:
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")
    number = hashlib.sha256(f"{control_id}{code}{error}".encode()).hexdigest()[:20]
    said = (
        f"MSH|^~\\&|DPI|BAC A SABLE|GATEWAY|GATEWAY|{now}||ACK^T02^ACK|{number}|T|2.6|||||FRA|UNICODE UTF-8\r"
        f"MSA|{code}|{control_id}\r"
    )
    if error:
        # table 0533 is the application's: its codes stand in ERR-5, the general HL7 code in ERR-3
        functional = error if error.startswith("9") else ""
        said += f"ERR|||{'207' if functional else error}|E|{functional}|||{text}\r"
    return said.encode()


def serve(state: Path, patients: Patients, port: int = 0, refuse: str = "") -> None:
    """Serve on the loopback until SIGTERM or SIGINT. Raises OSError when the port cannot be used."""
    state.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(Record(state, patients, refuse), port))


async def _serve(record: Record, port: int) -> None:
    told, loop, turn = asyncio.Event(), asyncio.get_running_loop(), asyncio.Lock()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    talks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(_converse(record, turn, reader, writer))
        talks.add(talk)
        talk.add_done_callback(talks.discard)

    server = await asyncio.start_server(connected, LOOPBACK, port, limit=MAX_MESSAGE)
    say_ready(server.sockets[0].getsockname()[1])
    await told.wait()
    server.close()
    for talk in talks:
        talk.cancel()
    await asyncio.gather(*talks, return_exceptions=True)


async def _converse(
    record: Record, turn: asyncio.Lock, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection, until its peer goes."""
    with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while True:
            await reader.readuntil(_START)
            raw = (await reader.readuntil(_END)).removesuffix(_END)
            async with turn:
                said = await asyncio.to_thread(record.answer, raw)
            writer.write(_START + said + _END)
            await writer.drain()
