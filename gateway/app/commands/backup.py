"""``gateway backup`` and ``gateway restore``."""

from __future__ import annotations

import argparse
from datetime import datetime

from gateway.app import paper
from gateway.app.backup import Manifest, back_up, restore
from gateway.app.compose import open_ledger
from gateway.app.config import load
from gateway.model.ports import Silent
from gateway.model.settings import Settings
from gateway.review.entries import PARIS


def run(options: argparse.Namespace) -> int:
    """0 when the copy is whole; BackupError otherwise."""
    settings, who = load(options.config), paper.operator(options.by)
    paper.say(_restore(settings, options, who) if options.command == "restore" else _back_up(settings, options, who))
    return 0


def _back_up(settings: Settings, options: argparse.Namespace, who: str) -> list[str]:
    ledger, vault = open_ledger(settings, Silent())
    try:
        manifest = back_up(settings, ledger, vault, options.folder, who)
    finally:
        ledger.close()
    key = f"Gardez {settings.ledger.key_file} à part, en lieu sûr : sans elle, rien n'est lisible"
    return [
        f"Sauvegarde complète dans {options.folder} : {_held(manifest)}.",
        f"La clé n'y est pas. {key} (empreinte {manifest.key}).",
    ]


def _restore(settings: Settings, options: argparse.Namespace, who: str) -> list[str]:
    manifest = restore(settings, options.folder, who)
    when = datetime.fromtimestamp(manifest.at, PARIS)
    return [
        f"Registre restauré, tel qu'il était le {when:%d/%m/%Y à %H:%M} : {_held(manifest)}.",
        "Les destinations sont retenues. Ensuite : gateway check, puis gateway run.",
        "Le service compare d'abord les boîtes aux lettres avec le registre, puis reprend les envois de lui-même.",
    ]


def _held(manifest: Manifest) -> str:
    return f"{manifest.arrivals} messages, {manifest.documents} documents, {manifest.objects} objets"
