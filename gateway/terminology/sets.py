"""The value sets by their CI-SIS name (JDV_J01, JDV_J04…): what a code means, and whether a set holds it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from gateway.terminology.own import forgotten, own
from gateway.terminology.tables import rows
from gateway.terminology.types import packaged_types


@dataclass(frozen=True, slots=True)
class Concept:
    """One member of a set. ``system`` is an OID (or URN/ASTM where the set says so)."""

    code: str
    system: str
    label: str


#: Each set and the date of the version read (spec/dmp/document-types.md). "partial": the set read is incomplete.
VERSIONS = {
    "JDV_J01": "2024-12-13",  # author specialty
    "JDV_J02": "2024-12-13",  # facility type, CI-SIS
    "JDV_J04": "2024-09-27",  # practice setting
    "JDV_J06": "2024-09-27",  # class (TRE_A03, through ASS_X04)
    "JDV_J07": "2024-09-27",  # document type, CI-SIS
    "JDV_J08": "2020-04-24",  # confidentiality and visibility
    "JDV_J47": "2024-12-13",  # author role
    "JDV_J59": "partial",  # content type of the submission set, DMP
    "JDV_J60": "2024-09-27",  # format, DMP
    "JDV_J61": "2024-01",  # facility type, DMP
    "JDV_J66": "2024-02-23",  # document type, DMP
}

#: Their identifiers, where the sources read give them.
OIDS = {
    "JDV_J01": "1.2.250.1.213.1.1.5.461",
    "JDV_J02": "1.2.250.1.213.1.1.5.466",
    "JDV_J04": "1.2.250.1.213.1.1.5.467",
    "JDV_J07": "1.2.250.1.213.1.1.5.471",
    "JDV_J08": "1.2.250.1.213.1.1.5.463",
    "JDV_J47": "1.2.250.1.213.1.1.5.124",
    "JDV_J59": "1.2.250.1.213.1.1.5.2",
    "JDV_J60": "1.2.250.1.213.1.1.5.8",
    "JDV_J61": "1.2.250.1.213.1.1.5.3",
    "JDV_J66": "1.2.250.1.213.1.1.5.7",
}

_FILES = {
    "JDV_J01": "author_specialty_codes",
    "JDV_J02": "healthcare_facility_type_codes",
    "JDV_J04": "practice_setting_codes",
    "JDV_J06": "classcodes",
    "JDV_J08": "confidentiality_codes",
    "JDV_J47": "author_role_function_codes",
    "JDV_J59": "contenttype_codes",
    "JDV_J60": "formatcodes",
}
#: JDV_J61 holds SA11, whose label the version read of JDV_J02 does not give; and lacks SA64 to SA69.
_SA11 = {"SA11": Concept("SA11", "1.2.250.1.71.4.2.4", "")}
_NOT_IN_J61 = frozenset({"SA64", "SA65", "SA66", "SA67", "SA68", "SA69"})


def concept(set_name: str, code: str) -> Concept | None:
    """The member of ``set_name`` with this code; None when the set has none."""
    return _members(set_name).get(code)


def contains(set_name: str, code: str) -> bool:
    """Whether the set holds this code."""
    return code in _members(set_name)


def label(set_name: str, code: str) -> str:
    """The French label of the code in this set; empty when the set does not hold it."""
    found = concept(set_name, code)
    return found.label if found else ""


def members(set_name: str) -> dict[str, Concept]:
    """Every member by its code: of the hospital's own version, else of the packaged one."""
    return _members(set_name)


def packaged(set_name: str) -> dict[str, Concept]:
    """Every member of the version that ships with us."""
    if set_name == "JDV_J07":
        return {t.code: Concept(t.code, t.system, t.label) for t in packaged_types().values() if t.in_cisis}
    if set_name == "JDV_J66":
        return {t.code: Concept(t.code, t.system, t.label) for t in packaged_types().values() if t.in_dmp}
    if set_name == "JDV_J61":
        return {code: member for code, member in packaged("JDV_J02").items() if code not in _NOT_IN_J61} | _SA11
    return {row["code"]: _concept(row) for row in rows(_FILES[set_name])}


@lru_cache(maxsize=16)
def _members(set_name: str) -> dict[str, Concept]:
    ours = own(set_name) if set_name in VERSIONS else None
    if ours is None:
        return packaged(set_name)
    return {one.code: Concept(one.code, one.system, one.label) for one in ours.entries}


forgotten(_members.cache_clear)


def _concept(row: dict[str, str]) -> Concept:
    system = row.get("code_system_oid") or row["coding_scheme"]
    return Concept(row["code"], system, row.get("label_fr") or row["label"])
