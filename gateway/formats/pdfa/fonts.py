"""The rules on fonts (ISO 19005-1 §6.3): embedded, as wide as they say, their subsets listed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pikepdf import Array, Dictionary, Name, Object, Stream

from gateway.formats.pdfa import programs
from gateway.formats.pdfa.content import FontUse
from gateway.formats.pdfa.encodings import is_plain
from gateway.formats.pdfa.errors import DAMAGE, UnsureError
from gateway.formats.pdfa.programs import Program

_SIMPLE = frozenset({"/Type1", "/MMType1", "/TrueType"})
_IDENTITY = frozenset({"/Identity-H", "/Identity-V"})
_TOLERANCE = 1.0
_FORMATS = frozenset({0, 4, 6})
_SUBSET = re.compile(r"/[A-Z]{6}\+")


def problems(use: FontUse) -> list[str]:
    """What breaks a rule in a font, given what it shows."""
    try:
        return list(_problems(use))
    except UnsureError as error:
        return [str(error)]
    except DAMAGE:
        return ["a font program is damaged"]


def codes_of(use: FontUse) -> set[int]:
    """The codes that a simple font shows."""
    return {code for text in use.strings for code in text}


def cids_of(use: FontUse) -> set[int]:
    """The CIDs that a font of two bytes a character shows."""
    if any(len(text) % 2 for text in use.strings):
        raise UnsureError("a string is cut in the middle of a character")
    return {int.from_bytes(text[at : at + 2]) for text in use.strings for at in range(0, len(text), 2)}


def is_subset(font: Dictionary) -> bool:
    """By the tag of its name."""
    return _SUBSET.match(str(font.get("/BaseFont"))) is not None


def simple_widths(font: Dictionary) -> dict[int, float]:
    """The width of each code, as the font says."""
    first = int(font.get("/FirstChar", 0))
    return {first + at: float(width) for at, width in enumerate(font.get("/Widths", Array()))}


def cid_widths(font: Dictionary, cids: Iterable[int]) -> dict[int, float]:
    """The width of these CIDs, as the CIDFont says (PDF Reference 1.4 §5.6.3)."""
    given: dict[int, float] = {}
    entries = list(font.get("/W", []))
    while entries:
        first, second = int(entries[0]), entries[1]
        if isinstance(second, Array):
            given.update((first + at, float(width)) for at, width in enumerate(second))
            entries = entries[2:]
        else:
            given.update(dict.fromkeys(range(first, min(int(second), 0xFFFF) + 1), float(entries[2])))
            entries = entries[3:]
    default = float(font.get("/DW", 1000))
    return {cid: given.get(cid, default) for cid in cids}


def cid_set(count: int, present: Iterable[int] | None = None) -> bytes:
    """The bits of the CIDs below ``count``, or of those present."""
    bits = bytearray((count + 7) // 8)
    for cid in range(count) if present is None else present:
        bits[cid >> 3] |= 0x80 >> (cid & 7)
    return bytes(bits)


def char_set(names: Iterable[str]) -> str:
    """The names of all glyphs of a Type 1 program, as a font descriptor lists them."""
    return "".join(f"/{name}" for name in names)


def _problems(use: FontUse) -> Iterator[str]:
    font, subtype = use.font, str(use.font.get("/Subtype"))
    if font.get("/Type") != Name.Font or not isinstance(font.get("/BaseFont"), Name):
        yield "a font dictionary is incomplete"
    elif subtype in _SIMPLE:
        yield from _simple(use)
    elif subtype == "/Type0":
        yield from _composite(use)
    else:
        yield "a font of a kind that is not checked here"


def _simple(use: FontUse) -> Iterator[str]:
    font, codes = use.font, codes_of(use)
    if not all(key in font for key in ("/FirstChar", "/LastChar", "/Widths")):
        yield "a font has no widths"
    program = programs.simple(font, codes)
    yield from _shown(program, codes, simple_widths(font))
    if font.Subtype == Name.TrueType:
        yield from _truetype(font, program)
    elif is_subset(font):
        listed = str(font.FontDescriptor.get("/CharSet", ""))
        if sorted(listed.split("/")[1:]) != sorted(program.names):
            yield "a subset does not list its glyphs"


def _truetype(font: Dictionary, program: Program) -> Iterator[str]:
    assert program.truetype is not None  # noqa: S101 - of a TrueType font
    tables = program.truetype["cmap"].tables if "cmap" in program.truetype else []
    plain = "/Encoding" in font and is_plain(font.Encoding)
    if programs.is_symbolic(font) and ("/Encoding" in font or len(tables) != 1):
        yield "the encoding of a symbolic font"
    elif not programs.is_symbolic(font) and not plain:
        yield "the encoding of a nonsymbolic font"
    if any(table.format not in _FORMATS for table in tables):
        yield "a character map of another format"


def _composite(use: FontUse) -> Iterator[str]:
    font = use.font
    if str(font.get("/Encoding")) not in _IDENTITY:
        yield "a character map that is not embedded"
        return
    descendant, cids = descendant_of(font), cids_of(use)
    program = programs.of_cid(descendant, cids)
    yield from _shown(program, cids, cid_widths(descendant, cids))
    if descendant.Subtype == Name.CIDFontType2 and not _is_mapping(descendant.get("/CIDToGIDMap")):
        yield "a CIDFont without a map of its glyphs"
    if is_subset(descendant) and not _lists(descendant, program):
        yield "a subset does not list its characters"


def descendant_of(font: Dictionary) -> Dictionary:
    """The CIDFont of a composite font."""
    found: Object = font.DescendantFonts[0]
    if not isinstance(found, Dictionary) or found.get("/Type") != Name.Font:
        raise UnsureError("a composite font is incomplete")
    return found


def expected_cid_set(descendant: Dictionary, program: Program) -> bytes:
    """What the descriptor of a subset must hold."""
    if descendant.Subtype == Name.CIDFontType2:
        return cid_set(program.count)
    return cid_set(program.count, map(int, program.names))


def _lists(descendant: Dictionary, program: Program) -> bool:
    listed = descendant.FontDescriptor.get("/CIDSet")
    expected = expected_cid_set(descendant, program)
    return isinstance(listed, Stream) and listed.read_bytes().rstrip(b"\0") == expected.rstrip(b"\0")


def _is_mapping(mapping: Object | None) -> bool:
    return isinstance(mapping, Stream) or mapping == Name.Identity


def _shown(program: Program, codes: Iterable[int], widths: dict[int, float]) -> Iterator[str]:
    for code in codes:
        if code not in program.glyphs:
            yield "a character without a glyph"
            return
        if abs(program.glyphs[code] - widths.get(code, -10000)) > _TOLERANCE:
            yield "a font is not as wide as it says"
            return
