"""A published set against the one in use: may it take its place, and what would change."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gateway.terminology.own import Entry, OwnSet, TerminologyError, own
from gateway.terminology.published import Published, oid_of
from gateway.terminology.sets import OIDS, VERSIONS, members
from gateway.terminology.types import all_types

#: Type → class, of the CI-SIS and of the DMP.
MAPS = ("ASS_X04", "ASS_X16")
_PACKAGED_MAP = "2024-04-26"


@dataclass(frozen=True, slots=True)
class InUse:
    """A set or map as this process knows it. ``source``: the file imported; empty: packaged."""

    name: str
    oid: str
    version: str
    count: int
    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """What an import would do. ``added`` and ``dropped`` are codes; ``unclassed``: types of the DMP without class."""

    new: OwnSet
    before: str
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    unclassed: tuple[str, ...] = ()


def in_use() -> list[InUse]:
    """Every set and map, in order of name."""
    return [_in_use(name) for name in (*MAPS, *sorted(VERSIONS))]


def summary() -> str:
    """The versions in use that decide what the DMP takes, in one French line."""
    held = in_use()
    shown = ", ".join(f"{one.name} {one.version}" for one in held if one.name in ("JDV_J07", "JDV_J60", "JDV_J66"))
    own_ones = sum(bool(one.source) for one in held)
    return f"{shown} ; {own_ones} de l'établissement" if own_ones else f"{shown} ; livrés avec la passerelle"


def compare(published: Published, systems: Iterable[Published], source: str, *, force: bool = False) -> Change:
    """What ``published`` would change. ``systems``: the code systems given with it.

    Raises TerminologyError: a set that the gateway does not use, a system that it cannot name, and unless ``force``, an
    older version or one that loses more than half of the codes.
    """
    name = published.name
    if name not in VERSIONS and name not in MAPS:
        raise TerminologyError(f"la passerelle n'emploie pas {name} ; elle emploie {', '.join((*VERSIONS, *MAPS))}")
    if (published.kind == "map") != (name in MAPS):
        raise TerminologyError(f"{name} n'est pas ici sous la forme attendue")
    before = _in_use(name)
    if before.version[:1].isdigit() and published.version < before.version and not force:
        raise TerminologyError(
            f"{name} du {published.version} est plus ancien que celui en service ({before.version}) ; "
            "--force pour y revenir quand même"
        )
    new = _own(published, tuple(systems), source)
    old = set(_codes(name))
    codes = {one.code for one in new.entries} or set(new.classes)
    if len(old - codes) * 2 > len(old) and not force:
        raise TerminologyError(
            f"{name} du {published.version} perd {len(old - codes)} codes sur {len(old)} : fichier incomplet ? "
            "--force pour le prendre quand même"
        )
    return Change(new, before.version, tuple(sorted(codes - old)), tuple(sorted(old - codes)), tuple(_unclassed(new)))


def write(folder: Path, new: OwnSet) -> Path:
    """Keep it in the hospital's folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path, draft = folder / f"{new.name}.json", folder / f".{new.name}.part"
    with draft.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(new), indent=1))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    return path


def _in_use(name: str) -> InUse:
    ours = own(name)
    if ours is not None:
        return InUse(name, ours.oid, ours.version, len(ours.entries) or len(ours.classes), ours.source)
    if name in MAPS:
        there = len(_codes(name))
        return InUse(name, "", _PACKAGED_MAP if there else "-", there, "")
    return InUse(name, OIDS.get(name, ""), VERSIONS[name], len(members(name)), "")


def _codes(name: str) -> Collection[str]:
    """The codes of what is in use; the packaged types carry ASS_X04."""
    if name not in MAPS:
        return members(name)
    ours = own(name)
    if ours is not None:
        return ours.classes
    return [one.code for one in all_types().values() if one.class_code] if name == MAPS[0] else ()


def _own(published: Published, systems: tuple[Published, ...], source: str) -> OwnSet:
    name = published.name
    if published.classes is not None:
        return OwnSet(name, published.oid, published.version, source, classes=dict(published.classes))
    whole = {system.name: system for system in systems}
    absent = next((address for address in published.wanted if address not in whole), None)
    if absent:
        raise TerminologyError(f"{name} prend tous les codes de {absent} : donner aussi ce fichier CodeSystem")
    listed = (*published.entries, *(one for address in published.wanted for one in whole[address].entries))
    oids = _oids(name, listed, systems)
    kept: dict[str, Entry] = {}
    for one in listed:
        if not oids.get(one.system):
            raise TerminologyError(f"{name} : système inconnu {one.system} ; donner aussi son fichier CodeSystem")
        kept.setdefault(one.code, Entry(one.code, oids[one.system], one.label or _label(name, one.code)))
    return OwnSet(name, published.oid or OIDS.get(name, ""), published.version, source, tuple(kept.values()))


def _oids(name: str, listed: Iterable[Entry], systems: Iterable[Published]) -> Mapping[str, str]:
    """Address → OID: as it says itself, as its CodeSystem says, else as the codes already in use have it."""
    known, seen = members(name), dict[str, Counter[str]]()
    for one in listed:
        learned = seen.setdefault(one.system, Counter())
        if one.code in known:
            learned[known[one.code].system] += 1
    given = {system.name: system.oid for system in systems}
    return {
        address: oid_of(address)
        or given.get(address, "")
        or next((system for system, _ in learned.most_common(1)), "")
        or ("" if "/" in address else address)
        for address, learned in seen.items()
    }


def _label(name: str, code: str) -> str:
    known = members(name).get(code)
    return known.label if known else ""


def _unclassed(new: OwnSet) -> Iterable[str]:
    """The types of a new JDV_J66 or JDV_J07 to which no map in use gives a class."""
    if new.name not in ("JDV_J66", "JDV_J07"):
        return ()
    types = all_types()
    return sorted(one.code for one in new.entries if one.code not in types or not types[one.code].class_code)
