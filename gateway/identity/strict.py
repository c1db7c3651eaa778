"""When a claim is a patient's: every strict trait stated and equal; or nearly his, or at odds with his INS."""

from __future__ import annotations

from dataclasses import replace

from gateway.identity import dates
from gateway.identity.compare import FAMILY, SAME, STRICT, claimed_givens, compare, differing, swapped
from gateway.identity.ins import compact, key_is_right
from gateway.identity.names import normalise
from gateway.model.identity import PRODUCTION_OIDS, TEST_OIDS, Claim, Likeness, Patient


def all_equal(claim: Claim, patient: Patient, *, birth_name: bool = False) -> bool:
    """Whether all that is stated is the patient's, and all strict traits are stated.

    ``birth_name``: a name of unsaid kind must be the birth name, and the used name does not count.
    """
    if not dates.agree(claim.birth_date or "", patient.birth_date) or claim.sex != patient.sex:
        return False  # at once, for the many who share a name or a date
    if birth_name and claim.birth_name:
        claim = replace(claim, used_name=None)
    elif birth_name:
        patient = replace(patient, used_name=patient.birth_name)
    return all(evidence.likeness in SAME for evidence in compare(claim, patient))


def near(claim: Claim, patient: Patient) -> bool:
    """One strict trait off by a typing error, or only the sex, or names one in the place of the other."""
    wrong = [evidence for evidence in compare(claim, patient) if evidence.likeness not in SAME]
    if swapped(claim, patient):
        wrong = [evidence for evidence in wrong if evidence.trait not in (*FAMILY, "given_names")]
        return not wrong
    if len({(e.trait in FAMILY, normalise(e.claimed or e.trait)) for e in wrong}) != 1:  # a name written twice is one
        return False
    if wrong[0].trait not in (*STRICT, "birth_place"):
        return False
    return all(e.likeness in (Likeness.CLOSE, Likeness.ABSENT) for e in wrong) or wrong[0].trait in (
        "sex",
        "birth_place",
    )


def lacking(claim: Claim, *, with_ins: bool) -> bool:
    """Whether a strict trait is not stated (a used name does not stand for the birth name of an INS)."""
    names = (claim.birth_name, claim.family_name, claim.full_name) + (() if with_ins else (claim.used_name,))
    given = claimed_givens(claim) or claim.full_name
    return not (any(names) and given and dates.is_whole(claim.birth_date) and claim.sex in ("M", "F"))


def holds(patient: Patient, claim: Claim) -> bool:
    """Whether the INS that is stated is the patient's, whatever its authority."""
    if patient.ins is None or claim.ins is None:
        return False
    return compact(patient.ins.number) == compact(claim.ins.number)


def conflicts(claim: Claim, holder: Patient) -> bool:
    """Whether a stated trait, or the OID, is not that of the patient who has this INS. The used name is no trait."""
    heard = replace(claim, used_name=None) if claim.birth_name else claim
    return bool(differing(compare(heard, holder)))


def usable(claim: Claim, *, test: bool) -> bool:
    """A production OID with a right key; with a test site, the test OIDs too, whose keys are often wrong."""
    if claim.ins is None:
        return False
    if test and claim.ins.oid in TEST_OIDS:
        return True
    right = test or key_is_right(compact(claim.ins.number))
    return claim.ins.oid in PRODUCTION_OIDS and right
