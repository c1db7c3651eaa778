"""Saxon, in the process where it is used: it starts threads of its own and must not be forked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import saxonche
from lxml import etree

from gateway.formats.validity.schematron import SchematronError, Sheet

_NAMESPACE = re.compile(r"Q\{[^{}]*\}")
#: Value sets lie in the package: nothing else is ever opened.
_PROTOCOLS = "http://saxon.sf.net/feature/allowedProtocols"


@dataclass(frozen=True, slots=True)
class Found:
    """What a run says: (assertion, path of the node) of what is broken, and the assertions that were not judged."""

    broken: tuple[tuple[int, str], ...]
    unjudged: frozenset[int]


class Rules:
    """A compiled sheet. SchematronError when Saxon does not take it; the message names nothing of a document."""

    def __init__(self, name: str, sheet: Sheet) -> None:
        self.name, self.sheet = name, sheet
        try:
            compiler = _processor().new_xslt30_processor()
            self._executable = compiler.compile_stylesheet(stylesheet_text=sheet.xslt.decode())
        except saxonche.PySaxonApiError as error:
            raise SchematronError(f"{name} cannot be compiled") from error

    def run(self, document: str) -> Found:
        """Judge a document, as XML without declaration. SchematronError when the rules as a whole cannot be run."""
        try:
            node = _processor().parse_xml(xml_text=document)
            self._executable.set_global_context_item(xdm_item=node)
            answer = str(self._executable.transform_to_string(xdm_node=node))
        except saxonche.PySaxonApiError:
            raise SchematronError(f"{self.name} cannot be run on this document") from None
        root = etree.fromstring(answer.encode())
        broken = tuple((int(one.get("n", "")), _path(one.get("at", ""))) for one in root.iter("f"))
        return Found(broken, frozenset(int(one.get("n", "")) for one in root.iter("s")))


@lru_cache(maxsize=1)
def _processor() -> Any:  # noqa: ANN401 - the library has no types
    processor = saxonche.PySaxonProcessor(license=False)
    processor.set_configuration_property(_PROTOCOLS, "file")
    return processor


def _path(path: str) -> str:
    """The names alone; a rank where it is not the first."""
    return _NAMESPACE.sub("", path).replace("[1]", "")
