"""The little of CSS that decides what a person sees of an HTML letter: what is hidden, and how letters stand.

Only simple selectors are understood (``p``, ``.x``, ``#x``, ``p.x``), which is what mail and letter software writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_PIECE: Final = re.compile(r"[{};]|[^{};]+")
_SELECTOR: Final = re.compile(r"([a-z][a-z0-9]*)?(?:([.#])([\w-]+))?$", re.IGNORECASE)
_MOST_RULES: Final = 2000
_LONGEST: Final = 500_000
_ZERO: Final = re.compile(r"0+(?:\.0+)?(?:px|pt|em|rem|%)?$")

Declarations = Mapping[str, str]


class Sheet:
    """The rules of the style elements of a page."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._rules: dict[tuple[str, str], dict[str, str]] = {}
        for number, (selector, said) in enumerate(_rules("\n".join(texts))):
            if number >= _MOST_RULES:
                break
            found = _SELECTOR.match(selector)
            if found:
                name = f"{found[2] or ''}{(found[3] or '')}"
                self._rules.setdefault(((found[1] or "").lower(), name), {}).update(said)

    def of(self, tag: str, identity: str, classes: Iterable[str], own: str) -> Declarations:
        """What holds for an element; ``own`` is its style attribute, the strongest."""
        said: dict[str, str] = {}
        names = ["", *(f".{one}" for one in classes), f"#{identity}"]
        for name in names:
            said |= self._rules.get(("", name), {}) if name else {}
            said |= self._rules.get((tag, name), {})
        return said | declarations(own)


def declarations(text: str) -> dict[str, str]:
    """``a: b; c: d`` in lower case."""
    pairs = (one.partition(":") for one in text.lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, colon, value in pairs if colon}


def hides(said: Declarations) -> bool:
    """Whether an element is not shown at all."""
    size = said.get("font-size", "")
    return (
        said.get("display") == "none"
        or said.get("visibility") in {"hidden", "collapse"}
        or said.get("mso-hide") == "all"
        or (bool(_ZERO.match(size)) and size != "")
        or bool(_ZERO.match(said.get("opacity", "1")))
    )


def _rules(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for prelude, inside in _blocks(_COMMENT.sub(" ", text[:_LONGEST])):
        said = declarations(inside)
        for selector in prelude.split(","):
            yield selector.strip(), said


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """What stands before each pair of braces and in it; at-rules (media, imports) and their blocks left out."""
    prelude, inside, depth = "", "", 0
    for piece in _PIECE.findall(text):
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth = max(depth - 1, 0)
            if not depth:
                if not prelude.lstrip().startswith("@"):
                    yield prelude, inside
                prelude = inside = ""
        elif depth == 1:
            inside += piece
        elif not depth:
            prelude = "" if piece == ";" else piece
