"""The patient index and the sender directory as CSV files, as ``patients import`` and ``senders import`` read them.

UTF-8 with or without byte order mark, ``,`` or ``;``, columns in any order, others ignored. A bad line is reported by
its number, its column and a reason, never by its content, and the others are read; a missing column refuses the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from gateway.intake.errors import IntakeError
from gateway.model.identity import INS_OIDS, Ins, InsStatus, Patient
from gateway.model.people import Sender

PATIENT_COLUMNS = ("ipp", "ins", "ins_oid", "ins_status", "birth_name", "first_given", "birth_date", "sex")
SENDER_COLUMNS = ("address", "kind", "rpps", "name", "specialty_code", "structure_id", "authorised")
KINDS = frozenset({"PER", "ORG", "APP", "CAB"})
MAX_LINE = 20_000

_YES = frozenset({"1", "oui", "yes", "true", "vrai", "o", "y"})
_NO = frozenset({"", "0", "non", "no", "false", "faux", "n"})
_SEXES = {"m": "M", "1": "M", "h": "M", "f": "F", "2": "F", "": "U", "u": "U", "un": "U", "i": "U"}
_STATUSES = {"qualifiée": "qualifiee", "validée": "validee", "récupérée": "recuperee", "": "provisoire"}
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})\Z", re.ASCII)
_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+\Z")
_RPPS = re.compile(r"(\d{11})?\Z", re.ASCII)
_ADELI = re.compile(r"(\d[\dAB]\d{7})?\Z", re.ASCII)
_MATRICULE = re.compile(r"\d{6}[\dAB]\d{8}\Z", re.ASCII)  # Corsica: 2A or 2B at positions 6 and 7
_SPLIT = re.compile(r"[;|,\s]+")
_T = TypeVar("_T")


class TableError(IntakeError):
    """The file is no such table; nothing of it was read."""

    code = "table"


@dataclass(frozen=True, slots=True)
class RowError:
    """A line that was left out. ``line`` counts from 1 with the header; ``column`` is empty for the whole line."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        column = f", colonne « {self.column} »" if self.column else ""
        return f"ligne {self.line}{column} : {self.reason}"


def read_patients(lines: Iterable[str]) -> Iterator[Patient | RowError]:
    """The patients of a file, in its order, and the lines left out. Raises TableError before the first."""
    return _read(lines, PATIENT_COLUMNS, _patient, "ipp")


def read_senders(lines: Iterable[str]) -> Iterator[Sender | RowError]:
    """The senders of a file, in its order, and the lines left out. Raises TableError before the first."""
    return _read(lines, SENDER_COLUMNS, _sender, "address")


