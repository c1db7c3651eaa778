"""The national health directory (annuaire.sante.fr) as its text extractions give it, for ``senders import``.

Two files, told by their header: ``Extraction_Correspondance_MSSante_*.txt`` (one line a mailbox) and
``PS_LibreAcces_Personne_activite_*.txt`` (one line an activity; its few MSSanté addresses stand in the e-mail column).
Columns are separated by ``|``, values quoted or not, a last ``|`` ends the line; names of columns have varied, and are
compared without case, accents nor punctuation. The files are large: they are read twice, and only some hundred bytes
an address are kept between. Of several lines of an address the fullest counts; an address of two professionals is
nobody's.
"""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gateway.intake.tables import MAX_LINE, RowError, TableError
from gateway.model.people import Sender
from gateway.terminology import contains, label

MOST_ADDRESSES = 3_000_000

_COLUMNS = {
    "kind": ("typedebal", "typebal"),
    "address": ("adressebal", "adressebalmssante", "adressemssante", "adresseemailcoordstructure"),
    "id_type": ("typeidentifiantpp", "typedidentifiantpp"),
    "id": ("identifiantpp",),
    "national_id": ("identificationnationalepp",),
    "name": ("nomdexercice", "nomexercice"),
    "given": ("prenomdexercice", "prenomexercice"),
    "title": ("civilitedexercice", "codecivilitedexercice", "libellecivilitedexercice", "libellecivilitexercice"),
    "civility": ("codecivilite", "civilite"),
    "category": ("categorieprofession", "codecategorieprofessionnelle"),
    "profession": ("codeprofession",),
    "skill": ("codesavoirfaire",),
    "section": ("codesectiontableaupharmaciens",),
    "structure_type": ("typeidentifiantstructure",),
    "structure_id": ("identificationstructure",),
    "finess": ("numerofinesssite",),
    "siret": ("numerosiretsite",),
    "service": ("servicederattachement",),
    "structure": ("raisonsocialestructurebal", "raisonsocialesite"),
    "sign": ("enseignecommercialestructurebal", "enseignecommercialesite"),
    "sector": ("codesecteurdactivite",),
}
_KINDS = frozenset({"PER", "ORG", "APP", "CAB"})
_ADDRESS = re.compile(r"[^@\s<>,;\"]+@(?:[a-z0-9\-]+\.)+mssante\.fr\Z")
_RPPS = re.compile(r"\d{11}\Z", re.ASCII)
_FINESS = re.compile(r"\d[\dAB]\d{7}\Z", re.ASCII)
_SIRET = re.compile(r"\d{14}\Z", re.ASCII)
_ADELI = re.compile(r"\d[\dAB]\d{7}\Z", re.ASCII)
_RPPS_TYPE, _ADELI_TYPE = "8", "0"
_STUDENT = "E"
_SHORTEST_ID = 9  # an ADELI number; a line cut short has none


def is_national(header: str) -> bool:
    """Whether a first line is that of one of the two extractions."""
    found = _places(header)
    return "|" in header and {"address", "id", "profession"} <= found.keys()


