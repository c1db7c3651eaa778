"""Font programs as PDF/A-1 asks about them (ISO 19005-1 §6.3): which glyph a code shows, and how wide it is."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from fontTools.cffLib import CFFFontSet, TopDict
from fontTools.encodings.MacRoman import MacRoman
from fontTools.pens.basePen import NullPen
from fontTools.t1Lib import T1Font
from fontTools.ttLib import TTFont
from pikepdf import Dictionary, Name, Object, Stream

from gateway.formats.pdfa.encodings import NOTDEF, STANDARD, character, is_plain, names_of
from gateway.formats.pdfa.errors import UnsureError

# fontTools reports what it mends, with excerpts of the file: not for a log.
logging.getLogger("fontTools").setLevel(logging.CRITICAL)

_SYMBOLIC = 4
_FILES = ("/FontFile", "/FontFile2", "/FontFile3")


@dataclass(slots=True)
class Program:
    """``glyphs``: the width of each code (simple font) or CID in thousandths; absent: no glyph.

    ``names``: the glyphs of a Type 1 program; ``count``: the glyphs of a CIDFont; ``truetype`` with the glyph of each
    code, where there is one.
    """

    glyphs: dict[int, float]
    names: tuple[str, ...] = ()
    count: int = 0
    truetype: TTFont | None = None
    gids: dict[int, int] = field(default_factory=dict)


def file_of(descriptor: Object | None) -> tuple[str, Stream] | None:
    """The key and the stream of the embedded program."""
    if not isinstance(descriptor, Dictionary):
        return None
    for key in _FILES:
        program = descriptor.get(key)
        if isinstance(program, Stream):
            return key, program
    return None


def is_symbolic(font: Dictionary) -> bool:
    """As its descriptor says."""
    return bool(int(font.FontDescriptor.get("/Flags", _SYMBOLIC)) & _SYMBOLIC)


def simple(font: Dictionary, codes: Iterable[int]) -> Program:
    """The program of a simple font. UnsureError when it is of no kind that PDF 1.4 knows."""
    found = file_of(font.get("/FontDescriptor"))
    subtype = str(font.get("/Subtype"))
    if found is None:
        raise UnsureError("a font is not embedded")
    key, stream = found
    if subtype == "/TrueType" and key == "/FontFile2":
        return _truetype(font, stream.read_bytes(), codes)
    if subtype in {"/Type1", "/MMType1"} and key == "/FontFile":
        return _type1(font, stream.read_bytes(), codes)
    if subtype in {"/Type1", "/MMType1"} and key == "/FontFile3" and stream.get("/Subtype") == Name.Type1C:
        return _cff(font, stream.read_bytes(), codes)
    raise UnsureError("a font program does not fit its font")


def of_cid(font: Dictionary, cids: Iterable[int]) -> Program:
    """The program of a CIDFont."""
    found = file_of(font.get("/FontDescriptor"))
    if found is None:
        raise UnsureError("a font is not embedded")
    key, stream = found
    subtype = str(font.get("/Subtype"))
    if subtype == "/CIDFontType2" and key == "/FontFile2":
        return _cid_truetype(font, stream.read_bytes(), cids)
    if subtype == "/CIDFontType0" and key == "/FontFile3" and stream.get("/Subtype") == Name.CIDFontType0C:
        return _cid_cff(stream.read_bytes(), cids)
    raise UnsureError("a font program does not fit its font")


def opened(data: bytes) -> TTFont:
    """A TrueType program, its tables read when asked for."""
    return TTFont(io.BytesIO(data), lazy=True, recalcTimestamp=False, recalcBBoxes=False)


def _truetype(font: Dictionary, data: bytes, codes: Iterable[int]) -> Program:
    program = opened(data)
    find = _by_name(font, program) if _named(font, program) else _by_code(program)
    count = program["maxp"].numGlyphs
    gids = {code: gid for code in codes if 0 < (gid := find.get(code, 0)) < count}
    widths = _widths(program, set(gids.values()))
    return Program({code: widths[gid] for code, gid in gids.items()}, truetype=program, gids=gids)


def _named(font: Dictionary, program: TTFont) -> bool:
    """Whether codes go through glyph names (PDF Reference 1.4 §5.5.5, "Character encoding" of TrueType fonts)."""
    return "/Encoding" in font and (not is_symbolic(font) or (is_plain(font.Encoding) and not _subtable(program, 3, 0)))


def _by_name(font: Dictionary, program: TTFont) -> dict[int, int]:
    unicodes, mac = _subtable(program, 3, 1), _subtable(program, 1, 0)
    codes_of_mac = {name: code for code, name in enumerate(MacRoman)}
    found: dict[int, int] = {}
    for code, name in names_of(font, STANDARD).items():
        text = character(name)
        glyph = unicodes.get(ord(text)) if len(text) == 1 else None
        glyph = glyph or mac.get(codes_of_mac.get(name, -1))
        if glyph is not None:
            found[code] = program.getGlyphID(glyph)
        elif name in program.getReverseGlyphMap():
            found[code] = program.getGlyphID(name)
    return found


def _by_code(program: TTFont) -> dict[int, int]:
    found: dict[int, int] = {}
    for table in (_subtable(program, 1, 0), _subtable(program, 3, 0)):
        for code, glyph in table.items():
            if code < 0x100 or 0xF000 <= code <= 0xF0FF:
                found[code & 0xFF] = program.getGlyphID(glyph)
    return found


def _subtable(program: TTFont, platform: int, encoding: int) -> dict[int, str]:
    table = program["cmap"].getcmap(platform, encoding) if "cmap" in program else None
    return dict(table.cmap) if table is not None else {}


def _widths(program: TTFont, gids: Iterable[int]) -> dict[int, float]:
    metrics, scale = program["hmtx"].metrics, 1000 / program["head"].unitsPerEm
    return {gid: metrics[program.getGlyphName(gid)][0] * scale for gid in gids}


def _type1(font: Dictionary, data: bytes, codes: Iterable[int]) -> Program:
    program = T1Font.__new__(T1Font)
    program.data, program.encoding = data, "ascii"
    program.parse()
    builtin = {code: name for code, name in enumerate(program["Encoding"]) if name != NOTDEF}
    return _named_glyphs(font, program.getGlyphSet(), builtin, codes, program["FontMatrix"][0])


def _cff(font: Dictionary, data: bytes, codes: Iterable[int]) -> Program:
    top = _top(data)
    builtin = top.Encoding if isinstance(top.Encoding, list) else None
    names = STANDARD if builtin is None else {c: name for c, name in enumerate(builtin) if name != NOTDEF}
    return _named_glyphs(font, top.CharStrings, names, codes, top.FontMatrix[0])


def _named_glyphs(
    font: Dictionary, glyphs: object, builtin: dict[int, str], codes: Iterable[int], em: float
) -> Program:
    names, present = names_of(font, builtin), set(glyphs.keys())  # type: ignore[attr-defined]
    shown = {code: names[code] for code in codes if names.get(code, NOTDEF) in present}
    widths = {name: _drawn(glyphs[name]) * em * 1000 for name in set(shown.values())}  # type: ignore[index]
    return Program({code: widths[name] for code, name in shown.items()}, names=tuple(sorted(present - {NOTDEF})))


def _drawn(glyph: object) -> float:
    glyph.draw(NullPen())  # type: ignore[attr-defined]
    return float(glyph.width)  # type: ignore[attr-defined]


def _top(data: bytes) -> TopDict:
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(data), None)
    return fonts[0]


def _cid_truetype(font: Dictionary, data: bytes, cids: Iterable[int]) -> Program:
    program = opened(data)
    count, mapping = program["maxp"].numGlyphs, font.get("/CIDToGIDMap")
    table = mapping.read_bytes() if isinstance(mapping, Stream) else None
    gids = {cid: cid if table is None else int.from_bytes(table[2 * cid : 2 * cid + 2]) for cid in cids}
    gids = {cid: gid for cid, gid in gids.items() if gid < count and (gid or not cid)}
    widths = _widths(program, set(gids.values()))
    last = count if table is None else len(table) // 2
    return Program({cid: widths[gid] for cid, gid in gids.items()}, count=last, truetype=program, gids=gids)


def _cid_cff(data: bytes, cids: Iterable[int]) -> Program:
    top = _top(data)
    keyed = hasattr(top, "ROS")
    numbers = {int(name[3:]) if keyed and name != NOTDEF else gid: name for gid, name in enumerate(top.charset)}
    scale = top.FontMatrix[0] * 1000 if not keyed else 1.0
    shown = {cid: _drawn(top.CharStrings[numbers[cid]]) * scale for cid in cids if cid in numbers}
    return Program(shown, names=tuple(map(str, sorted(numbers))), count=max(numbers) + 1)
