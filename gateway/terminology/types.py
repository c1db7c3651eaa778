"""Document types, their class, and who accepts them (spec/dmp/document-types.md)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from gateway.terminology.tables import rows

LOINC = "2.16.840.1.113883.6.1"
_DMP = "in_JDV_J66_DMP_2024-02-23"
_CISIS = "in_JDV_J07_CISIS_2024-09-27"


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
    def hl7_system(self) -> str:
        """The name of the coding system in HL7 v2 (spec/mssante/dpi-hl7v2.md §9)."""
        return "LN" if self.system == LOINC else "TRE_A05"


def type_code(code: str) -> TypeCode | None:
    """The type of this code; None when it is in none of the sets read."""
    return all_types().get(code)


@lru_cache(maxsize=1)
def all_types() -> dict[str, TypeCode]:
    """Every type known, by code."""
    return {row["code"]: _type(row) for row in rows("typecodes")}


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
