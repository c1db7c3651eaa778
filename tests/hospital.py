"""The hospital's own record, as the tests play it: the messages it sends, and the inlet where it is told of them."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.model.documents import CdaHeader
from gateway.protocols.hl7_ack import Ack, AckError, build_ack, read_ack
from gateway.protocols.hl7v2 import Message, parse
from gateway.protocols.mllp import Deframer, frame

FLAGS = ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "CONNEXION_SECRETE", "MODIF_CONF_CODE", "DESTDMP",
         "DESTMSSANTEPS", "DESTMSSANTEPAT", "ACK_RECEPTION", "ACK_LECTURE_MSS")  # fmt: skip
#: To the DMP, and tell us; nothing else.
TO_DMP = {"DESTDMP": "Y", "ACK_RECEPTION": "Y"}
_CONTROLS = {"F": "NW", "C": "RO", "D": "CA"}
_EVENTS = {"F": "T02", "C": "T10", "D": "T04"}
SENDER = "PRT||UC||SB^^participation|810107507153^DURAND^Marc^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"


def pid(header: CdaHeader, *, more: str = "") -> str:
    """The PID of the patient of a CDA; ``more``: another repetition of PID-3."""
    root, number = header.patient_ids[0]
    ids = f"{number}^^^ASIP-SANTE-INS-NIR&{root}&ISO^INS^^20101207{more}"
    name = f"{header.birth_name}^{header.first_given}^{header.given_names}^^^^L"
    return f"PID|||{ids}||{name}||{header.birth_date}|{header.sex}|||^^^^^^BDL^^{header.birth_place}"


def mdm(
    document: bytes,
    patient: str,
    *,
    number: str,
    status: str = "F",
    flags: Mapping[str, str] = TO_DMP,
    **changes: str,
) -> bytes:
    """An MDM of version 2.6. ``changes``: version, event, control (ORC-1), profile, visit (PV1-2), processing, prt."""
    head = _header(f"MDM^{changes.get('event', _EVENTS[status])}^MDM_T02", number, "2.6", changes)
    body = [
        "EVN||20260605101500",
        patient,
        f"PV1|1|{changes.get('visit', 'I')}",
        f"ORC|{changes.get('control', _CONTROLS[status])}",
        "OBR|1|||34112-3^CR hospitalier^LN",
        "TXA|1|34112-3|TEXT|||||||||1.2.3|||||AU",
        _enclosed(1, "text", document, status),
        *_participants(changes),
        *_flags(2, "CWE", flags),
    ]
    return _bytes(head, body)


def oru(
    documents: Sequence[bytes],
    patient: str,
    *,
    number: str,
    status: str = "F",
    flags: Mapping[str, str] = TO_DMP,
    **changes: str,
) -> bytes:
    """An ORU^R01 of version 2.5, with one document or both forms of it."""
    head = _header("ORU^R01^ORU_R01", number, "2.5", changes)
    first, *others = documents
    body = [
        patient,
        f"PV1|1|{changes.get('visit', 'O')}",
        f"ORC|{_CONTROLS[status]}",
        "OBR|1|||11502-2^CR d'examens biologiques^LN",
        _enclosed(1, "TEXT", first, status),
        *_participants(changes),
        *(_enclosed(place, "TEXT", one, status) for place, one in enumerate(others, 2)),
        *_flags(len(documents) + 1, "CE", flags),
    ]
    return _bytes(head, body)


async def hand_over(port: int, *messages: bytes) -> list[Ack]:
    """Send messages over one connection; their acknowledgements."""
    return [read_ack(one) for one in await answers(port, *messages)]


async def answers(port: int, *messages: bytes, tls: ssl.SSLContext | None = None) -> list[Message]:
    """The same, as messages: what has no MSH-10 is answered too."""
    reader, writer = await asyncio.open_connection("localhost" if tls else "127.0.0.1", port, ssl=tls)
    deframer, found = Deframer(), list[Message]()
    try:
        for message in messages:
            writer.writelines(frame(message))
        await writer.drain()
        while len(found) < len(messages):
            data = await asyncio.wait_for(reader.read(65_536), 30)
            assert data, "the inlet hung up"
            found += [parse(one) for one in deframer.feed(data)]
    finally:
        writer.close()
    return found


@dataclass
class Told:
    """What the record was told. ``answers``: those to give first (AE, AR, or empty: hang up); then AA."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def messages(self) -> list[Message]:
        return [parse(one) for one in self.frames]

    def errors(self) -> list[str]:
        """ERR-5.1 of each message; empty for one that tells of a success."""
        return [one.field("ERR", 5) for one in self.messages]

    async def until(self, count: int) -> list[Message]:
        """Wait for so many messages."""
        async with asyncio.timeout(30):
            while len(self.frames) < count:
                self.news.clear()
                await self.news.wait()
        return self.messages

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        deframer = Deframer()
        while data := await reader.read(65_536):
            for message in deframer.feed(data):
                self.frames.append(message)
                self.news.set()
                code = self.answers.pop(0) if self.answers else "AA"
                if not code:
                    writer.close()
                    return
                errors = [] if code == "AA" else [AckError("207", "906", "non")]
                writer.writelines(frame(build_ack(parse(message), code, errors, control_id="A", time="20260605")))
        writer.close()


@asynccontextmanager
async def told(tls: ssl.SSLContext | None = None) -> AsyncIterator[Told]:
    """The record's inlet of business acknowledgements."""
    found = Told()
    server = await asyncio.start_server(found.hear, "127.0.0.1", 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


def _header(kind: str, number: str, version: str, changes: Mapping[str, str]) -> str:
    profile = changes.get("profile", "2.1^CISIS_CDA_HL7_V2")
    version, processing = changes.get("version", version), changes.get("processing", "T")
    time = changes.get("time", "20260605101500")
    head = f"MSH|^~\\&|DPI|CHU|PASSERELLE|CHU|{time}||{kind}|{number}|{processing}|{version}"
    return f"{head}|||||FRA|UNICODE UTF-8|||{profile}"


def _enclosed(place: int, kind: str, document: bytes, status: str) -> str:
    packed = base64.b64encode(document).decode()
    return f"OBX|{place}|ED|34112-3^CR^LN||^{kind}^XML^Base64^{packed}||||||{status}"


def _participants(changes: Mapping[str, str]) -> list[str]:
    return [SENDER, *filter(None, changes.get("prt", "").split("\n"))]


def _flags(first: int, kind: str, flags: Mapping[str, str]) -> list[str]:
    values = {name: flags.get(name, "N") for name in FLAGS if flags.get(name) != ""}
    return [
        f"OBX|{place}|{kind}|{name}^x^MetaDMPMSS||{value}^^expandedYes-NoIndicator||||||F"
        for place, (name, value) in enumerate(values.items(), first)
    ]


def _bytes(head: str, body: Sequence[str]) -> bytes:
    return "".join(f"{line}\r" for line in (head, *body)).encode()
