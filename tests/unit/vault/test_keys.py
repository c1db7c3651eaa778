from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from gateway.vault.errors import KeyAbsent, KeyDifferent, KeyUnusable
from gateway.vault.keys import ADDRESS_KEY_FILE, Keys, read_master


def test_made_once_private_and_loaded_again(key_file: Path, folder: Path) -> None:
    made = Keys.create(key_file, folder)
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert (folder / ADDRESS_KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert Keys.load(key_file, folder, fingerprint=made.fingerprint()) == made
    assert sorted(path.name for path in key_file.parent.iterdir()) == ["ledger.key", "vault"]


def test_create_again_keeps_what_is_there(key_file: Path, folder: Path) -> None:
    assert Keys.create(key_file, folder) == Keys.create(key_file, folder)


def test_create_takes_the_operators_own_key_and_ends_a_start_cut_short(key_file: Path, folder: Path) -> None:
    key_file.write_text(base64.b64encode(bytes(range(32))).decode())
    key_file.chmod(0o600)
    assert Keys.create(key_file, folder).master == bytes(range(32))


def test_create_never_adopts_the_vault_of_another_key(key_file: Path, folder: Path, keys: Keys) -> None:
    assert keys
    key_file.unlink()
    with pytest.raises(KeyDifferent):
        Keys.create(key_file, folder)


@pytest.mark.parametrize("lost", ["ledger.key", "vault/address.key"])
def test_absent(key_file: Path, folder: Path, keys: Keys, lost: str) -> None:
    (key_file.parent / lost).unlink()
    with pytest.raises(KeyAbsent, match=Path(lost).name):
        Keys.load(key_file, folder, fingerprint=keys.fingerprint())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_open_to_others_is_refused(key_file: Path, folder: Path, keys: Keys, mode: int) -> None:
    assert keys
    key_file.chmod(mode)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        Keys.load(key_file, folder)


@pytest.mark.parametrize("text", [b"", b"00" * 31, b"00" * 33, b"g" * 64, b"\xff" * 64, bytes(32), b"A" * 43])
def test_what_is_no_key_is_refused(key_file: Path, text: bytes) -> None:
    key_file.write_bytes(text)
    key_file.chmod(0o600)
    with pytest.raises(KeyUnusable, match="32 octets"):
        read_master(key_file)


def test_another_key_is_told_by_ledger_and_by_vault(tmp_path: Path, key_file: Path, folder: Path, keys: Keys) -> None:
    other = Keys.create(tmp_path / "other.key", tmp_path / "other")
    assert other.fingerprint() != keys.fingerprint()
    with pytest.raises(KeyDifferent, match="ledger"):
        Keys.load(key_file, folder, fingerprint=other.fingerprint())
    with pytest.raises(KeyDifferent, match=ADDRESS_KEY_FILE):
        Keys.load(tmp_path / "other.key", folder, fingerprint=other.fingerprint())


def test_a_damaged_address_key_is_told(key_file: Path, folder: Path, keys: Keys) -> None:
    assert keys
    for damaged in (b"", b"short", bytes(60)):
        (folder / ADDRESS_KEY_FILE).write_bytes(damaged)
        with pytest.raises(KeyDifferent, match=ADDRESS_KEY_FILE):
            Keys.load(key_file, folder)


def test_secrets_show_nowhere(keys: Keys) -> None:
    shown = f"{keys!r} {keys.fingerprint()}"
    assert keys.master.hex() not in shown
    assert keys.address_key.hex() not in shown
    assert keys.fingerprint() not in keys.master.hex()


def test_wrapping_is_bound_to_what_it_is_for(keys: Keys) -> None:
    wrapped = keys.wrap(bytes(32), b"this")
    assert keys.unwrap(wrapped, b"this") == bytes(32)
    assert keys.wrap(bytes(32), b"this") != wrapped
    with pytest.raises(InvalidTag):
        keys.unwrap(wrapped, b"that")
