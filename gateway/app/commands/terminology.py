"""``gateway terminology``: the value sets in use, and their refreshing from files of the ANS."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.app import paper
from gateway.app.config import load
from gateway.app.errors import CommandError
from gateway.model.causes import cause
from gateway.model.settings import Settings
from gateway.terminology import TerminologyError, use
from gateway.terminology.own import MAX_FILE
from gateway.terminology.published import Published, read
from gateway.terminology.refresh import Change, compare, in_use, write

#: How many codes are named on a line.
SHOWN = 12


def run(options: argparse.Namespace) -> int:
    """``list`` or ``import``. CommandError says which file is not taken, and why; then nothing is written."""
    settings = load(options.config)
    if options.verb == "list":
        paper.say(_listed())
        return 0
    folder = settings.terminology.folder
    if folder is None:
        raise CommandError(
            '[terminology] folder manque : écrire dans gateway.toml folder = "terminologie", par exemple'
        )
    for change in _changes(options.files, force=options.force):
        path = write(folder, change.new)
        paper.say(_told(change, path, settings))
    use(folder)
    print("Redémarrer la passerelle pour qu'elle emploie ces versions.")
    return 0


def _listed() -> Iterator[str]:
    yield f"{'jeu':9} {'OID':28} {'version':11} {'codes':>6}  origine"
    for one in in_use():
        if not one.count:
            continue  # a map that neither we nor the hospital have
        origin = f"de l'établissement ({one.source})" if one.source else "livré avec la passerelle"
        yield f"{one.name:9} {one.oid or '-':28} {_version(one.version):11} {one.count:>6}  {origin}"


def _version(text: str) -> str:
    return "partielle" if text == "partial" else text


def _changes(files: Sequence[Path], *, force: bool) -> list[Change]:
    """Every file is judged before any is kept."""
    found = [(path, _read(path)) for path in files]
    systems = [one for _, one in found if one.kind == "system"]
    sets = [(path, one) for path, one in found if one.kind != "system"]
    if not sets:
        raise CommandError("aucun jeu de valeurs parmi ces fichiers ; un CodeSystem seul ne s'importe pas")
    changes = []
    for path, one in sets:
        try:
            changes.append(compare(one, systems, path.name, force=force))
        except TerminologyError as error:
            raise CommandError(f"{path.name} : {error}") from error
    return changes


def _read(path: Path) -> Published:
    try:
        with path.open("rb") as file:
            return read(file.read(MAX_FILE + 1))
    except TerminologyError as error:
        raise CommandError(f"{path.name} : {error}") from error
    except OSError as error:
        raise CommandError(f"{path.name} : fichier illisible ({cause(error)})") from error


def _told(change: Change, path: Path, settings: Settings) -> Iterator[str]:
    new = change.new
    count = len(new.entries) or len(new.classes)
    yield f"{new.name} : version {new.version} (avant : {change.before}), {count} codes, dans {path.name}"
    if change.added:
        yield f"  nouveaux : {_some(change.added)}"
    if change.dropped:
        yield f"  attention, disparaissent : {_some(change.dropped)}"
        named = sorted(set(change.dropped) & _named_here(settings))
        if named:
            yield f"  attention, l'établissement emploie encore : {_some(named)} ; corriger gateway.toml ou les règles"
    if change.unclassed:
        yield f"  attention, sans classe, donc jamais versés : {_some(change.unclassed)} ; importer aussi ASS_X04"


def _some(codes: Sequence[str]) -> str:
    more = f" et {len(codes) - SHOWN} autres" if len(codes) > SHOWN else ""
    return ", ".join(codes[:SHOWN]) + more


def _named_here(settings: Settings) -> set[str]:
    """The codes that gateway.toml and the rules name."""
    ours, dmp = settings.establishment, settings.dmp
    named = {ours.sector, ours.practice_setting, dmp.content_type}
    if dmp.responsible is not None and dmp.responsible.specialty:
        named.add(f"G15_{dmp.responsible.role}/{dmp.responsible.specialty}")
    for path in settings.rules.folder.rglob("*.toml"):
        named.update(re.findall(r'"([^"\n]+)"', path.read_text(encoding="utf-8", errors="replace")))
    return named
