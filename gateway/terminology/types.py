"""Document types, their class, and who accepts them (spec/dmp/document-types.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from gateway.terminology.own import OwnSet, forgotten, own
from gateway.terminology.tables import rows

LOINC = "2.16.840.1.113883.6.1"
_DMP = "in_JDV_J66_DMP_2024-02-23"
_CISIS = "in_JDV_J07_CISIS_2024-09-27"
#: Kinds that no professional feeds, though the DMP's set has them.
_RESERVED = frozenset({"patient_deposited", "payer", "signature"})
#: A type of the hospital's own versions that we do not package: a clinical one, without class until a map gives it.
_UNKNOWN: dict[str, Any] = {
    "class_code": "",
    "class_label": "",
    "in_dmp": False,
    "in_cisis": False,
    "kind": "clinical",
}


@dataclass(frozen=True, slots=True)
class TypeCode:
    """A document type. ``system`` is an OID; ``kind`` is clinical, administrative, patient_deposited, technical…

    ``in_dmp``: accepted by the DMP (JDV_J66); ``in_cisis``: of the CI-SIS (JDV_J07). ``class_code`` by ASS_X04.
    """

    code: str
    system: str
    label: str
    class_code: str
    class_label: str
    in_dmp: bool
    in_cisis: bool
    kind: str

    @property
    def is_of_professionals(self) -> bool:
        """Whether a professional may feed it: not the patient's own, the payer's, nor a set's signature
        (spec/dmp/document-types.md).
        """
        return self.kind not in _RESERVED

    @property
    def hl7_system(self) -> str:
        """The name of the coding system in HL7 v2 (spec/mssante/dpi-hl7v2.md §9)."""
        return "LN" if self.system == LOINC else "TRE_A05"


def type_code(code: str) -> TypeCode | None:
    """The type of this code; None when it is in none of the sets read."""
    return all_types().get(code)


@lru_cache(maxsize=1)
def all_types() -> dict[str, TypeCode]:
    """Every type known, by code: the packaged ones, and those of the hospital's own versions."""
    dmp, cisis, classes = own("JDV_J66"), own("JDV_J07"), _own_classes()
    if dmp is None and cisis is None and not classes:
        return packaged_types()
    found = dict(packaged_types())
    for one in (*(cisis.entries if cisis else ()), *(dmp.entries if dmp else ())):
        known = found.get(one.code) or TypeCode(one.code, one.system, one.label, **_UNKNOWN)
        found[one.code] = replace(known, system=one.system, label=one.label or known.label)
    labels = {one.class_code: one.class_label for one in packaged_types().values()} | _own_labels()
    in_dmp, in_cisis = _codes(dmp), _codes(cisis)
    return {code: _revised(one, in_dmp, in_cisis, classes, labels) for code, one in found.items()}


def _codes(ours: OwnSet | None) -> frozenset[str] | None:
    return None if ours is None else frozenset(one.code for one in ours.entries)


def _revised(
    one: TypeCode,
    in_dmp: frozenset[str] | None,
    in_cisis: frozenset[str] | None,
    classes: Mapping[str, str],
    labels: Mapping[str, str],
) -> TypeCode:
    """A type as the hospital's versions have it; where they are silent (None), as packaged."""
    class_code = classes.get(one.code, one.class_code)
    return replace(
        one,
        in_dmp=one.in_dmp if in_dmp is None else one.code in in_dmp,
        in_cisis=one.in_cisis if in_cisis is None else one.code in in_cisis,
        class_code=class_code,
        class_label=labels.get(class_code, one.class_label),
    )


@lru_cache(maxsize=1)
def packaged_types() -> dict[str, TypeCode]:
    """Every type of the versions that ship with us, by code."""
    return {row["code"]: _type(row) for row in rows("typecodes")}


def _own_classes() -> dict[str, str]:
    """Type → class by the hospital's maps, the DMP's before that of the CI-SIS."""
    maps = (own(name) for name in ("ASS_X04", "ASS_X16"))
    return {code: target for one in maps if one is not None for code, target in one.classes.items()}


def _own_labels() -> dict[str, str]:
    classes = own("JDV_J06")
    return {one.code: one.label for one in classes.entries} if classes else {}


forgotten(all_types.cache_clear)


def _type(row: dict[str, str]) -> TypeCode:
    return TypeCode(
        row["code"],
        row["code_system_oid"],
        row["label_fr"],
        row["class_code"],
        row["class_label_fr"],
        row[_DMP] == "Y",
        row[_CISIS] == "Y",
        row["kind"],
    )
