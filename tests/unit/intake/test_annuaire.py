"""The extractions of the national directory. Everybody here is invented."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.intake import annuaire
from gateway.intake.annuaire import is_national, read_national
from gateway.intake.tables import RowError, TableError
from gateway.model.people import Sender

MAILBOXES = (
    "Type de BAL|Adresse BAL|Type Identifiant PP|Identifiant PP|Identification nationale PP|Type identifiant structure|"
    "Identification Structure|Service de rattachement|Civilité d'exercice|Nom d'exercice|Prénom d'exercice|"
    "Catégorie profession|Libellé de catégorie profession|Code Profession|Libellé Profession|Code savoir-faire|"
    "Libellé savoir-faire|Dématérialisation|Raison Sociale structure BAL|Enseigne commerciale structure BAL|"
    "Code postal|"
)
ACTIVITIES = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilité d'exercice|"
    "Libellé civilité d'exercice|Code civilité|Libellé civilité|Nom d'exercice|Prénom d'exercice|Code profession|"
    "Libellé profession|Code catégorie professionnelle|Code savoir-faire|Numéro SIRET site|Numéro FINESS site|"
    "Raison sociale site|Adresse e-mail (coord. structure)|Code secteur d'activité|Code section tableau pharmaciens|"
)


def mailbox(**given: str) -> str:
    values = {
        "kind": "PER",
        "address": "Anne.Vernay@medecin.mssante.fr",
        "id_type": "8",
        "id": "10100000016",
        "national": "810100000016",
        "structure_type": "1",
        "structure": "370001234",
        "service": "",
        "title": "DR",
        "name": "VERNAY",
        "given": "Anne",
        "category": "C",
        "category_label": "Civil",
        "profession": "10",
        "profession_label": "Médecin",
        "skill": "SM04",
        "skill_label": "Cardiologie",
        "paperless": "O",
        "company": "Cabinet du Val",
        "sign": "",
        "postcode": "37200",
    } | given
    return "|".join(values.values()) + "|\n"


def activity(**given: str) -> str:
    values = {
        "id_type": "8",
        "id": "10100000016",
        "national": "810100000016",
        "title": "DR",
        "title_label": "Docteur",
        "civility": "MME",
        "civility_label": "Madame",
        "name": "VERNAY",
        "given": "Anne",
        "profession": "10",
        "profession_label": "Médecin",
        "category": "C",
        "skill": "SM26",
        "siret": "",
        "finess": "370001234",
        "company": "Cabinet du Val",
        "address": "anne.vernay@val.mssante.fr",
        "sector": "SA07",
        "section": "",
    } | given
    return "|".join(values.values()) + "|\n"


def read(*lines: str, header: str = MAILBOXES) -> list[Sender | RowError]:
    return list(read_national(lambda: iter((header + "\n", *lines))))


def one(*lines: str, header: str = MAILBOXES) -> Sender:
    (found,) = read(*lines, header=header)
    assert isinstance(found, Sender)
    return found


def test_a_mailbox_of_a_professional() -> None:
    assert one(mailbox()) == Sender(
        address="anne.vernay@medecin.mssante.fr",
        kind="PER",
        rpps="10100000016",
        civility="",
        title="DR",
        name="VERNAY",
        given="Anne",
        specialty_code="G15_10/SM04",
        specialty_label="Médecin - Cardiologie et maladies vasculaires (SM)",
        structure="Cabinet du Val",
        structure_id="1370001234",
        authorised=True,
    )


def test_who_has_no_rpps_yet_is_known_by_his_adeli() -> None:
    older = one(mailbox(id_type="0", id="639312345", national="0639312345"))
    assert (older.rpps, older.adeli) == ("", "639312345")
    assert one(mailbox(id_type="", id="", national="02A9312345")).adeli == "2A9312345"
    assert one(mailbox(id_type="3", id="370001234/0001", national="3370001234/0001")).adeli == ""


def test_an_activity_with_an_mssante_address() -> None:
    found = one(activity(), header=ACTIVITIES)
    assert (found.kind, found.rpps, found.civility, found.title) == ("PER", "10100000016", "MME", "DR")
    assert (found.specialty_code, found.structure_id, found.sector) == ("G15_10/SM26", "1370001234", "SA07")


def test_both_are_told_by_their_header() -> None:
    assert is_national(MAILBOXES)
    assert is_national("\ufeff" + ACTIVITIES)
    assert is_national('"' + MAILBOXES.rstrip("|").replace("|", '"|"') + '"')
    assert not is_national("address,kind,rpps,name,specialty_code,structure_id,authorised")
    assert not is_national("Identification nationale PP|Code profession|Code savoir-faire|")


def test_quoted_values_and_marks_inside_unquoted_ones() -> None:
    quoted = '"' + mailbox().rstrip("|\n").replace("|", '"|"') + '"\n'
    assert one(quoted) == one(mailbox())
    assert one(mailbox(company='Cabinet "Le Val"')).structure == 'Cabinet "Le Val"'


@pytest.mark.parametrize("address", ["", "anne.vernay@gmail.example", "anne@mssante.fr.example.org", "pas une adresse"])
def test_lines_without_an_mssante_address_are_passed_over(address: str) -> None:
    assert read(mailbox(address=address)) == []


def test_a_mailbox_of_an_organisation_has_no_person() -> None:
    found = one(mailbox(kind="ORG", id_type="", id="", national="", name="", given="", service="Secrétariat"))
    assert (found.kind, found.rpps, found.name, found.specialty_code) == ("ORG", "", "Secrétariat", "")
    assert one(mailbox(kind="APP")).rpps == ""


@pytest.mark.parametrize(
    ("given", "rpps"),
    [
        ({"id_type": "8", "id": "10100000016", "national": ""}, "10100000016"),
        ({"id_type": "", "id": "", "national": "810100000016"}, "10100000016"),
        ({"id_type": "0", "id": "379300123", "national": "0379300123"}, ""),
        ({"id_type": "8", "id": "123", "national": "8123"}, ""),
    ],
)
def test_who_has_a_rpps(given: dict[str, str], rpps: str) -> None:
    assert one(mailbox(**given)).rpps == rpps


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        ("1", "370001234", "1370001234"),
        ("1", "1370001234", "1370001234"),
        ("", "370001234", "1370001234"),
        ("1", "2A0001234", "12A0001234"),
        ("3", "12345678900012", "312345678900012"),
        ("3", "312345678900012", "312345678900012"),
        ("", "12345678900012", "312345678900012"),
        ("2", "123456789", "2123456789"),
        ("4", "10100000016005", "410100000016005"),
        ("", "", ""),
    ],
)
def test_the_structure_bears_the_digit_of_its_kind(kind: str, number: str, expected: str) -> None:
    assert one(mailbox(structure_type=kind, structure=number)).structure_id == expected


def test_a_site_without_finess_is_known_by_its_siret() -> None:
    assert one(activity(finess="", siret="12345678900012"), header=ACTIVITIES).structure_id == "312345678900012"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"profession": "10", "skill": "SM26"}, "G15_10/SM26"),
        ({"profession": "10", "skill": "ZZ99"}, "G15_10"),
        ({"profession": "50", "skill": ""}, "G15_50"),
        ({"profession": "10", "skill": "", "category": "E"}, "G16_10"),
        ({"profession": "99", "skill": ""}, ""),
    ],
)
def test_profession_and_skill_make_a_member_of_jdv_j01(given: dict[str, str], code: str) -> None:
    assert one(mailbox(**given)).specialty_code == code


def test_a_pharmacist_by_his_section() -> None:
    assert one(activity(profession="21", skill="", section="A"), header=ACTIVITIES).specialty_code == "G15_21/A"


def test_of_several_lines_the_fullest_counts() -> None:
    bare, full = mailbox(structure="", structure_type="", skill=""), mailbox()
    assert one(bare, full) == one(full, bare) == one(full)
    assert one(mailbox(structure="370001234"), mailbox(structure="370009999")).structure_id == "1370001234"


def test_two_persons_are_never_mixed_under_one_address() -> None:
    other = mailbox(id="10100000024", national="810100000024", name="OZANNE", given="Luc")
    for lines in ((mailbox(), other), (other, mailbox(), mailbox(address="x@medecin.mssante.fr"))):
        found = read(*lines)
        assert [one for one in found if isinstance(one, Sender) and one.address.startswith("anne")] == []
        assert any(isinstance(one, RowError) and "plusieurs professionnels" in one.reason for one in found)


def test_a_refusal_never_tells_what_the_line_holds() -> None:
    (found,) = read(mailbox(kind="???"))
    assert isinstance(found, RowError)
    assert "VERNAY" not in str(found)


def test_a_broken_line_costs_itself() -> None:
    found = read(
        "anne.vernay@medecin.mssante.fr\n", mailbox()[:40] + "\n", '"' + mailbox(), "\x00.mssante.fr|\n", mailbox()
    )
    assert one(mailbox()) in found


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annuaire, "MOST_ADDRESSES", 3)

    def lines() -> Iterator[str]:
        yield MAILBOXES + "\n"
        for number in range(10):
            yield mailbox(address=f"a{number}@medecin.mssante.fr")

    with pytest.raises(TableError, match="plus de 3 adresses"):
        list(read_national(lines))
