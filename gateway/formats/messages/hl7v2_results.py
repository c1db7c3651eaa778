"""The OBX segments of HL7 v2: files inside, flags of the French volets, and results as a person reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gateway.formats import charset
from gateway.formats.errors import FormatError
from gateway.formats.messages import delimited, readable
from gateway.formats.messages.delimited import Segment
from gateway.formats.messages.message import Inner
from gateway.formats.sniff import Kind, sniff
from gateway.model.documents import Visibility
from gateway.model.reasons import Reason

WITHDRAWN: Final = frozenset({"D", "W"})
_FLAGS: Final = "MetaDMPMSS"
_FLAG: Final = re.compile(
    r"MASQUE_PS|INVISIBLE_(?:PATIENT|REP_LEGAUX|REPRESENTANTS_LEGAUX)|CONNEXION_SECRETE|MODIF_CONF(?:IDENTIALITY)?_?CODE|"
    r"DEST(?:DMP|MSSANTEPS|MSSANTEPAT)|ACK_RECEPTION|ACK_LECTURE(?:_MSS)?|CORPSMAIL_(?:PS|PATIENT)"
)
_CODED: Final = frozenset({"CE", "CWE", "CNE", "CF"})
_PROSE: Final = frozenset({"TX", "FT"})
_PLAIN: Final = frozenset({"", "PLAIN", "TXT", "TEXT", "ASCII"})
_PDF: Final = "JVBERi"  # %PDF in base64
_END: Final = re.compile("JSVFT0|UlRU9G|lJUVPR")  # %%EOF in base64, wherever it begins
_TAIL: Final = 4096
_NOTES: Final = {
    "P": "provisoire",
    "S": "partiel",
    "R": "non validé",
    "I": "en attente",
    "A": "partiel",
    "O": "en attente",
    "C": "corrigé",
    "D": "annulé",
    "W": "annulé : attribué par erreur",
    "X": "non rendu",
}


def is_flag(one: Segment) -> bool:
    """Whether an OBX is no result but a wish about the document (spec/mssante/dpi-hl7v2.md §3, §6)."""
    return one.text(3, 3) == _FLAGS or _FLAG.fullmatch(one.text(3)) is not None


def visibility(results: Sequence[Segment]) -> Visibility:
    """The masks that are asked for."""
    asked = {one.text(3) for one in results if is_flag(one) and one.text(5).upper() == "Y"}
    return Visibility(
        masked_to_professionals="MASQUE_PS" in asked,
        invisible_to_patient="INVISIBLE_PATIENT" in asked,
        invisible_to_representatives=bool(asked & {"INVISIBLE_REP_LEGAUX", "INVISIBLE_REPRESENTANTS_LEGAUX"}),
    )


def files(results: Sequence[Segment]) -> tuple[Inner, ...]:
    """The files inside, without those withdrawn. UNREADABLE for one that is not there."""
    held = [one for one in results if _is_file(one) and one.text(11).upper() not in WITHDRAWN]
    return tuple(Inner("", _decoded(pieces)) for pieces in _wholes(held))


def beside(results: Sequence[Segment]) -> tuple[str, ...]:
    """The names of the files that results only point to (type RP)."""
    pointed = (one.text(5).replace("\\", "/") for one in results if one.text(2).upper() == "RP" and not is_flag(one))
    return tuple(name.rpartition("/")[2] for name in pointed if name and "://" not in name)


def lines(body: Sequence[Segment]) -> Iterator[str]:
    """Requests, results and comments, one after the other."""
    last = ""
    for one in body:
        if one.name == "OBR":
            last = one.text(4, 2) or one.text(4)
            note = _NOTES.get(one.text(25).upper(), "")
            yield f"\n{last}{f' [{note}]' if note else ''}"
        elif one.name == "NTE":
            yield "\n".join(one.signs.unescape(item) for item in one.repetitions(3))
        elif one.name == "OBX" and not is_flag(one) and not _is_file(one):
            label = one.text(3, 2) or one.text(3)
            yield _result(one, "" if label == last else label)
            last = label if one.text(2).upper() in _PROSE else last


def _result(one: Segment, label: str) -> str:
    kind = one.text(2).upper()
    if kind == "ED":
        return readable.result(label, _told(one))
    if kind == "RP":
        return f"{label} : voir le fichier {one.text(5)}"
    value = "\n".join(filter(None, (_value(one, kind, item) for item in one.repetitions(5))))
    note = _NOTES.get(one.text(11).upper(), "")
    unit, normals = one.text(6, 2) or one.text(6), one.signs.unescape(one.raw(7))
    if kind not in _PROSE and not label:
        label = one.text(3, 2) or one.text(3)
    return readable.result(label, value, unit=unit, normals=normals, flag=one.text(8), note=note)


def _value(one: Segment, kind: str, item: str) -> str:
    if kind in _CODED:
        return one.part(item, 2) or one.part(item, 9) or one.part(item, 1)
    if kind == "SN":
        return "".join(one.part(item, number) for number in range(1, 5))
    stamp = readable.day(item) if kind in {"DT", "TS", "DTM"} else ""
    return stamp or one.signs.unescape(item.replace(one.signs.component, " ")).strip("\n")


def _is_file(one: Segment) -> bool:
    """Whether an OBX holds a file: encapsulated data that is not plain text."""
    if one.text(2).upper() != "ED" or is_flag(one):
        return False
    kinds = {one.text(5, number).upper() for number in (2, 3)}
    return not (kinds & {"TEXT"} and one.text(5, 3).upper() in _PLAIN) and not (kinds <= {"", "TX", "FT"})


def _wholes(held: Sequence[Segment]) -> Iterator[list[Segment]]:
    """The OBX of each file: a PDF may be cut over several, numbered by their sub-identifiers (HL7 v2.5 §7.4.2.4)."""
    pieces: list[Segment] = []
    for one in held:
        if pieces and not _goes_on(pieces, one):
            yield pieces
            pieces = []
        pieces.append(one)
    if pieces:
        yield pieces


def _goes_on(pieces: Sequence[Segment], one: Segment) -> bool:
    """Whether an OBX holds what follows of a PDF that has not ended."""
    last, number = pieces[-1].text(4), one.text(4)
    numbered = last.isdecimal() and number.isdecimal() and int(number) == int(last) + 1
    if not numbered or one.text(3) != pieces[0].text(3) or _packed(one).startswith(_PDF):
        return False
    return _packed(pieces[0]).startswith(_PDF) and not _END.search("".join(_packed(pieces[-1])[-_TAIL:].split()))


def _packed(one: Segment) -> str:
    parts = one.raw(5).split(one.signs.component)
    return parts[4] if len(parts) > 4 else parts[-1]


def _decoded(pieces: Sequence[Segment]) -> bytes:
    """The file of its OBX. UNREADABLE when something else stands where a file is announced: a placeholder."""
    one = pieces[0]
    data = delimited.base64_file("".join(map(_packed, pieces)))
    if sniff(data) in {Kind.TEXT, Kind.EMPTY, Kind.UNKNOWN}:
        detail = f"Le message annonce un fichier{_named(one)} mais n'en contient pas le contenu."
        raise FormatError(Reason.UNREADABLE, detail)
    return data


def _named(one: Segment) -> str:
    kind = one.text(5, 3).upper()
    return f" {kind}" if kind in {"PDF", "XML", "RTF", "TIFF", "TIF", "JPEG", "ZIP", "CDA"} else ""


def _told(one: Segment) -> str:
    """Encapsulated plain text, in base64 or as it is."""
    packed = _packed(one)
    if one.text(5, 4).upper() != "BASE64":
        return one.signs.unescape(packed)
    return charset.decode(delimited.base64_file(packed))
