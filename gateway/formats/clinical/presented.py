"""What the style sheet of a self-presentable CDA may not hold (EX_2.1-1115): a script, an external link, another sheet.

The DMP's text is known to us in part only; what is read here is what every reading of it forbids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

_XSL: Final = "http://www.w3.org/1999/XSL/Transform"
_ACTIVE: Final = frozenset({"script", "iframe", "frame", "object", "embed", "applet"})
_LINKS: Final = frozenset({"href", "src", "action", "data", "background", "formaction"})
_SCRIPTED: Final = re.compile(r"\s*(?:java|vb)script\s*:", re.IGNORECASE)
_OUTSIDE: Final = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_DOCUMENT: Final = re.compile(r"\b(?:document|doc|unparsed-text|collection)\s*\(\s*['\"][^'\"]")
_SCRIPT: Final = "La feuille de style du document contient un script."
_LINK: Final = "La feuille de style du document contient un lien externe."
_SHEET: Final = "La feuille de style du document en appelle une autre."


def faults(root: etree._Element, document: etree._Element) -> tuple[str, ...]:
    """In French, each once; none for a document that is not inside its style sheet."""
    if root is document:
        return ()
    beside = root.itersiblings(etree.ProcessingInstruction, preceding=True)
    found = [_SHEET for one in beside if getattr(one, "target", "") == "xml-stylesheet" and _calls(one)]
    found += (said for one in _of_sheet(root, document) for said in _of_element(one))
    return tuple(dict.fromkeys(found))


def _calls(instruction: etree._Element) -> bool:
    """Whether it names a sheet that is not inside the file (``href="#id"``)."""
    return not re.search(r"href\s*=\s*['\"]#", instruction.text or "")


def _of_sheet(root: etree._Element, document: etree._Element) -> Iterator[etree._Element]:
    """The elements of the sheet, without the document that it presents."""
    inside = False
    for event, one in etree.iterwalk(root, events=("start", "end")):
        if one is document:
            inside = event == "start"
        elif not inside and event == "start" and isinstance(one.tag, str):
            yield one


def _of_element(one: etree._Element) -> Iterator[str]:
    name = etree.QName(one)
    ours = name.namespace == _XSL
    if ours and name.localname in ("import", "include"):
        yield _SHEET
    made = one.get("name", "").lower() if ours and name.localname in ("element", "attribute") else ""
    if name.localname.lower() in _ACTIVE or (made in _ACTIVE and name.localname == "element") or made.startswith("on"):
        yield _SCRIPT
    if made in _LINKS and name.localname == "attribute":
        yield from _of_value("".join(map(str, one.itertext())))
    for attribute, value in one.attrib.items():
        written = str(attribute).lower()
        if written.startswith("on") and not ours:
            yield _SCRIPT
        elif written in _LINKS:
            yield from _of_value(str(value))
        if ours and _DOCUMENT.search(str(value)):
            yield _LINK


def _of_value(value: str) -> Iterator[str]:
    if _SCRIPTED.match(value):
        yield _SCRIPT
    elif _OUTSIDE.match(value):
        yield _LINK
