"""What the keys of gateway.toml owe to each other and to the disk. Each check yields the problems it sees."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct, structs

from gateway.app.hosts import host_and_port, is_loopback, is_network, is_production, read_url
from gateway.app.problem import Problem, mailbox_name, tables
from gateway.model.settings import Dmp, Dpi, Mailbox, Patients, Settings, Smtp, Submission
from gateway.terminology.sets import contains

_MADE_BY_US = {"vault", "key_file", "path"}  # and the quarantine folder: the gateway makes them itself
_HOST = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9.-]*[A-Za-z0-9])?")


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
    if not url.removeprefix("sqlite:///") or not url.startswith(("sqlite:///", "postgresql")):
        yield Problem("[ledger] url", "ce n'est pas l'adresse d'une base", 'écrire "sqlite:///gateway.db"')
    elif urlsplit(url).password:
        yield Problem(
            "[ledger] url", "un mot de passe y est écrit", "le mettre dans un fichier .pgpass et l'ôter d'ici"
        )


def _files(settings: Settings) -> Iterator[Problem]:
    for name, table in tables(settings):
        for key, path in _paths(table):
            if key == "folder" and name == "[quarantine]":
                continue
            if not path.exists():
                yield Problem(f"{name} {key}", f"{path} n'existe pas", "corriger le chemin ou y mettre le fichier")
            elif path.is_dir() != (key in {"folder", "schemas"}):
                wanted = "un fichier" if path.is_dir() else "un dossier"
                yield Problem(f"{name} {key}", f"{path} n'est pas {wanted}", "corriger le chemin")


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


def _mailboxes(settings: Settings) -> Iterator[Problem]:
    for name, count in Counter(box.name for box in settings.mailbox).items():
        if count > 1:
            yield Problem(f'[[mailbox]] "{name}" name', "deux boîtes portent ce nom", "donner à chacune le sien")
    for box in settings.mailbox:
        name = mailbox_name(box)
        yield from _address(f"{name} address", box.address)
        yield from _reached(name, box)
        if box.auth == "xoauth2" and box.token_file is None:
            yield Problem(f"{name} token_file", "manque", 'auth = "xoauth2" demande le fichier du jeton')
        for key in ("done_folder", "review_folder"):
            if getattr(box, key) == box.folder:
                yield Problem(f"{name} {key}", "c'est le dossier que l'on relève", "en choisir un autre")
        yield from _positive(name, box, "poll")


def _submission(settings: Settings) -> Iterator[Problem]:
    if settings.submission is None:
        return
    yield from _reached("[submission]", settings.submission)
    if settings.submission.auth == "password" and not settings.submission.user:
        yield Problem("[submission] user", "manque", 'auth = "password" demande un compte')


def _reached(name: str, server: Mailbox | Submission) -> Iterator[Problem]:
    """What a mailbox and the server of receipts have in common."""
    if not _HOST.fullmatch(server.host) and ":" not in server.host:
        yield Problem(
            f"{name} host", "ce n'est pas un nom de serveur", 'écrire par exemple "imap.operateur.mssante.fr"'
        )
    if not 0 < server.port <= 65535:
        yield Problem(f"{name} port", f"{server.port} n'est pas un port", "écrire un nombre entre 1 et 65535")
    if server.tls == "none" and not is_loopback(server.host):
        yield Problem(f"{name} tls", '"none" hors de cette machine', 'écrire "starttls" ou "implicit"')
    if server.auth == "password" and server.password_file is None:
        yield Problem(f"{name} password_file", "manque", 'auth = "password" demande le fichier du mot de passe')
    if server.auth == "external" and server.client_cert is None and getattr(server, "client_p12", None) is None:
        yield Problem(f"{name} client_cert", "manque", 'auth = "external" demande un certificat et sa clé')


def _smtp(settings: Settings) -> Iterator[Problem]:
    inlet = settings.smtp
    if inlet is None:
        return
    listen = host_and_port(inlet.listen)
    if listen is None:
        yield Problem("[smtp] listen", f'"{inlet.listen}" ne convient pas', 'écrire par exemple "127.0.0.1:2525"')
    elif not is_loopback(listen[0]):
        yield from _exposed(inlet)
    for address in inlet.recipients:
        yield from _address("[smtp] recipients", address)
    if not inlet.recipients:
        yield Problem("[smtp] recipients", "est vide", 'écrire { "bal@exemple.mssante.fr" = "nom de la boîte" }')
    yield from _peers(inlet)


def _exposed(inlet: Smtp) -> Iterator[Problem]:
    if not inlet.peers:
        yield Problem("[smtp] peers", "manque pour écouter hors de cette machine", "nommer qui peut déposer")
    if inlet.cert is None:
        yield Problem("[smtp] cert", "manque pour écouter hors de cette machine", "donner cert et key")


def _peers(inlet: Smtp) -> Iterator[Problem]:
    for peer in inlet.peers:
        if is_network(peer):
            continue
        if re.fullmatch(r"[0-9.:/]+", peer) or not _HOST.fullmatch(peer):
            yield Problem("[smtp] peers", f'"{peer}" ne convient pas', 'écrire "10.1.0.0/16" ou un nom de certificat')
        elif inlet.client_ca is None or inlet.cert is None:
            key = "cert" if inlet.cert is None else "client_ca"
            yield Problem(f"[smtp] {key}", f'manque alors que peers nomme le certificat "{peer}"', "le donner")


def _patients(settings: Settings) -> Iterator[Problem]:
    feed: Patients = settings.patients
    if feed.adt_listen is not None:
        listen = host_and_port(feed.adt_listen)
        if listen is None:
            yield Problem(
                "[patients] adt_listen", f'"{feed.adt_listen}" ne convient pas', 'écrire par exemple "127.0.0.1:2576"'
            )
        elif not is_loopback(listen[0]) and not feed.adt_allow:
            yield Problem(
                "[patients] adt_allow", "manque pour écouter hors de cette machine", "nommer les réseaux admis"
            )
    for network in feed.adt_allow:
        if not is_network(network):
            yield Problem(
                "[patients] adt_allow", f'"{network}" n\'est pas un réseau', 'écrire par exemple "10.1.2.0/24"'
            )
    yield from _positive("[patients]", feed, "max_age")


def _dpi(settings: Settings) -> Iterator[Problem]:
    record = settings.dpi
    if record.kind == "folder" and record.path is None:
        yield Problem("[dpi] path", "manque", 'kind = "folder" demande le dossier où déposer')
    if record.kind == "mllp":
        yield from _mllp(record)
    yield from _positive("[dpi]", record, "timeout")


def _mllp(record: Dpi) -> Iterator[Problem]:
    if record.url is None:
        yield Problem("[dpi] url", "manque", 'kind = "mllp" demande l\'adresse du dossier, "mllp://serveur:2575"')
        return
    url = read_url(record.url)
    if url is None or url.scheme not in {"mllp", "mllps"} or not url.hostname or not url.port or url.path.strip("/"):
        yield Problem(
            "[dpi] url", f'"{record.url}" ne convient pas', 'écrire "mllp://serveur:port" ou "mllps://serveur:port"'
        )
    elif url.scheme == "mllp" and not is_loopback(url.hostname) and not record.cleartext_accepted:
        yield Problem(
            "[dpi] url",
            "mllp:// envoie les documents en clair sur le réseau",
            "écrire \"mllps://…\", ou cleartext_accepted = true si l'établissement l'accepte",
        )


def _dmp(settings: Settings) -> Iterator[Problem]:
    dmp = settings.dmp
    if dmp.enabled:
        yield from _feeding(dmp)
    if dmp.base_url is not None:
        url = read_url(dmp.base_url)
        clear = url is not None and url.scheme == "http" and is_loopback(url.hostname or "")
        if url is None or not url.hostname or (url.scheme != "https" and not clear):
            yield Problem("[dmp] base_url", f'"{dmp.base_url}" ne convient pas', 'écrire une adresse "https://…"')
    for key in ("timeout", "existence_ttl"):
        yield from _positive("[dmp]", dmp, key)


def _feeding(dmp: Dmp) -> Iterator[Problem]:
    needed = ["base_url", "lps_name", "lps_version", "lps_homologation_file", "responsible"]
    needed += [f"{use}_cert" for use in ("auth", "sign") if getattr(dmp, f"{use}_p12") is None]
    for key in needed:
        if not getattr(dmp, key):
            yield Problem(f"[dmp] {key}", "manque", "enabled = true le demande : l'écrire, ou mettre enabled = false")


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
        yield from _positive("[retry]", settings.retry, key)
    if settings.retry.first > settings.retry.max:
        yield Problem("[retry] first", "dépasse max", "écrire une durée plus courte que max")
    yield from _positive("[receipt]", settings.receipt, "max_wait")


def _positive(name: str, table: Struct, key: str) -> Iterator[Problem]:
    if getattr(table, key) <= 0:
        yield Problem(f"{name} {key}", "une durée nulle ne convient pas ici", 'écrire une durée comme "30s"')


def _address(where: str, address: str) -> Iterator[Problem]:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        yield Problem(where, f'"{address}" n\'est pas une adresse', 'écrire par exemple "accueil@clinique.mssante.fr"')


_CHECKS = (
    _establishment,
    _ledger,
    _pairs,
    _mailboxes,
    _submission,
    _smtp,
    _patients,
    _dpi,
    _dmp,
    _trial,
    _retry,
    _files,
)
