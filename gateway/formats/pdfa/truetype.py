"""TrueType programs written anew: codes that lead straight to glyphs, glyphs as wide as the font says."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pikepdf
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable
from pikepdf import Name

from gateway.formats.pdfa import programs
from gateway.formats.pdfa.content import FontUse
from gateway.formats.pdfa.encodings import STANDARD, character, names_of, to_unicode
from gateway.formats.pdfa.errors import UnsureError
from gateway.formats.pdfa.fonts import cid_widths, cids_of, codes_of, descendant_of, expected_cid_set, simple_widths

_SYMBOLIC, _NONSYMBOLIC = 4, 32


def symbolic(program: bytes, gids: Mapping[int, int], widths: Mapping[int, float] | None = None) -> bytes:
    """One character map, of these codes; ``widths`` in thousandths by glyph replace the program's."""
    font = programs.opened(program)
    table = CmapSubtable.newSubtable(4)
    table.platformID, table.platEncID, table.language = 3, 0, 0
    table.cmap = {0xF000 + code: font.getGlyphName(gid) for code, gid in gids.items()}
    font["cmap"] = newTable("cmap")
    font["cmap"].tableVersion, font["cmap"].tables = 0, [table]
    _set_widths(font, widths or {})
    return _saved(font)


def mend_simple(pdf: pikepdf.Pdf, use: FontUse) -> None:
    """Make an embedded simple font symbolic: what its codes show no longer depends on a reader."""
    font, codes = use.font, codes_of(use)
    program = programs.simple(font, codes)
    stated = simple_widths(font)
    if not codes <= program.gids.keys() or not codes <= stated.keys():
        raise UnsureError("a character without a glyph")
    if "/ToUnicode" not in font and "/Encoding" in font:
        names = names_of(font, STANDARD)
        meanings = {code: character(names[code]) for code in codes if code in names}
        font.ToUnicode = pdf.make_stream(to_unicode({c: text for c, text in meanings.items() if text}, 2))
    data = symbolic(_data(font), program.gids, _by_glyph(program.gids, stated))
    font.FontDescriptor.Flags = int(font.FontDescriptor.get("/Flags", 0)) & ~_NONSYMBOLIC | _SYMBOLIC
    font.FontDescriptor.FontFile2 = pdf.make_stream(data, Length1=len(data))
    if "/Encoding" in font:
        del font["/Encoding"]


def mend_composite(pdf: pikepdf.Pdf, use: FontUse) -> None:
    """Give a CIDFont its glyph map, its list of characters, and the widths that it states."""
    descendant = descendant_of(use.font)
    if descendant.get("/Subtype") == Name.CIDFontType2 and "/CIDToGIDMap" not in descendant:
        descendant.CIDToGIDMap = Name.Identity
    cids = cids_of(use)
    program = programs.of_cid(descendant, cids)
    if not cids <= program.glyphs.keys():
        raise UnsureError("a character without a glyph")
    stated = cid_widths(descendant, cids)
    if program.truetype is not None and any(abs(program.glyphs[c] - stated[c]) > 1 for c in cids):
        font = programs.opened(_data(descendant))
        _set_widths(font, _by_glyph(program.gids, stated))
        data = _saved(font)
        descendant.FontDescriptor.FontFile2 = pdf.make_stream(data, Length1=len(data))
    descendant.FontDescriptor.CIDSet = pdf.make_stream(expected_cid_set(descendant, program))


def _data(font: pikepdf.Dictionary) -> bytes:
    return bytes(font.FontDescriptor.FontFile2.read_bytes())


def _by_glyph(gids: Mapping[int, int], stated: Mapping[int, float]) -> dict[int, float]:
    widths: dict[int, float] = {}
    for code, gid in gids.items():
        if abs(widths.setdefault(gid, stated[code]) - stated[code]) > 1:
            raise UnsureError("a glyph of two widths")
    return widths


def _set_widths(font: TTFont, widths: Mapping[int, float]) -> None:
    metrics, scale = font["hmtx"].metrics, font["head"].unitsPerEm / 1000
    for gid, width in widths.items():
        name = font.getGlyphName(gid)
        metrics[name] = (round(width * scale), metrics[name][1])


def _saved(font: TTFont) -> bytes:
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()
