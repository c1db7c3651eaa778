"""The CDA schema, with its errors in French and without a word of the document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

from lxml import etree

from gateway.formats import xmltree
from gateway.formats.validity.verdict import Fault

SOURCE: Final = "schéma CDA"

_NAME: Final = re.compile(r"\{[^{}]*\}")
_DEEP: Final = 40


def load(path: Path) -> etree.XMLSchema:
    """The schema of a file with all that it imports. OSError, etree.LxmlError when it is none."""
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(path, parser))


def faults(document: etree._Element, schema: etree.XMLSchema, most: int) -> tuple[Fault, ...]:
    """The first ``most`` errors of a ClinicalDocument."""
    if schema.validate(document):
        return ()
    entries = cast("Iterable[Any]", schema.error_log)
    return tuple(_fault(document, entry) for entry in islice(entries, most))


def _fault(document: etree._Element, entry: Any) -> Fault:  # noqa: ANN401 - lxml's log entry has no public type
    kind = str(entry.type_name).removeprefix("SCHEMAV_")
    message = _NAME.sub("", str(entry.message))
    said = next((french(found) for pattern, french in _SAID if (found := pattern.search(message))), _OTHER)
    return Fault(SOURCE, kind, _place(document, str(entry.path or "")), said)


def _place(document: etree._Element, path: str) -> str:
    """``/ClinicalDocument/recordTarget/patientRole/id[2]``: names and ranks alone."""
    try:
        found = cast("list[etree._Element]", document.getroottree().xpath(path)) if path else []  # noqa: SLF001
    except etree.XPathError:
        return ""
    element = next(iter(found), None)
    steps: list[str] = []
    while element is not None and len(steps) < _DEEP:
        steps.append(_step(element))
        element = None if element is document else element.getparent()
    return "/" + "/".join(reversed(steps)) if steps else ""


def _step(element: etree._Element) -> str:
    rank = 1 + sum(1 for before in element.itersiblings(element.tag, preceding=True))
    return f"{xmltree.local(element)}[{rank}]" if rank > 1 else xmltree.local(element)


def _expected(found: re.Match[str]) -> str:
    names = ", ".join(name.strip() for name in found["names"].split(","))
    return f" Attendu : {names}." if names else ""


_OTHER: Final = "ce qui s'y trouve n'est pas admis par le schéma."
_LIST: Final = r"(?: Expected is (?:one of )?\( ?(?P<names>[\w:, .*#-]*?) ?\))?"
#: What libxml2 says, by its own words (xmlschemas.c); the names of elements, attributes and types are the schema's.
_SAID: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (
        re.compile(r"This element is not expected\." + _LIST),
        lambda found: "cet élément n'est pas attendu ici." + (_expected(found) if found["names"] else ""),
    ),
    (
        re.compile(r"Missing child element\(s\)\." + _LIST),
        lambda found: "il y manque un élément." + (_expected(found) if found["names"] else ""),
    ),
    (
        re.compile(r"The attribute '(?P<name>[\w:.-]+)' is required but missing"),
        lambda found: f"l'attribut {found['name']} y manque.",
    ),
    (
        re.compile(r"attribute '(?P<name>[\w:.-]+)'(?:: The attribute '[\w:.-]+' is not allowed| is not allowed)"),
        lambda found: f"l'attribut {found['name']} n'y est pas admis.",
    ),
    (
        re.compile(r"attribute '(?P<name>[\w:.-]+)': .*not (?:a valid value of|accepted by|an element of|in)"),
        lambda found: f"la valeur de l'attribut {found['name']} n'est pas de la forme attendue.",
    ),
    (
        re.compile(r"Character content .* is not allowed|is not a valid value of"),
        lambda _: "le texte de cet élément n'est pas de la forme attendue.",
    ),
)
