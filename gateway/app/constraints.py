"""What the keys of gateway.toml owe to each other and to the disk. Each check yields the problems it sees."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct, structs

from gateway.app import endpoints
from gateway.app.hosts import is_production
from gateway.app.problem import Problem, mailbox_name, tables
from gateway.model.causes import cause
from gateway.model.settings import Settings
from gateway.terminology.sets import contains

#: The gateway makes these itself.
_MADE_BY_US = {"vault", "key_file", "path"}
_FOLDERS_MADE_BY_US = {"[quarantine]", "[revocation]", "[terminology]"}


def first_problem(settings: Settings) -> Problem | None:
    """The first thing that forbids to start, or None."""
    return next(chain.from_iterable(check(settings) for check in _CHECKS), None)


def _establishment(settings: Settings) -> Iterator[Problem]:
    ours = settings.establishment
    if not ours.name.strip():
        yield Problem("[establishment] name", "est vide", "l'écrire")
    sectors = "JDV_J61" if settings.dmp.enabled else "JDV_J02"
    if not (ours.sector.startswith("SA") and contains(sectors, ours.sector)):
        wrong = f"\"{ours.sector}\" n'est pas un secteur d'activité ({sectors})"
        yield Problem("[establishment] sector", wrong, 'écrire un code comme "SA04"')
    if not contains("JDV_J04", ours.practice_setting):
        wrong = f"\"{ours.practice_setting}\" n'est pas un cadre d'exercice (JDV_J04)"
        yield Problem("[establishment] practice_setting", wrong, 'écrire un code comme "ETABLISSEMENT"')


def _ledger(settings: Settings) -> Iterator[Problem]:
    url = settings.ledger.url
    if url.startswith("postgresql"):
        yield Problem("[ledger] url", "PostgreSQL n'est pas encore pris en charge", 'écrire "sqlite:///gateway.db"')
    elif not url.removeprefix("sqlite:///") or not url.startswith("sqlite:///"):
        yield Problem("[ledger] url", "ce n'est pas l'adresse d'une base", 'écrire "sqlite:///gateway.db"')


def _files(settings: Settings) -> Iterator[Problem]:
    for name, table in tables(settings):
        for key, path in _paths(table):
            if key == "folder" and name in _FOLDERS_MADE_BY_US:
                continue
            wrong = _amiss(path, folder=key in {"folder", "schemas"})
            if wrong:
                yield Problem(f"{name} {key}", wrong, "corriger le chemin, ou y mettre ce qu'il faut")


def _amiss(path: Path, *, folder: bool) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return f"{path} n'existe pas"
    except OSError as error:
        return f"{path} est hors d'atteinte ({cause(error)})"
    if folder != stat.S_ISDIR(mode):
        return f"{path} n'est pas un {'dossier' if folder else 'fichier'}"
    return ""


def _paths(table: Struct) -> Iterator[tuple[str, Path]]:
    for key, value in structs.asdict(table).items():
        if isinstance(value, Path) and key not in _MADE_BY_US:
            yield key, value


def _pairs(settings: Settings) -> Iterator[Problem]:
    for name, table in tables(settings):
        keys = structs.asdict(table)
        stems = {key.removesuffix(end) for key in keys for end in ("cert", "p12") if key.endswith(end)}
        for stem in sorted(stems):
            cert, key, p12, word = (f"{stem}{end}" for end in ("cert", "key", "p12", "password_file"))
            pem, bundle = (keys.get(cert), keys.get(key)), (keys.get(p12), keys.get(word) if p12 in keys else None)
            for (first, second), (there, other) in (((cert, key), pem), ((p12, word), bundle)):
                if (there is None) != (other is None):
                    absent, present = (first, second) if there is None else (second, first)
                    yield Problem(f"{name} {absent}", f"manque alors que {present} est donné", "donner les deux")
            if all(pem) and all(bundle):
                yield Problem(f"{name} {p12}", f"donné en même temps que {cert}", "garder l'un ou l'autre")


def _trial(settings: Settings) -> Iterator[Problem]:
    """DESIGN §7: ``establishment.test`` refuses production addresses."""
    if not settings.establishment.test:
        return
    servers = [(f"{mailbox_name(box)} host", box.host) for box in settings.mailbox]
    if settings.submission is not None:
        servers.append(("[submission] host", settings.submission.host))
    if settings.dmp.base_url is not None:
        servers.append(("[dmp] base_url", urlsplit(settings.dmp.base_url).hostname or ""))
    for where, host in servers:
        if is_production(host):
            yield Problem(
                where, f"{host} est en production alors que establishment.test = true", "donner l'adresse de test"
            )


def _retry(settings: Settings) -> Iterator[Problem]:
    for key in ("first", "max"):
        yield from endpoints.positive("[retry]", settings.retry, key)
    if settings.retry.first > settings.retry.max:
        yield Problem("[retry] first", "dépasse max", "écrire une durée plus courte que max")
    yield from endpoints.positive("[receipt]", settings.receipt, "max_wait")


_CHECKS = (
    _establishment,
    _ledger,
    _pairs,
    endpoints.mailboxes,
    endpoints.submission,
    endpoints.smtp,
    endpoints.antivirus,
    endpoints.patients,
    endpoints.hospital,
    endpoints.dpi,
    endpoints.dmp_services,
    _trial,
    _retry,
    endpoints.revocation,
    _files,
)
