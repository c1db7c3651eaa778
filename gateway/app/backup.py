"""Copies of the ledger and the vault while the gateway runs, and their return (DESIGN §3).

A backup is a folder: ``gateway.db`` (a snapshot), ``vault`` (every sealed object that its rows refer to, and the
address key, wrapped) and ``manifest.json``. Rows first, then objects: objects never change, and none is deleted young.
Each file comes under its name only once it is whole and synced. The master key is never there.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from gateway.app.lock import WorkerLock
from gateway.ledger import deliveries, patients, trail
from gateway.ledger.engine import Ledger
from gateway.model.causes import cause
from gateway.model.ports import Silent, SystemClock
from gateway.model.settings import Settings
from gateway.vault.files import Vault
from gateway.vault.keys import ADDRESS_KEY_FILE, Keys

DATABASE, OBJECTS, MANIFEST = "gateway.db", "vault", "manifest.json"
DESTINATIONS = ("dpi", "dmp", "receipt", "ack", "mssante")
RESTORE = "restore"

_REFERRED = "SELECT digest FROM mail WHERE purged_at IS NULL UNION SELECT payload FROM delivery WHERE payload NOT NULL"
_FILLED = ("arrival", "document", "patient", "sender", "trail")


class BackupError(Exception):
    """No backup was completed, or nothing was restored. The text is one French line."""


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds. ``at``: seconds since 1970, before the snapshot; ``key``: the master key's fingerprint."""

    at: float
    schema: str
    key: str
    arrivals: int
    documents: int
    objects: int
    bytes: int


def back_up(settings: Settings, ledger: Ledger, vault: Vault, folder: Path, who: str) -> Manifest:
    """Copy everything to ``folder``, which may hold an older backup: only new objects are copied. BackupError."""
    live = _database(settings)
    if folder.resolve() in (live.parent.resolve(), settings.ledger.vault.resolve()):
        raise BackupError(f"{folder} est le dossier du registre lui-même : choisissez-en un autre, sur un autre disque")
    at = SystemClock().now().timestamp()
    try:
        (folder / OBJECTS).mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = _snapshot(live, folder / f"{DATABASE}.tmp")
        copied = _copy_objects(ledger, vault, _referred(draft), folder / OBJECTS)
        copy(settings.ledger.vault / ADDRESS_KEY_FILE, folder / OBJECTS / ADDRESS_KEY_FILE)
        manifest = _manifest(draft, at, *copied)
        draft.replace(folder / DATABASE)
        _write(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        sync_folder(folder)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"la sauvegarde n'est pas complète : {_plain(error)}") from error
    ledger.submit("backup", lambda c: _note(c, at, who, manifest)).result()
    return manifest


def restore(settings: Settings, folder: Path, who: str) -> Manifest:
    """Bring a backup back in place of an empty ledger; every destination stays held until mailboxes are compared.

    BackupError; KeyAbsent, KeyDifferent when the master key of that ledger is not at ``key_file``.
    """
    live = _database(settings)
    with WorkerLock(live) as lock:
        if not lock.take():
            raise BackupError("une passerelle travaille sur ce registre : arrêtez-la d'abord")
        _require_empty(live)
        manifest = _read_manifest(folder)
        keys = Keys.load(settings.ledger.key_file, folder / OBJECTS, fingerprint=manifest.key)
        try:
            _bring_back(settings, folder, keys, live, who)
        except (OSError, sqlite3.Error) as error:
            raise BackupError(f"la restauration n'est pas complète, relancez-la : {_plain(error)}") from error
        return manifest


def copy(source: Path, target: Path) -> int:
    """Copy a file, whole and synced under its name; skip one of the same size. Bytes copied. OSError."""
    size = source.stat().st_size
    if target.exists() and target.stat().st_size == size and target.name != ADDRESS_KEY_FILE:
        return 0
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.tmp")
    with source.open("rb") as read, draft.open("wb") as write:
        shutil.copyfileobj(read, write, 1 << 20)
        write.flush()
        os.fsync(write.fileno())
    draft.replace(target)
    sync_folder(target.parent)
    return size


