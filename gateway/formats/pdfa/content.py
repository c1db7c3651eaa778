"""What the pages of a PDF draw with: operators, fonts with the codes they show, colours, pictures.

One walk over the content of pages, forms and patterns, which both the cleaning and the check of the result read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from gateway.formats.pdfa.colour import Colours
from gateway.formats.pdfa.errors import UnsureError

#: ISO 19005-1 §6.2.10: only the operators of the PDF Reference 1.4.
OPERATORS = frozenset(
    b"b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EI EMC ET EX f F f* G g gs h i ID INLINE j J K k l M m MP n "
    b"q Q re RG rg ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \"".decode().split()
)
INTENTS = frozenset({"/RelativeColorimetric", "/AbsoluteColorimetric", "/Perceptual", "/Saturation"})
_SHOWN = frozenset({"Tj", "'", '"', "TJ"})
_SPACES = {"rg": "/DeviceRGB", "RG": "/DeviceRGB", "k": "/DeviceCMYK", "K": "/DeviceCMYK", "g": "/DeviceGray"}
_DEEPEST_Q = 28
_DEEPEST_FORM = 28
_LONGEST_STRING = 65535
_LONGEST_NAME = 127
_LARGEST_REAL = 32767


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much content is read: decoded bytes and operators in all."""

    content_bytes: int = 24 * 1024 * 1024
    operators: int = 400_000


_Instruction = pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage


@dataclass(slots=True)
class FontUse:
    """A font with the strings that it shows."""

    font: Dictionary
    strings: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class Use:
    """What the content uses. ``fonts`` by object number, or by place for fonts that are direct objects."""

    fonts: dict[tuple[int, int], FontUse] = field(default_factory=dict)
    colours: Colours = field(default_factory=Colours)
    problems: set[str] = field(default_factory=set)


def walk(pdf: pikepdf.Pdf, bounds: Bounds) -> Use:
    """Read the content of all pages. UnsureError past the bounds."""
    walker = _Walker(bounds)
    for page in pdf.pages:
        resources = inherited(page.obj, "/Resources")
        walker.content(page.obj, Dictionary() if resources is None else resources, 0)
    return walker.use


def inherited(page: Object, key: str) -> Object | None:
    """An attribute of a page that its ancestors may hold (PDF Reference 1.4, table 3.18)."""
    node: Object | None = page
    for _ in range(_DEEPEST_FORM):
        if node is None or key in node:
            break
        node = node.get("/Parent")
    return None if node is None else node.get(key)


