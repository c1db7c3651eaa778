"""XML from outside: no DTD, no entity, no network, bounded in bytes and depth."""

from __future__ import annotations

import re

from lxml import etree

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.sniff import start_of_text
from gateway.model.reasons import Reason

#: libxml2 refuses text nodes above 10 MB unless told; an inline PDF of 8 MB is legitimate (STACK.md §0).
_LARGE = 9_000_000
_PROLOG_END = re.compile(r"<[A-Za-z_:]")


def parse(data: bytes, limits: Limits) -> etree._Element:
    """The root element. FormatError: UNSAFE (document type, depth), TOO_LARGE, UNREADABLE (not well formed)."""
    if len(data) > limits.xml_bytes:
        raise FormatError(Reason.TOO_LARGE, "Le fichier XML est trop volumineux.")
    _refuse_doctype(_prolog(data))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=len(data) > _LARGE,
    )
    try:
        root = etree.fromstring(data.lstrip(b" \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise FormatError(Reason.UNREADABLE, "Le fichier XML est mal formé.") from error
    _refuse_doctype(getattr(root.getroottree().docinfo, "doctype", ""))
    if root.xpath("boolean(" + "/*" * (limits.xml_depth + 1) + ")"):
        raise FormatError(Reason.UNSAFE, "Le fichier XML est imbriqué de façon anormale.")
    return root


def local(element: etree._Element) -> str:
    """The local name of an element; empty for comments and instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: etree._Element, name: str) -> str:
    """The value of the attribute of this local name, whatever its namespace; empty when absent."""
    return next((str(value) for key, value in element.attrib.items() if str(key).rpartition("}")[2] == name), "")


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first child of this local name, and so on down the path; None when there is none."""
    for name in path:
        element = None if element is None else next((one for one in element if local(one) == name), None)
    return element


def _prolog(data: bytes) -> str:
    head = start_of_text(data, 65536)
    root = _PROLOG_END.search(head)
    return head[: root.start()] if root else head


def _refuse_doctype(text: str | None) -> None:
    if text and "<!DOCTYPE" in text:
        raise FormatError(
            Reason.UNSAFE, "Le fichier XML contient une DTD, ce qu'un document de santé ne doit pas avoir."
        )
