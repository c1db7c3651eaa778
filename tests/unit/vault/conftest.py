from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model.ports import Silent
from gateway.vault.files import Vault
from gateway.vault.keys import Keys


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.key"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def keys(key_file: Path, folder: Path) -> Keys:
    return Keys.create(key_file, folder)


@pytest.fixture
def vault(folder: Path, keys: Keys) -> Vault:
    return Vault(folder, keys, Silent())