class _Walker:
    def __init__(self, bounds: Bounds) -> None:
        self.use = Use()
        self._left = bounds.operators
        self._bytes = bounds.content_bytes
        self._seen: set[tuple[int, int]] = set()

    def content(self, holder: Object, resources: Object, depth: int) -> None:
        """One content stream with its resources, and what these draw in turn."""
        if depth > _DEEPEST_FORM:
            raise UnsureError("forms nested too deep")
        self._measure(holder)
        self._operators(pikepdf.parse_content_stream(holder), resources)
        self._spaces(resources)
        for child in _drawn(resources):
            self._child(child, resources, depth)

    def _child(self, child: Stream, outer: Object, depth: int) -> None:
        if child.objgen in self._seen and child.objgen != (0, 0):
            return
        self._seen.add(child.objgen)
        if child.get("/Subtype") == Name.Image:
            self.use.colours.add(child.get("/ColorSpace"))
        else:
            self.content(child, child.get("/Resources", outer), depth + 1)

    def _measure(self, holder: Object) -> None:
        contents = holder if isinstance(holder, Stream) else holder.get("/Contents")
        streams = list(contents) if isinstance(contents, Array) else [contents] if contents is not None else []
        for stream in streams:
            self._bytes -= len(stream.read_bytes())
            if self._bytes < 0:
                raise UnsureError("too much content")

    def _operators(self, content: Sequence[_Instruction], resources: Object) -> None:
        self._left -= len(content)
        if self._left < 0:
            raise UnsureError("too many operators")
        fonts = resources.get("/Font", Dictionary())
        current, kept = None, list[Object | None]()
        for instruction in content:
            operator = str(instruction.operator)
            if isinstance(instruction, pikepdf.ContentStreamInlineImage):
                self._inline(instruction, resources)
            elif operator == "Tf":
                current = self._font(fonts, list(instruction.operands))
            elif operator == "q":
                kept.append(current)
                self._problem(len(kept) > _DEEPEST_Q, "graphics states nested too deep")
            elif operator == "Q":
                self._problem(not kept, "more graphics states restored than kept")
                current = kept.pop() if kept else None
            elif operator in _SHOWN:
                self._show(current, list(instruction.operands))
            else:
                self._other(operator, list(instruction.operands))

    def _font(self, fonts: Object, operands: Sequence[object]) -> Object | None:
        font = fonts.get(str(operands[0])) if len(operands) == 2 else None
        if not isinstance(font, Dictionary):
            self.use.problems.add("a font is not in the resources")
            return None
        if font.objgen == (0, 0):
            raise UnsureError("a font is a direct object")
        self.use.fonts.setdefault(font.objgen, FontUse(font))
        return font

    def _show(self, font: Object | None, operands: Sequence[object]) -> None:
        if font is None:
            self.use.problems.add("text without a font")
            return
        strings = self.use.fonts[font.objgen].strings
        for text in _strings(operands):
            self._problem(len(text) > _LONGEST_STRING, "a string is too long")
            strings.add(text)

    def _inline(self, instruction: pikepdf.ContentStreamInlineImage, resources: Object) -> None:
        image = instruction.iimage
        self._problem("/LZWDecode" in image.filters, "LZW")
        self._problem(re.search(rb"/(?:I|Interpolate)\s+true", image.unparse()) is not None, "interpolation")
        if image.image_mask or image.colorspace is None:
            return
        named = str(image.colorspace)
        inherited = resources.get("/ColorSpace", Dictionary()).get(named)
        self._problem(named == "/Indexed", "an inline picture with a colour table")
        self.use.colours.add(inherited if inherited is not None else Name(named))

    def _other(self, operator: str, operands: Sequence[object]) -> None:
        self._problem(operator not in OPERATORS, "an operator that PDF 1.4 does not know")
        if operator in _SPACES:
            self.use.colours.devices.add(_SPACES[operator])
        elif operator in {"cs", "CS"}:
            if isinstance(operands[0], Name) and str(operands[0]).startswith("/Device"):
                self.use.colours.devices.add(str(operands[0]))
        elif operator == "ri":
            self._problem(str(operands[0]) not in INTENTS, "an unknown rendering intent")
        for operand in operands:
            self._problem(_beyond(operand), "a value beyond the limits of PDF 1.4")

    def _spaces(self, resources: Object) -> None:
        for space in resources.get("/ColorSpace", Dictionary()).values():
            self.use.colours.add(space)
        for shading in resources.get("/Shading", Dictionary()).values():
            self.use.colours.add(shading.get("/ColorSpace"))
        for pattern in resources.get("/Pattern", Dictionary()).values():
            if "/Shading" in pattern:
                self.use.colours.add(pattern.Shading.get("/ColorSpace"))

    def _problem(self, found: bool, what: str) -> None:
        if found:
            self.use.problems.add(what)


def _drawn(resources: Object) -> Iterator[Stream]:
    """Forms, pictures and tiling patterns. Type 3 fonts are refused elsewhere."""
    for key in ("/XObject", "/Pattern"):
        for child in resources.get(key, Dictionary()).values():
            if isinstance(child, Stream):
                yield child


def _strings(operands: Sequence[object]) -> Iterator[bytes]:
    for operand in operands:
        if isinstance(operand, pikepdf.String):
            yield bytes(operand)
        elif isinstance(operand, Array):
            yield from (bytes(one) for one in operand if isinstance(one, pikepdf.String))


def _beyond(operand: object) -> bool:
    if isinstance(operand, Name):
        return len(str(operand).encode()) > _LONGEST_NAME + 1
    if isinstance(operand, pikepdf.String):
        return len(bytes(operand)) > _LONGEST_STRING
    if isinstance(operand, Array):
        return any(_beyond(one) for one in operand)
    return isinstance(operand, int | Decimal) and abs(Decimal(operand)) > _LARGEST_REAL
