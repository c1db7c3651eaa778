"""An HTML file as a browser would show it, nothing fetched and no script run: its words, tables and own pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import pybase64
from lxml import etree

from gateway.formats import charset
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.office import css, numerals
from gateway.formats.office.blocks import Align, Block, Cell, Paragraph, Picture, Run, Table, bounded, raised
from gateway.model.reasons import Reason

_UNSEEN: Final = frozenset(
    "head script style title template object iframe svg audio video canvas datalist map noframes applet".split()  # noqa: SIM905
)
_BLOCKS: Final = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figure figcaption footer form "  # noqa: SIM905
    "h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol p pre section summary tfoot thead tbody ul".split()
)
_LETTERS: Final = {
    "b": "B", "strong": "B", "th": "B", "i": "I", "em": "I", "cite": "I", "u": "U", "ins": "U", "s": "S",
    "strike": "S", "del": "S",
}  # fmt: skip
_ALIGN: Final[dict[str, Align]] = {"center": "C", "right": "R", "end": "R", "justify": "J", "left": "L", "start": "L"}
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
_META: Final = re.compile(rb"""<meta\s[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{2,30})""", re.IGNORECASE)
_DATA: Final = re.compile(r"data:image/(?:png|jpe?g);base64,", re.IGNORECASE)
_PIXEL: Final = 25.4 / 96
_DEEPEST: Final = 400
_MOST_SPANNED: Final = 100


@dataclass(frozen=True, slots=True)
class _Look:
    """What children inherit."""

    style: str = ""
    hidden: bool = False
    capitals: bool = False
    position: str = ""
    kept_blanks: bool = False
    align: Align = "L"
    heading: int = 0
    indent: int = 0


def read(data: bytes, limits: Limits) -> tuple[Block, ...]:
    """Its blocks. FormatError UNREADABLE, UNSAFE (nested without end), TOO_LARGE."""
    if len(data) > limits.xml_bytes:
        raise FormatError(Reason.TOO_LARGE, "Le fichier HTML est trop volumineux.")
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8", huge_tree=True)
    try:
        root = etree.fromstring(text(data).encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FormatError(Reason.UNREADABLE, "Le fichier HTML est abîmé.") from error
    if root is None:
        raise FormatError(Reason.UNREADABLE, "Le fichier HTML est vide.")
    sheet = css.Sheet(one.text or "" for one in root.iter("style"))
    return bounded(_Reader(sheet).read(root), limits)


def text(data: bytes) -> str:
    """The markup, in the encoding that it names, if it is a text in it; else as any text."""
    named = _META.search(data[:4096])
    if named and data[:2] not in {b"\xff\xfe", b"\xfe\xff"} and b"\x00" not in data[:64]:
        try:
            return data.decode(_as_browsers(named[1].decode("ascii")))
        except (LookupError, UnicodeDecodeError):
            pass
    return charset.decode(data)


def _as_browsers(name: str) -> str:
    return "cp1252" if name.lower() in {"iso-8859-1", "iso8859-1", "latin1", "us-ascii", "ascii"} else name


class _Reader:
    """Goes over the tree without recursion; ``_open`` are the places where blocks are gathered, outermost first."""

    def __init__(self, sheet: css.Sheet) -> None:
        self._sheet = sheet
        self._looks = [_Look()]
        self._open: list[list[Block]] = [[]]
        self._rows: list[list[list[Cell]]] = []
        self._items: list[Run | Picture] = []
        self._lists: list[tuple[str, int]] = []
        self._marker = ""
        self._unchosen: set[etree._Element] = set()

    def read(self, root: etree._Element) -> list[Block]:
        """The blocks of the whole page."""
        for event, one in etree.iterwalk(root, events=("start", "end")):
            if event == "start":
                self._start(one)
                self._letters(one.text, self._looks[-1])
            else:
                self._end(one)
                self._letters(one.tail, self._looks[-1])
        self._flush()
        return self._open[0]

    def _start(self, one: etree._Element) -> None:
        tag = str(one.tag)
        if len(self._looks) > _DEEPEST:
            raise FormatError(Reason.UNSAFE, "Le fichier HTML est imbriqué de façon anormale.")
        said = self._sheet.of(tag, one.get("id", ""), one.get("class", "").split(), one.get("style", ""))
        if tag in _BLOCKS or tag in {"table", "tr", "td", "th"}:
            self._flush()
        look = _look(one, tag, said, self._looks[-1])
        self._looks.append(replace(look, hidden=True) if one in self._unchosen else look)
        if self._looks[-1].hidden:
            return
        if tag == "table":
            self._rows.append([])
        elif tag == "tr" and self._rows:
            self._rows[-1].append([])
        elif tag in {"td", "th"} and self._rows:
            self._open.append([])
        elif tag in {"ul", "ol"}:
            self._lists.append((one.get("type") or ("1" if tag == "ol" else ""), _whole(one.get("start"), 1) - 1))
        elif tag == "li":
            self._marker = self._next_marker(one)
        elif tag == "select":
            self._unchosen |= _unchosen(one)
        else:
            self._put(one, tag)

    def _end(self, one: etree._Element) -> None:
        tag, hidden = str(one.tag), self._looks[-1].hidden
        if tag in _BLOCKS or tag in {"table", "tr", "td", "th"}:
            self._flush()
        self._looks.pop()
        if hidden:
            return
        if tag in {"td", "th"} and self._rows:
            blocks = tuple(self._open.pop())
            rows = self._rows[-1] or [[]]
            self._rows[-1] = rows
            columns, tall = _whole(one.get("colspan"), 1), _whole(one.get("rowspan"), 1)
            rows[-1].append(Cell(blocks, min(columns, _MOST_SPANNED), min(tall, _MOST_SPANNED)))
        elif tag == "table":
            rows = self._rows.pop()
            self._open[-1].append(Table(tuple(tuple(row) for row in rows if row), borders=_has_borders(one)))
        elif tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
        elif tag == "li":
            self._marker = ""

    def _put(self, one: etree._Element, tag: str) -> None:
        """Elements that show something without holding it."""
        look = self._looks[-1]
        if tag == "br":
            self._items.append(Run("\n"))
        elif tag == "img":
            self._items += _image(one)
        elif tag == "input":
            self._items += _field(one, look)

    def _letters(self, written: str | None, look: _Look) -> None:
        if not written or look.hidden:
            return
        letters = written if look.kept_blanks else _BLANKS.sub(" ", written)
        if not look.kept_blanks and (not self._items or _ends_blank(self._items[-1])):
            letters = letters.lstrip(" ")
        if letters:
            letters = letters.upper() if look.capitals else letters
            self._items.append(
                Run(
                    raised(letters, "super" if look.position == "super" else "sub" if look.position else ""), look.style
                )
            )

    def _next_marker(self, one: etree._Element) -> str:
        if not self._lists:
            return "•"
        form, count = self._lists[-1]
        count = _whole(one.get("value"), count + 1)
        self._lists[-1] = (form, count)
        return f"{numerals.written(count, form)}." if form in {"1", "a", "A", "i", "I"} else "•"

    def _flush(self) -> None:
        items, self._items = self._items, []
        while items and _is_blank(items[-1]):
            items.pop()
        if not items:
            return
        marker, self._marker, look = self._marker, "", self._looks[-1]
        depth = max(len(self._lists), 1) if marker else look.indent
        self._open[-1].append(Paragraph(tuple(items), look.heading, marker, depth, look.align))


def _look(one: etree._Element, tag: str, said: css.Declarations, before: _Look) -> _Look:
    letters = set(before.style) | set(_LETTERS.get(tag, ""))
    weight = said.get("font-weight", "")
    if weight:
        letters = letters | {"B"} if weight in {"bold", "bolder", "600", "700", "800", "900"} else letters - {"B"}
    if said.get("font-style") in {"italic", "oblique"}:
        letters.add("I")
    lines = said.get("text-decoration", "") + said.get("text-decoration-line", "")
    letters |= {letter for word, letter in (("underline", "U"), ("line-through", "S")) if word in lines}
    align = said.get("text-align") or ("center" if tag == "center" else (one.get("align") or "").lower())
    vertical = said.get("vertical-align", "")
    return replace(
        before,
        style="".join(sorted(letters)),
        hidden=before.hidden or tag in _UNSEEN or one.get("hidden") is not None or css.hides(said),
        capitals=said.get("text-transform") == "uppercase" or (before.capitals and "text-transform" not in said),
        position="super" if tag == "sup" or vertical == "super" else "sub" if tag == "sub" or vertical == "sub" else "",
        kept_blanks=tag in {"pre", "textarea"}
        or said.get("white-space", "pre" if before.kept_blanks else "").startswith("pre"),
        align=_ALIGN.get(align, before.align),
        heading=int(tag[1]) if re.fullmatch("h[1-6]", tag) else before.heading if tag not in {"td", "table"} else 0,
        indent=before.indent + (tag in {"blockquote", "dd", "ul", "ol"}),
    )


def _unchosen(select: etree._Element) -> set[etree._Element]:
    """The options that a list does not show."""
    options = list(select.iter("option"))
    chosen = {option for option in options if option.get("selected") is not None} or set(options[:1])
    return set(options) - chosen


def _image(one: etree._Element) -> Iterator[Picture]:
    width, height = _whole(one.get("width"), 0), _whole(one.get("height"), 0)
    if (one.get("width") and width <= 2) or (one.get("height") and height <= 2):
        return
    source = one.get("src") or ""
    found = _DATA.match(source)
    try:
        data = pybase64.b64decode(source[found.end() :]) if found else b""
    except ValueError:
        data = b""
    yield Picture(data, width * _PIXEL, height * _PIXEL)


def _field(one: etree._Element, look: _Look) -> Iterator[Run]:
    kind = (one.get("type") or "text").lower()
    if kind in {"checkbox", "radio"}:
        yield Run("☒" if one.get("checked") is not None else "☐", look.style)
    elif kind not in {"hidden", "submit", "button", "reset", "image", "file", "password"} and one.get("value"):
        yield Run(one.get("value") or "", look.style)


def _has_borders(table: etree._Element) -> bool:
    said = css.declarations(table.get("style") or "")
    return _whole(table.get("border"), 0) > 0 or any(
        name.startswith("border") and "none" not in said[name] for name in said
    )


def _ends_blank(item: Run | Picture) -> bool:
    return isinstance(item, Run) and item.text[-1:] in {" ", "\n"}


def _is_blank(item: Run | Picture) -> bool:
    return isinstance(item, Run) and not item.text.strip(" \n\t")


def _whole(text: str | None, otherwise: int) -> int:
    found = re.match(r"\s*(\d{1,4})", text or "", re.ASCII)
    return int(found.group(1)) if found else otherwise
