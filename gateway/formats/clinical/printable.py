"""The PDF that a CDA carries of itself: the body of a level 1, or the copy inside a level 3 (ECO.2.1.5)."""

from __future__ import annotations

import binascii
from typing import Final

import pybase64
from lxml import etree

from gateway.formats import xmltree
from gateway.formats.clinical import cda_header
from gateway.formats.limits import DEFAULT, Limits

_TEXT: Final = f"{{{cda_header.HL7}}}nonXMLBody/{{{cda_header.HL7}}}text"
_VALUE: Final = f"{{{cda_header.HL7}}}value"
_TEMPLATE: Final = f"{{{cda_header.HL7}}}templateId"
#: FR-Document-PDF-copie (spec/dmp/metadata.md).
_COPY: Final = "1.2.250.1.213.1.1.2.243"


def pdf_of(data: bytes, limits: Limits = DEFAULT) -> bytes:
    """The PDF, empty when the document carries none. FormatError when it is no XML."""
    root = xmltree.parse(data, limits)
    places = [*root.iter(f"{{{cda_header.HL7}}}component")]
    bodies = [text for place in places for text in place.findall(_TEXT)]
    copies = [value for section in _sections(root) for value in section.iter(_VALUE)]
    found = (_decoded(element) for element in (*bodies, *copies) if element.get("mediaType", "") == "application/pdf")
    return next((content for content in found if content.startswith(b"%PDF-")), b"")


def _sections(root: etree._Element) -> list[etree._Element]:
    marks = (mark for mark in root.iter(_TEMPLATE) if mark.get("root") == _COPY)
    return [section for section in (mark.getparent() for mark in marks) if section is not None]


def _decoded(element: etree._Element) -> bytes:
    try:
        return pybase64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
