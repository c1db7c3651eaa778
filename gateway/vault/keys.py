"""The master key, which wraps, and the address key, which names.

The master key is a file of 32 random bytes as text (hexadecimal or base64), readable by its owner alone; no backup
holds it. The address key lies in the vault's folder, wrapped by the master key: a new one rewraps it, addresses stay.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.model.causes import cause
from gateway.vault.errors import KeyAbsent, KeyDifferent, KeyUnusable, storing
from gateway.vault.system import REAL, FileSystem, read_upto, write_all

KEY = 32
WRAPPED = 12 + KEY + 16  # nonce, key, tag
ADDRESS_KEY_FILE = "address.key"


@dataclass(frozen=True)
class Keys:
    """Both keys, in clear, in memory only; neither shows in a repr."""

    master: bytes = field(repr=False)
    address_key: bytes = field(repr=False)

    @classmethod
    def create(cls, file: Path, folder: Path, fs: FileSystem = REAL) -> Keys:
        """Make and sync whichever of the two files is missing; only for an *empty* ledger.

        A master key that the operator has put there, or that a start cut short has left, is taken as it is.
        KeyUnusable and KeyDifferent as for ``load``; StorageFailed.
        """
        with storing():
            fs.make_folder(folder)
            fs.sync_folder(folder.parent)
            _make_once(fs, file, secrets.token_hex(KEY).encode() + b"\n")
        keys = cls(read_master(file, fs), secrets.token_bytes(KEY))
        with storing():
            _make_once(fs, folder / ADDRESS_KEY_FILE, keys.wrapped_address_key())
        return cls.load(file, folder, fs=fs)

    @classmethod
    def load(cls, file: Path, folder: Path, *, fingerprint: str | None = None, fs: FileSystem = REAL) -> Keys:
        """Read both. ``fingerprint`` is the one that the ledger holds.

        KeyAbsent when a file is missing, KeyUnusable when it is open to others or holds no key, KeyDifferent when the
        ledger or the address key was made with another master key.
        """
        master = read_master(file, fs)
        if fingerprint is not None and not hmac.compare_digest(fingerprint, _fingerprint(master)):
            raise KeyDifferent(f"{file.name}, empreinte {_fingerprint(master)}")
        wrapped, _mode = _read(fs, folder / ADDRESS_KEY_FILE)
        try:
            return cls(master, AESGCM(_derived(master, b"wrap")).decrypt(wrapped[:12], wrapped[12:], b"address key"))
        except (InvalidTag, ValueError) as error:
            raise KeyDifferent(f"{file.name}, ou {ADDRESS_KEY_FILE} est abîmé") from error

    def fingerprint(self) -> str:
        """32 hexadecimal characters that tell master keys apart and say nothing of them."""
        return _fingerprint(self.master)

    def with_master(self, file: Path, fs: FileSystem = REAL) -> Keys:
        """The keys after a rotation: the master key of this file, the same addresses."""
        return Keys(read_master(file, fs), self.address_key)

    def keep_address_key(self, folder: Path, fs: FileSystem = REAL) -> None:
        """Last act of a rotation: put the address key, wrapped by this master key, in the place of the old one."""
        with storing():
            draft = _draft(fs, folder / ADDRESS_KEY_FILE, self.wrapped_address_key())
            fs.rename(draft, folder / ADDRESS_KEY_FILE)
            fs.sync_folder(folder)

    def address_digest(self) -> hmac.HMAC:
        """A keyed digest to feed with content; its hexdigest is the address."""
        return hmac.new(self.address_key, digestmod=hashlib.sha256)

    def wrap(self, key: bytes, associated: bytes) -> bytes:
        """A data key wrapped by the master key: nonce, ciphertext, tag (60 bytes)."""
        nonce = os.urandom(12)
        return nonce + AESGCM(_derived(self.master, b"wrap")).encrypt(nonce, key, associated)

    def unwrap(self, wrapped: bytes, associated: bytes) -> bytes:
        """The data key; InvalidTag when the master key or the associated data are others."""
        return AESGCM(_derived(self.master, b"wrap")).decrypt(wrapped[:12], wrapped[12:], associated)

    def wrapped_address_key(self) -> bytes:
        """What ``address.key`` holds."""
        return self.wrap(self.address_key, b"address key")


def read_master(file: Path, fs: FileSystem = REAL) -> bytes:
    """The 32 bytes of a master key file. KeyAbsent, KeyUnusable."""
    text, mode = _read(fs, file)
    if mode & 0o077:
        raise KeyUnusable(f"{file.name} est ouvert à d'autres comptes ; chmod 600")
    for decode in (bytes.fromhex, partial(base64.b64decode, validate=True)):
        with suppress(ValueError, binascii.Error):
            if len(key := decode(text.decode("ascii").strip())) == KEY:
                return key
    raise KeyUnusable(f"{file.name} ne contient pas une clé : 32 octets en hexadécimal ou en base64")


def _make_once(fs: FileSystem, file: Path, content: bytes) -> None:
    """Whole and synced under its name, or not there at all: a link of a synced draft, never over another file."""
    if file.name not in fs.list_folder(file.parent):
        draft = _draft(fs, file, content)
        try:
            with suppress(FileExistsError):
                fs.link(draft, file)
        finally:
            fs.unlink(draft)
    fs.sync_folder(file.parent)


def _draft(fs: FileSystem, file: Path, content: bytes) -> Path:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = fs.create(draft)
    try:
        write_all(fs, descriptor, content, 0)
        fs.sync(descriptor)
    except OSError:
        with suppress(OSError):
            fs.unlink(draft)
        raise
    finally:
        fs.close(descriptor)
    return draft


def _read(fs: FileSystem, file: Path) -> tuple[bytes, int]:
    """A small file and its permission bits."""
    try:
        descriptor = fs.open(file)
        try:
            return read_upto(fs, descriptor, 1024, 0), fs.facts(descriptor).mode
        finally:
            fs.close(descriptor)
    except FileNotFoundError as error:
        raise KeyAbsent(f"{file.name} manque") from error
    except OSError as error:
        raise KeyUnusable(f"{file.name} : {cause(error)}") from error


def _fingerprint(master: bytes) -> str:
    return _derived(master, b"fingerprint").hex()[:32]


def _derived(master: bytes, purpose: bytes) -> bytes:
    return hmac.digest(master, b"gateway vault " + purpose, "sha256")
