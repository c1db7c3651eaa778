"""What no clinical document needs and no gateway should pass on: programs, scripts, macros, disguises, test viruses."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

from gateway.formats.errors import FormatError
from gateway.formats.mails import ole, smime
from gateway.formats.sniff import IMAGES, Kind, start_of_text
from gateway.model.reasons import Reason

#: Extensions that a double click executes; content alone cannot tell a script from a text.
_RUNNABLE = re.compile(
    r"\.(ade|adp|apk|app|application|appref-ms|appx|appxbundle|bat|chm|cmd|com|command|cpl|deb|desktop|diagcab|dll|dmg|"
    r"exe|gadget|hta|img|inf|ins|iso|jar|jnlp|js|jse|library-ms|lnk|mde|msc|msi|msix|msp|mst|one|pif|pkg|ps1|ps1xml|"
    r"ps2|psc1|psm1|py|pyw|reg|rpm|scf|scr|sct|search-ms|settingcontent-ms|sh|shb|slk|sys|udf|url|vb|vbe|vbs|vhd|vhdx|"
    r"website|wim|ws|wsc|wsf|wsh|xbap|xll|xlam)[ .]*$",
    re.IGNORECASE,
)
# Texts are searched in lower case for fixed letters: a pattern that may begin anywhere takes a second for a megabyte.
_SCRIPTS = (
    "<script",
    "<?php",
    "<hta:",
    "wscript.",
    "activexobject",
    "createobject(",
    "@echo off",
    "<ooo:module",
    "vnd.sun.star.script:",
    'macrospresent="y',
    "[internetshortcut]",
    "[desktop entry]",
)
_SCRIPT_FORMS = (
    re.compile(r"powershell(?:\.exe)? -"),
    re.compile(r"(?:java|vb)\s{0,20}script\s{0,20}:(?!\s*void\(0\))\s{0,20}[a-z_$][\w$.]{0,80}[(=]"),
    re.compile(r"#@~\^[a-z0-9+/]{6}=="),
)
#: What a link runs, also when its letters are written as entities; in words, "JavaScript :" is but a language.
_LINKED = re.compile(
    r"(?:=|url\()\s{0,20}[\"']?\s{0,20}(?:java|vb)\s{0,20}script\s{0,20}:(?!\s*void\(0\))|data:text/html"
)
#: What makes a page act, or ask for a password; Word writes one <object> of its own in each page.
_ACTIVE_FORMS = (
    re.compile(r"<(?:iframe|frame|embed|applet)\b"),
    re.compile(r"<object\b(?![^<>]{0,200}(?:ieooui|38481807))"),
    re.compile(r"<meta\b[^<>]{0,200}http-equiv\s*=\s*[\"']?refresh"),
    re.compile(r"<input\b[^<>]{0,300}type\s*=\s*[\"']?password"),
    re.compile(r"data:(?:text/html|application/(?!pdf))"),
)
_HANDLERS = ("onload", "onerror", "onclick", "onmouse", "onfocus", "onblur", "ontoggle", "onbegin", "onstart", "onanim")
_HANDLER = re.compile(
    r"<[a-z][^<>]{0,2000}\son(?:load|error|click|mouse|focus|blur|toggle|begin|start|anim)\w{0,12}\s*="
)
_RICH_OBJECT = re.compile(
    rb"\\obj(?:data|emb|link|autlink|html|ocx|update)(?![a-z])|\\\*\\template\s+(?:https?:|\\\\\\\\)|\\ddeauto",
    re.IGNORECASE,
)
_PROGRAM_BEFORE_PDF = re.compile(rb"<(?:html|script|!doctype|svg|body)|PK\x03\x04", re.IGNORECASE)
# In two halves, so that no scanner takes this source file for the test virus itself.
_EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
_TEST_VIRUSES = (_EICAR, _EICAR.decode().encode("utf-16-le"), _EICAR.decode().encode("utf-16-be"))
_SCANNED: Final = 32 * 1024 * 1024
_DISC: Final = 0x8001  # where an ISO 9660 image says what it is (ECMA-119 §8.1.2)
_DISC_STARTS = (b"conectix", b"vhdxfile", b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d")  # virtual discs, OneNote
_PAGES = re.compile(r"\.(?:pdf|jpe?g|png|gif|tiff?|bmp)$", re.IGNORECASE)
_MACRO_STREAMS = frozenset({"_vba_project", "_vba_project_cur", "vba", "macros"})
_PACKAGES = frozenset({"\x01ole10native", "equation native"})  # a file of any kind; a component that runs what it reads
_OFFICE_MACROS = re.compile(rb"vbaProject|macroEnabled|ms-office\.activeX|/attachedToolbars", re.IGNORECASE)
_RELATIONSHIP = re.compile(rb"<[^<>]{1,4000}>")
_REMOTE_KIND = re.compile(rb"/(?:attachedTemplate|oleObject|frame|subDocument)[\"']", re.IGNORECASE)
_REMOTE_TARGET = re.compile(rb"Target\s*=\s*[\"'](?:https?|mhtml):", re.IGNORECASE)
_COMMAND_FIELD = re.compile(rb"\bDDEAUTO\b")
#: Basic libraries that every document may list; modules are beside them.
_BASIC_LISTS = ("script-lc.xml", "script-lb.xml", "dialog-lc.xml", "dialog-lb.xml")


def refuse(data: bytes, kind: Kind, name: str) -> None:
    """Nothing, or FormatError: UNSAFE for what is dangerous, ENCRYPTED for what only a password or key opens."""
    if kind is Kind.EXECUTABLE or _RUNNABLE.search(name) or _is_disc(data):
        raise FormatError(Reason.UNSAFE, "La pièce jointe est un programme ou un script ; elle n'a pas été ouverte.")
    if is_test_virus(data):
        raise FormatError(Reason.UNSAFE, "La pièce jointe contient la signature d'un virus.")
    _refuse_disguise(data, kind, name)
    if kind in {Kind.HTML, Kind.TEXT, Kind.XML, Kind.ODT}:
        _refuse_scripts(start_of_text(data, _SCANNED), kind)
    if kind is Kind.RTF and _RICH_OBJECT.search(data):
        raise FormatError(Reason.UNSAFE, "Le document RTF contient un objet incorporé.")
    if kind is Kind.OLE:
        _refuse_ole(data)
    if kind is Kind.PGP or (kind is Kind.PKCS7 and smime.is_enveloped(data)):
        raise FormatError(Reason.ENCRYPTED, "Le message est chiffré ; la passerelle n'en a pas la clé.")


def is_test_virus(data: bytes) -> bool:
    """Whether the EICAR string is anywhere in the bytes."""
    return any(one in data for one in _TEST_VIRUSES)


def refuse_macros(names: Sequence[str]) -> None:
    """UNSAFE when the entry names of an office document show macros or active parts."""
    for name in (one.lower() for one in names):
        basic = name.startswith("basic/") and name.endswith(".xml") and not name.endswith(_BASIC_LISTS)
        scripts = name.startswith("scripts/") and not name.endswith("/")
        if name.endswith("vbaproject.bin") or "/activex/" in name or "/macrosheets/" in name or basic or scripts:
            raise _macros()


def refuse_active(parts: Sequence[tuple[str, bytes]]) -> None:
    """UNSAFE when the (path, bytes) of an office document tell of macros, remote templates or commands in fields.

    Macros may lie under any name; the content types and the relationships say where (ECMA-376 part 2, §7.2, §6.5).
    """
    for path, data in parts:
        lower = path.lower()
        if (lower == "[content_types].xml" or lower.endswith(".rels")) and _OFFICE_MACROS.search(data):
            raise _macros()
        tags = _RELATIONSHIP.findall(data) if lower.endswith(".rels") else ()
        if any(_REMOTE_KIND.search(tag) and _REMOTE_TARGET.search(tag) for tag in tags):
            raise FormatError(Reason.UNSAFE, "Le document bureautique va chercher un modèle sur Internet.")
        if lower.endswith(".xml") and _COMMAND_FIELD.search(data):
            raise FormatError(Reason.UNSAFE, "Le document bureautique contient un champ qui lance une commande.")


def _refuse_scripts(text: str, kind: Kind) -> None:
    lower = text.lower()
    script = any(one in lower for one in _SCRIPTS) or any(form.search(lower) for form in _SCRIPT_FORMS)
    links = kind is not Kind.TEXT and _LINKED.search(html.unescape(text).lower() if "&" in text else lower)
    if script or links or (kind in {Kind.HTML, Kind.XML} and _is_active(lower)):
        raise FormatError(Reason.UNSAFE, "La pièce jointe contient un script.")


def _is_active(lower: str) -> bool:
    handled = any(one in lower for one in _HANDLERS) and _HANDLER.search(lower) is not None
    return handled or any(form.search(lower) for form in _ACTIVE_FORMS)


def _refuse_disguise(data: bytes, kind: Kind, name: str) -> None:
    """A page that is another thing too, depending on what opens it."""
    disguised = kind in {Kind.HTML, Kind.XML} and _PAGES.search(name)
    before = kind is Kind.PDF and _PROGRAM_BEFORE_PDF.search(data[: data.find(b"%PDF-", 0, 1024)])
    behind = kind in IMAGES | {Kind.PDF, Kind.RTF} and _ends_with_archive(data)
    if disguised or before or behind:
        raise FormatError(Reason.UNSAFE, "Le fichier n'est pas ce que son nom annonce, ou en cache un autre.")


def _ends_with_archive(data: bytes) -> bool:
    """Whether a ZIP directory ends where the file ends: one inside a stream of a PDF does not."""
    at = data.rfind(b"PK\x05\x06")
    if at < 0 or at + 22 > len(data):
        return False
    comment = int.from_bytes(data[at + 20 : at + 22], "little")
    return at + 22 + comment >= len(data.rstrip(b"\0\r\n\t ")) and b"PK\x01\x02" in data


def _is_disc(data: bytes) -> bool:
    return data[_DISC : _DISC + 5] in {b"CD001", b"BEA01"} or data.startswith(_DISC_STARTS)


def _refuse_ole(data: bytes) -> None:
    names = ole.names(data)
    if "encryptedpackage" in names:
        raise FormatError(Reason.ENCRYPTED, "Le document bureautique est protégé par un mot de passe.")
    if names & _MACRO_STREAMS:
        raise _macros()
    if names & _PACKAGES or ole.is_installer(data):
        raise FormatError(Reason.UNSAFE, "Le document bureautique contient un fichier incorporé.")


def _macros() -> FormatError:
    return FormatError(Reason.UNSAFE, "Le document bureautique contient des macros.")
