"""Codes to glyph names of simple fonts (PDF Reference 1.4, appendix D), and names to characters."""

from __future__ import annotations

from fontTools import agl
from fontTools.encodings.MacRoman import MacRoman
from fontTools.encodings.StandardEncoding import StandardEncoding
from pikepdf import Dictionary, Name, Object

NOTDEF = ".notdef"


def _win_ansi() -> dict[int, str]:
    named = {}
    for code in range(32, 256):
        character = bytes([code]).decode("cp1252", "replace")
        name = agl.UV2AGL.get(ord(character), "bullet")
        named[code] = {0x7F: "bullet", 0xA0: "space", 0xAD: "hyphen"}.get(code, name)
    return named


def _table(names: list[str]) -> dict[int, str]:
    return {code: name for code, name in enumerate(names) if name != NOTDEF}


WIN_ANSI = _win_ansi()
MAC_ROMAN = _table(MacRoman)
STANDARD = _table(StandardEncoding)
_NAMED = {"/WinAnsiEncoding": WIN_ANSI, "/MacRomanEncoding": MAC_ROMAN, "/StandardEncoding": STANDARD}


def names_of(font: Dictionary, builtin: dict[int, str]) -> dict[int, str]:
    """The glyph name of each code: the font's encoding with its differences, over the one that is built in."""
    encoding = font.get("/Encoding")
    if isinstance(encoding, Name):
        return _NAMED.get(str(encoding), builtin)
    if not isinstance(encoding, Dictionary):
        return builtin
    names = dict(_NAMED.get(str(encoding.get("/BaseEncoding")), builtin))
    code = 0
    for entry in encoding.get("/Differences", []):
        if isinstance(entry, Name):
            names[code] = str(entry)[1:]
            code += 1
        else:
            code = int(entry)
    return names


def character(name: str) -> str:
    """What a glyph name means (Adobe glyph list); empty when it means nothing."""
    return str(agl.toUnicode(name))


def to_unicode(meanings: dict[int, str], digits: int) -> bytes:
    """A ToUnicode CMap; codes of ``digits`` hexadecimal digits."""
    lines = [f"<{code:0{digits}x}> <{text.encode('utf-16-be').hex()}>" for code, text in sorted(meanings.items())]
    blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return _CMAP.format(last="f" * digits, first="0" * digits, body=body).encode()


def is_plain(encoding: Object | None) -> bool:
    """What a nonsymbolic TrueType font of PDF/A-1 has (§6.3.7)."""
    return isinstance(encoding, Name) and str(encoding) in {"/WinAnsiEncoding", "/MacRomanEncoding"}


_CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<{first}> <{last}>
endcodespacerange
{body}
endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""
