"""ISO schematron (ISO/IEC 19757-3:2016, query binding xslt2) made an XSLT 3.0 style sheet.

The style sheet answers ``<found><f n="" at=""/>…</found>``: the number of each assertion that does not hold and the
path of its node; ``<s n=""/>`` for one that could not be evaluated (a value set whose file is missing, say). The
texts stay here, so that the sheet is small and nothing of the document is ever quoted.

    includes ─► abstract patterns made concrete ─► patterns of the default phase ─► a mode each, a template a rule
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

SCH = "http://purl.oclc.org/dsdl/schematron"
XSL = "http://www.w3.org/1999/XSL/Transform"
INCLUDES_DEPTH = 12

#: What raises an error rather than answer false: a file that is missing, a prefix or a value that is none.
_MAY_FAIL = re.compile(r"\b(doc|document|resolve-QName|xs:\w+)\(|\bcast as\b")
#: A file that an expression names, from the folder of the schematron.
_FILE = re.compile(r"'([\w./-]+\.(?:xml|rdf))'")
_BASE = "{http://www.w3.org/XML/1998/namespace}base"


class SchematronError(ValueError):
    """The file is not a schematron, or leans on something that is missing. The message names files and ids only."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion or report: the id of its rule, how grave it is, and what it says ("…" for what it would quote)."""

    rule: str
    role: str
    text: str

    @property
    def forbids(self) -> bool:
        """Whether a document that breaks it is not valid. Without a role it is an error."""
        return self.role in {"", "error", "fatal"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """``xslt`` is the style sheet; ``assertions`` by number; ``missing``: names of files and patterns that lack."""

    title: str
    xslt: bytes
    assertions: tuple[Assertion, ...]
    missing: tuple[str, ...]


def compile_schematron(path: Path) -> Sheet:
    """The style sheet of a schematron. SchematronError; OSError."""
    missing: list[str] = []
    schema = _load(path, missing, INCLUDES_DEPTH)
    if schema.tag != _sch("schema"):
        raise SchematronError(f"{path.name} is not a schematron")
    return _Compiler(schema, path, missing).sheet()


def _load(path: Path, missing: list[str], depth: int) -> etree._Element:
    """A file with its includes in their places; those that are not there are noted and left out."""
    if not depth:
        raise SchematronError(f"{path.name}: includes without end")
    try:
        root = etree.fromstring(path.read_bytes(), etree.XMLParser(no_network=True, resolve_entities=False))
    except etree.XMLSyntaxError as error:
        raise SchematronError(f"{path.name} is not well formed") from error
    for include in list(root.iter(_sch("include"))):
        name, _, wanted = include.get("href", "").partition("#")
        parent = include.getparent()
        if parent is None:
            raise SchematronError(f"{path.name} is only an include")
        try:
            found = _load(path.parent / name, missing, depth - 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            missing.append(name)
            parent.remove(include)
            continue
        if wanted:
            found = next((one for one in found.iter() if one.get("id") == wanted), found)
        parent.replace(include, found)
    return root


@dataclass
class _Compiler:
    schema: etree._Element
    path: Path
    missing: list[str]
    assertions: list[Assertion] = field(default_factory=list)

    def __post_init__(self) -> None:
        namespaces = {one.get("prefix", ""): one.get("uri", "") for one in self.schema.iter(_sch("ns"))}
        namespaces.pop("xml", None)
        self.root = etree.Element(_xsl("stylesheet"), nsmap={"xsl": XSL, **namespaces}, version="3.0")
        self.root.set(_BASE, self.path.resolve().as_uri())
        self.abstract_rules = {r.get("id"): r for r in self.schema.iter(_sch("rule")) if _is_abstract(r)}
        self.globals: dict[str, str] = {}
        self.callable: dict[str, str] = {}

    def sheet(self) -> Sheet:
        self._foreign()
        self._lets(self.schema)
        start = self._add(self.root, "template", match="/")
        answer = etree.SubElement(start, "found")
        for number, pattern in enumerate(self._patterns()):
            self._pattern(pattern, f"m{number}", answer)
        self._cited()
        title = _words(self.schema.find(_sch("title")))
        xslt = etree.tostring(self.root, encoding="UTF-8")
        return Sheet(title, xslt, tuple(self.assertions), tuple(dict.fromkeys(self.missing)))

    def _cited(self) -> None:
        """Note the value sets that are named and are not there."""
        for element in self.root.iter(_xsl("if"), _xsl("variable")):
            for name in _FILE.findall(element.get("test") or element.get("select") or ""):
                if not (self.path.parent / name).is_file():
                    self.missing.append(name)

    def _foreign(self) -> None:
        """Functions and keys that the schematron brings along in the language of its query binding."""
        for element in self.schema:
            if element.tag in (_xsl("function"), _xsl("key")):
                self.root.append(copy.deepcopy(element))

    def _patterns(self) -> Iterator[etree._Element]:
        """The concrete patterns of the default phase, in order; without a phase, all."""
        chosen = self.schema.get("defaultPhase")
        phase = next((p for p in self.schema.iter(_sch("phase")) if chosen and p.get("id") == chosen), None)
        active = None if phase is None else {a.get("pattern") for a in phase.iter(_sch("active"))}
        abstract = {p.get("id"): p for p in self.schema.iter(_sch("pattern")) if _is_abstract(p)}
        for pattern in self.schema.iter(_sch("pattern")):
            if _is_abstract(pattern) or (active is not None and pattern.get("id") not in active):
                continue
            model = pattern.get("is-a")
            if model is None:
                yield pattern
            elif model in abstract:
                yield _instance(abstract[model], pattern)
            else:
                self.missing.append(model)

    def _pattern(self, pattern: etree._Element, mode: str, answer: etree._Element) -> None:
        rules = [rule for rule in pattern.iter(_sch("rule")) if not _is_abstract(rule)]
        own = self._lets(pattern)
        if not rules:
            return
        self._add(answer, "apply-templates", select="/", mode=mode)
        self._add(self.root, "mode", name=mode, **{"on-no-match": "shallow-skip"})
        for rank, rule in enumerate(rules):
            priority = str(len(rules) - rank)
            template = self._add(self.root, "template", match=rule.get("context", "/"), mode=mode, priority=priority)
            for name, value in own.items():
                self._add(template, "variable", name=name, select=value)
            self._rule(template, rule, _identity(rule) or pattern.get("id", ""), frozenset())
            self._add(template, "apply-templates", select="@*|node()", mode=mode)

    def _lets(self, owner: etree._Element) -> dict[str, str]:
        """Make the variables of a schema or pattern global; those whose name means something else there are told."""
        own: dict[str, str] = {}
        for let in owner.findall(_sch("let")):
            name, value = let.get("name", ""), let.get("value", "")
            if name not in self.globals:
                self.globals[name] = value
                self._add(self.root, "variable", name=name, select=value)
            elif self.globals[name] != value:
                own[name] = value
        return own

    def _rule(self, template: etree._Element, rule: etree._Element, named: str, seen: frozenset[str]) -> None:
        for child in rule:
            if child.tag == _sch("let"):
                self._add(template, "variable", name=child.get("name", ""), select=child.get("value", ""))
            elif child.tag == _sch("extends"):
                of = child.get("rule", "")
                if of in seen or of not in self.abstract_rules:
                    self.missing.append(of)
                    continue
                self._extend(template, self.abstract_rules[of], named, seen | {of})
            elif child.tag in (_sch("assert"), _sch("report")):
                self._assertion(template, child, named)

    def _extend(self, template: etree._Element, rule: etree._Element, named: str, seen: frozenset[str]) -> None:
        """An abstract rule that shares no variable with others is compiled once, and called."""
        of = _identity(rule)
        if not _stands_alone(rule):
            self._rule(template, rule, named, seen)
            return
        if of not in self.callable:
            self.callable[of] = f"r{len(self.callable)}"
            self._rule(self._add(self.root, "template", name=self.callable[of]), rule, of, seen)
        self._add(template, "call-template", name=self.callable[of])

    def _assertion(self, template: etree._Element, one: etree._Element, named: str) -> None:
        """``xsl:try``: what cannot be evaluated is told, and the others are judged."""
        number = str(len(self.assertions))
        self.assertions.append(Assertion(one.get("id") or named, one.get("role", "").lower(), _words(one)))
        test = one.get("test", "true()")
        guarded = self._add(template, "try") if _MAY_FAIL.search(test) else template
        broken = self._add(guarded, "if", test=test if one.tag == _sch("report") else f"not({test})")
        etree.SubElement(broken, "f", n=number, at="{path()}")
        if guarded is not template:
            etree.SubElement(self._add(guarded, "catch"), "s", n=number)

    def _add(self, parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
        return etree.SubElement(parent, _xsl(tag), attributes)


def _instance(abstract: etree._Element, use: etree._Element) -> etree._Element:
    """An abstract pattern with its parameters in place (clause 6.3: replaced as text)."""
    values = {param.get("name", ""): param.get("value", "") for param in use.iter(_sch("param"))}
    made = copy.deepcopy(abstract)
    made.attrib.pop("abstract", "")
    made.set("id", use.get("id", ""))
    if values:
        names = "|".join(re.escape(name) for name in sorted(values, key=len, reverse=True))
        reference = re.compile(rf"\$({names})(?![\w.-])")
        for element in made.iter(f"{{{SCH}}}*"):
            for key, value in element.attrib.items():
                element.set(key, reference.sub(lambda found: values[found[1]], str(value)))
    return made


def _words(element: etree._Element | None) -> str:
    """The text of an assertion; what it would quote of the document stands as "…"."""
    if element is None:
        return ""
    said = [element.text or ""]
    for child in element:
        if child.tag in (_sch("value-of"), _sch("name")):
            said.append("…")
        elif isinstance(child.tag, str):
            said.append("".join(map(str, child.itertext())))
        said.append(child.tail or "")
    return " ".join("".join(said).split())


def _stands_alone(rule: etree._Element) -> bool:
    """Whether it neither makes nor uses a variable."""
    uses = any("$" in str(value) for one in rule.iter(f"{{{SCH}}}*") for value in one.attrib.values())
    return not uses and rule.find(_sch("let")) is None


def _identity(rule: etree._Element) -> str:
    return rule.get("id", "")


def _is_abstract(element: etree._Element) -> bool:
    return element.get("abstract") == "true"


def _sch(tag: str) -> str:
    return f"{{{SCH}}}{tag}"


def _xsl(tag: str) -> str:
    return f"{{{XSL}}}{tag}"
