"""A DMP to try and train with: TD0.2, TD2.1, TD3.1b and TD3.3c over HTTP, with mutual TLS when asked.

It accepts what can be processed; it does not judge conformance. Paths end in /patients, /repository or /registry.
"""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.sax.saxutils import quoteattr

from lxml import etree

from gateway.sandbox import soap
from gateway.sandbox.disk import Patients
from gateway.sandbox.registry import RefusedError, Registry, Submitted
from gateway.sandbox.serve import LOOPBACK, serve_until_told
from gateway.sandbox.soap import Request, RequestError

MAX_BODY = 200_000_000
IDLE = 120  # seconds without a request before a connection is closed

_HL7 = "urn:hl7-org:v3"
_RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
_XDSB = "{urn:ihe:iti:xds-b:2007}"
_UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
_PATIENT_ID = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
_SET_ID = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
_TYPE = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
_CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"


def serve(
    state: Path,
    patients: Patients,
    port: int = 0,
    cert: Path | None = None,
    key: Path | None = None,
    client_ca: Path | None = None,
) -> None:
    """Serve on the loopback until SIGTERM or SIGINT. Raises OSError when the port or a certificate cannot be used."""
    desk = Desk(Registry(state, patients))
    server = _Server((LOOPBACK, port), _handler(desk))
    if cert is not None:
        context = _tls(cert, key, client_ca)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with server:
        serve_until_told(server.server_port, server.serve_forever, server.shutdown)


