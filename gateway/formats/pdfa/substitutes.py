"""The fonts that every reader had and no file carries (Helvetica, Times, Courier, Arial): their metric equals.

Liberation (SIL OFL) has the widths of Arial, Times New Roman and Courier New, which are those of the standard fonts. It
comes from the system (Debian fonts-liberation); without it such letters take the next route.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from pathlib import Path

import pikepdf
from fontTools import subset
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name

from gateway.formats.pdfa import programs, truetype
from gateway.formats.pdfa.content import FontUse
from gateway.formats.pdfa.encodings import STANDARD, WIN_ANSI, character, names_of, to_unicode
from gateway.formats.pdfa.errors import UnsureError
from gateway.formats.pdfa.fonts import codes_of, simple_widths

_PLACES = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_NAME = re.compile(
    r"(?P<family>arialnarrow|arial|helvetica|timesnewroman|times|couriernew|courier)(?:ps)?(?:mt)?"
    r"[-, ]*(?P<style>(?:roman|regular|normal|bold|italic|oblique)*)(?:mt)?"
)
_FAMILIES = {"a": "LiberationSans", "h": "LiberationSans", "t": "LiberationSerif", "c": "LiberationMono"}
_STYLES = {(False, False): "Regular", (True, False): "Bold", (False, True): "Italic", (True, True): "BoldItalic"}
_REPERTOIRE = frozenset(WIN_ANSI.values()) | frozenset(STANDARD.values())
_NONSYMBOLIC, _SYMBOLIC, _FIXED, _SERIF, _ITALIC = 32, 4, 1, 2, 64


def embed(pdf: pikepdf.Pdf, use: FontUse) -> None:
    """Put the metric equal in the place of a font that is not embedded. UnsureError: none, or not as wide."""
    face = face_of(str(use.font.get("/BaseFont", ""))[1:])
    codes = codes_of(use)
    names = names_of(use.font, STANDARD)
    shown = {code: names[code] for code in codes if code in names}
    if len(shown) != len(codes):
        raise UnsureError("a character without a name")
    plain = all(WIN_ANSI.get(code) == name for code, name in shown.items())
    program = _subset(face, _REPERTOIRE if shown and plain else frozenset(shown.values()))
    gids, widths = _measured(program, shown)
    stated = simple_widths(use.font)
    if any(abs(stated.get(code, width) - width) > 1 for code, width in widths.items()):
        raise UnsureError("no font of these widths")
    _replace(pdf, use.font, face, program if plain else truetype.symbolic(program, gids), widths, plain=plain)
    use.font.ToUnicode = pdf.make_stream(to_unicode({c: character(n) for c, n in shown.items()}, 2))


@lru_cache(maxsize=256)
def face_of(base_font: str) -> str:
    """The file name of the metric equal, without its ending. UnsureError when there is none."""
    name = base_font.partition("+")[2] or base_font
    found = _NAME.fullmatch(name.lower().replace("_", "-"))
    if found is None:
        raise UnsureError("a font is not embedded")
    family = "LiberationSansNarrow" if found["family"] == "arialnarrow" else _FAMILIES[found["family"][0]]
    style = found["style"]
    return f"{family}-{_STYLES['bold' in style, 'italic' in style or 'oblique' in style]}"


def _replace(
    pdf: pikepdf.Pdf,
    font: Dictionary,
    face: str,
    program: bytes,
    widths: dict[int, int],
    *,
    plain: bool,
) -> None:
    first, last = min(widths, default=32), max(widths, default=32)
    font.Subtype = Name.TrueType
    font.BaseFont = Name(f"/AAAAAA+{face}")
    font.FirstChar, font.LastChar = first, last
    font.Widths = Array([widths.get(code, 0) for code in range(first, last + 1)])
    font.FontDescriptor = pdf.make_indirect(_descriptor(pdf, face, program, plain=plain))
    if plain:
        font.Encoding = Name.WinAnsiEncoding
    elif "/Encoding" in font:
        del font["/Encoding"]


def _descriptor(pdf: pikepdf.Pdf, face: str, program: bytes, *, plain: bool) -> Dictionary:
    opened = programs.opened(program)
    scale = 1000 / opened["head"].unitsPerEm
    head, flags = opened["head"], _NONSYMBOLIC if plain else _SYMBOLIC
    flags |= (
        (_FIXED if "Mono" in face else 0) | (_SERIF if "Serif" in face else 0) | (_ITALIC if "Italic" in face else 0)
    )
    return Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name(f"/AAAAAA+{face}"),
        Flags=flags,
        FontBBox=Array([round(edge * scale) for edge in (head.xMin, head.yMin, head.xMax, head.yMax)]),
        ItalicAngle=-12 if "Italic" in face else 0,
        Ascent=round(opened["hhea"].ascent * scale),
        Descent=round(opened["hhea"].descent * scale),
        CapHeight=716,
        StemV=140 if "Bold" in face else 80,
        FontFile2=pdf.make_stream(program, Length1=len(program)),
    )


def _measured(program: bytes, shown: dict[int, str]) -> tuple[dict[int, int], dict[int, int]]:
    """The glyph, and the width in thousandths, of each code."""
    opened = programs.opened(program)
    metrics, scale, known = opened["hmtx"].metrics, 1000 / opened["head"].unitsPerEm, opened.getBestCmap() or {}
    glyphs = {code: known.get(ord(character(name)[:1] or "\0"), "") for code, name in shown.items()}
    if not all(glyphs.values()):
        raise UnsureError("the metric equal lacks a character")
    widths = {code: round(metrics[glyph][0] * scale) for code, glyph in glyphs.items()}
    return {code: opened.getGlyphID(glyph) for code, glyph in glyphs.items()}, widths


@lru_cache(maxsize=64)
def _subset(face: str, names: frozenset[str]) -> bytes:
    """The glyphs of these names, and nothing that PDF does not use."""
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, recalc_timestamp=False)
    options.drop_tables += ["GDEF", "GPOS", "GSUB", "OS/2", "name", "DSIG", "gasp", "FFTM"]
    font = TTFont(io.BytesIO(_file(face)), recalcTimestamp=False)
    known = font.getBestCmap() or {}
    wanted = {ord(text) for name in names if len(text := character(name)) == 1}
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted & known.keys())
    cutter.subset(font)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


@lru_cache(maxsize=16)
def _file(face: str) -> bytes:
    for place in _PLACES:
        for found in sorted(place.rglob(f"{face}.ttf")):
            return found.read_bytes()
    raise UnsureError("the metric equal is not installed")
