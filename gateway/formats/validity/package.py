"""What the ANS's package holds, found by searching: releases arrange their folders differently."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

SCHEMA = "CDA_extended.xsd"

_MINIMAL = re.compile(r"struc[-_. ]?min(?!.*(?:instance|svrl)).*\.sch\Z", re.IGNORECASE)
_MODEL = re.compile(r"CI-SIS_(?P<volet>.+)_(?P<version>\d{4}\.\d{2})\.sch\Z", re.IGNORECASE)
_ROOT = "{http://purl.oclc.org/dsdl/schematron}schema"


@dataclass(frozen=True, slots=True)
class Package:
    """The files to judge by. ``models``: volet in lower case → version → its schematron."""

    schema: Path | None = None
    minimal: Path | None = None
    models: dict[str, dict[str, Path]] = field(default_factory=dict)

    @property
    def judges(self) -> tuple[str, ...]:
        """What it is able to judge, in French."""
        count = sum(map(len, self.models.values()))
        said = ("schéma", self.schema is not None), ("structuration minimale", self.minimal is not None)
        models = (f"{count} modèle{'s' if count > 1 else ''} de contenu", count > 0)
        return tuple(what for what, there in (*said, models) if there)

    @property
    def schematrons(self) -> tuple[Path, ...]:
        """All of them."""
        models = (path for of in self.models.values() for path in of.values())
        return ((self.minimal,) if self.minimal else ()) + tuple(models)

    def models_of(self, volet: str, version: str) -> list[Path]:
        """The schematron of a volet and version, or all of it, newest first, when the version is not said (empty).

        A volet's older releases write a number behind its name (``VSM_1.4_2022.01``).
        """
        mine = re.compile(rf"{re.escape(volet.lower())}(_[\d.]+)?\Z")
        found = [(v, path) for name, of in self.models.items() if mine.match(name) for v, path in of.items()]
        return [path for v, path in sorted(found, reverse=True) if version in ("", v)]


def find(folder: Path) -> Package:
    """Search a folder; where a file is there twice, the one that lies least deep counts."""
    files = sorted(folder.rglob("*"), key=lambda path: (len(path.parts), str(path)))
    models: dict[str, dict[str, Path]] = {}
    for path in files:
        if match := _MODEL.match(path.name):
            models.setdefault(match["volet"].lower(), {}).setdefault(match["version"], path)
    return Package(
        schema=next((path for path in files if path.name.lower() == SCHEMA.lower()), None),
        minimal=next(_whole(path for path in files if _MINIMAL.search(path.name)), None),
        models=models,
    )


def _whole(paths: Iterable[Path]) -> Iterator[Path]:
    """Those that are a whole schematron, not a part to include."""
    for path in paths:
        try:
            root = etree.parse(path, etree.XMLParser(no_network=True, resolve_entities=False)).getroot()
        except (OSError, etree.XMLSyntaxError):
            continue
        if root.tag == _ROOT:
            yield path
