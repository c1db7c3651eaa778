"""A small town of fictitious persons: families, twins, homonyms, a doctor who is also a patient."""

from __future__ import annotations

from gateway.identity.ins import key_is_right
from gateway.identity.match import Policy
from gateway.model.identity import INS_NIR, Ins, InsStatus, Patient

OPEN = Policy(without_ins="file-and-feed", ocr="file-and-feed", homonym="file-and-feed")


def number(thirteen: str) -> str:
    """The matricule with its key."""
    digits = int(thirteen.replace("2A", "19").replace("2B", "18"))
    whole = f"{thirteen}{97 - digits % 97:02}"
    assert key_is_right(whole)
    return whole


def patient(
    ipp: str,
    birth: str,
    given: str,
    date: str,
    sex: str,
    *,
    used: str = "",
    ins: str | None = None,
    first: str | None = None,
    status: InsStatus = InsStatus.QUALIFIEE,
    flags: tuple[str, ...] = (),
    place: str = "",
    replaced_by: str | None = None,
) -> Patient:
    """One row of the index."""
    held = Ins(number(ins), INS_NIR) if ins else None
    return Patient(
        ipp=ipp,
        ins=held,
        ins_status=status if held else InsStatus.PROVISOIRE,
        birth_name=birth,
        used_name=used or birth,
        given_names=given,
        first_given=first or given.partition(" ")[0],
        birth_date=date,
        sex=sex,
        birth_place=place,
        attributes=frozenset(flags),
        replaced_by=replaced_by,
    )


JEAN = patient("JEAN", "MARTIN", "JEAN PAUL", "19560312", "M", ins="1560337261123")
CLAIRE = patient("CLAIRE", "DUPONT", "CLAIRE", "19580701", "F", used="MARTIN", ins="2580737261124")
YOUNG_JEAN = patient("YOUNG-JEAN", "MARTIN", "JEAN", "19860312", "M")
LEA = patient("LEA", "MARTIN", "LEA", "20151115", "F")
LEO = patient("LEO", "MARTIN", "LEO", "20151115", "M")
JACQUELINE = patient("JACQUELINE", "DE LA BRETECHE", "JACQUELINE", "19400130", "F")
MARIE_CLAIRE = patient("MARIE-CLAIRE", "LE GOFF", "MARIE-CLAIRE ANNE", "19701231", "F", first="MARIE-CLAIRE")
THOMAS_M = patient("THOMAS-M", "MARTIN", "THOMAS", "19520820", "M")
MARTIN_T = patient("MARTIN-T", "THOMAS", "MARTIN", "19520820", "M")
DOCTOR = patient("DOCTOR", "DURAND", "PAUL", "19600505", "M")
ANNE = patient("ANNE", "D'ARGENT", "ANNE", "19490228", "F")
KARIM = patient("KARIM", "BEN ALI", "KARIM", "19850809", "M")
BLAISE = patient("BLAISE", "LECŒUR", "BLAISE", "19331001", "M")
TWIN_A = patient("TWIN-A", "ROUX", "ANAIS", "20030404", "F")
TWIN_B = patient("TWIN-B", "ROUX", "ANAELLE", "20030404", "F")
COMPOSED = patient("COMPOSED", "SAINT-JUST--MOREL", "JEAN-MARC", "19771109", "M", first="JEAN-MARC")
CORSE = patient("CORSE", "SANTONI", "URSULA MARIA", "19500718", "F", ins="250072B330042")
NEWBORN = patient("NEWBORN", "PETIT", "ADAM", "20260301", "M")
PHAM = patient("PHAM", "PHAM", "THI HOA", "19680202", "F", first="THI HOA")

TOWN = (
    JEAN, CLAIRE, YOUNG_JEAN, LEA, LEO, JACQUELINE, MARIE_CLAIRE, THOMAS_M, MARTIN_T, DOCTOR, ANNE, KARIM, BLAISE,
    TWIN_A, TWIN_B, COMPOSED, CORSE, NEWBORN, PHAM,
)  # fmt: skip
