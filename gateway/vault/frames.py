"""The format of one object.

    object = header, frame, frame… ; header = magic (8), nonce (12), wrapped data key (48) ; frame = AES-256-GCM of
    1 MiB of content (the last one shorter, perhaps empty), with its tag of 16 bytes

The data key is random and serves one object; it is wrapped with the address as associated data, so that an object
under another's name does not open. A frame's nonce is its number; its associated data are the magic, its number and
whether it is the last: a frame moved, repeated, dropped or cut does not open, and what lacks its end is no object.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.vault.errors import ObjectDamaged
from gateway.vault.keys import WRAPPED, Keys

MAGIC = b"GWVAULT1"
FRAME = 1 << 20
TAG = 16
HEADER = len(MAGIC) + WRAPPED


class Framer:
    """Regroups chunks of any size into frames; holds one at most, for the last is known only when nothing follows."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The frames that this chunk completes, none of them the last."""
        view = memoryview(chunk)
        while len(self._held) + len(view) > FRAME:
            room = FRAME - len(self._held)
            self._held += view[:room]
            view = view[room:]
            yield bytes(self._held)
            self._held.clear()
        self._held += view

    def rest(self) -> bytes:
        """The last frame."""
        return bytes(self._held)


def make_header(keys: Keys, data_key: bytes, address: str) -> bytes:
    """The header that opens an object of this address."""
    return MAGIC + keys.wrap(data_key, MAGIC + bytes.fromhex(address))


def open_header(keys: Keys, header: bytes, address: str) -> bytes:
    """The data key. ObjectDamaged when it is not this object's header, or was wrapped by another master key."""
    if len(header) != HEADER or not header.startswith(MAGIC):
        raise ObjectDamaged("not an object of the vault, or its beginning is lost")
    try:
        return keys.unwrap(header[len(MAGIC) :], MAGIC + bytes.fromhex(address))
    except InvalidTag as error:
        raise ObjectDamaged("the object's key does not open: altered, misplaced, or of another master key") from error


def seal(cipher: AESGCM, frame: bytes, number: int, *, last: bool) -> bytes:
    """One frame, encrypted."""
    return cipher.encrypt(_nonce(number), frame, _associated(number, last))


def unseal(cipher: AESGCM, sealed: bytes, number: int, *, last: bool) -> bytes:
    """One frame, in clear. ObjectDamaged when it is not that frame of that object."""
    try:
        return cipher.decrypt(_nonce(number), sealed, _associated(number, last))
    except InvalidTag as error:
        raise ObjectDamaged(f"frame {number} of the object is altered, misplaced or cut") from error


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _associated(number: int, last: bool) -> bytes:
    return MAGIC + number.to_bytes(8, "big") + (b"\x01" if last else b"\x00")
