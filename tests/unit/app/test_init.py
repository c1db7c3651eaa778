"""The file that ``init`` writes: every key is in it, and it loads."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

import gateway.app.init as module
from gateway.app.config import load
from gateway.app.constraints import _CHECKS as CHECKS
from gateway.app.decode import decode
from gateway.app.init import InitError, commented, init
from gateway.app.keys import KEYS, TABLES
from gateway.app.problem import Problem
from gateway.model.settings import Dmp, Matching, Retry, Settings

FILLED = {
    "name": "CLINIQUE DES TILLEULS",
    "structure_id": "1350000018",
    "sector": "SA04",
    "oid_root": "1.2.250.1.999.1",
    "ipp_oid": "1.2.250.1.999.2",
}


@pytest.fixture(autouse=True)
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    source = tmp_path / "shipped"
    source.mkdir()
    (source / "types.toml").write_text("# règle\n")
    monkeypatch.setattr(module, "default_rules", lambda: source)
    return source


def filled(text: str) -> str:
    for key, value in FILLED.items():
        text = text.replace(f'\n{key} = ""\n', f'\n{key} = "{value}"\n', 1)
    return text


def uncommented(text: str) -> dict[str, Any]:
    return tomllib.loads(re.sub(r"^#(?=[a-z\[])", "", filled(text), flags=re.MULTILINE))


def dotted() -> set[str]:
    """Every ``table.key`` of Settings."""
    root = inspect.type_info(Settings)
    assert isinstance(root, inspect.StructType)
    return {
        f"{table.encode_name}.{key.encode_name}" for table in root.fields for key in module._struct(table.type).fields
    }


def test_it_loads_once_the_required_keys_are_filled(tmp_path: Path) -> None:
    path = init(tmp_path / "neuf")
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    settings = load(path)
    assert settings.establishment.name == "CLINIQUE DES TILLEULS"
    assert settings.matching == Matching()
    assert settings.retry == Retry()
    assert settings.dmp == Dmp()
    assert settings.rules.folder == tmp_path / "neuf" / "rules"


def test_as_written_it_asks_for_what_is_missing_only() -> None:
    required = re.findall(r'^(\w+) = ""$', commented(), flags=re.MULTILINE)
    assert sorted(required) == sorted(FILLED)


def test_every_key_is_in_it_with_its_meaning() -> None:
    assert set(KEYS) == dotted()
    assert set(TABLES) == {key.partition(".")[0] for key in dotted()}
    table = uncommented(commented())
    table["mailbox"] = table["mailbox"][0]
    assert {f"{name}.{key}" for name, keys in table.items() for key in keys} == dotted()
    assert all(key.meaning for key in KEYS.values())


def test_uncommenting_everything_gives_the_defaults() -> None:
    settings = decode(uncommented(commented()))
    assert isinstance(settings, Settings)
    bare = decode(tomllib.loads(filled(commented())))
    assert isinstance(bare, Settings)
    for name in ("ledger", "matching", "retry", "receipt", "quarantine", "rules", "senders"):
        assert getattr(settings, name) == getattr(bare, name)
    examples = {key for key, (_, example) in KEYS.items() if example}
    for name, struct in (("dmp", settings.dmp), ("dpi", settings.dpi), ("mailbox", settings.mailbox[0])):
        for field in msgspec.structs.fields(type(struct)):
            if f"{name}.{field.name}" not in examples:
                assert getattr(struct, field.name) == field.default


def test_prose_is_never_taken_for_a_key() -> None:
    for line in commented().splitlines():
        assert re.match(r"$|# |#?\[|#?[a-z_0-9]+ = ", line), line


def test_the_rules_are_copied(tmp_path: Path) -> None:
    init(tmp_path / "neuf")
    assert (tmp_path / "neuf" / "rules" / "types.toml").read_text() == "# règle\n"


@pytest.mark.parametrize("name", ["gateway.toml", "rules"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("à moi")
    with pytest.raises(InitError, match="existe déjà") as refused:
        init(tmp_path)
    assert "\n" not in str(refused.value)
    assert (tmp_path / name).read_text() == "à moi"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "fichier").write_text("")
    with pytest.raises(InitError, match="on ne peut pas y écrire"):
        init(tmp_path / "fichier" / "sous")


ODD: tuple[object, ...] = (
    "",
    "\x00",
    "https://[",
    "9" * 400,
    -1,
    10**30,
    1.5,
    True,
    [],
    [{}],
    {},
    {"a": 1},
    [[1]],
    "é",
)


@pytest.mark.parametrize("dotted_key", sorted(dotted()))
def test_no_value_of_any_key_fails_otherwise_than_in_one_line(dotted_key: str) -> None:
    table, _, key = dotted_key.partition(".")
    whole = uncommented(commented())
    for value in ODD:
        (whole[table][0] if table == "mailbox" else whole[table])[key] = value
        decoded = decode(whole)
        said = (
            [decoded] if isinstance(decoded, Problem) else [problem for check in CHECKS for problem in check(decoded)]
        )
        assert not any("\n" in str(problem) for problem in said)
