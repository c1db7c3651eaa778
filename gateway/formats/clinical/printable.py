"""A CDA as a PDF for a person: the one that it carries of itself, else its header and narrative drawn (ECO.2.1.5)."""

from __future__ import annotations

from typing import Final

from lxml import etree

from gateway.formats import xmltree
from gateway.formats.clinical import carried, cda_header
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT, Limits
from gateway.formats.office import drawing, html
from gateway.formats.pdfa.convert import archive
from gateway.model.documents import CdaHeader
from gateway.model.identity import INS_OIDS

_HL7: Final = f"{{{cda_header.HL7}}}"
#: Elements of a narrative that HTML names otherwise; those of tables and letters have the same names.
_TAGS: Final = {
    "paragraph": "p",
    "content": "span",
    "item": "li",
    "caption": "p",
    "linkHtml": "span",
    "footnote": "span",
    "table": "table",
    "thead": "thead",
    "tbody": "tbody",
    "tfoot": "tfoot",
    "tr": "tr",
    "th": "th",
    "td": "td",
    "br": "br",
    "sub": "sub",
    "sup": "sup",
}
_LOOKS: Final = {"Bold": "b", "Italics": "i", "Underline": "u"}
_SPANS: Final = ("rowspan", "colspan")
_SEXES: Final = {"M": "masculin", "F": "féminin"}


def pdf_of(data: bytes, limits: Limits = DEFAULT) -> bytes:
    """The PDF; empty for a body that is neither a PDF nor structured. FormatError when it is no XML."""
    root = xmltree.parse(data, limits)
    return next(iter(carried.pdfs(root)), b"") or _drawn(root, limits)


def _drawn(root: etree._Element, limits: Limits) -> bytes:
    """Header and narrative as PDF/A; as PDF where it cannot be one."""
    body = next(root.iter(f"{_HL7}structuredBody"), None)
    if body is None:
        return b""
    document = next(root.iter(f"{_HL7}ClinicalDocument"), root)
    page = etree.Element("body")
    _head(page, cda_header.header(document, self_presentable=False, canonical=("", "")))
    for section in body.iter(f"{_HL7}section"):
        _section(page, section)
    drawn = drawing.draw(html.read(etree.tostring(page, encoding="UTF-8", method="html"), limits), limits)
    try:
        return archive(drawn).data
    except FormatError:
        return drawn


def _head(page: etree._Element, header: CdaHeader) -> None:
    born, made = _day(header.birth_date), _day(header.effective_time)
    act = next((event.low for event in header.events if event.low), "")
    ins = next((number for root, number in header.patient_ids if root in INS_OIDS), "")
    lines = [
        f"Patient : {header.birth_name} {header.first_given or header.given_names}, né(e) le {born}",
        f"Sexe : {_SEXES[header.sex]}" if header.sex in _SEXES else "",
        f"INS : {ins}" if ins else "",
        *(
            _author(one.person.family, one.person.given, one.organisation)
            for one in header.authors
            if one.person.family
        ),
        f"Acte du {_day(act)}" if act else "",
        f"Document du {made}",
    ]
    etree.SubElement(page, "h1").text = header.title
    for line in filter(None, lines):
        etree.SubElement(page, "p").text = line


def _author(family: str, given: str, organisation: object) -> str:
    name = getattr(organisation, "name", "")
    return f"Auteur : {given} {family}" + (f", {name}" if name else "")


def _day(stamp: str) -> str:
    return f"{stamp[6:8]}/{stamp[4:6]}/{stamp[:4]}" if len(stamp) >= 8 else stamp


def _section(page: etree._Element, section: etree._Element) -> None:
    """Its own title and text; the sections inside it come after."""
    title, text = section.find(f"{_HL7}title"), section.find(f"{_HL7}text")
    if title is not None and "".join(str(piece) for piece in title.itertext()).strip():
        etree.SubElement(page, "h2").text = " ".join("".join(str(piece) for piece in title.itertext()).split())
    if text is not None:
        _copy(etree.SubElement(page, "div"), text)


def _copy(into: etree._Element, narrative: etree._Element) -> None:
    """The children of a narrative element under those HTML names that say the same."""
    into.text = narrative.text
    for child in narrative:
        if not isinstance(child.tag, str):
            _append(into, child.tail)
            continue
        made = etree.SubElement(into, _tag(child))
        made.tail = child.tail
        for span in _SPANS:
            if child.get(span):
                made.set(span, child.get(span, ""))
        _copy(made, child)


def _append(into: etree._Element, tail: str | None) -> None:
    """Text after what is left out."""
    if len(into):
        into[-1].tail = (into[-1].tail or "") + (tail or "")
    else:
        into.text = (into.text or "") + (tail or "")


def _tag(element: etree._Element) -> str:
    name = xmltree.local(element)
    if name == "list":
        return "ol" if element.get("listType") == "ordered" else "ul"
    styled = next((tag for style, tag in _LOOKS.items() if style in element.get("styleCode", "")), "")
    return styled if styled and name == "content" else _TAGS.get(name, "span")
