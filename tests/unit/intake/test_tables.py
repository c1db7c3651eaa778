"""The CSV tables. Everybody here is invented."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.intake.tables import RowError, TableError, read_patients, read_senders
from gateway.model.identity import INS_NIR, Ins, InsStatus, Patient
from gateway.model.people import Sender
from tests.outside import corpora

PATIENTS = (
    "ipp,ins,ins_oid,ins_status,birth_name,used_name,first_names,first_given,birth_date,sex,birth_place_cog,"
    "dmp_state,opposed,attributes"
)
ZOE = f"0042,256089932695080,{INS_NIR},qualifiee,DURAND,MARTIN,ZOE ANNE,ZOE,1956-08-19,F,37261,active,0,"
SENDERS = "address,kind,rpps,civility,title,name,given,specialty_code,specialty_label,structure,structure_id,authorised"
MARC = "Marc.Durand@cabinet.example.mssante.fr,PER,10107507153,M.,Dr,Durand,Marc,G15_10/SM26,MG,Cabinet,1626148477,1"


def patients(*lines: str) -> list[Patient | RowError]:
    return list(read_patients([PATIENTS, *lines]))


def error(*lines: str) -> RowError:
    (found,) = patients(*lines)
    assert isinstance(found, RowError)
    return found


def test_a_patient() -> None:
    assert patients(ZOE) == [
        Patient(
            ipp="0042",
            ins=Ins("256089932695080", INS_NIR),
            ins_status=InsStatus.QUALIFIEE,
            birth_name="DURAND",
            used_name="MARTIN",
            given_names="ZOE ANNE",
            first_given="ZOE",
            birth_date="19560819",
            sex="F",
            birth_place="37261",
        )
    ]


def test_a_sender() -> None:
    (sender,) = read_senders([SENDERS, MARC])
    assert isinstance(sender, Sender)
    assert (sender.address, sender.kind, sender.rpps) == (
        "marc.durand@cabinet.example.mssante.fr",
        "PER",
        "10107507153",
    )
    assert (sender.authorised, sender.feeds_dmp, sender.sector, sender.practice_setting) == (True, False, "", "")


def test_more_columns_in_any_order_with_a_byte_order_mark_and_semicolons() -> None:
    header = "\ufeffSEX;ipp;ins;ins_oid;ins_status;birth_name;first_given;birth_date;couleur;replaced_by\r\n"
    (patient,) = read_patients([header, 'f;0042;;;provisoire;"DU;RAND";ZOE;19560819;bleu;0099\r\n'])
    assert isinstance(patient, Patient)
    assert (patient.birth_name, patient.given_names, patient.replaced_by) == ("DU;RAND", "ZOE", "0099")
    (sender,) = read_senders([f"{SENDERS},feeds_dmp,sector,practice_setting", f"{MARC},yes,SA07,AMBULATOIRE"])
    assert isinstance(sender, Sender)
    assert (sender.feeds_dmp, sender.sector, sender.practice_setting) == (True, "SA07", "AMBULATOIRE")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("1956-08-19", "19560819"),
        ("19560819", "19560819"),
        ("1956-00-00", "19560000"),
        ("19560800", "19560800"),
        ("", ""),
    ],
)
def test_dates(written: str, kept: str) -> None:
    (patient,) = patients(ZOE.replace("1956-08-19", written))
    assert isinstance(patient, Patient)
    assert patient.birth_date == kept


@pytest.mark.parametrize(
    "written", ["homonyme;douteux", "homonyme|douteux", "homonyme  douteux", " ;homonyme;;douteux"]
)
def test_attributes(written: str) -> None:
    (patient,) = patients(ZOE + written)
    assert isinstance(patient, Patient)
    assert patient.attributes == {"homonyme", "douteux"}


@pytest.mark.parametrize(
    ("was", "now", "column"),
    [
        ("0042", "", "ipp"),
        ("DURAND", " ", "birth_name"),
        ("1956-08-19", "19/08/1956", "birth_date"),
        ("1956-08-19", "1956-13-19", "birth_date"),
        (",F,", ",X,", "sex"),
        ("qualifiee", "sure", "ins_status"),
        ("256089932695080", "25608993269508", "ins"),
        ("256089932695080", "", "ins_status"),
        (INS_NIR, "1.2.3", "ins_oid"),
        (INS_NIR, "", "ins_oid"),
        ("active,0", "active,peut-être", "opposed"),
    ],
)
def test_a_bad_value_is_told_by_line_and_column_without_the_patient(was: str, now: str, column: str) -> None:
    found = error(ZOE.replace(was, now))
    assert (found.line, found.column) == (2, column)
    shown = str(found)
    assert shown.startswith(f"ligne 2, colonne « {column} » : ")
    assert not any(secret in shown for secret in ("DURAND", "MARTIN", "256089", "1956", "0042"))


def test_a_corsican_matricule_is_one() -> None:
    (patient,) = patients(ZOE.replace("256089932695080", "180032A04100157"))
    assert isinstance(patient, Patient)


@pytest.mark.parametrize(
    "bad",
    ['0042,"open', ZOE + ",,,x", "a\x00b", "0042," + "a" * 30_000, '"a"b,c'],
    ids=["quote", "more", "nul", "long", "junk"],
)
def test_a_bad_line_costs_nothing_but_itself(bad: str) -> None:
    first, second = patients(bad, ZOE)
    assert isinstance(first, RowError)
    assert isinstance(second, Patient)


def test_the_first_given_name_is_that_of_the_list_when_it_is_not_given_apart() -> None:
    (patient,) = patients(ZOE.replace("ZOE ANNE,ZOE", "ZOE ANNE,"))
    assert isinstance(patient, Patient)
    assert (patient.first_given, patient.given_names) == ("ZOE", "ZOE ANNE")


def test_blank_lines_count_and_are_left_alone() -> None:
    assert [str(found)[:7] for found in patients("", "x", " ") if isinstance(found, RowError)] == ["ligne 3"]


def test_the_same_key_twice_is_reported_where_it_comes_again() -> None:
    first, second = patients(ZOE, ZOE)
    assert isinstance(first, Patient)
    assert second == RowError(3, "ipp", "déjà donné ligne 2")


@pytest.mark.parametrize("header", ["", "a,b,c", PATIENTS.replace("birth_date,", ""), PATIENTS + ",ipp"])
def test_a_file_that_is_no_such_table_is_refused_before_its_first_line(header: str) -> None:
    with pytest.raises(TableError, match="colonne"):
        read_patients([header, ZOE])


@pytest.mark.parametrize(
    ("was", "now", "column"),
    [
        ("Marc.Durand@cabinet.example.mssante.fr", "", "address"),
        ("Marc.Durand@cabinet.example.mssante.fr", "Marc Durand", "address"),
        (",PER,", ",DOC,", "kind"),
        ("10107507153", "810107507153", "rpps"),
        ("1626148477,1", "1626148477,sans doute", "authorised"),
    ],
)
def test_a_bad_sender(was: str, now: str, column: str) -> None:
    (found,) = read_senders([SENDERS, MARC.replace(was, now)])
    assert isinstance(found, RowError)
    assert found.column == column


def test_the_tables_of_the_corpus_are_read_whole() -> None:
    for name, read in (("patients.csv", read_patients), ("senders.csv", read_senders)):
        with corpora("mails", name).open(encoding="utf-8", newline="") as file:
            found = list(read(file))
        assert len(found) > 20
        assert [str(row) for row in found if isinstance(row, RowError)] == []


@pytest.mark.parametrize("read", [read_patients, read_senders])
def test_a_first_line_without_end_is_refused(read: Any) -> None:
    with pytest.raises(TableError):
        list(read(["ipp;ins;" + "x" * 200_000]))
