"""``gateway init``: a commented gateway.toml with every key, and a copy of the rules beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from msgspec import NODEFAULT, inspect

from gateway.app.defaults import default_rules
from gateway.app.keys import KEYS, TABLES
from gateway.model.causes import cause
from gateway.model.settings import Seconds, Settings, Size

_HEAD = """\
# Configuration de la passerelle. Les chemins partent du dossier de ce fichier.
# Les lignes « #clé = valeur » montrent la valeur par défaut, ou un exemple : ôter le # pour la changer.
# Durées : "5s", "15m", "12h", "2d". Tailles : "500kB", "50MB". Mots de passe : jamais ici, dans des fichiers.
# Après chaque changement : gateway check -c gateway.toml
"""
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


class InitError(Exception):
    """Nothing was written. The text is one French line."""


def init(folder: Path) -> Path:
    """Write ``gateway.toml`` and ``rules`` into ``folder``, which is made when absent; the path of the first.

    The file loads once the empty keys of ``[establishment]`` are filled. A test sees that no key is left out.

    Raises:
        InitError: one of the two is there already, or the folder cannot be written.
    """
    config, rules = folder / "gateway.toml", folder / "rules"
    for path in (config, rules):
        if path.exists():
            raise InitError(f"{path} existe déjà ; choisir un autre dossier, rien n'a été changé")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(default_rules(), rules)
        config.write_text(commented(), encoding="utf-8")
    except OSError as error:
        raise InitError(f"{folder} : on ne peut pas y écrire ({cause(error)}) ; vérifier ses droits") from None
    return config


def commented() -> str:
    """The text of a gateway.toml: every key of ``Settings``, its meaning, its default or an example."""
    root = inspect.type_info(Settings)
    assert isinstance(root, inspect.StructType)  # noqa: S101 - Settings is a struct
    return "\n".join([_HEAD, *(line for field in root.fields for line in _table(field))])


def _table(field: inspect.Field) -> Iterator[str]:
    struct = _struct(field.type)
    several = isinstance(field.type, inspect.VarTupleType)
    optional = several or field.default is None
    name = field.encode_name
    yield f"# {TABLES[name]}"
    yield f"{'#' if optional else ''}{f'[[{name}]]' if several else f'[{name}]'}"
    for key in struct.fields:
        yield from _key(f"{name}.{key.encode_name}", key, optional=optional)
    yield ""


def _key(dotted: str, key: inspect.Field, *, optional: bool) -> Iterator[str]:
    meaning, example = KEYS[dotted]
    yield f"# {meaning}."
    if key.required and not optional:
        yield f'{key.encode_name} = ""'
    else:
        value = example or _written(key.default)
        yield f"#{key.encode_name} = {value}"


def _struct(node: inspect.Type) -> inspect.StructType:
    match node:
        case inspect.StructType():
            return node
        case inspect.VarTupleType(item_type=inner):
            return _struct(inner)
        case inspect.UnionType(types=types):
            return next(item for item in types if isinstance(item, inspect.StructType))
    raise TypeError(node)


def _written(value: object) -> str:
    """A default as TOML writes it."""
    if value is NODEFAULT or value is None:
        raise ValueError(value)
    match value:
        case Seconds():
            unit, letter = next((unit, letter) for unit, letter in _UNITS if value % unit == 0)
            return f'"{value / unit:.0f}{letter}"'
        case Size():
            return f'"{value // 10**6}MB"'
        case Path():
            return json.dumps(str(value))
        case tuple():
            return json.dumps(list(value), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)
