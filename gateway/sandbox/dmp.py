"""A DMP to try and train with: TD0.2, TD2.1, TD3.1b and TD3.3c over HTTP, with mutual TLS when asked.

It keeps the rules of state, right and description that errors.md tells of; it does not judge conformance to the letter.
Scenarios play what goes wrong. Paths end in /patients, /repository or /registry.
"""

from __future__ import annotations

import socket
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gateway.sandbox import soap
from gateway.sandbox.armed import Armed, Order
from gateway.sandbox.desk import Desk
from gateway.sandbox.disk import Patients
from gateway.sandbox.registry import Registry
from gateway.sandbox.scenarios import Moment, Play
from gateway.sandbox.serve import LOOPBACK, serve_until_told
from gateway.sandbox.soap import Request, RequestError
from gateway.sandbox.speaker import Access

MAX_BODY = 200_000_000
IDLE = 120  # seconds without a request before a connection is closed
SILENCE = 300  # seconds after which a client that still waits for a silent answer is left
SLOW_BYTES, SLOWLY = 16, 0.02  # a slow answer: so many bytes, then so many seconds

_PAGE = b"<html><body><h1>Service indisponible</h1></body></html>"
_WIRE = frozenset({Play.STATUS, Play.CUT, Play.SILENCE, Play.LOST, Play.LATE, Play.SLOW})


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's certificate and key, and the authority of the clients when their certificate is wanted (PEM)."""

    cert: Path
    key: Path | None = None
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """As a server; OSError when a file cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.cert, self.key)
        if self.client_ca is not None:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def refusing(self) -> ssl.SSLContext:
        """The same, which trusts no client."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


@dataclass(frozen=True, slots=True)
class Rules:
    """How strict the DMP is, and what goes wrong. ``delete_right``: "feeder" or "author"."""

    access: Access = field(default_factory=Access)
    delete_right: str = "feeder"
    orders: tuple[Order, ...] = ()


def serve(state: Path, patients: Patients, port: int = 0, tls: Tls | None = None, rules: Rules | None = None) -> None:
    """Serve on the loopback until SIGTERM or SIGINT. Raises OSError when the port or a certificate cannot be used.

    Scenarios written into ``state``/scenario while it runs are armed at the next message.
    """
    rules = rules or Rules()
    state.mkdir(parents=True, exist_ok=True)
    desk = Desk(Registry(state, patients, rules.delete_right), rules.access)
    with _Server(port, desk, Armed(rules.orders, state / "scenario"), tls) as server:
        serve_until_told(server.server_port, server.serve_forever, server.shutdown)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, desk: Desk, armed: Armed, tls: Tls | None) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.desk, self.armed = desk, armed
        self._contexts = (tls.context(), tls.refusing()) if tls else None

    def get_request(self) -> tuple[socket.socket, object]:
        """One connection, in TLS when there is a certificate; the handshake comes with the first byte read."""
        connection, address = super().get_request()
        if self._contexts is None:
            return connection, address
        context = self._contexts[self.armed.take(Moment.CONNECT) is not None]
        return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks, or whose certificate is refused, is its peer's business; the rest is a defect."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE
    server: _Server

    def do_POST(self) -> None:
        """Answer one request."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            self._say(400, soap.fault("Sender", "la longueur du message manque ou dépasse la limite"))
            return
        body = self.rfile.read(int(length))
        try:
            self._answer(soap.read(self.headers.get("Content-Type", ""), body))
        except RequestError as error:
            self._say(500, soap.fault(error.code, str(error)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Keep stderr for what goes wrong."""

    def _answer(self, request: Request) -> None:
        """The desk's answer, or what a scenario of the wire does instead."""
        desk = self.server.desk
        question = desk.hear(self.path.partition("?")[0].rpartition("/")[2], request)
        scenario = self.server.armed.take(question.moment, question.speaker.ins)
        if scenario is None or scenario.play not in _WIRE:
            self._say(200, desk.answer(question, scenario))
        elif scenario.play is Play.STATUS:
            self._say(int(scenario.code), _PAGE, "text/html; charset=UTF-8")
        elif scenario.play is Play.SLOW:
            self._say(200, desk.answer(question), pause=SLOWLY)
        else:
            self._break_off(scenario.play, lambda: desk.answer(question))

    def _break_off(self, play: Play, answer: Callable[[], bytes]) -> None:
        """No answer: at once, or only when the client has gone; what was asked is done, or not."""
        if play in (Play.LOST, Play.LATE):
            answer()
        if play in (Play.SILENCE, Play.LATE):
            self.connection.settimeout(SILENCE)
            self.connection.recv(1)
        self.close_connection = True

    def _say(
        self, status: int, body: bytes, kind: str = "application/soap+xml; charset=UTF-8", *, pause: float = 0
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        step = SLOW_BYTES if pause else max(len(body), 1)
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            time.sleep(pause)