class _BadValueError(ValueError):
    """A value that cannot be; the text is the reason."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


class _Row:
    """One line by column name; absent columns are empty."""

    def __init__(self, names: list[str], values: list[str]) -> None:
        if len(values) > len(names) and any(value.strip() for value in values[len(names) :]):
            raise _BadValueError(
                "", "plus de valeurs que de colonnes ; mettre entre guillemets ce qui contient un séparateur"
            )
        self._values = dict(zip(names, (value.strip() for value in values), strict=False))

    def text(self, column: str) -> str:
        return self._values.get(column, "")

    def required(self, column: str) -> str:
        value = self.text(column)
        if not value:
            raise _BadValueError(column, "la valeur manque")
        return value

    def flag(self, column: str) -> bool:
        value = self.text(column).casefold()
        if value not in _YES | _NO:
            raise _BadValueError(column, "écrire 1 (oui) ou 0 (non)")
        return value in _YES

    def date(self, column: str) -> str:
        value = self.text(column)
        found = _DATE.match(value)
        if value and not (found and int(found[2]) <= 12 and int(found[3]) <= 31):
            raise _BadValueError(column, "écrire la date AAAA-MM-JJ ou AAAAMMJJ, 00 pour un jour ou un mois inconnu")
        return "".join(found.groups()) if found else ""


def _read(
    lines: Iterable[str], required: tuple[str, ...], make: Callable[[_Row], _T], key: str
) -> Iterator[_T | RowError]:
    source = iter(lines)
    header = next(source, "").removeprefix("\ufeff")
    if len(header) > MAX_LINE:
        raise TableError("La première ligne est démesurée ; elle doit nommer les colonnes.")
    separator = ";" if header.count(";") > header.count(",") else ","
    names = [name.strip().casefold() for name in next(csv.reader([header], delimiter=separator), [])]
    _check(names, required)
    return _rows(source, separator, names, make, key)


def _check(names: list[str], required: tuple[str, ...]) -> None:
    missing = [name for name in required if name not in names]
    if missing:
        what = "les colonnes" if len(missing) > 1 else "la colonne"
        raise TableError(
            f"Il manque {what} {', '.join(missing)} ; la première ligne doit nommer les colonnes, "
            "séparées par des virgules ou des points-virgules."
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise TableError(f"La colonne {', '.join(twice)} est donnée deux fois ; n'en garder qu'une.")


def _rows(
    source: Iterator[str], separator: str, names: list[str], make: Callable[[_Row], _T], key: str
) -> Iterator[_T | RowError]:
    """Each physical line is a row: a quotation mark left open costs its own line, not the rest of the file."""
    seen: dict[str, int] = {}
    for number, line in enumerate(source, 2):
        if not line.strip():
            continue
        try:
            row = _Row(names, _values(line, separator))
            made = make(row)
        except _BadValueError as problem:
            yield RowError(number, problem.column, str(problem))
            continue
        first = seen.setdefault(row.text(key).casefold(), number)
        if first != number:
            yield RowError(number, key, f"déjà donné ligne {first}")
        else:
            yield made


def _values(line: str, separator: str) -> list[str]:
    if len(line) > MAX_LINE:
        raise _BadValueError("", "la ligne est trop longue")
    if "\x00" in line:
        raise _BadValueError("", "la ligne contient un caractère nul")
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error as problem:
        raise _BadValueError("", "guillemets mal placés ou non fermés") from problem


def _patient(row: _Row) -> Patient:
    ins = _ins(row)
    first = row.text("first_given") or row.text("first_names").split(" ")[0]
    return Patient(
        ipp=row.required("ipp"),
        ins=ins,
        ins_status=_status(row, ins),
        birth_name=row.required("birth_name"),
        used_name=row.text("used_name"),
        given_names=row.text("first_names") or first,
        first_given=first,
        birth_date=row.date("birth_date"),
        sex=_among(row, "sex", _SEXES, "M, F ou U"),
        birth_place=row.text("birth_place_cog").upper(),
        opposed=row.flag("opposed"),
        attributes=frozenset(_SPLIT.split(row.text("attributes"))) - {""},
        replaced_by=row.text("replaced_by") or None,
    )


def _ins(row: _Row) -> Ins | None:
    number, oid = row.text("ins").replace(" ", "").upper(), row.text("ins_oid")
    if not number:
        return None
    if not _MATRICULE.match(number):
        raise _BadValueError("ins", "un matricule INS a 15 caractères")
    if oid not in INS_OIDS:
        raise _BadValueError(
            "ins_oid", "cet OID n'est pas une autorité de l'INS" if oid else "l'OID du matricule manque"
        )
    return Ins(number, oid)


def _status(row: _Row, ins: Ins | None) -> InsStatus:
    written = row.text("ins_status").casefold()
    value = _STATUSES.get(written, written)
    if value not in set(InsStatus):
        raise _BadValueError("ins_status", f"écrire l'un de : {', '.join(InsStatus)}")
    if ins is None and value in {InsStatus.QUALIFIEE, InsStatus.RECUPEREE}:
        raise _BadValueError("ins_status", "une identité qualifiée ou récupérée a un matricule INS, qui manque ici")
    return InsStatus(value)


def _sender(row: _Row) -> Sender:
    address = row.required("address").casefold()
    if not _ADDRESS.match(address):
        raise _BadValueError("address", "ce n'est pas une adresse de messagerie")
    if not _RPPS.match(row.text("rpps")):
        raise _BadValueError("rpps", "un RPPS a 11 chiffres ; laisser vide pour une boîte sans professionnel")
    if not _ADELI.match(row.text("adeli")):
        raise _BadValueError("adeli", "un numéro ADELI a 9 caractères ; laisser vide pour qui a un RPPS")
    return Sender(
        address=address,
        kind=_among(row, "kind", {kind.casefold(): kind for kind in KINDS}, ", ".join(sorted(KINDS))),
        rpps=row.text("rpps"),
        civility=row.text("civility"),
        title=row.text("title"),
        name=row.text("name"),
        given=row.text("given"),
        specialty_code=row.text("specialty_code"),
        specialty_label=row.text("specialty_label"),
        structure=row.text("structure"),
        structure_id=row.text("structure_id"),
        authorised=row.flag("authorised"),
        feeds_dmp=row.flag("feeds_dmp"),
        sector=row.text("sector"),
        practice_setting=row.text("practice_setting"),
        adeli=row.text("adeli"),
    )


def _among(row: _Row, column: str, values: dict[str, str], shown: str) -> str:
    value = values.get(row.text(column).casefold())
    if value is None:
        raise _BadValueError(column, f"écrire l'un de : {shown}")
    return value
