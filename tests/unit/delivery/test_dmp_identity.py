from __future__ import annotations

import pytest

from gateway.delivery.dmp import identity
from gateway.model.settings import Dmp, Establishment, Responsible
from gateway.protocols import vihf

ESTABLISHMENT = Establishment(
    name="Clinique", structure_id="1750000018", sector="SA01", oid_root="1.2.250.1.999", ipp_oid="1.2.250.1.998"
)


def settings(responsible: Responsible | None) -> Dmp:
    return Dmp(lps_name="Passerelle", lps_version="1", responsible=responsible)


def person(role: str, specialty: str | None = None, name: str = "LE GOFF-ESSAI Camille Anne") -> Responsible:
    return Responsible(id="10100063480", name=name, role=role, specialty=specialty)


def test_the_software_alone_speaks_as_an_automaton() -> None:
    speaker = identity.speaker(settings(None), ESTABLISHMENT, "H")
    assert (speaker.name_id, speaker.name, speaker.roles) == ("3750000018/Passerelle", "Passerelle", (vihf.AUTOMATE,))
    author = identity.submission_author(settings(None), ESTABLISHMENT)
    assert author.person == "1.2.250.1.999^Passerelle^^^^^^^&1.2.250.1.999&ISO^U^^^RI"
    assert author.institution == "Clinique^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750000018"
    assert author.specialty == "AUTOMATE^Automate^1.2.250.1.213.1.1.4.6"


@pytest.mark.parametrize(("role", "specialty"), [("10", "SM26"), ("G15_10", "G15_10/SM26")])
def test_a_doctor_speaks_with_a_specialty(role: str, specialty: str) -> None:
    speaker = identity.speaker(settings(person(role, specialty)), ESTABLISHMENT, "H")
    assert speaker.name_id == "810100063480"
    assert [(r.code, r.system) for r in speaker.roles] == [("10", vihf.PROFESSION), ("SM26", vihf.DOCTORS)]
    assert all(r.label for r in speaker.roles)
    author = identity.submission_author(settings(person(role, specialty)), ESTABLISHMENT)
    assert author.person.startswith("810100063480^LE GOFF-ESSAI^Camille Anne^")
    assert author.specialty.startswith("G15_10/SM26^")


def test_other_professions_and_responsible_persons_of_an_automaton() -> None:
    nurse = identity.speaker(settings(person("60")), ESTABLISHMENT, "H")
    assert [r.code for r in nurse.roles] == ["60"]
    automaton = identity.speaker(settings(person("AUTOMATE")), ESTABLISHMENT, "H")
    assert (automaton.name_id, automaton.roles) == ("810100063480", (vihf.AUTOMATE,))


@pytest.mark.parametrize(
    ("role", "specialty", "key"), [("10", None, "specialty"), ("10", "SM99", "specialty"), ("chef", None, "role")]
)
def test_an_impossible_person_is_named_in_french(role: str, specialty: str | None, key: str) -> None:
    with pytest.raises(ValueError, match=f"dmp.responsible.{key} : "):
        identity.speaker(settings(person(role, specialty)), ESTABLISHMENT, "H")


@pytest.mark.parametrize(("name", "start"), [("Camille Essai", "^Camille Essai^^"), ("ESSAI", "^ESSAI^^")])
def test_a_name_without_capitals_stays_whole(name: str, start: str) -> None:
    author = identity.submission_author(settings(person("10", "SM26", name)), ESTABLISHMENT)
    assert author.person.startswith(f"810100063480{start}")
