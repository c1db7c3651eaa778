"""One CDA before all the rules that concern it (spec/dmp/transactions.md §8, EX_2.1-1071)."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from lxml import etree

from gateway.formats import xmltree
from gateway.formats.clinical.cda_header import HL7
from gateway.formats.limits import DEFAULT, Limits
from gateway.formats.validity import schema
from gateway.formats.validity.package import Package
from gateway.formats.validity.saxon import Found, Rules
from gateway.formats.validity.schematron import SchematronError, compile_schematron
from gateway.formats.validity.verdict import Fault, Verdict
from gateway.terminology import content_model

MINIMAL: Final = "structuration minimale"

_DOCUMENT: Final = f"{{{HL7}}}ClinicalDocument"
_VERSION: Final = re.compile(r"\d{4}\.\d{2}\Z")
#: Of a file inside a document the rules look at the first characters at most.
_SHOWN: Final = 1000


class Judge:
    """The rules of one package, each compiled when it is first needed and kept."""

    def __init__(self, package: Package, limits: Limits = DEFAULT) -> None:
        self._package, self._limits = package, limits
        self._schema: etree.XMLSchema | None = None
        self._compiled: dict[Path, Rules] = {}

    def judge(self, data: bytes) -> Verdict:
        """What the schema says; when that says nothing, what the schematrons say. FormatError as ``cda.read``."""
        root = xmltree.parse(data, self._limits)
        document = root if root.tag == _DOCUMENT else next(root.iter(_DOCUMENT), root)
        parts = [self._by_schema(document)]
        if parts[0].valid:
            shown = _shown(document)
            parts += [self._by_minimal(shown), self._by_model(document, shown)]
        return _together(parts)

    def _by_schema(self, document: etree._Element) -> Verdict:
        if self._package.schema is None:
            return Verdict(skipped=(f"{schema.SOURCE} : absent du dossier",))
        if self._schema is None:
            self._schema = schema.load(self._package.schema)
        return Verdict(schema.faults(document, self._schema, self._limits.schema_errors), (schema.SOURCE,))

    def _by_minimal(self, shown: str) -> Verdict:
        if self._package.minimal is None:
            return Verdict(skipped=(f"{MINIMAL} : absente du dossier",))
        return self._by(self._package.minimal, MINIMAL, shown)

    def _by_model(self, document: etree._Element, shown: str) -> Verdict:
        """By its model's schematron of its own version. One that does not say its version may follow any of them."""
        templates = {one.get("root", ""): one.get("extension", "") for one in document.findall(f"{{{HL7}}}templateId")}
        code = document.find(f"{{{HL7}}}code")
        model = content_model(templates, "" if code is None else code.get("code", ""))
        if model is None:
            return Verdict()
        stated = templates[model.template_id]
        version = stated if _VERSION.match(stated) else ""
        files = self._package.models_of(model.volet, version) if model.volet else []
        if not files:
            return Verdict(skipped=(f"modèle {model.template_id} {version} : sans schématron dans le dossier",))
        verdicts = []
        for file in files:
            verdicts.append(self._by(file, file.stem, shown))
            if verdicts[-1].valid:
                return verdicts[-1]
        return verdicts[0]

    def _by(self, file: Path, source: str, shown: str) -> Verdict:
        try:
            rules = self._rules(file)
            found = rules.run(shown)
        except SchematronError:
            return Verdict(skipped=(f"{source} : schématron inutilisable",))
        return Verdict(tuple(_faults(source, rules, found)), (source,), tuple(_skipped(source, rules, found)))

    def _rules(self, file: Path) -> Rules:
        if file not in self._compiled:
            self._compiled[file] = Rules(file.name, compile_schematron(file))
        return self._compiled[file]


def _shown(document: etree._Element) -> str:
    """What the rules see: the document without the bulk of the files inside it."""
    seen = copy.deepcopy(document)
    seen.tail = None
    for one in seen.iter(f"{{{HL7}}}*"):
        if one.get("representation") == "B64" and one.text and len(one.text) > _SHOWN:
            one.text = one.text[:_SHOWN]
    return etree.tostring(seen, encoding="unicode")


def _faults(source: str, rules: Rules, found: Found) -> Iterable[Fault]:
    seen: set[tuple[int, str]] = set()
    for number, path in found.broken:
        assertion = rules.sheet.assertions[number]
        if assertion.forbids and (number, path) not in seen:
            seen.add((number, path))
            yield Fault(source, assertion.rule, path, assertion.text)


def _skipped(source: str, rules: Rules, found: Found) -> Iterable[str]:
    if missing := rules.sheet.missing:
        yield f"{source} : {len(missing)} élément(s) du schématron absent(s) du dossier, dont {missing[0]}"
    if found.unjudged:
        yield f"{source} : {len(found.unjudged)} règle(s) non appliquée(s), jeu de valeurs absent ou illisible"


def _together(parts: Sequence[Verdict]) -> Verdict:
    return Verdict(
        tuple(fault for part in parts for fault in part.faults),
        tuple(name for part in parts for name in part.judged),
        tuple(what for part in parts for what in part.skipped),
    )
