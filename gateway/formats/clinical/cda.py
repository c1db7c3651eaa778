"""CDA R2 documents, level 1 (a file inside) and level 3 (structured), bare or inside their own style sheet."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import pybase64
from lxml import etree

from gateway.formats import xmltree
from gateway.formats.clinical import carried, cda_header, presented
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT, Limits
from gateway.formats.validity import schema as validity
from gateway.model.documents import CdaHeader
from gateway.model.identity import Claim
from gateway.model.reasons import Reason

_CLINICAL_DOCUMENT: Final = f"{{{cda_header.HL7}}}ClinicalDocument"
_BODY_TEXT: Final = f"{{{cda_header.HL7}}}component/{{{cda_header.HL7}}}nonXMLBody/{{{cda_header.HL7}}}text"
_STRUCTURED: Final = f"{{{cda_header.HL7}}}component/{{{cda_header.HL7}}}structuredBody"
_SECTION_PARTS: Final = (f"{{{cda_header.HL7}}}title", f"{{{cda_header.HL7}}}text")


@dataclass(frozen=True, slots=True)
class CdaReading:
    """A CDA read. ``text`` is the narrative of a structured body; ``embedded`` the file inside a level 1 body.

    ``copies``: the SHA-256 (hex) of each PDF that it carries of itself.
    """

    header: CdaHeader
    claims: tuple[Claim, ...]
    text: str
    embedded: bytes
    schema_errors: tuple[str, ...]
    copies: tuple[str, ...] = ()

    @property
    def act_date(self) -> str:
        """When the act took place, else when the document was made (HL7 time stamp)."""
        return next((e.low for e in self.header.events if e.low), "") or self.header.effective_time


def read(data: bytes, limits: Limits, schema: etree.XMLSchema | None = None) -> CdaReading:
    """A CDA document. FormatError: UNSAFE, UNREADABLE, TOO_LARGE, or UNSUPPORTED_FORMAT when it is another XML."""
    root = xmltree.parse(data, limits)
    document = root if root.tag == _CLINICAL_DOCUMENT else next(root.iter(_CLINICAL_DOCUMENT), None)
    if document is None:
        raise FormatError(Reason.UNSUPPORTED_FORMAT, "Ce fichier XML n'est pas un document CDA.")
    canonical = canonical_form(root)
    digests = hashlib.sha1(canonical, usedforsecurity=False).hexdigest(), hashlib.sha256(canonical).hexdigest()
    header = cda_header.header(document, self_presentable=document is not root, canonical=digests)
    encoding = (root.getroottree().docinfo.encoding or "UTF-8").upper()
    if encoding != "UTF-8":
        header = replace(header, encoding=encoding)
    return CdaReading(
        header=header,
        claims=cda_header.claims(document),
        text=_narrative(document, limits),
        embedded=_embedded(document),
        schema_errors=(*presented.faults(root, document), *_schema_errors(document, schema, limits)),
        copies=tuple(hashlib.sha256(one).hexdigest() for one in carried.pdfs(document)),
    )


def in_utf8(data: bytes, limits: Limits = DEFAULT) -> bytes:
    """The same document in its canonical form, UTF-8: neither the record nor the DMP takes another encoding."""
    return canonical_form(xmltree.parse(data, limits))


def canonical_form(root: etree._Element) -> bytes:
    """C14N 1.0 with comments of the whole file. FormatError when it has none (a relative namespace)."""
    try:
        return etree.tostring(root.getroottree(), method="c14n", with_comments=True)
    except etree.C14NError as error:
        raise FormatError(Reason.UNREADABLE, "Le fichier XML est mal formé.") from error


def _embedded(document: etree._Element) -> bytes:
    text = document.find(_BODY_TEXT)
    if text is None or text.get("representation", "").upper() != "B64":
        return b""
    try:
        return pybase64.b64decode("".join((text.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _narrative(document: etree._Element, limits: Limits) -> str:
    body = document.find(_STRUCTURED)
    kept: list[str] = []
    size = 0
    for line in () if body is None else _lines(body):
        kept.append(line)
        size += len(line) + 1
        if size > limits.narrative_text:
            break
    return "\n".join(kept)[: limits.narrative_text]


def _lines(body: etree._Element) -> Iterator[str]:
    for element in body.iter(*_SECTION_PARTS):
        parent = element.getparent()
        if parent is not None and xmltree.local(parent) == "section":
            for piece in element.itertext():
                if line := " ".join(str(piece).split()):
                    yield line


def _schema_errors(document: etree._Element, schema: etree.XMLSchema | None, limits: Limits) -> tuple[str, ...]:
    if schema is None:
        return ()
    return tuple(f"{fault.place} : {fault.text}" for fault in validity.faults(document, schema, limits.schema_errors))
