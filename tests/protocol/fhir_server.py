"""A FHIR R4 record to deliver to: DocumentReference alone, strict, with faults to arm. It shares no code with us.

It refuses what the profile does not allow (422), honours ``If-None-Exist`` and conditional PATCH by ``identifier``
(R4 http, 3.1.0.8.1 and 3.1.0.11), indexes masterIdentifier and identifier as R4 does, and answers a search with what
was asked: ``_summary=count``, ``_elements``.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.protocols.fhir_profile import violations

Answer = tuple[int, dict[str, str], bytes]
_JSON = "application/fhir+json;charset=utf-8"
_STATUSES = {"current", "superseded", "entered-in-error"}


def outcome(status: int, code: str = "processing", details: str = "") -> Answer:
    """An OperationOutcome, whose diagnostics quote what must not be repeated."""
    issue: dict[str, Any] = {"severity": "error", "code": code, "diagnostics": "MARTIN ZOÉ 256089932695080"}
    if details:
        issue["details"] = {"coding": [{"code": details}]}
    return _answer(status, {"resourceType": "OperationOutcome", "issue": [issue]})


def page(status: int) -> Answer:
    """What something that is no FHIR server says."""
    return status, {"Content-Type": "text/html"}, b"<html><body>Bonjour</body></html>"


@dataclass
class Fault:
    """What happens to the next exchange with this method instead, or after it took effect: hang up (None), answer."""

    method: str
    answer: Answer | None
    after: bool = False


@dataclass
class Record:
    """The running server. ``journal`` holds what was asked; ``resources`` what it keeps, by id."""

    base: str
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    journal: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    token: str = ""
    conditional: bool = True
    patchable: bool = True
    lenient: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, method: str, answer: Answer | None, *, after: bool = False) -> None:
        """Arm one fault."""
        self.faults.append(Fault(method, answer, after))

    def asked(self, method: str) -> list[tuple[str, dict[str, str], bytes]]:
        """The exchanges with this method."""
        return [(path, headers, body) for verb, path, headers, body in self.journal if verb == method]

    def statuses(self, value: str) -> list[str]:
        """The statuses of the documents with this identifier."""
        return [one["status"] for one in self.resources.values() if one["masterIdentifier"]["value"] == value]

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """One exchange, one at a time."""
        with self.lock:
            self.journal.append((method, target, headers, body))
            if self.token and headers.get("authorization") != f"Bearer {self.token}":
                return outcome(401, "login")
            path, query = urlsplit(target).path.removeprefix("/fhir/"), parse_qs(urlsplit(target).query)
            if (method, path) == ("GET", "metadata"):
                return _answer(200, self._capabilities())
            if path != "DocumentReference":
                return outcome(404, "not-found")
            match method:
                case "POST":
                    return self._create(headers, body)
                case "PATCH":
                    return self._patch(query, headers, body)
                case "GET":
                    return self._search(query)
            return outcome(405, "not-supported")

    def _create(self, headers: dict[str, str], body: bytes) -> Answer:
        if not headers["content-type"].startswith("application/fhir+json"):
            return outcome(415, "not-supported")
        condition = headers.get("if-none-exist", "") if self.conditional else ""
        if condition:
            found = self._matching(parse_qs(condition))
            if len(found) > 1:
                return outcome(412, "multiple-matches")
            if found:
                return 200, {"Location": f"{self.base}/DocumentReference/{found[0]}", "ETag": 'W/"1"'}, b""
        if not self.lenient and violations(body):
            return outcome(422, "invariant")
        name = str(len(self.resources) + 1)
        self.resources[name] = {**json.loads(body), "id": name}
        place = {"Location": f"{self.base}/DocumentReference/{name}/_history/1", "ETag": 'W/"1"'}
        if headers.get("prefer") == "return=minimal":
            return 201, place, b""
        return 201, {**place, "Content-Type": _JSON}, json.dumps(self.resources[name]).encode()

    def _patch(self, query: dict[str, list[str]], headers: dict[str, str], body: bytes) -> Answer:
        if not self.patchable:
            return outcome(405, "not-supported")
        if headers["content-type"] != "application/json-patch+json":
            return outcome(415, "not-supported")
        found = self._matching(query)
        if len(found) != 1:
            return outcome(412, "multiple-matches") if found else outcome(404, "not-found")
        for operation in json.loads(body):
            known = operation["op"] == "replace" and operation["path"] == "/status" and operation["value"] in _STATUSES
            if not known:
                return outcome(422, "invalid")
            self.resources[found[0]]["status"] = operation["value"]
        return 200, {"Content-Type": _JSON, "ETag": 'W/"2"'}, json.dumps(self.resources[found[0]]).encode()

    def _search(self, query: dict[str, list[str]]) -> Answer:
        found = self._matching(query)
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        if query.get("_summary") != ["count"]:
            wanted = {"resourceType", "id", *query["_elements"][0].split(",")}
            kept = [{key: value for key, value in self.resources[name].items() if key in wanted} for name in found]
            bundle["entry"] = [{"resource": one, "search": {"mode": "match"}} for one in kept]
        return _answer(200, bundle)

    def _matching(self, query: dict[str, list[str]]) -> list[str]:
        """By token: ``system|value`` with the escapes of R4 search; by status: any of a list."""
        system, value = (re.sub(r"\\(.)", r"\1", part) for part in re.split(r"(?<!\\)\|", query["identifier"][0]))
        statuses = set(query["status"][0].split(",")) if "status" in query else _STATUSES
        return [
            name
            for name, one in self.resources.items()
            if one["status"] in statuses
            and any(
                (known["system"], known["value"]) == (system, value)
                for known in (one["masterIdentifier"], *one.get("identifier", []))
            )
        ]

    def _capabilities(self) -> dict[str, Any]:
        codes = ["create", "search-type", *(["patch"] if self.patchable else [])]
        resource = {
            "type": "DocumentReference",
            "interaction": [{"code": code} for code in codes],
            "conditionalCreate": self.conditional,
            "searchParam": [{"name": "identifier", "type": "token"}, {"name": "status", "type": "token"}],
        }
        return {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "software": {"name": "Dossier d'essai"},
            "rest": [{"mode": "server", "resource": [resource]}],
        }


@contextmanager
def fhir_server(tls: ssl.SSLContext | None = None) -> Iterator[Record]:
    """The server on a free port of the loopback, until the block ends."""
    record = Record("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(record))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    record.base = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/fhir"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield record
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(record: Record) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            with suppress(OSError):  # a client that hangs up, or whose certificate is refused
                super().handle()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            fault = next((one for one in record.faults if one.method == self.command), None)
            if fault is not None:
                record.faults.remove(fault)
            work: Callable[[], Answer] = lambda: record.answer(self.command, self.path, headers, body)  # noqa: E731
            said = work() if fault is None or fault.after else None
            if fault is not None:
                said = fault.answer
            if said is None:
                self.close_connection = True
                return
            self._say(*said)

        def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = _serve  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


def _answer(status: int, resource: dict[str, Any]) -> Answer:
    return status, {"Content-Type": _JSON}, json.dumps(resource).encode()
