"""``gateway status``: the four numbers, each destination, and whether somebody works (study/operators.md §4)."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct, structs
from sqlalchemy import Connection

from gateway.app import paper
from gateway.app.ans_package import judged
from gateway.app.commands.documents import reminder_days
from gateway.app.compose import ledger_of
from gateway.app.config import load
from gateway.app.errors import CommandError
from gateway.app.findings import expiring
from gateway.app.lock import WorkerLock
from gateway.flow.reading.screen import silence
from gateway.ledger import deliveries, patients, views
from gateway.ledger.rows import DestinationRow
from gateway.model.ports import SystemClock
from gateway.model.settings import Settings
from gateway.operate.messages import DESTINATIONS
from gateway.review import hidden
from gateway.review.entries import PARIS
from gateway.terminology.refresh import in_use, summary

#: A daemon that has not written its heartbeat for so long (seconds) is not alive.
DEAD = 60.0


#: Who holds, when it is no person.
_HELD = {"restore": "jusqu'à la comparaison qui suit une restauration"}


class Destination(Struct, frozen=True):
    """``state``: off, ok, held, down. ``backlog`` counts deliveries that have not ended."""

    name: str
    state: str
    backlog: int
    hold_reason: str
    failures: int
    down_since: str | None
    next_try: str | None
    code: str
    text: str


class Box(Struct, frozen=True):
    """A mailbox as the daemon last told of it (gateway.intake.imap.port.Status)."""

    name: str = ""
    connected: bool = False
    idling: bool = False
    last_wake: str | None = None
    last_poll: str | None = None
    in_folder: int | None = None
    unmoved: int = 0
    trouble: str | None = None


class Antivirus(Struct, frozen=True):
    """``state``: off, ok, down; while it is down mails wait unread."""

    state: str = "off"
    down_since: str | None = None
    text: str = ""


class Certificate(Struct, frozen=True):
    """One that ends within thirty days, or has ended: the table that names it, and the day."""

    table: str
    until: str


class Status(Struct, frozen=True):
    """Ages and sizes are seconds and bytes; instants ISO 8601. ``alive``: None when no daemon ever ran here.

    ``judged``: by what a CDA is judged before it goes to the DMP, in French. ``terminology``: the value sets in use.
    """

    to_review: int
    oldest_review_age: float | None
    hidden: int
    hidden_oldest_age: float | None
    hidden_overdue: int
    waiting: int
    waiting_since: str | None
    unread: int
    today_dpi: int
    today_dmp: int
    destinations: tuple[Destination, ...]
    mailboxes: tuple[Box, ...]
    antivirus: Antivirus
    certificates: tuple[Certificate, ...]
    patients: int
    index_age: float | None
    index_stale: bool
    ledger_bytes: int
    backup_at: str | None
    restored: bool
    worker: bool
    heartbeat: str | None
    alive: bool | None
    cleartext_dpi: bool
    judged: str
    terminology: dict[str, str]


def run(options: argparse.Namespace) -> int:
    """0; 1 when the ledger cannot be opened or the daemon that ran here is gone or mute (an image's health check)."""
    settings = load(options.config)
    with ledger_of(settings) as ledger:
        path = ledger.path
        worker = path is not None and WorkerLock(path).busy()
        status = ledger.look(lambda c: _status(c, settings, path, worker=worker))
    if options.json:
        paper.as_json(status)
    else:
        paper.say(_lines(status))
    if status.alive is False:
        mute = "le service ne répond plus" if status.worker else "le service est arrêté"
        raise CommandError(f"{mute} : voir ses journaux, puis le redémarrer")
    return 0


def _status(c: Connection, settings: Settings, path: Path | None, *, worker: bool) -> Status:
    now = SystemClock().now()
    midnight = now.astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    counts = views.standing(c, midnight.timestamp())
    unseen = hidden.count(c, now.timestamp(), reminder_days(settings))
    index_at, beat = patients.index_at(c), _instant(c, "heartbeat")
    index_age = None if index_at is None else now.timestamp() - index_at
    return Status(
        to_review=counts.to_review,
        oldest_review_age=None if counts.oldest is None else now.timestamp() - counts.oldest,
        hidden=unseen.waiting,
        hidden_oldest_age=unseen.oldest_age,
        hidden_overdue=unseen.overdue,
        waiting=counts.waiting,
        waiting_since=_iso(counts.waiting_since),
        unread=counts.unread,
        today_dpi=counts.today.get("dpi", 0),
        today_dmp=counts.today.get("dmp", 0),
        destinations=tuple(_destination(c, settings, name, counts.backlog.get(name, 0)) for name in DESTINATIONS),
        mailboxes=tuple(_box(c, box.name, worker=worker) for box in settings.mailbox),
        antivirus=_antivirus(c, settings),
        certificates=tuple(Certificate(table, end.date().isoformat()) for table, end in expiring(settings, now)),
        patients=patients.count_patients(c),
        index_age=index_age,
        index_stale=index_age is None or index_age > settings.patients.max_age,
        ledger_bytes=_size(path),
        backup_at=_iso(_instant(c, "backup_at")),
        restored=patients.get_meta(c, "restored") == "1",
        worker=worker,
        heartbeat=_iso(beat),
        alive=None if beat is None else worker and now.timestamp() - beat <= DEAD,
        cleartext_dpi=settings.dpi.cleartext_accepted,
        judged=judged(settings),
        terminology={one.name: one.version for one in in_use()},
    )


def _destination(c: Connection, settings: Settings, name: str, backlog: int) -> Destination:
    row = deliveries.get_destination(c, name)
    return Destination(
        name=name,
        state=_state(row, settings),
        backlog=backlog,
        hold_reason=row.hold_reason,
        failures=row.failures,
        down_since=_iso(row.open_since),
        next_try=_iso(row.probe_at),
        code=row.code,
        text=row.text,
    )


def _box(c: Connection, name: str, *, worker: bool) -> Box:
    """What the daemon noted; without a daemon nobody is connected."""
    told = patients.get_meta(c, f"mailbox.{name}")
    box = structs.replace(msgspec.json.decode(told, type=Box) if told else Box(), name=name)
    return box if worker else structs.replace(box, connected=False, idling=False)


def _antivirus(c: Connection, settings: Settings) -> Antivirus:
    if settings.antivirus is None:
        return Antivirus()
    silent = silence(c)
    return Antivirus("ok") if silent is None else Antivirus("down", _iso(silent.since), silent.text)


def _state(row: DestinationRow, settings: Settings) -> str:
    configured = {
        "dpi": settings.dpi.kind != "none",
        "dmp": settings.dmp.enabled,
        "receipt": settings.submission is not None,
        "ack": settings.ack is not None,
        "mssante": settings.submission is not None and settings.submission.mailbox is not None,
    }
    if not configured[row.name]:
        return "off"
    if row.held:
        return "held"
    return "down" if row.open_since is not None else "ok"


def _lines(status: Status) -> list[str]:
    oldest = "" if status.oldest_review_age is None else f" (la plus ancienne : {paper.age(status.oldest_review_age)})"
    since = f" depuis le {_day(status.waiting_since)}" if status.waiting_since else ""
    ending = status.certificates
    lines = [
        f"À traiter : {status.to_review}{oldest}",
        f"À annoncer au patient : {_unseen(status)}",
        f"En attente automatique : {status.waiting}{since}, et {status.unread} message(s) à lire",
        f"Intégrés aujourd'hui : dossier patient {status.today_dpi}, DMP {status.today_dmp}",
        *(_told(one) for one in status.destinations),
        *(_watched(box) for box in status.mailboxes),
        *_screened(status.antivirus),
        *([f"CDA contrôlés avant le DMP : {status.judged}"] if status.judged else []),
        *(f"Certificat de {one.table} : valable jusqu'au {_date(one.until)} ; le renouveler" for one in ending),
        f"Jeux de valeurs : {summary()}",
        f"Index : {status.patients} patient{'s' if status.patients > 1 else ''}, {_index(status)}",
        f"Registre : {_megabytes(status.ledger_bytes)} ; sauvegarde : {_day(status.backup_at) or 'jamais'}",
        f"Service : {_service(status)}",
    ]
    if status.restored:
        lines.append("Registre restauré : les destinations attendent la comparaison avec les boîtes (gateway run)")
    if status.cleartext_dpi:
        lines.append("Attention : les documents vont en clair au dossier patient (cleartext_accepted)")
    return lines


def _unseen(status: Status) -> str:
    """What the patient does not see yet; ``documents list`` names each."""
    if status.hidden_oldest_age is None:
        return "0"
    late = f", {status.hidden_overdue} à relancer" if status.hidden_overdue else ""
    return f"{status.hidden} (le plus ancien : {paper.age(status.hidden_oldest_age)}{late})"


def _told(one: Destination) -> str:
    words = {
        "off": "non configuré",
        "ok": "en service",
        "held": f"retenu ({_HELD.get(one.hold_reason, one.hold_reason)})",
        "down": "en panne",
    }
    down = f" depuis le {_day(one.down_since)} : {one.code} {one.text}" if one.down_since else ""
    name = DESTINATIONS[one.name]
    return f"{name[0].upper()}{name[1:]} : {words[one.state]}{down}, {one.backlog} en file"


def _watched(box: Box) -> str:
    polled = f", relevée le {_day(box.last_poll)}" if box.last_poll else ""
    trouble = f" : {box.trouble}" if box.trouble else ""
    return f"Boîte {box.name} : {'connectée' if box.connected else 'non connectée'}{polled}{trouble}"


def _screened(one: Antivirus) -> list[str]:
    """Only where there is one."""
    if one.state == "off":
        return []
    down = f"en panne depuis le {_day(one.down_since)} : {one.text} ; les messages attendent, rien n'est perdu"
    return [f"Antivirus : {down if one.state == 'down' else 'en service'}"]


def _index(status: Status) -> str:
    if status.index_age is None:
        return "jamais mis à jour"
    return f"mis à jour il y a {paper.age(status.index_age)}{' : trop ancien' if status.index_stale else ''}"


def _service(status: Status) -> str:
    if not status.worker:
        return "aucun ne travaille"
    return "ne répond plus" if status.alive is False else "en marche"


def _instant(c: Connection, name: str) -> float | None:
    value = patients.get_meta(c, name)
    return None if value is None else float(value)


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, PARIS).isoformat(timespec="seconds")


def _day(text: str | None) -> str:
    return f"{datetime.fromisoformat(text).astimezone(PARIS):%d/%m/%Y à %H:%M}" if text else ""


def _date(text: str) -> str:
    return f"{datetime.fromisoformat(text):%d/%m/%Y}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} Mo".replace(".", ",")


def _size(path: Path | None) -> int:
    if path is None:
        return 0
    beside = (path, path.with_name(path.name + "-wal"))
    return sum(one.stat().st_size for one in beside if one.exists())
