"""Who speaks to the DMP: the person responsible for the automatic processing, or the software itself."""

from __future__ import annotations

from gateway.model.documents import Code, Organisation, Person
from gateway.model.settings import Dmp, Establishment, Responsible
from gateway.protocols import xds
from gateway.protocols.datatypes import STRUCTURE_OID, escape, xcn, xon
from gateway.protocols.vihf import AUTOMATE, DOCTORS, PHARMACISTS, PROFESSION, VihfIdentity
from gateway.terminology import concept, label

_PERSON_OID = "1.2.250.1.71.4.2.1"
_SPECIALTIES = {"10": DOCTORS, "21": PHARMACISTS}
#: Prefix of a Struct_IdNat → prefix of an internal identifier within that structure (spec/dmp/vihf.md).
_INTERNAL = {"0": "1", "1": "3", "2": "4", "3": "5", "4": "6"}


def speaker(dmp: Dmp, establishment: Establishment, homologation: str, asks: Responsible | None = None) -> VihfIdentity:
    """The identity of the VIHF: ``asks``, else the configured person. ``ValueError``, in French, when he cannot stand
    there.
    """
    person = asks or dmp.responsible
    return VihfIdentity(
        structure_id=establishment.structure_id,
        sector=establishment.sector,
        name_id=_name_id(person.id) if person else _software_id(dmp, establishment),
        name=person.name if person else dmp.lps_name,
        roles=_roles(person) if person else (AUTOMATE,),
        software=dmp.lps_name,
        software_version=dmp.lps_version,
        homologation=homologation,
        version=dmp.vihf_version,
        mode_attribute=dmp.vihf_mode_attribute,
        country_first=dmp.vihf_issuer == "c-first",
        context=dmp.authn_context,
    )


def submission_author(dmp: Dmp, establishment: Establishment, asks: Responsible | None = None) -> xds.Author:
    """The author of the submission sets: the same, of our structure (spec/dmp/transactions.md §0.5)."""
    person = asks or dmp.responsible
    structure = Organisation(STRUCTURE_OID, establishment.structure_id, establishment.name)
    return xds.Author(
        person=xcn(_person(person) if person else Person(id_root=establishment.oid_root, device=dmp.lps_name)),
        institution=xon(structure),
        specialty=_specialty(person),
    )


def _person(of: Responsible) -> Person:
    """Family name in capitals first, as in "DUPONT-MARTIN Anne"; without capitals the whole is the family name."""
    words = of.name.split()
    capitals = [word for word in words if word.isupper()]
    split = len(capitals) if capitals == words[: len(capitals)] and capitals else len(words)
    return Person(_PERSON_OID, _name_id(of.id), " ".join(words[:split]), " ".join(words[split:]))


def _name_id(identifier: str) -> str:
    """National identifier of a professional: 8 + the 11 digits of the RPPS."""
    return f"8{identifier}" if len(identifier) == 11 and identifier.isdigit() else identifier


def _software_id(dmp: Dmp, establishment: Establishment) -> str:
    structure = establishment.structure_id
    return f"{_INTERNAL.get(structure[0], structure[0])}{structure[1:]}/{dmp.lps_name}"


def _roles(person: Responsible) -> tuple[Code, ...]:
    role = person.role.removeprefix("G15_")
    if role == AUTOMATE.code:
        return (AUTOMATE,)
    profession = concept("JDV_J01", f"G15_{role}")
    if profession is None:
        raise ValueError(f"dmp.responsible.role : « {person.role} » n'est ni une profession (10, 21…) ni AUTOMATE")
    first = Code(role, PROFESSION, profession.label)
    if role not in _SPECIALTIES:
        return (first,)
    return (first, _second_role(role, person.specialty or ""))


def _second_role(role: str, specialty: str) -> Code:
    code = specialty.rpartition("/")[2]
    known = label("JDV_J01", f"G15_{role}/{code}")
    if not known:
        raise ValueError(
            "dmp.responsible.specialty : une spécialité connue (SM26…) est obligatoire pour un médecin ou un pharmacien"
        )
    return Code(code, _SPECIALTIES[role], known)


def _specialty(person: Responsible | None) -> str:
    roles = _roles(person) if person else (AUTOMATE,)
    code = roles[0].code if roles[0] == AUTOMATE else "/".join((f"G15_{roles[0].code}", *(r.code for r in roles[1:])))
    known = concept("JDV_J01", code)
    return f"{known.code}^{escape(known.label)}^{known.system}" if known else ""
