"""The INS Data Matrix: 26 characters of header, then blocks in any order (spec/mssante/identity-ins.md §6).

Read by position, as the specification writes it: a value may hold what looks like the name of another block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from gateway.model.identity import INS_OIDS, Claim, Ins

_HEADER: Final = "IS01" + "0" * 22
_SEPARATOR: Final = "\x1d"
_PRINTED: Final = "<GS>"
_ENDS: Final = r"(?=\x1d|S[1-7]|$)"
_NAMES: Final = rf"[A-Z](?:[A-Z' ]|-(?!--)){{0,99}}?{_ENDS}"

#: What each block holds, and its shape. A value of variable length ends at its separator; where a scanner has dropped
#: that, the name of the next block is seen all the same, for names have no figures and an OID has no letters.
_BLOCKS: Final = {
    "S1": ("ins", re.compile(r"[1-8][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{8}")),
    "S2": ("oid", re.compile(rf"[0-2](?:\.(?:0|[1-9][0-9]*))+{_ENDS}")),
    "S3": ("given_names", re.compile(_NAMES)),
    "S4": ("birth_name", re.compile(_NAMES)),
    "S5": ("sex", re.compile("[MF]")),
    "S6": ("birth_date", re.compile("[0-9]{2}-[0-9]{2}-[0-9]{4}")),
    "S7": ("birth_place", re.compile("[0-9][0-9AB][0-9]{3}")),
}
_REQUIRED: Final = frozenset(_BLOCKS) - {"S7"}


def read(symbol: str) -> Claim | None:
    """The identity of one symbol; None for whatever the specification does not allow.

    A number with a wrong key is stated all the same: it stands against the traits, as any printed one.
    ``given_names`` is the list as it stands; ``first_given`` only when it holds one word, for the list does not show
    where a first given name of two words ends.
    """
    text = symbol.replace(_PRINTED, _SEPARATOR).rstrip(_SEPARATOR)
    said = _blocks(text.removeprefix(_HEADER)) if text.startswith(_HEADER) else None
    if said is None or not said.keys() >= _REQUIRED:
        return None
    born = _date(said["S6"])
    ins = Ins(said["S1"], said["S2"])
    if born is None or ins.oid not in INS_OIDS:
        return None
    given = said["S3"]
    return Claim(
        source="datamatrix",
        ins=ins,
        birth_name=said["S4"],
        first_given=given if given.isalpha() else None,
        given_names=given,
        birth_date=born,
        sex=said["S5"],
        birth_place=said.get("S7"),
        found=tuple((_BLOCKS[name][0], f"Data Matrix {name}") for name in sorted(said)),
    )


def claims(symbols: Iterable[str]) -> tuple[Claim, ...]:
    """The identities of several symbols; one that is not an INS symbol says nothing."""
    return tuple(claim for claim in map(read, symbols) if claim is not None)


def _blocks(text: str) -> dict[str, str] | None:
    """The value of each block; None when one is unknown, twice there, or not of its shape."""
    said: dict[str, str] = {}
    at = 0
    while at < len(text):
        name = text[at : at + 2]
        value = _BLOCKS[name][1].match(text, at + 2) if name in _BLOCKS and name not in said else None
        if value is None:
            return None
        said[name] = value.group()
        at = value.end() + text.startswith(_SEPARATOR, value.end())
    return said


def _date(written: str) -> str | None:
    day, month, year = written.split("-")
    if "00" not in (day, month):
        try:
            date(int(year), int(month), int(day))
        except ValueError:
            return None
    return year + month + day
