"""The decoded TOML → Settings, or the first thing that departs from them, in French.

msgspec says where; what was expected there is told from the type itself, so a key added to ``Settings`` needs no text.
"""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from gateway.app.problem import Problem, table_name
from gateway.model.settings import Seconds, Settings, Size

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(r"([0-9]{1,9})([kKMG])[Bo]")
_BYTES = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}
_WHERE = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")
_FIELD = re.compile(r"Object (?:contains|missing) (unknown|required) field `(.*?)`", re.DOTALL)
_STEP = re.compile(r"\[(?:(\d+)|\.\.\.)\]|([^.\[]+)")


def decode(table: dict[str, Any]) -> Settings | Problem:
    """Settings as written, paths not yet absolute."""
    try:
        return msgspec.convert(table, Settings, dec_hook=_special)
    except msgspec.ValidationError as error:
        return _problem(str(error), table)


def _special(kind: type[Any], value: object) -> object:
    if kind is Path and isinstance(value, str) and value.strip() and "\0" not in value:
        return Path(value)
    if kind is Seconds and isinstance(value, str) and (read := _DURATION.fullmatch(value)):
        return Seconds(float(read[1]) * _SECONDS[read[2]])
    if kind is Size and isinstance(value, str) and (read := _SIZE.fullmatch(value)):
        return Size(int(read[1]) * _BYTES[read[2]])
    raise ValueError(kind.__name__)


def _problem(message: str, table: dict[str, Any]) -> Problem:
    where = _WHERE.search(message)
    steps = _steps(where[1] if where else "")
    if field := _FIELD.match(message):
        if field[1] == "unknown":
            return _unknown(steps, field[2], table)
        place = _place([*steps, field[2]], table)
        return Problem(place, "manque", f"l'écrire : {_expected(_node([*steps, field[2]]))}")
    return Problem(
        _place(steps, table), f"{_shown(_value(steps, table))} ne convient pas", f"écrire {_expected(_node(steps))}"
    )


def _unknown(steps: list[str | int], field: str, table: dict[str, Any]) -> Problem:
    node = _node(steps)
    known = [item.encode_name for item in node.fields] if isinstance(node, inspect.StructType) else []
    near = difflib.get_close_matches(field, known, n=1, cutoff=0.5)
    kind = "clé inconnue" if steps else "table inconnue"
    remedy = f"vouliez-vous écrire {near[0]} ?" if near else f"la retirer, ou choisir parmi : {', '.join(known)}"
    return Problem(_place([*steps, field], table), kind, remedy)


def _steps(path: str) -> list[str | int]:
    """``mailbox[0].port`` → mailbox, 0, port. In ``recipients[...]`` msgspec does not say which value: -1."""
    return [name or int(index or -1) for index, name in _STEP.findall(path)]


def _place(steps: list[str | int], table: dict[str, Any]) -> str:
    head, *rest = steps or [""]
    number = None
    if rest and isinstance(rest[0], int) and head == "mailbox":
        number, *rest = rest
    name = table_name(str(head)) if number is None else table_name(str(head), _label(table, int(number)))
    return " ".join(filter(None, (name, ".".join(str(step) for step in rest if not isinstance(step, int)))))


def _label(table: dict[str, Any], number: int) -> str | int:
    name = table["mailbox"][number].get("name") if isinstance(table["mailbox"][number], dict) else None
    return name if isinstance(name, str) else number + 1


def _value(steps: list[str | int], value: Any) -> object:  # noqa: ANN401 - whatever TOML held
    for step in steps:
        value = next(item for item in value.values() if not isinstance(item, str)) if step == -1 else value[step]
    return value


def _shown(value: object) -> str:
    text = "cette table" if isinstance(value, dict) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _node(steps: list[str | int]) -> inspect.Type:
    node: inspect.Type = inspect.type_info(Settings)
    for step in steps:
        node = _inside(node, step)
    return node


def _inside(node: inspect.Type, step: str | int) -> inspect.Type:
    match node:
        case inspect.StructType(fields=fields):
            return _present(next(item.type for item in fields if item.encode_name == step))
        case inspect.VarTupleType(item_type=inner) | inspect.DictType(value_type=inner):
            return inner
    return node


def _present(node: inspect.Type) -> inspect.Type:
    """The type without its ``None``, which a TOML file cannot write."""
    if isinstance(node, inspect.UnionType):
        return next(item for item in node.types if not isinstance(item, inspect.NoneType))
    return node


def _expected(node: inspect.Type) -> str:
    match node:
        case inspect.LiteralType(values=values):
            return "une de ces valeurs : " + ", ".join(f'"{value}"' for value in values)
        case inspect.CustomType(cls=cls):
            return _CUSTOM[cls]
        case inspect.StrType(pattern=pattern):
            return FORMS[pattern] if pattern else "un texte entre guillemets"
        case inspect.IntType(ge=low, le=high):
            return (
                "un nombre entier"
                + (f" d'au moins {low}" if low is not None else "")
                + (f" et d'au plus {high}" if high is not None else "")
            )
        case inspect.BoolType():
            return "true ou false, sans guillemets"
        case inspect.VarTupleType(item_type=inspect.StructType()):
            return "une ou plusieurs tables [[mailbox]]"
        case inspect.VarTupleType():
            return 'une liste de textes, par exemple ["a", "b"]'
    return "une table"


#: What each pattern of the settings means to a person.
FORMS = {
    r"^[0-9][0-9A-Za-z]{5,40}$": 'un numéro de structure comme "1350000018"',
    r"^[0-2](\.(0|[1-9][0-9]*))+$": 'un OID comme "1.2.250.1.999.1"',
    r"^[^|^~\\&\x00-\x1f]+(\^[^|^~\\&\x00-\x1f]+\^[A-Z]+)?$": 'un nom, ou "nom^identifiant^type" (HD de HL7)',
    r"^https://[A-Za-z0-9.-]+(:[0-9]+)?/?$": 'une adresse comme "https://www.dmp.fr", sans chemin',
    r"^[A-Za-z0-9_.-]+$": 'un nom court comme "accueil" : lettres sans accent, chiffres, point, tiret',
}
_CUSTOM = {
    Path: "un chemin entre guillemets",
    Seconds: 'une durée comme "5s", "15m", "12h" ou "2d"',
    Size: 'une taille comme "500kB" ou "50MB"',
}