def read_national(lines: Callable[[], Iterable[str]]) -> Iterator[Sender | RowError]:
    """The senders of a file with an MSSanté address, and the lines left out; ``lines`` opens it, twice.

    Raises TableError when there are more addresses than memory is meant for.
    """
    first = _first_pass(lines())
    source = iter(lines())
    places = _places(next(source, ""))
    for number, line in enumerate(source, 2):
        row = _row(places, line)
        if row is None:
            continue
        key = _digest(row.address)
        if first.chosen.get(key, (0, 0))[1] != number:
            continue
        if key in first.shared:
            yield RowError(number, "", "cette adresse est donnée à plusieurs professionnels : laissée de côté")
        else:
            yield _sender(row, number)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line, by our names of its columns."""

    values: dict[str, str]

    def __getattr__(self, name: str) -> str:
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True)
class _First:
    """By digest of the address: (fullness, line) of the line that counts; the addresses of several professionals."""

    chosen: dict[int, tuple[int, int]]
    shared: set[int]


def _first_pass(lines: Iterable[str]) -> _First:
    source = iter(lines)
    places = _places(next(source, ""))
    chosen: dict[int, tuple[int, int]] = {}
    owners: dict[int, int] = {}
    shared: set[int] = set()
    for number, line in enumerate(source, 2):
        row = _row(places, line)
        if row is None:
            continue
        key, owner = _digest(row.address), _owner(row)
        if owner and owners.setdefault(key, owner) != owner:
            shared.add(key)
        full = _fullness(row)
        if key not in chosen or full > chosen[key][0]:
            chosen[key] = (full, number)
        if len(chosen) > MOST_ADDRESSES:
            raise TableError(f"Ce fichier a plus de {MOST_ADDRESSES} adresses : le couper en plusieurs.")
    return _First(chosen, shared)


def _owner(row: _Row) -> int:
    """A digest of who stands behind the address; 0 for an organisation."""
    number = _rpps(row) or row.national_id
    return _digest(number) if len(number) >= _SHORTEST_ID and _kind(row) == "PER" else 0


def _fullness(row: _Row) -> int:
    """A line of the directory of mailboxes, with RPPS, structure and specialty, tells most."""
    return 8 * (row.kind == "PER") + 4 * bool(_rpps(row)) + 2 * bool(_structure_id(row)) + bool(row.skill)


def _row(places: dict[str, int], line: str) -> _Row | None:
    """A line that has an MSSanté address; None for the others, which are most of them."""
    if ".mssante.fr" not in line.lower() or len(line) > MAX_LINE or "\x00" in line:
        return None
    values = _values(line)
    row = {name: values[at].strip() for name, at in places.items() if at < len(values)}
    row["address"] = row.get("address", "").casefold()
    return _Row(row) if _ADDRESS.match(row["address"]) else None


def _values(line: str) -> list[str]:
    """A quotation mark inside an unquoted value is part of it."""
    if line.lstrip("\ufeff").startswith('"'):
        return next(csv.reader([line], delimiter="|"), [])
    return line.rstrip("\r\n").split("|")


def _places(header: str) -> dict[str, int]:
    names = [_plain(name) for name in _values(header.removeprefix("\ufeff"))]
    found = {}
    for ours, theirs in _COLUMNS.items():
        at = next((names.index(name) for name in theirs if name in names), None)
        if at is not None:
            found[ours] = at
    return found


def _plain(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in apart.casefold() if letter.isascii() and letter.isalnum())


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _sender(row: _Row, number: int) -> Sender | RowError:
    kind = _kind(row)
    if kind not in _KINDS:
        return RowError(number, "Type de BAL", f"écrire l'un de : {', '.join(sorted(_KINDS))}")
    person = kind == "PER"
    structure = row.structure or row.sign
    specialty = _specialty(row) if person else ""
    return Sender(
        address=row.address,
        kind=kind,
        rpps=_rpps(row) if person else "",
        civility=row.civility if person else "",
        title=row.title if person else "",
        name=row.name if person else row.service or structure,
        given=row.given if person else "",
        specialty_code=specialty,
        specialty_label=label("JDV_J01", specialty),
        structure=structure,
        structure_id=_structure_id(row),
        authorised=True,
        sector=row.sector if contains("JDV_J02", row.sector) else "",
        adeli=_adeli(row) if person else "",
    )


def _kind(row: _Row) -> str:
    """The file of activities holds persons only."""
    return row.kind.upper() or "PER"


def _rpps(row: _Row) -> str:
    """Eleven digits; empty for who is known by another number (ADELI)."""
    if row.id_type == _RPPS_TYPE and _RPPS.match(row.id):
        return row.id
    national = row.national_id
    return national[1:] if national.startswith(_RPPS_TYPE) and _RPPS.match(national[1:]) else ""


def _adeli(row: _Row) -> str:
    """Nine characters of who has no RPPS."""
    if row.id_type == _ADELI_TYPE and _ADELI.match(row.id):
        return row.id
    national = row.national_id
    return national[1:] if national.startswith(_ADELI_TYPE) and _ADELI.match(national[1:]) else ""


def _specialty(row: _Row) -> str:
    """The member of JDV_J01: profession and savoir-faire (or section of the pharmacists), else the profession alone."""
    table = "G16" if row.category == _STUDENT else "G15"
    profession = f"{table}_{row.profession}"
    wanted = (f"{profession}/{row.skill}", f"{profession}/{row.section}", profession, row.profession)
    return next((code for code in wanted if contains("JDV_J01", code)), "")


def _structure_id(row: _Row) -> str:
    """Struct_IdNat: the number behind the digit of its kind (spec/dmp/vihf.md: 1 FINESS, 2 SIREN, 3 SIRET…)."""
    number, kind = row.structure_id.replace(" ", ""), row.structure_type
    if number:
        return _prefixed(number, kind)
    if _FINESS.match(row.finess):
        return f"1{row.finess}"
    return f"3{row.siret}" if _SIRET.match(row.siret) else ""


def _prefixed(number: str, kind: str) -> str:
    """The number may bear the digit already; without a kind its form tells it, a bare number of nine being a FINESS."""
    if _FINESS.match(number) and kind in {"", "1", "FINESS"}:
        return f"1{number}"
    if _SIRET.match(number) and kind in {"", "3", "SIRET"}:
        return f"3{number}"
    whole = {"1": _FINESS, "3": _SIRET}.get(number[:1])
    if whole is not None and whole.match(number[1:]):
        return number
    return f"{kind}{number}" if kind.isdigit() and not number.startswith(kind) else number