class Desk:
    """One question in, one answer out."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def ask(self, service: str, request: Request) -> bytes:
        """The answer to a request at a service. Raises RequestError."""
        name = etree.QName(request.payload).localname
        answers: dict[tuple[str, str], tuple[str, Callable[[Request], str]]] = {
            ("patients", "PRPA_IN201307UV02"): ("urn:hl7-org:v3:PRPA_IN201308UV02", self._existence),
            ("registry", "AdhocQueryRequest"): ("urn:ihe:iti:2007:RegistryStoredQueryResponse", self._look_up),
            ("registry", "SubmitObjectsRequest"): ("urn:ihe:iti:2010:UpdateDocumentSetResponse", self._delete),
            ("repository", "ProvideAndRegisterDocumentSetRequest"): (
                "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
                self._feed,
            ),
        }
        if (service, name) not in answers:
            raise RequestError(f"le service « {service} » ne connaît pas la demande {name}")
        action, respond = answers[service, name]
        return soap.answer(action, request.message_id, respond(request))

    def _existence(self, request: Request) -> str:
        value = request.payload.find(f".//{{{_HL7}}}patientIdentifier/{{{_HL7}}}value")
        state = self._registry.dmp_state(value.get("extension", "") if value is not None else "")
        status = {"active": "active", "closed": "terminated"}.get(state)
        subject = (
            f'<subject typeCode="SUBJ"><registrationEvent><subject1><patient><statusCode code="{status}"/></patient>'
            "</subject1></registrationEvent></subject>"
            if status
            else ""
        )
        return (
            f'<PRPA_IN201308UV02 xmlns="{_HL7}" ITSVersion="XML_1.0"><acknowledgement><typeCode code="AA"/>'
            f'</acknowledgement><controlActProcess classCode="CACT" moodCode="EVN">{subject}'
            f'<queryAck><queryResponseCode code="{"OK" if status else "NF"}"/></queryAck></controlActProcess>'
            "</PRPA_IN201308UV02>"
        )

    def _look_up(self, request: Request) -> str:
        values = request.payload.findall(f".//{_RIM}Slot[@name='$XDSDocumentEntryUniqueId']//{_RIM}Value")
        quoted = (found for value in values for found in re.findall(r"'((?:[^']|'')*)'", value.text or ""))
        found = self._registry.find({one.replace("''", "'") for one in quoted})
        references = "".join(f"<rim:ObjectRef id={quoteattr(uuid)}/>" for uuid in found)
        return (
            '<query:AdhocQueryResponse xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
            'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" '
            'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success">'
            f"<rim:RegistryObjectList>{references}</rim:RegistryObjectList></query:AdhocQueryResponse>"
        )

    def _feed(self, request: Request) -> str:
        return _told(lambda: self._registry.submit(_set_id(request.payload), list(_documents(request))))

    def _delete(self, request: Request) -> str:
        moves = request.payload.findall(f".//{_RIM}Association")
        targets = [one for one in moves if one.get("associationType", "").endswith("UpdateAvailabilityStatus")]
        if len(targets) != 1:
            raise RequestError("la demande doit supprimer un document, et un seul")
        return _told(lambda: self._registry.delete(_set_id(request.payload), targets[0].get("targetObject", "")))


def _told(act: Callable[[], None]) -> str:
    try:
        act()
    except RefusedError as error:
        return soap.registry_response({error.code: str(error)})
    return soap.registry_response({})


def _documents(request: Request) -> list[Submitted]:
    """The documents of a submission; the signature, which the registry does not keep apart, is left out."""
    payload = request.payload
    included = {one.get("id", ""): one for one in payload.iter(f"{_XDSB}Document")}
    associations = [(a.get("associationType", ""), a) for a in payload.iter(f"{_RIM}Association")]
    signatures = {a.get("sourceObject") for kind, a in associations if kind.endswith(":signs")}
    replaces = {a.get("sourceObject", ""): a.get("targetObject", "") for kind, a in associations if "RPLC" in kind}
    found = []
    for entry in payload.iter(f"{_RIM}ExtrinsicObject"):
        name = entry.get("id", "")
        if name in signatures:
            continue
        if name not in included:
            raise RequestError("une fiche de document n'a pas son document")
        found.append(_submitted(entry, request.document(included[name]), replaces.get(name, "")))
    if not found:
        raise RequestError("la soumission ne porte aucun document")
    return found


def _submitted(entry: etree._Element, data: bytes, replaces: str) -> Submitted:
    title = entry.find(f"{_RIM}Name/{_RIM}LocalizedString")
    return Submitted(
        unique_id=_external(entry, _UNIQUE_ID),
        ins=_external(entry, _PATIENT_ID).partition("^")[0],
        title=title.get("value", "") if title is not None else "",
        type_code=next(iter(_codes(entry, _TYPE)), ""),
        confidentiality=_codes(entry, _CONFIDENTIALITY),
        sha1=entry.findtext(f"{_RIM}Slot[@name='hash']/{_RIM}ValueList/{_RIM}Value", "").strip().lower(),
        replaces=replaces,
        data=data,
    )


def _set_id(payload: etree._Element) -> str:
    package = payload.find(f".//{_RIM}RegistryPackage")
    found = _external(package, _SET_ID) if package is not None else ""
    if not found:
        raise RequestError("le lot de soumission n'a pas d'identifiant")
    return found


def _external(of: etree._Element, scheme: str) -> str:
    found = of.find(f"{_RIM}ExternalIdentifier[@identificationScheme='{scheme}']")
    return found.get("value", "") if found is not None else ""


def _codes(of: etree._Element, scheme: str) -> tuple[str, ...]:
    found = of.findall(f"{_RIM}Classification[@classificationScheme='{scheme}']")
    return tuple(one.get("nodeRepresentation", "") for one in found)


def _tls(cert: Path, key: Path | None, client_ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks, or whose certificate is refused, is its peer's business; the rest is a defect."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(desk: Desk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        protocol_version = "HTTP/1.1"
        timeout = IDLE

        def do_POST(self) -> None:
            """Answer one request."""
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MAX_BODY:
                self.close_connection = True
                self._say(400, soap.fault("Sender", "la longueur du message manque ou dépasse la limite"))
                return
            body = self.rfile.read(int(length))
            try:
                request = soap.read(self.headers.get("Content-Type", ""), body)
                self._say(200, desk.ask(self.path.partition("?")[0].rpartition("/")[2], request))
            except RequestError as error:
                self._say(500, soap.fault("Sender", str(error)))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            """Keep stderr for what goes wrong."""

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/soap+xml; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
