"""What ``gateway check`` says of the files and choices that gateway.toml names, without opening a connection."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID
from msgspec import Struct, structs

from gateway.app import ans_package, holders
from gateway.app.hosts import is_loopback, is_trial, read_url
from gateway.app.problem import tables
from gateway.formats.office import fonts
from gateway.model.settings import Settings
from gateway.trust.credential import Credential, expires_in, load, own_certificate, read_certificates
from gateway.trust.errors import TrustError, read
from gateway.trust.revocation import read_crls
from gateway.trust.secret import is_world_readable, read_secret

_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """An ``error`` forbids to start; a ``warning`` does not; a ``decision`` is for a person of the site to own."""

    level: Literal["error", "warning", "decision"]
    text: str


def check_files(settings: Settings, now: datetime) -> list[Finding]:
    """Every finding at the instant ``now`` (aware), errors first; its text is one French line.

    Certificates that are well stand as no finding. Nothing is written, and no secret stands in a text.
    """
    found = list(chain.from_iterable(look(settings, now) for look in _LOOKS))
    return sorted(found, key=lambda finding: ("error", "warning", "decision").index(finding.level))


def _credentials(settings: Settings, now: datetime) -> Iterator[Finding]:
    units: dict[str, list[str]] = {}
    for name, table in tables(settings):
        for stem, files in _named(table):
            try:
                credential = load(*files, now=now)
            except TrustError as error:
                yield Finding("error", str(error))
                continue
            if credential is not None:
                yield from _expiry(credential.certificate, credential.source, now)
                yield from _exposed_key(files[1] or files[2])
                if name == "[dmp]":
                    units[stem] = _units(credential)
    said = [holders.amiss(stem, found, settings.establishment) for stem, found in units.items()]
    yield from (Finding("warning", text) for text in (*said, holders.apart(units)) if text)


def _named(table: Struct) -> Iterator[tuple[str, tuple[Path | None, Path | None, Path | None, Path | None]]]:
    """The prefix of each credential of a table (``auth_``) and its four files: cert, key, p12, password."""
    keys = structs.asdict(table)
    for stem in sorted(key.removesuffix("cert") for key in keys if key.endswith("cert")):
        p12 = keys.get(f"{stem}p12")
        yield stem, (keys[f"{stem}cert"], keys[f"{stem}key"], p12, keys[f"{stem}password_file"] if p12 else None)


def expiring(settings: Settings, now: datetime) -> list[tuple[str, datetime]]:
    """The tables whose certificates end within thirty days or have ended, and when."""
    found = []
    for name, table in tables(settings):
        for _, (cert, _, p12, password_file) in _named(table):
            with suppress(TrustError):  # said by the edge that uses it
                certificate = own_certificate(cert, p12, password_file)
                if certificate is not None and expires_in(certificate, now) < _SOON:
                    found.append((name, certificate.not_valid_after_utc))
    return found


def _expiry(certificate: x509.Certificate, source: Path, now: datetime) -> Iterator[Finding]:
    left = expires_in(certificate, now)
    if left < timedelta(0):
        ended = certificate.not_valid_after_utc
        yield Finding("error", f"{source} : certificat expiré depuis le {ended:%d/%m/%Y} ; le remplacer")
    elif left < _SOON:
        text = f"{source} : ce certificat expire {_in(left.days)} ; demander dès maintenant son renouvellement"
        yield Finding("warning", text)


def _in(days: int) -> str:
    return f"dans {days} jour{'s' if days > 1 else ''}" if days else "dans moins d'un jour"


def _exposed_key(key: Path | None) -> Iterator[Finding]:
    if key is not None and is_world_readable(key):
        text = f"{key} : cette clé privée est lisible par tous les comptes de la machine ; chmod o= {key.name}"
        yield Finding("warning", text)


def _units(credential: Credential) -> list[str]:
    units = credential.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return [str(unit.value) for unit in units]


def _authorities(settings: Settings, now: datetime) -> Iterator[Finding]:
    for _, table in tables(settings):
        for path in filter(None, (getattr(table, "ca", None), getattr(table, "client_ca", None))):
            try:
                for certificate in read_certificates(path):
                    yield from _expiry(certificate, path, now)
            except TrustError as error:
                yield Finding("error", str(error))


def _readable(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Revocation lists and secrets."""
    for name, table in tables(settings):
        keys = structs.asdict(table)
        for key, path in keys.items():
            if path is None:
                continue
            try:
                if key == "crl":
                    read_crls(path, now)
                elif key in {"password_file", "token_file"}:
                    read_secret(path)
                elif key == "lps_homologation_file":
                    read(path)
            except TrustError as error:
                yield Finding("error", str(error))
        if "ca" in keys and keys["ca"] is None and _reaches_out(keys):
            yield Finding(
                "warning",
                f"{name} ca : absent, le magasin de la machine décide ; donner la chaîne de l'IGC-Santé, seule admise "
                "pour MSSanté et le DMP",
            )


def _reaches_out(keys: dict[str, Any]) -> bool:
    """Whether the table names a server that is spoken to with TLS outside of this machine."""
    url = read_url(keys.get("base_url") or keys.get("url") or "")
    host = keys.get("host") or (url.hostname if url is not None and url.scheme in {"https", "mllps"} else None)
    return host is not None and not is_loopback(host)


