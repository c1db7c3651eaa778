"""HL7 v2 ADT messages of PAM.fr to values: what the hospital's identity source says of a patient.

Sources: IHE PAM ITI-30/ITI-31, PAM.fr 2.11 (spec/mssante/identity-ins.md §3), the ANS's examples for ZFA. A message is
a snapshot of one patient, or says that two records are one, or that an identifier changed. The INS is known by the OID
of its authority alone, the IPP by its type PI and our authority.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.model.identity import INS_OIDS, Ins, InsStatus, Patient
from gateway.protocols.hl7_ack import AckError
from gateway.protocols.hl7v2 import Message, Segment

UPDATES = frozenset({"A01", "A04", "A05", "A08", "A28", "A31"})
#: Events that change identities in ways that are not understood here: refused, so that nobody believes them done.
NOT_UNDERSTOOD = frozenset(
    {"A18", "A23", "A29", "A30", "A34", "A35", "A36", "A39", "A41", "A42", "A43", "A46", "A48", "A49", "A50", "A51"}
)

_REQUIRED, _BAD_VALUE = "101", "102"
_BAD_TYPE, _BAD_EVENT = "200", "201"
_STATUSES = frozenset({"VALI", "PROV", "VIDE"})
_HOMONYM = frozenset({"HOMD", "HOMA"})
_SEXES = {"M": "M", "F": "F"}
_OPPOSED = {"IO": True, "INO": False}


class AdtError(ValueError):
    """The message is HL7 but cannot be understood. Its text holds no patient data."""

    def __init__(self, condition: str, text: str, location: str = "") -> None:
        """``condition`` is of table 0357, ``location`` is ERR-2."""
        super().__init__(text)
        self.error = AckError(condition, text=text, location=location)


@dataclass(frozen=True, slots=True)
class PatientUpdate:
    """A whole identity, as it now stands. ``opposed`` None: the message does not say; keep what is known.

    ``recorded`` is EVN-2 (else MSH-7), an HL7 time stamp.
    """

    patient: Patient
    opposed: bool | None
    trigger: str
    recorded: str


@dataclass(frozen=True, slots=True)
class Merge:
    """``merged`` is no more: its documents belong to ``survivor`` (A40). Both are IPPs."""

    survivor: str
    merged: str
    recorded: str


@dataclass(frozen=True, slots=True)
class IdentifierChange:
    """The identifier of one patient changed (A47): his IPP from ``former_ipp``, or his INS from ``former_ins``."""

    ipp: str
    ins: Ins | None
    former_ipp: str | None
    former_ins: Ins | None
    recorded: str


@dataclass(frozen=True, slots=True)
class Link:
    """Two records are said to be of one person, without being merged (A24). IPPs."""

    ipp: str
    other: str
    recorded: str


@dataclass(frozen=True, slots=True)
class Unlink:
    """The contrary of Link (A37)."""

    ipp: str
    other: str
    recorded: str


@dataclass(frozen=True, slots=True)
class Unconcerned:
    """A movement that says nothing of identities (A02, A03…): acknowledged, nothing to do."""

    trigger: str


AdtEvent = PatientUpdate | Merge | IdentifierChange | Link | Unlink | Unconcerned


def read(message: Message, ipp_oid: str) -> AdtEvent:
    """What the message says. ``ipp_oid`` is the authority of our IPPs. Raises AdtError."""
    kind, trigger = message.field("MSH", 9), message.field("MSH", 9, component=2) or message.field("EVN", 1)
    if kind != "ADT":
        raise AdtError(_BAD_TYPE, "Seuls les messages ADT sont attendus ici.", "MSH^1^9")
    recorded = message.field("EVN", 2) or message.field("MSH", 7)
    if trigger in UPDATES:
        return _update(message, ipp_oid, trigger, recorded)
    if trigger == "A40":
        return _merge(message, ipp_oid, recorded)
    if trigger == "A47":
        return _identifier_change(message, ipp_oid, recorded)
    if trigger in {"A24", "A37"}:
        return _link(message, ipp_oid, trigger, recorded)
    if trigger in NOT_UNDERSTOOD or not trigger:
        raise AdtError(_BAD_EVENT, "Cet événement d'identité n'est pas pris en charge.", "MSH^1^9^1^2")
    return Unconcerned(trigger)


def _update(message: Message, ipp_oid: str, trigger: str, recorded: str) -> PatientUpdate:
    pid = _only(message, "PID")
    opposed = _OPPOSED.get(message.field("ZFA", 9).strip())
    return PatientUpdate(_patient(pid, ipp_oid, opposed=bool(opposed)), opposed, trigger, recorded)


def _merge(message: Message, ipp_oid: str, recorded: str) -> Merge:
    survivor = _ipp(_only(message, "PID"), 3, ipp_oid)
    merged = _ipp(_only(message, "MRG"), 1, ipp_oid)
    if survivor == merged:
        raise AdtError(_BAD_VALUE, "Le dossier fusionné est le dossier conservé.", "MRG^1^1")
    return Merge(survivor, merged, recorded)


def _identifier_change(message: Message, ipp_oid: str, recorded: str) -> IdentifierChange:
    pid, mrg = _only(message, "PID"), _only(message, "MRG")
    ipp = _ipp(pid, 3, ipp_oid)
    former_ins = _ins(mrg, 1)
    former_ipp = None if former_ins else _ipp(mrg, 1, ipp_oid)
    return IdentifierChange(ipp, _ins(pid, 3), former_ipp, former_ins, recorded)


def _link(message: Message, ipp_oid: str, trigger: str, recorded: str) -> Link | Unlink:
    pids = message.named("PID")
    if len(pids) != 2:
        raise AdtError(_REQUIRED, "Un lien demande deux segments PID.", "PID^2")
    one, other = (_ipp(pid, 3, ipp_oid) for pid in pids)
    if one == other:
        raise AdtError(_BAD_VALUE, "Les deux dossiers à lier sont le même.", "PID^2^3")
    return (Link if trigger == "A24" else Unlink)(one, other, recorded)


def _patient(pid: Segment, ipp_oid: str, *, opposed: bool) -> Patient:
    ins = _ins(pid, 3)
    birth, used = _name(pid, "L") or _name(pid, ""), _name(pid, "D")
    if not birth or not (birth_name := _text(pid, 5, birth)):
        raise AdtError(_REQUIRED, "Le nom de naissance (PID-5, type L) manque.", "PID^1^5")
    first, given = _text(pid, 5, birth, 2), _text(pid, 5, birth, 3)
    codes = _codes(pid)
    return Patient(
        ipp=_ipp(pid, 3, ipp_oid),
        ins=ins,
        ins_status=_status(codes, ins),
        birth_name=birth_name,
        used_name=_text(pid, 5, used) if used else "",
        given_names=given or first,
        first_given=first or given.split(" ")[0],
        birth_date=_date(_text(pid, 7)),
        sex=_SEXES.get(_text(pid, 8).upper(), "U"),
        birth_place=_birth_place(pid),
        opposed=opposed,
        attributes=_attributes(codes),
    )


def _only(message: Message, name: str) -> Segment:
    """The one segment of this name: one message speaks of one patient, else none of it is believed."""
    found = message.named(name)
    if len(found) != 1:
        problem = "manque" if not found else "est répété ; envoyer un message par patient"
        raise AdtError(_REQUIRED if not found else "100", f"Le segment {name} {problem}.", name)
    return found[0]


def _ipp(segment: Segment, field: int, ipp_oid: str) -> str:
    """Our IPP: type PI of our authority, else the only PI whose authority is no OID."""
    place = f"{segment.name}^1^{field}"
    ours, unnamed = set(), set()
    for n in _repetitions(segment, field):
        if _text(segment, field, n, 5) != "PI":
            continue
        authority = segment.field(field, n, 4, 2).strip()
        if authority == ipp_oid:
            ours.add(_text(segment, field, n))
        elif not authority or segment.field(field, n, 4, 3).strip() not in {"", "ISO"}:
            unnamed.add(_text(segment, field, n))
    found = (ours or unnamed) - {""}
    if len(found) != 1:
        problem = "manque" if not found else "est ambigu"
        raise AdtError(_REQUIRED if not found else _BAD_VALUE, f"L'IPP (type PI, notre autorité) {problem}.", place)
    return found.pop()


def _ins(segment: Segment, field: int) -> Ins | None:
    """The current INS; repetitions with an end date (CX.8) are history."""
    found = {
        Ins(_text(segment, field, n).replace(" ", "").upper(), oid)
        for n in _repetitions(segment, field)
        if (oid := segment.field(field, n, 4, 2).strip()) in INS_OIDS and not _text(segment, field, n, 8)
    }
    place = f"{segment.name}^1^{field}"
    if len(found) > 1:
        raise AdtError(_BAD_VALUE, "Deux matricules INS en cours pour un même patient.", place)
    ins = found.pop() if found else None
    if ins and not (len(ins.number) == 15 and ins.number.isascii() and ins.number.isalnum()):
        raise AdtError(_BAD_VALUE, "Le matricule INS n'a pas 15 caractères.", place)
    return ins


def _status(codes: frozenset[str], ins: Ins | None) -> InsStatus:
    """PID-32 and the presence of an INS to the status (identity-ins.md §3). Both VALI and PROV: the lesser one."""
    if "VALI" in codes and "PROV" not in codes:
        return InsStatus.QUALIFIEE if ins else InsStatus.VALIDEE
    return InsStatus.RECUPEREE if ins and "PROV" in codes else InsStatus.PROVISOIRE


def _attributes(codes: frozenset[str]) -> frozenset[str]:
    return (codes - _STATUSES) | ({"homonyme"} if codes & _HOMONYM else frozenset())


def _codes(pid: Segment) -> frozenset[str]:
    return frozenset(_text(pid, 32, n).upper() for n in _repetitions(pid, 32)) - {""}


def _name(pid: Segment, kind: str) -> int | None:
    """Which repetition of PID-5 has this type."""
    return next((n for n in _repetitions(pid, 5) if _text(pid, 5, n, 7) == kind), None)


def _birth_place(pid: Segment) -> str:
    places = (_text(pid, 11, n, 9) for n in _repetitions(pid, 11) if _text(pid, 11, n, 7) == "BDL")
    return next(places, "").upper()


def _date(stamp: str) -> str:
    """YYYYMMDD of an HL7 time stamp; a year or a month alone is completed by zeros."""
    digits = stamp[:8]
    if not digits:
        return ""
    if not (digits.isascii() and digits.isdigit() and len(digits) in {4, 6, 8}):
        raise AdtError(_BAD_VALUE, "La date de naissance (PID-7) n'est pas une date HL7.", "PID^1^7")
    return digits.ljust(8, "0")


def _repetitions(segment: Segment, field: int) -> Iterator[int]:
    return iter(range(1, segment.repetitions(field) + 1))


def _text(segment: Segment, field: int, repetition: int = 1, component: int = 1) -> str:
    """One value; HL7's explicit null is empty."""
    value = segment.field(field, repetition, component).strip()
    return "" if value == '""' else value
