from __future__ import annotations

import pytest

from gateway.model.documents import Organisation, Person
from gateway.model.identity import INS_NIR, Ins
from gateway.protocols import datatypes

PS = "1.2.250.1.71.4.2.1"


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("20240715093000+0200", "20240715073000"),
        ("20240115003000+0100", "20240114233000"),
        ("20240101003000-0430", "20240101050000"),
        ("20240715093000.123+0200", "20240715073000"),
        ("20240715093000", "20240715073000"),  # French legal time, summer
        ("20240115093000", "20240115083000"),  # and winter
        ("202407150930+0200", "202407150730"),
        ("2024071509+0200", "202407150700"),
        ("20240715", "20240715"),
        ("202407", "202407"),
        ("20241315093000", "20241315093000"),
        ("hier", "hier"),
        ("", ""),
    ],
)
def test_time_stamps_become_utc(stamp: str, expected: str) -> None:
    assert datatypes.utc(stamp) == expected


def test_a_creation_time_has_seconds() -> None:
    assert datatypes.utc_second("202407150930+0200") == "20240715073000"
    assert datatypes.utc_second("20240715") == "20240715000000"


def test_identifiers_of_patients() -> None:
    assert datatypes.patient_id(Ins("255069999999934", INS_NIR)) == f"255069999999934^^^&{INS_NIR}&ISO^NH"
    assert datatypes.cx("A|1", "1.2.3") == "A\\F\\1^^^&1.2.3&ISO^PI"


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (Person(PS, "810100063480", "O'HARA", "Léa"), f"810100063480^O'HARA^Léa^^^^^^&{PS}&ISO^D^^^IDNPS"),
        (Person("1.2.3", "", "A^B & C", "D\nE"), "1.2.3^A\\S\\B \\T\\ C^D E^^^^^^&1.2.3&ISO^D^^^IDNPS"),
        (Person("", "", "DUPONT", "Anne"), "^DUPONT^Anne^^^^^^^D"),
        (Person("1.2.3", "77", device="Automate"), "77^Automate^^^^^^^&1.2.3&ISO^U^^^RI"),
        (Person(INS_NIR, "255069999999934", "PAT", "Ana"), f"255069999999934^PAT^Ana^^^^^^&{INS_NIR}&ISO^D^^^NH"),
    ],
)
def test_persons(person: Person, expected: str) -> None:
    assert datatypes.xcn(person) == expected


@pytest.mark.parametrize(
    ("organisation", "expected"),
    [
        (
            Organisation(datatypes.STRUCTURE_OID, "1750000018", "Clinique A&B"),
            f"Clinique A\\T\\B^^^^^&{datatypes.STRUCTURE_OID}&ISO^IDNST^^^1750000018",
        ),
        (Organisation("1.2.3", "9", "X"), "X^^^^^&1.2.3&ISO^XX^^^9"),
        (Organisation(name="Cabinet"), "Cabinet"),
    ],
)
def test_organisations(organisation: Organisation, expected: str) -> None:
    assert datatypes.xon(organisation) == expected
