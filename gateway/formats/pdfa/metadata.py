"""XMP metadata that claims PDF/A-1b, in step with the information dictionary (ISO 19005-1 §6.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree
from pikepdf import Dictionary, Object, String

#: Information entries, and the XMP property that says the same.
TEXTS = {
    "/Title": ("dc:title", "Alt"),
    "/Author": ("dc:creator", "Seq"),
    "/Subject": ("dc:description", "Alt"),
    "/Keywords": ("pdf:Keywords", ""),
    "/Creator": ("xmp:CreatorTool", ""),
    "/Producer": ("pdf:Producer", ""),
}
DATES = {"/CreationDate": "xmp:CreateDate", "/ModDate": "xmp:ModifyDate"}
_SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
}
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(Z|[+-]\d\d'\d\d)?'?")
_UNSAFE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]")
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Information:
    """``entries`` for the information dictionary; ``properties`` for XMP, by their qualified names."""

    entries: dict[str, str]
    properties: dict[str, str]


def information(info: Object | None) -> Information:
    """What can be said the same way in both places; the rest is dropped."""
    entries: dict[str, str] = {}
    properties: dict[str, str] = {}
    for key, (name, _) in TEXTS.items():
        text = _text(info, key)
        if text:
            entries[key] = properties[name] = text
    for key, name in DATES.items():
        date = iso_date(_text(info, key))
        if date:
            entries[key], properties[name] = _text(info, key), date
    return Information(entries, properties)


def packet(properties: dict[str, str]) -> bytes:
    """The XMP packet, UTF-8, read only."""
    kinds = dict(TEXTS.values())
    body = "".join(f"<{name}>{_value(text, kinds.get(name, ''))}</{name}>" for name, text in properties.items())
    spaces = " ".join(f'xmlns:{prefix}="{space}"' for prefix, space in _SPACES.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces}>{body}'
        "<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>"
        '</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
    ).encode()


def problems(packet_bytes: bytes, info: Object | None) -> list[str]:
    """Whether the packet claims PDF/A-1 and agrees with the information dictionary."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        root = etree.fromstring(packet_bytes, parser)
    except etree.XMLSyntaxError:
        return ["the XMP packet is not well formed"]
    found = [] if _property(root, "pdfaid:part") == "1" else ["no claim of PDF/A-1"]
    if _property(root, "pdfaid:conformance") not in {"A", "B"}:
        found.append("no claim of a level of conformance")
    said = information(info)
    entries = {} if info is None else {key for key in (*TEXTS, *DATES) if key in info and str(info[key])}
    if entries != said.entries.keys() and entries:
        found.append("an entry of the information dictionary cannot be compared")
    if any(not _agree(_property(root, name), text, name) for name, text in said.properties.items()):
        found.append("XMP and the information dictionary differ")
    return found


def info_dictionary(entries: dict[str, str]) -> Dictionary:
    """As it is written."""
    return Dictionary({key: String(text) for key, text in entries.items()})


def iso_date(stated: str) -> str:
    """A PDF date as XMP writes it; empty when it is not a whole date."""
    found = _DATE.fullmatch(stated)
    if found is None:
        return ""
    year, month, day, hour, minute, second, zone = found.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31 and int(hour) < 24 and int(minute) < 60 and int(second) < 60):
        return ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}" + (zone or "Z").replace("'", ":")


def _text(info: Object | None, key: str) -> str:
    value = info.get(key) if isinstance(info, Dictionary) else None
    if not isinstance(value, String):
        return ""
    return _UNSAFE.sub("", str(value)).strip()[:_LONGEST]


def _value(text: str, kind: str) -> str:
    if not kind:
        return escape(text)
    language = ' xml:lang="x-default"' if kind == "Alt" else ""
    return f"<rdf:{kind}><rdf:li{language}>{escape(text)}</rdf:li></rdf:{kind}>"


def _property(root: etree._Element, name: str) -> str | None:
    prefix, _, local = name.partition(":")
    qualified = f"{{{_SPACES[prefix]}}}{local}"
    for element in root.iter(f"{_RDF}Description"):
        if qualified in element.attrib:
            return str(element.get(qualified))
        child = element.find(qualified)
        if child is not None:
            items = child.findall(f".//{_RDF}li")
            return _content(items[0]) if len(items) == 1 else None if items else _content(child)
    return None


def _content(element: etree._Element) -> str:
    return "".join(map(str, element.itertext()))


def _agree(said: str | None, text: str, name: str) -> bool:
    if said is None:
        return False
    if name in DATES.values():
        return re.sub(r"(?:Z|\+00:00)$", "", said) == re.sub(r"(?:Z|\+00:00)$", "", text)
    return said.strip() == text
