"""The P segment of HPRIM Santé: where each version keeps the traits of the patient (spec/mssante/hprim.md §2.3)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from gateway.formats.messages import delimited
from gateway.formats.messages.delimited import Segment
from gateway.model.identity import Claim, Ins

_INS_TYPES: Final = frozenset({"INS-NIR", "INS-NIA", "INS"})
_WITH_INS: Final = (2, 4)  # the first version that says the kind of an identifier
_SEX: Final = {"M": "M", "F": "F"}
_CIVILITIES: Final = {"M": "M", "MR": "M", "MONSIEUR": "M", "MME": "F", "MADAME": "F", "MLLE": "F", "MELLE": "F"}
_COMMUNE: Final = re.compile(r"(?:\d{2}|2[AB])\d{3}")


def claims(header: Segment, patient: Segment) -> tuple[Claim, ...]:
    """The patient's identity; once more for each further INS that is in force, so that two are seen to disagree."""
    numbers = _numbers(patient) if _version(header) >= _WITH_INS else []
    own = _traits(patient)
    found = own.found + ((("ins", "P-11"),) if numbers else ())
    return tuple(replace(own, ins=number, found=found) for number in numbers) or (own,)


def _version(header: Segment) -> tuple[int, int]:
    """H.12 is ``H2.1~C``."""
    said = re.search(r"(\d)\.(\d)", header.text(12))
    return (int(said[1]), int(said[2])) if said else (0, 0)


def _numbers(patient: Segment) -> list[Ins]:
    """The matricules in force (value~type~date~start~end~OID), each once."""
    kept: dict[Ins, None] = {}
    for item in patient.repetitions(11):
        kind, ended = patient.part(item, 2).upper(), patient.part(item, 5)
        number = patient.part(item, 1).replace(" ", "")
        if number and kind in _INS_TYPES and not ended:
            kept[Ins(number, patient.part(item, 6))] = None
    return list(kept)


def _traits(patient: Segment) -> Claim:
    name, birth = patient.text(5), patient.text(6)
    birth_given, every = patient.text(6, 2), patient.text(6, 3)
    given = birth_given or patient.text(5, 2)
    place = patient.text(34, 2).upper()
    sex = _SEX.get(patient.text(8).upper()) or _CIVILITIES.get(patient.text(5, 5).upper().rstrip("."))
    claim = Claim(
        source="hprim",
        birth_name=birth or None,
        used_name=(name or None) if birth else None,
        family_name=None if birth else name or None,
        first_given=(given or None) if birth_given or " " not in given else None,
        given_names=_listed(given, every),
        birth_date=delimited.day(patient.text(7)) or None,
        sex=sex or ("U" if patient.text(8) else None),
        birth_place=place if _COMMUNE.fullmatch(place) else None,
    )
    fields: tuple[tuple[str, str], ...]
    fields = (("birth_name", "P-6"), ("used_name", "P-5"), ("family_name", "P-5"), ("birth_date", "P-7"))
    fields += (("first_given", "P-6" if birth_given else "P-5"), ("sex", "P-8"), ("birth_place", "P-34"))
    return replace(claim, found=tuple((trait, place) for trait, place in fields if getattr(claim, trait)))


def _listed(given: str, every: str) -> str | None:
    """The list of given names, which begins with the first one."""
    if not every:
        return given or None
    begins = every.casefold().split()[: len(given.split())] == given.casefold().split()
    return every if begins or not given else f"{given} {every}"