def sync_folder(folder: Path) -> None:
    """Make a folder's names durable. OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _snapshot(live: Path, draft: Path) -> Path:
    """A consistent copy of the rows in one file, synced; the writer is not stopped meanwhile."""
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(live)) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    draft.chmod(0o600)
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return draft


def _referred(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as rows:
        return sorted(row[0] for row in rows.execute(_REFERRED))


def _copy_objects(ledger: Ledger, vault: Vault, addresses: Iterable[str], folder: Path) -> tuple[int, int]:
    """Copy what is referred to; how many objects there are, and how many bytes. BackupError when one is lost."""
    count = size = 0
    for address in addresses:
        target = folder / address[0] / address[1] / address
        try:
            copy(vault.place(address), target)
        except FileNotFoundError:
            if ledger.look(lambda c, one=address: _still_needed(c, one)):  # type: ignore[misc]
                raise BackupError("un objet du coffre manque : le registre et le coffre ne vont pas ensemble") from None
            continue  # purged since the snapshot
        count += 1
        size += target.stat().st_size
    return count, size


def _still_needed(c: Connection, address: str) -> bool:
    found = c.exec_driver_sql(f"SELECT 1 FROM ({_REFERRED}) WHERE digest = ?", (address,)).first()  # noqa: S608
    return found is not None


def _manifest(database: Path, at: float, objects: int, size: int) -> Manifest:
    with closing(sqlite3.connect(database)) as rows:
        facts = dict(rows.execute("SELECT name, value FROM meta WHERE name IN ('schema', 'key')"))
        arrivals, documents = (rows.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _FILLED[:2])  # noqa: S608
    return Manifest(at, facts["schema"], facts["key"], arrivals, documents, objects, size)


def _note(c: Connection, at: float, who: str, manifest: Manifest) -> None:
    patients.set_meta(c, "backup_at", repr(at))
    detail = {"arrivals": manifest.arrivals, "objects": manifest.objects}
    trail.append(c, SystemClock().now().timestamp(), who, "backup", "ledger", detail)


def _require_empty(live: Path) -> None:
    if not live.exists():
        return
    with closing(sqlite3.connect(live)) as rows:
        there = {row[0] for row in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        full = [name for name in _FILLED if name in there and rows.execute(f"SELECT 1 FROM {name}").fetchone()]  # noqa: S608
    if full:
        raise BackupError("ce registre n'est pas vide : rien n'a été restauré ; déplacez-le d'abord, avec son coffre")


def _read_manifest(folder: Path) -> Manifest:
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except OSError as error:
        raise BackupError(f"{folder} ne contient pas de sauvegarde complète ({MANIFEST} absent)") from error
    except msgspec.DecodeError as error:
        raise BackupError(f"{folder / MANIFEST} est abîmé") from error


def _bring_back(settings: Settings, folder: Path, keys: Keys, live: Path, who: str) -> None:
    """Objects, then the address key, then the rows: the ledger appears only when all it refers to is there."""
    stored = Vault(folder / OBJECTS, keys, Silent())
    place = Vault(settings.ledger.vault, keys, Silent())
    draft = live.with_name(f".{live.name}.restore")
    for left in (draft, *_beside(draft), *_beside(live)):
        left.unlink(missing_ok=True)
    copy(folder / DATABASE, draft)
    for address in _referred(draft):
        if not stored.exists(address):
            raise BackupError("la sauvegarde est incomplète : un objet du coffre y manque")
        copy(stored.place(address), place.place(address))
    copy(folder / OBJECTS / ADDRESS_KEY_FILE, settings.ledger.vault / ADDRESS_KEY_FILE)
    _hold(draft, who)
    draft.replace(live)
    sync_folder(live.parent)


def _hold(database: Path, who: str) -> None:
    """Nothing leaves before the mailboxes are compared: what was sent since the backup would be sent twice."""
    ledger = Ledger(f"sqlite:///{database}", Silent())
    try:
        ledger.submit("restore", lambda c: _note_restored(c, who)).result()
    finally:
        ledger.close()
    for left in _beside(database):
        left.unlink(missing_ok=True)


def _note_restored(c: Connection, who: str) -> None:
    for name in DESTINATIONS:
        deliveries.set_destination(c, name, held=True, hold_reason=RESTORE)
    patients.set_meta(c, "restored", "1")
    trail.append(c, SystemClock().now().timestamp(), who, "restore", "ledger", {})


def _beside(database: Path) -> tuple[Path, Path]:
    return database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")


def _database(settings: Settings) -> Path:
    if not settings.ledger.url.startswith("sqlite:///"):
        raise BackupError(
            "ce registre est sur un serveur PostgreSQL : sauvegardez-le avec pg_dump, et le coffre à part"
        )
    return Path(settings.ledger.url.removeprefix("sqlite:///"))


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.tmp")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _plain(error: Exception) -> str:
    if not isinstance(error, OSError):
        return str(error)
    return f"{error.filename} : {cause(error)}" if error.filename else cause(error)
