"""``gateway check --connect``: join every configured edge and say in French what was found.

Nothing is changed there: mailboxes are examined read-only, the record is sent no byte, the submission server no mail.
The DMP is asked for the patient of no one, and only by an establishment under test.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Literal

import httpx
from aiosmtplib import SMTP, SMTPException
from aiosmtplib.errors import SMTPAuthenticationError

from gateway.app import connect_fhir
from gateway.app.compose import ack_peer, antivirus, dmp_adapter, record_peer, submission_server
from gateway.app.hosts import host_and_port
from gateway.app.lock import WorkerLock
from gateway.app.problem import mailbox_name
from gateway.app.tls import Contexts
from gateway.delivery.dmp import DmpError
from gateway.delivery.dpi.fhir_outcomes import DpiError
from gateway.delivery.dpi.mllp import Peer
from gateway.delivery.submission import Server
from gateway.intake.errors import IntakeError
from gateway.intake.imap import session as imap
from gateway.intake.imap.errors import CommandRefused
from gateway.model.causes import cause
from gateway.model.identity import INS_NIR_TEST, Ins
from gateway.model.ports import Silent, SystemChance, SystemClock
from gateway.model.settings import Antivirus, Mailbox, Settings
from gateway.screening.clamd import ScreeningError
from gateway.trust.errors import TrustError

Line = tuple[Literal["ok", "note", "warning", "error"], str]
Probe = Callable[[], AsyncIterator[Line]]

PATIENCE = 10.0
#: With TLS 1.3 a server that refuses our certificate says so after the handshake.
_SECOND_THOUGHTS = 0.5
#: Days after which signatures are said to be old; they are published every day.
_STALE_SIGNATURES = 7
_MOST_APART = timedelta(seconds=30)
#: Born in a month and a town that do not exist, of the trial authority: nobody.
_NOBODY = Ins("100999999999996", INS_NIR_TEST)


async def check(settings: Settings) -> list[tuple[str, str]]:
    """What each edge said, in the order of gateway.toml; every one is joined at once and given up after 10 s."""
    found = await asyncio.gather(*(_within(where, probe) for where, probe in _probes(settings)))
    return [line for lines in found for line in lines]


def _probes(settings: Settings) -> list[tuple[str, Probe]]:
    contexts = Contexts(settings)
    probes: list[tuple[str, Probe]] = [
        (f"{mailbox_name(box)} {box.host}:{box.port}", partial(_mailbox, box, contexts)) for box in settings.mailbox
    ]
    for where, listen in _listens(settings):
        probes.append((where, partial(_free, listen, settings)))
    if settings.antivirus is not None:
        probes.append((f"[antivirus] {settings.antivirus.clamd}", partial(_antivirus, settings.antivirus)))
    if settings.submission is not None:
        where = f"[submission] {settings.submission.host}:{settings.submission.port}"
        probes.append((where, partial(_submission, settings, contexts)))
    if settings.dpi.kind == "mllp":
        probes.append((f"[dpi] {settings.dpi.url}", partial(_mllp, partial(record_peer, settings.dpi, contexts))))
    elif settings.dpi.kind == "fhir":
        record = partial(connect_fhir.record, settings.dpi, contexts, PATIENCE)
        probes.append((f"[dpi] {settings.dpi.url}", record))
    if settings.ack is not None:
        probes.append((f"[ack] {settings.ack.url}", partial(_mllp, partial(ack_peer, settings.ack, contexts))))
    if settings.dmp.enabled:
        probes.append((f"[dmp] {settings.dmp.base_url}", partial(_dmp, settings, contexts)))
    else:
        probes.append(("heure", _no_clock))
    return probes


def _listens(settings: Settings) -> list[tuple[str, str]]:
    listens = [("[smtp] listen", settings.smtp.listen)] if settings.smtp else []
    if settings.patients.adt_listen is not None:
        listens.append(("[patients] adt_listen", settings.patients.adt_listen))
    if settings.hospital is not None:
        listens.append(("[hospital] listen", settings.hospital.listen))
    return listens


async def _within(where: str, probe: Probe) -> list[Line]:
    """The lines of a probe, each beginning with where; what goes wrong is its last line."""
    lines: list[Line] = []
    try:
        async with asyncio.timeout(PATIENCE):
            async for level, text in probe():
                lines.append((level, f"{where} : {text}"))
    except TimeoutError:
        lines.append(("error", f"{where} : pas de réponse en {PATIENCE:.0f} s ; vérifier l'adresse et le pare-feu"))
    except (IntakeError, TrustError, DmpError, ScreeningError) as error:
        lines.append(("error", f"{where} : {error.outcome.text if isinstance(error, DmpError) else error}"))
    except (OSError, SMTPException, httpx.TransportError, DpiError) as error:
        lines.append(("error", f"{where} : {_why(error)}"))
    return lines


async def _mailbox(box: Mailbox, contexts: Contexts) -> AsyncIterator[Line]:
    session = await imap.connect(box, contexts.mailbox(box), PATIENCE)
    try:
        await session.select(box.folder, read_only=True)
        waiting = len(await session.search("UNDELETED"))
        yield "ok", f"connexion et identification acceptées ; {waiting} message(s) dans « {box.folder} »"
        for folder in (box.done_folder, box.review_folder):
            try:
                await session.select(folder, read_only=True)
            except CommandRefused:
                yield "note", f"le dossier « {folder} » n'existe pas encore ; la passerelle le créera au démarrage"
    finally:
        session.close()


async def _free(listen: str, settings: Settings) -> AsyncIterator[Line]:
    """Whether we could listen there; when not, whether it is our own daemon that does."""
    host, port = host_and_port(listen) or ("", 0)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host.strip("[]"), port))
        except OSError as error:
            if _daemon_runs(settings):
                yield "ok", f"{listen} est écouté, et la passerelle est en service"
            else:
                yield "error", f"on ne peut pas écouter sur {listen} ({cause(error)}) ; choisir une autre adresse"
            return
    yield "ok", f"{listen} est libre"


def _daemon_runs(settings: Settings) -> bool:
    with WorkerLock(Path(settings.ledger.url.removeprefix("sqlite:///"))) as lock:
        return not lock.take()


async def _antivirus(table: Antivirus) -> AsyncIterator[Line]:
    """PING, and the age of what it knows: a base that nobody feeds finds nothing new."""
    version = await antivirus(table, Silent()).version()
    if version.made is None:
        yield "warning", f"{version.engine} répond, sans base de signatures datée ; vérifier freshclam"
        return
    days = (datetime.now(UTC) - version.made).days
    said = f"{version.engine} répond, signatures n° {version.number} du {version.made:%d/%m/%Y}"
    if days > _STALE_SIGNATURES:
        yield "warning", f"{said}, vieilles de {days} jours ; vérifier freshclam"
    else:
        yield "ok", said


async def _submission(settings: Settings, contexts: Contexts) -> AsyncIterator[Line]:
    assert settings.submission is not None  # noqa: S101 - the caller looked
    server = submission_server(settings.submission, contexts)
    smtp = SMTP(
        hostname=server.host,
        port=server.port,
        local_hostname=_our_domain(settings),
        timeout=PATIENCE,
        use_tls=server.tls == "implicit",
        start_tls=server.tls == "starttls",
        tls_context=server.context,
    )
    try:
        await smtp.connect()
        await _login(smtp, server)
        yield "ok", "connexion et identification acceptées ; aucun message envoyé"
    except SMTPAuthenticationError as error:
        yield "error", f"compte refusé ({error.code}) ; vérifier auth, user et le mot de passe ou le certificat"
    finally:
        smtp.close()


async def _login(smtp: SMTP, server: Server) -> None:
    await smtp.ehlo()
    if server.auth == "password":
        await smtp.login(server.user, server.password)
    elif server.auth == "external":
        said = await smtp.execute_command(b"AUTH", b"EXTERNAL", b64encode(server.user.encode()) or b"=")
        if said.code != 235:
            raise SMTPAuthenticationError(said.code, said.message)


def _our_domain(settings: Settings) -> str:
    addresses = [box.address for box in settings.mailbox] + list(settings.smtp.recipients if settings.smtp else ())
    return addresses[0].rpartition("@")[2] if addresses else "localhost"


async def _mllp(of: Callable[[], Peer]) -> AsyncIterator[Line]:
    peer = of()
    reader, writer = await asyncio.open_connection(peer.host, peer.port, ssl=peer.tls)
    try:
        if await _hangs_up(reader):
            yield "error", "connexion acceptée puis coupée aussitôt ; le dossier refuse cette machine ou son certificat"
        else:
            yield "ok", f"connexion {'TLS ' if peer.tls else ''}acceptée ; rien n'a été envoyé"
    finally:
        writer.transport.abort()


async def _hangs_up(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), _SECOND_THOUGHTS) == b""
    except TimeoutError:
        return False


async def _dmp(settings: Settings, contexts: Contexts) -> AsyncIterator[Line]:
    """The handshake with our certificate, proven by any HTTP answer; its Date tells the time."""
    dmp = settings.dmp
    async with httpx.AsyncClient(
        verify=contexts.dmp(dmp), proxy=dmp.proxy, trust_env=False, timeout=PATIENCE
    ) as client:
        answer = await client.head(dmp.base_url or "")
    if answer.status_code in {401, 403, 407}:
        yield "error", f"accès refusé (HTTP {answer.status_code}) ; vérifier auth_cert, ou l'autorisation du mandataire"
    else:
        yield "ok", f"connexion acceptée avec notre certificat (HTTP {answer.status_code}) ; rien n'a été versé"
    yield _apart(answer.headers.get("Date", ""), datetime.now(UTC))
    if settings.establishment.test:
        yield await _existence(settings, contexts)


def _apart(date: str, now: datetime) -> Line:
    """Our clock beside the server's (RFC 9110 §6.6.1); assertions and signatures carry ours."""
    try:
        theirs = parsedate_to_datetime(date)
        apart = abs(now - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)))
    except (ValueError, OverflowError):
        return _UNCOMPARED
    if apart > _MOST_APART:
        seconds = int(apart.total_seconds())
        return (
            "warning",
            f"l'heure de cette machine diffère de {seconds} s de celle du DMP ; vérifier le service de temps",
        )
    return "ok", "l'heure de cette machine est celle du DMP"


