"""The quarantine folder: a sub-folder an entry, for people who have only a file explorer (DESIGN §7, [quarantine]).

It follows the worklist and may be deleted at any time: the next ``sync`` writes it anew. Names say nothing of the
patient; the files inside do, hence 0700. An entry is whole under its name, or not there.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path

import msgspec

from gateway.flow.house import House
from gateway.isolation.errors import ReaderError
from gateway.ledger import documents
from gateway.ledger.rows import Entry
from gateway.model.reasons import Reason
from gateway.review.case import Case, case_of
from gateway.review.wording import told
from gateway.vault.errors import VaultError

#: The bytes of these stay in the vault.
REASON_ONLY = frozenset({Reason.UNSAFE, Reason.ENCRYPTED})

_NAME = re.compile(r"\d{6,}")
_LEFT = re.compile(r"\.\d{6,}\.(new|gone)")
_EXTENSIONS = {
    "application/pdf": "pdf",
    "text/xml": "xml",
    "application/xml": "xml",
    "application/zip": "zip",
    "image/jpeg": "jpg",
    "image/tiff": "tif",
    "image/png": "png",
    "text/plain": "txt",
    "text/html": "html",
    "text/rtf": "rtf",
    "application/rtf": "rtf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.oasis.opendocument.text": "odt",
}


class _Written(msgspec.Struct, frozen=True):
    version: int = 0


async def sync(house: House) -> None:
    """Make the folder say what the worklist says: write what is missing or has changed, remove what is settled.

    Idempotent; takes up where a crash left it. ``house.readers`` must be started. A disk that refuses is told to the
    observer: the folder is a view, and must not stop the gateway.
    """
    try:
        await _sync(house)
    except OSError as error:
        house.observer.event("quarantine.failed", reason=type(error).__name__)


async def prune(house: House) -> None:
    """Remove what is settled; for a process without readers, which leaves the writing to the next ``sync``."""
    wanted = await house.ledger.read(documents.open_entries)
    folder = house.settings.quarantine.folder
    if folder.is_dir():
        await asyncio.to_thread(_tidy, house, folder, {name_of(one) for one in wanted})


def name_of(entry: Entry) -> str:
    """The name of an entry's sub-folder: its number."""
    return f"{entry.id:06d}"


async def _sync(house: House) -> None:
    wanted = await house.ledger.read(documents.open_entries)
    folder = house.settings.quarantine.folder
    await asyncio.to_thread(_prepare, folder)
    versions = await asyncio.to_thread(_tidy, house, folder, {name_of(one) for one in wanted})
    for entry in wanted:
        if versions.get(name_of(entry)) != entry.version:
            await _write(house, folder, entry)


async def _write(house: House, folder: Path, entry: Entry) -> None:
    case = await house.ledger.read(lambda c: case_of(c, entry))
    files = {
        "motif.json": msgspec.json.format(msgspec.json.encode(case), indent=2),
        "LISEZMOI.txt": ("\n".join(told(case)) + "\n").encode(),
    }
    body = await _document(house, case)
    if body is not None:
        files[f"document.{_EXTENSIONS.get(case.media_type, 'bin')}"] = body
    await asyncio.to_thread(_put, house, folder, name_of(entry), files)


async def _document(house: House, case: Case) -> bytes | None:
    """The bytes that a person may open; None when there are none, or none that he should."""
    if not case.part or case.reason in REASON_ONLY or case.problem in REASON_ONLY:
        return None
    try:
        return await house.readers.extract(case.mail_digest, case.part)
    except (ReaderError, VaultError):
        return None


def _prepare(folder: Path) -> None:
    """Make the folder, and remove what a crash left half-done."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    for path in folder.glob(".*"):
        if _LEFT.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)


def _tidy(house: House, folder: Path, wanted: set[str]) -> dict[str, int]:
    """Remove what is settled; the version of each entry that is there."""
    versions = {}
    for path in sorted(folder.iterdir()):
        if not _NAME.fullmatch(path.name):
            continue
        if path.name in wanted:
            versions[path.name] = _version(path)
        else:
            _remove(house, path)
    return versions


def _version(path: Path) -> int:
    try:
        return msgspec.json.decode((path / "motif.json").read_bytes(), type=_Written).version
    except (OSError, msgspec.DecodeError):
        return 0


def _remove(house: House, path: Path) -> None:
    gone = path.with_name(f".{path.name}.gone")
    with house.observer.step("quarantine.remove"):
        try:
            path.rename(gone)
        except FileNotFoundError:
            return  # another process was faster
    shutil.rmtree(gone, ignore_errors=True)


def _put(house: House, folder: Path, name: str, files: dict[str, bytes]) -> None:
    draft, place = folder / f".{name}.new", folder / name
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    with house.observer.step("quarantine.write"):
        for file, content in files.items():
            _write_file(draft / file, content)
    if place.exists():
        _remove(house, place)
    with house.observer.step("quarantine.rename"):
        draft.rename(place)
    _sync_folder(folder)


def _write_file(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
