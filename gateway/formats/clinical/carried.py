"""The PDFs that a CDA carries of itself: the body of a level 1, the copy inside a level 3."""

from __future__ import annotations

import binascii
from typing import Final

import pybase64
from lxml import etree

from gateway.formats.clinical.cda_header import HL7

_BODY: Final = f"{{{HL7}}}nonXMLBody/{{{HL7}}}text"
_TEMPLATE: Final = f"{{{HL7}}}templateId"
#: FR-Document-PDF-copie (spec/dmp/metadata.md).
_COPY: Final = "1.2.250.1.213.1.1.2.243"


def pdfs(root: etree._Element) -> list[bytes]:
    """They, in the order of the document."""
    bodies = [text for component in root.iter(f"{{{HL7}}}component") for text in component.findall(_BODY)]
    copies = [value for section in _sections(root) for value in section.iter(f"{{{HL7}}}value")]
    found = (_decoded(one) for one in (*bodies, *copies) if one.get("mediaType", "") == "application/pdf")
    return [content for content in found if content.startswith(b"%PDF-")]


def _sections(root: etree._Element) -> list[etree._Element]:
    marks = (mark for mark in root.iter(_TEMPLATE) if mark.get("root") == _COPY)
    return [section for section in (mark.getparent() for mark in marks) if section is not None]


def _decoded(element: etree._Element) -> bytes:
    try:
        return pybase64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
