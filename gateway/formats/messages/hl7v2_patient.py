"""The PID segment of HL7 v2 as a claimed identity (PAM.fr; spec/mssante/dpi-hl7v2.md §3, identity-ins.md §1.3)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from gateway.formats.messages import delimited
from gateway.formats.messages.delimited import Segment
from gateway.model.identity import INS_OIDS, Claim, Ins

_INS_TYPES: Final = frozenset({"INS", "INS-NIR", "INS-NIA"})
_COMMUNE: Final = re.compile(r"(?:\d{2}|2[AB])\d{3}")


def claims(patient: Segment) -> tuple[Claim, ...]:
    """The patient's identity; once more for each further INS that is in force, so that two are seen to disagree."""
    numbers, local = _identifiers(patient)
    own = replace(_traits(patient), local_ids=tuple(local))
    found = own.found + ((("ins", "PID-3"),) if numbers else ())
    return tuple(replace(own, ins=number, found=found) for number in numbers) or (own,)


def _identifiers(patient: Segment) -> tuple[list[Ins], list[tuple[str, str]]]:
    """PID-3: the INS known by their OID or type, without those that have expired; then all other numbers."""
    numbers: dict[Ins, None] = {}
    local: list[tuple[str, str]] = []
    for item in patient.repetitions(3):
        number, kind = patient.part(item, 1).replace(" ", ""), patient.part(item, 5).upper()
        namespace, oid = patient.part(item, 4), patient.part(item, 4, 2).removeprefix("urn:oid:")
        if not number:
            continue
        if oid in INS_OIDS or (kind in _INS_TYPES and not oid):
            if not patient.part(item, 8):
                numbers[Ins(number, oid)] = None
        else:
            local.append((oid or namespace, number))
    return list(numbers), local


def _traits(patient: Segment) -> Claim:
    names = {}
    for item in reversed(patient.repetitions(5)):
        names[patient.part(item, 7).upper()] = item
    birth, used, plain = names.get("L") or names.get("B"), names.get("D"), names.get("") or names.get("U")
    if plain and birth and not used:
        used, plain = plain, None
    main = birth or plain or used or ""
    given, further = patient.part(main, 2), patient.part(main, 3)
    sex, place = patient.text(8).upper(), _birth_place(patient)
    claim = Claim(
        source="hl7v2",
        birth_name=(patient.part(birth, 1) or None) if birth else None,
        used_name=(patient.part(used, 1) or None) if used else None,
        family_name=(patient.part(plain, 1) or None) if plain and not birth else None,
        first_given=given or None,
        given_names=_listed(given, further),
        birth_date=delimited.day(patient.text(7)) or None,
        sex=sex if sex in {"M", "F"} else ("U" if sex else None),
        birth_place=place or None,
    )
    fields: tuple[tuple[str, str], ...]
    fields = (("birth_name", "PID-5"), ("used_name", "PID-5"), ("family_name", "PID-5"), ("first_given", "PID-5"))
    fields += (("birth_date", "PID-7"), ("sex", "PID-8"), ("birth_place", "PID-11"))
    return replace(claim, found=tuple((trait, field) for trait, field in fields if getattr(claim, trait)))


def _listed(given: str, further: str) -> str | None:
    """The list of given names: in French messages the further ones often begin with the first again."""
    if not further:
        return given or None
    begins = further.casefold().split()[: len(given.split())] == given.casefold().split()
    return further if begins or not given else f"{given} {further}"


def _birth_place(patient: Segment) -> str:
    """The COG code: the county of the address of type BDL, else PID-23 when it is a code."""
    addresses = (item for item in patient.repetitions(11) if patient.part(item, 7).upper() == "BDL")
    codes = [patient.part(item, 9).upper() for item in addresses] + [patient.text(23).upper()]
    return next((code for code in codes if _COMMUNE.fullmatch(code)), "")
