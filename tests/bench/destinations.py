"""A DMP and a patient record that acknowledge at once and check nothing: ``python -m tests.bench.destinations PKI``.

The first line on stdout gives the two ports. Each line on stdin asks for what came since the last one, as one JSON
line: the size of every request and frame, and when each document was acknowledged (seconds since 1970).
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import uvloop

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_MESSAGE = re.compile(rb"<(?:\w+:)?MessageID[^>]*>([^<]+)<")
_UNIQUE_ID = re.compile(rb'identificationScheme="urn:uuid:2e82c1f6[^"]*" value="([^"]+)"')
_FRAME_END = b"\x1c\r"
_STREAM_LIMIT = 1 << 28
_ENVELOPE = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
    b"<s:Header><a:RelatesTo>%s</a:RelatesTo></s:Header><s:Body>%s</s:Body></s:Envelope>"
)
_SUCCESS = b'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"'
_ACTIVE = (
    b'<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3"><controlActProcess><subject><registrationEvent><subject1><patient>'
    b'<statusCode code="active"/></patient></subject1></registrationEvent></subject><queryAck>'
    b'<queryResponseCode code="OK"/></queryAck></controlActProcess></PRPA_IN201308UV02>'
)
_NOT_FOUND = (
    b'<q:AdhocQueryResponse xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" %s>'
    b'<r:RegistryObjectList xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"/></q:AdhocQueryResponse>' % _SUCCESS
)
_REGISTERED = b'<r:RegistryResponse xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" %s/>' % _SUCCESS
_PAYLOADS = {b"patients": _ACTIVE, b"registry": _NOT_FOUND, b"repository": _REGISTERED}


class Destinations:
    """Both servers, and what they have seen."""

    def __init__(self) -> None:
        self._seen: dict[str, Any] = {}
        self.take()

    def take(self) -> dict[str, Any]:
        """What came since the last time."""
        seen, self._seen = (
            self._seen,
            {"requests": [], "frames": [], "dmp": defaultdict(list), "dpi": defaultdict(list)},
        )
        return seen

    async def dmp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """HTTP/1.1 kept alive: the path names the service."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(_LENGTH.findall(head)[0])
                body = await reader.readexactly(length)
                service = head.split(b" ", 2)[1].rpartition(b"/")[2]
                message = _MESSAGE.search(body, 0, 4096)
                answer = _ENVELOPE % (message[1] if message else b"", _PAYLOADS[service])
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(answer), answer)
                )
                unique_id = _UNIQUE_ID.search(body) if service == b"repository" else None
                if unique_id:
                    self._seen["dmp"][unique_id[1].decode()].append(time.time())
                self._seen["requests"].append((service.decode(), len(head) + length))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def dpi(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """MLLP: AA for every message."""
        try:
            while True:
                frame = await reader.readuntil(_FRAME_END)
                fields = frame[: frame.index(b"\r")].split(b"|")
                writer.write(
                    b"\x0bMSH|^~\\&|DPI|DPI|GATEWAY|GATEWAY|20260101000000||ACK|%s|P|2.6\rMSA|AA|%s\r\x1c\r"
                    % (fields[9], fields[9])
                )
                txa = frame.find(b"\rTXA|")
                if txa >= 0:
                    described = frame[txa + 1 : frame.index(b"\r", txa + 1)].split(b"|")
                    self._seen["dpi"][_document_id(described[12].decode())].append(time.time())
                self._seen["frames"].append(len(frame))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def _document_id(txa12: str) -> str:
    extension, *rest = txa12.split("^")
    return f"{rest[1]}^{extension}" if rest else extension


async def main(pki: Path) -> None:
    """Serve until stdin ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "server.pem", pki / "server.key")
    context.load_verify_locations(pki / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    both = Destinations()
    servers = [
        await asyncio.start_server(both.dmp, "127.0.0.1", 0, ssl=context, limit=_STREAM_LIMIT),
        await asyncio.start_server(both.dpi, "127.0.0.1", 0, limit=_STREAM_LIMIT),
    ]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(both.take()), flush=True)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