def _folders(settings: Settings, _now: datetime) -> Iterator[Finding]:
    database = settings.ledger.url.removeprefix("sqlite:///")
    folders = [settings.ledger.vault, settings.ledger.key_file.parent, settings.quarantine.folder]
    if database != settings.ledger.url:
        folders.append(Path(database).parent)
    if settings.dpi.kind == "folder" and settings.dpi.path is not None:
        folders.append(settings.dpi.path)
    if settings.revocation.urls:
        folders.append(settings.revocation.folder)
    for folder in dict.fromkeys(folders):
        if not _writable(folder):
            yield Finding(
                "error", f"{folder} : on ne peut pas y écrire ; créer ce dossier et le donner au compte du service"
            )


def _writable(folder: Path) -> bool:
    """Whether it is a folder of ours, or can be made in one."""
    try:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    except OSError:
        return False


def _choices(settings: Settings, _now: datetime) -> Iterator[Finding]:
    dmp, record = settings.dmp, settings.dpi
    servers = [box.host for box in settings.mailbox] + [(read_url(dmp.base_url or "") or urlsplit("")).hostname or ""]
    for host in dict.fromkeys(servers):
        if is_trial(host) and not settings.establishment.test:
            yield Finding("warning", f"{host} : serveur de test ; écrire [establishment] test = true")
    known = {box.name for box in settings.mailbox}
    for address, name in (settings.smtp.recipients if settings.smtp else {}).items():
        if known and name not in known:
            yield Finding(
                "warning", f"[smtp] recipients : {address} va à la boîte {name}, qu'aucune table [[mailbox]] ne décrit"
            )
    yield Finding(
        "warning", "disque : les tables du registre ne sont pas chiffrées ; le disque de cette machine doit l'être"
    )
    if record.kind == "none" and not dmp.enabled:
        yield Finding(
            "warning", "[dpi] kind et [dmp] enabled : aucune destination ; les documents ne seront remis nulle part"
        )


def _sending(settings: Settings, _now: datetime) -> Iterator[Finding]:
    submit = settings.submission
    if settings.hospital is not None and (submit is None or submit.mailbox is None):
        yield Finding("warning", "[submission] mailbox : aucune ; ce que le DPI destine à MSSanté ne partira pas")


def _package(settings: Settings, _now: datetime) -> Iterator[Finding]:
    for remark in ans_package.remarks(settings):
        yield Finding("warning", remark)


def _decisions(settings: Settings, _now: datetime) -> Iterator[Finding]:
    matching, dmp, record = settings.matching, settings.dmp, settings.dpi
    for key, what in _WITHOUT_PROOF.items():
        trust = getattr(matching, key)
        yield Finding("decision", f'[matching] {key} = "{trust}" : {what} {_TRUST[trust]} ; {_CELL}')
    if dmp.enabled and dmp.feed_received_cda != "never":
        yield Finding(
            "decision",
            f'[dmp] feed_received_cda = "{dmp.feed_received_cda}" : les CDA reçus d\'autres structures vont au DMP ; '
            "l'accord de la CNAM est nécessaire",
        )
    if dmp.enabled and dmp.minor_secret:
        yield Finding(
            "decision",
            "[dmp] minor_secret = true : la façon d'écrire une connexion secrète n'est pas publique ; la CNAM confirme "
            "minor_attribute et minor_code",
        )
    if record.kind == "mllp" and record.add_ipp:
        yield Finding(
            "decision",
            "[dpi] add_ipp = true : PID-3 porte aussi l'IPP, un écart au volet ; l'éditeur du dossier l'accepte",
        )
    if record.kind == "mllp" and record.message == "oru":
        yield Finding(
            "decision",
            "[dpi] message = \"oru\" : le volet veut des MDM ; l'éditeur du dossier dit qu'il ne prend que des ORU",
        )
    if record.kind == "mllp" and record.commit_is_enough:
        yield Finding(
            "decision",
            "[dpi] commit_is_enough = true : un document est dit remis dès qu'un concentrateur le garde ; ce que le "
            "dossier refuse ensuite ne se saura pas ici",
        )
    if record.kind == "fhir":
        yield Finding(
            "decision",
            '[dpi] kind = "fhir" : un seul effet si le serveur honore la création conditionnelle (If-None-Exist) ; '
            "l'éditeur du dossier le confirme",
        )
    if record.cleartext_accepted:
        yield Finding(
            "decision", "[dpi] cleartext_accepted = true : les documents passent en clair ; le RSSI l'accepte"
        )
    if "*" in settings.senders.trusted_domains:
        yield Finding(
            "decision", '[senders] trusted_domains : "*" croit tout expéditeur ; le responsable du service l\'accepte'
        )


_CELL = "la cellule d'identitovigilance en décide"
_TRUST = {
    "review": "attend une personne",
    "file": "entre au dossier sans aller au DMP",
    "file-and-feed": "entre au dossier et va au DMP",
}
_WITHOUT_PROOF = {
    "without_ins": "un document sans INS dont les traits désignent un seul patient",
    "ocr": "un document lu par reconnaissance de caractères",
    "homonym": "un document d'un patient signalé homonyme",
}


def _packages(_settings: Settings, _now: datetime) -> Iterator[Finding]:
    try:
        fonts.folder()
    except fonts.FontsMissingError:
        text = (
            "les polices DejaVu ne sont pas installées (paquet fonts-dejavu-core) : les courriers DOCX, ODT et HTML ne "
            "pourront pas être remis au dossier patient"
        )
        yield Finding("warning", text)


_LOOKS = (_credentials, _authorities, _readable, _folders, _choices, _sending, _package, _decisions, _packages)
