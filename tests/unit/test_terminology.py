"""Value sets: what the DMP and the CI-SIS accept, and what they call it."""

import pytest

from gateway import terminology


@pytest.mark.parametrize(
    ("code", "in_dmp", "in_cisis", "class_code", "system"),
    [
        ("11488-4", True, True, "10", "LN"),
        ("18748-4", True, True, "31", "LN"),
        ("PRESC-BIO", True, True, "42", "TRE_A05"),
        ("28617-9", False, True, "10", "LN"),
        ("27899-4", False, False, "10", "LN"),
    ],
)
def test_a_type_says_who_accepts_it(code: str, in_dmp: bool, in_cisis: bool, class_code: str, system: str) -> None:
    found = terminology.type_code(code)
    assert found is not None
    assert (found.in_dmp, found.in_cisis, found.class_code, found.hl7_system) == (in_dmp, in_cisis, class_code, system)


def test_an_unknown_type_is_none() -> None:
    assert terminology.type_code("nothing") is None


def test_labels_with_accents_and_commas_survive() -> None:
    assert terminology.label("JDV_J66", "CERT_DECL") == "Certificat, déclaration"
    assert terminology.label("JDV_J04", "DEPISTAGE") == "Dépistage"
    assert terminology.label("JDV_J04", "nothing") == ""


def test_the_facility_types_of_the_dmp_are_not_those_of_the_ci_sis() -> None:
    assert terminology.contains("JDV_J02", "SA64")
    assert not terminology.contains("JDV_J61", "SA64")
    assert terminology.contains("JDV_J61", "SA11")
    assert terminology.contains("JDV_J61", "SA63")


def test_a_concept_carries_its_own_system() -> None:
    specialty = terminology.concept("JDV_J01", "SECRETARIAT_MEDICAL")
    assert specialty is not None
    assert specialty.system == "1.2.250.1.213.1.1.4.6"


@pytest.mark.parametrize("name", sorted(terminology.VERSIONS))
def test_every_set_named_can_be_read(name: str) -> None:
    assert not terminology.contains(name, "no such code")


def test_a_set_of_another_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        terminology.contains("JDV_J99", "N")
