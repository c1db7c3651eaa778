"""gateway.toml → Settings: decoded, its paths made absolute, its keys checked against each other (DESIGN §7).

One wrong key is one ``ConfigError``, whose text is one French line: the file, the key, what is wrong, what to write.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, structs

from gateway import terminology
from gateway.app.constraints import first_problem
from gateway.app.decode import decode
from gateway.app.defaults import default_rules
from gateway.app.findings import Finding, check_files
from gateway.app.problem import Problem
from gateway.model.causes import cause
from gateway.model.settings import Rules, Settings

__all__ = ["ConfigError", "Finding", "check_files", "load"]

_T = TypeVar("_T", bound=Struct)
_LIMIT = 1_000_000
_LINE = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)$")
_SQLITE = "sqlite:///"


class ConfigError(Exception):
    """gateway.toml cannot be used. The text is one French line."""

    def __init__(self, path: Path, problem: Problem | str) -> None:
        super().__init__(f"{path} : {problem}".replace("\n", " "))


def load(path: Path) -> Settings:
    """The settings of the file at ``path``, every path absolute (relative ones start from the file's folder).

    Without ``rules.folder`` in the file nor a folder ``rules`` beside it, the rules are those that ship with us.

    From now on this process looks codes up in ``terminology.folder`` first.

    Raises:
        ConfigError: unreadable file, TOML syntax, unknown or missing key, wrong value, absent file, keys that disagree.
    """
    table = _parse(path)
    decoded = decode(table)
    if isinstance(decoded, Problem):
        raise ConfigError(path, decoded)
    settings = _with_rules(_absolute(decoded, path.absolute().parent), table)
    try:
        terminology.use(settings.terminology.folder)
    except terminology.TerminologyError as error:
        raise ConfigError(path, f"[terminology] folder : {error}") from error
    problem = first_problem(settings)
    if problem is not None:
        raise ConfigError(path, problem)
    return settings


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_LIMIT + 1)
    except FileNotFoundError:
        raise ConfigError(path, "fichier absent ; le créer avec gateway init, ou donner son chemin après -c") from None
    except OSError as error:
        raise ConfigError(path, f"fichier illisible ({cause(error)}) ; vérifier ses droits") from None
    if len(content) > _LIMIT:
        raise ConfigError(path, "fichier trop gros ; vérifier que c'est bien gateway.toml")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, f"ligne {line} : ce n'est pas de l'UTF-8 ; enregistrer le fichier en UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(path, _syntax(str(error), content)) from None


def _syntax(message: str, content: bytes) -> str:
    at = _LINE.search(message)
    line, column = (at[1], at[2]) if at and at[1] else (content.rstrip().count(b"\n") + 1, None)
    wrong = (
        "clé ou table écrite deux fois" if "overwrite" in message or "twice" in message else "syntaxe TOML incorrecte"
    )
    place = f"ligne {line}" + (f", colonne {column}" if column else "")
    return f'{place} : {wrong} ; une ligne s\'écrit clé = "texte", clé = 12, clé = true ou [table]'


def _absolute(table: _T, base: Path) -> _T:
    """``table`` with its relative paths, those of its sub-tables and of a SQLite URL, starting from ``base``."""
    return structs.replace(table, **{name: _anchored(value, base) for name, value in structs.asdict(table).items()})


def _anchored(value: object, base: Path) -> object:
    match value:
        case Path():
            return base / value
        case Struct():
            return _absolute(value, base)
        case tuple():
            return tuple(_anchored(item, base) for item in value)
        case str() if value.startswith(_SQLITE) and value != _SQLITE:
            return f"{_SQLITE}{base / value.removeprefix(_SQLITE)}"
    return value


def _with_rules(settings: Settings, table: dict[str, Any]) -> Settings:
    if "folder" in table.get("rules", {}) or settings.rules.folder.is_dir():
        return settings
    return structs.replace(settings, rules=Rules(folder=default_rules()))