async def _existence(settings: Settings, contexts: Contexts) -> Line:
    dmp = dmp_adapter(settings, contexts, SystemClock(), SystemChance(), Silent())
    try:
        answer = await dmp.existence(_NOBODY)
        return "ok", f"le DMP répond à notre demande signée pour un INS fictif (état : {answer.status})"
    finally:
        await dmp.aclose()


async def _no_clock() -> AsyncIterator[Line]:
    yield _UNCOMPARED


def _why(error: BaseException) -> str:
    """One French line; the reason is looked for in the causes, since libraries wrap it."""
    found: BaseException | None = error
    while found is not None:
        match found:
            case ssl.SSLCertVerificationError():
                return f"le certificat du serveur est refusé ({cause(found)}) ; vérifier ca, crl et l'adresse"
            case ssl.SSLError():
                return f"la connexion TLS échoue ({cause(found)}) ; vérifier notre certificat et celui du serveur"
            case ConnectionRefusedError():
                return "personne n'écoute à cette adresse ; vérifier le nom et le port"
            case socket.gaierror():
                return "ce nom est inconnu ; vérifier l'adresse et le DNS"
            case OSError() if found.strerror:
                return f"connexion impossible ({cause(found)}) ; vérifier l'adresse et le pare-feu"
        found = found.__cause__ or found.__context__
    if isinstance(error, DpiError):
        return error.outcome.text
    return f"l'échange échoue ({type(error).__name__}) ; vérifier l'adresse et le certificat"


_UNCOMPARED: Line = (
    "note",
    "l'heure n'a pu être comparée à celle d'aucun serveur ; vérifier le service de temps (timedatectl)",
)
