"""HPRIM Santé: versions, delimiters, continuations, several patients, files. Every person is invented."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings

from gateway.formats import mail
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.messages import hprim_sante
from gateway.formats.messages.message import Message
from gateway.formats.sniff import Kind, sniff
from gateway.model.documents import Carrier
from gateway.model.identity import Ins
from gateway.model.reasons import Ignored, Reason
from tests.unit.formats import builders
from tests.unit.formats.damage import damaged

OID = "1.2.250.1.213.1.4.8"
NUMBER = "251024119401348"
PDF = builders.pdf("Resultats de Mme Odile MERCOEUR", "Hemoglobine : 13,1 g/dL")


def head(version: str = "2.5", *, context: str = "ORU", mode: str = "P") -> str:
    return f"H|~^\\&|CR1.HPR||LABO~Laboratoire du Val||{context}|||HOP~DPI||{mode}|H{version}~C|202606051412"


def patient(
    *, p6: str = "LAVIGNE~ODILE~ODILE MARIE", p8: str = "F", p11: str = f"{NUMBER}~INS-NIR~20260605~~~{OID}",
    p5: str = "MERCOEUR~ODILE~~~MME", place: str = "ROMORANTIN~41194~~",
) -> str:  # fmt: skip
    fields = {2: "398", 5: p5, 6: p6, 7: "19510207", 8: p8, 10: "3 RUE X~~ROMORANTIN~~41200", 11: p11, 34: place}
    return "|".join(["P", "1", *(fields.get(number, "") for number in range(2, 39))])


def request(status: str = "F", labels: str = "BIO~BIOLOGIE~L") -> str:
    return "|".join(["OBR", "1", "", "55138", labels, "R", "", "202606050810", *[""] * 17, status])


def result(
    value: str = "13.1", *, kind: str = "NM", label: str = "HB~Hémoglobine~L", unit: str = "g/dL",
    normals: str = "12 - 16", flag: str = "N", status: str = "F",
) -> str:  # fmt: skip
    return "|".join(["OBX", "1", kind, label, "", value, unit, normals, flag, "", "", status])


def message(*segments: str, first: str = "") -> bytes:
    return "\r\n".join((first or head(), *segments, "L|1", "")).encode("cp1252")


def read(*segments: str, first: str = "") -> Message:
    return hprim_sante.read(message(*segments, first=first), DEFAULT)


def test_version_2_5_carries_names_ins_and_birthplace() -> None:
    (claim,) = read(patient(), request(), result()).claims
    assert claim.ins == Ins(NUMBER, OID)
    assert (claim.birth_name, claim.used_name, claim.first_given, claim.given_names) == (
        "LAVIGNE", "MERCOEUR", "ODILE", "ODILE MARIE",
    )  # fmt: skip
    assert (claim.birth_date, claim.sex, claim.birth_place, claim.source) == ("19510207", "F", "41194", "hprim")
    assert dict(claim.found)["ins"] == "P-11"


def test_before_2_4_a_number_is_no_ins_and_p_6_is_a_plain_name() -> None:
    (claim,) = read(patient(p6="LAVIGNE"), request(), result(), first=head("2.3")).claims
    assert claim.ins is None
    assert (claim.birth_name, claim.used_name, claim.first_given) == ("LAVIGNE", "MERCOEUR", "ODILE")


def test_without_birth_name_the_name_is_of_unsaid_kind() -> None:
    (claim,) = read(patient(p6="", p11=""), request(), result(), first=head("2.1")).claims
    assert (claim.family_name, claim.birth_name, claim.used_name, claim.ins) == ("MERCOEUR", None, None, None)


@pytest.mark.parametrize(
    ("numbers", "known"),
    [
        (f"{NUMBER}~INS-NIR~20260605", [Ins(NUMBER, "")]),
        (f"1234567890123456789012~INS-C~20120605^{NUMBER}~INS-NIR~20260605~~~{OID}", [Ins(NUMBER, OID)]),
        (f"151024119401348~INS-NIR~~20200101~20210101~{OID}^{NUMBER}~INS-NIR~~~~{OID}", [Ins(NUMBER, OID)]),
        (f"{NUMBER}~INS-NIR~~~~{OID}^151024119401348~INS-NIR~~~~{OID}",
         [Ins(NUMBER, OID), Ins("151024119401348", OID)]),
        (f"{NUMBER}~NSS~~~~{OID}", [None]),
    ],
)  # fmt: skip
def test_ins_in_force(numbers: str, known: list[Ins | None]) -> None:
    assert [claim.ins for claim in read(patient(p11=numbers), request(), result()).claims] == known


@pytest.mark.parametrize(
    ("written", "civility", "sex"),
    [("F", "", "F"), ("M", "", "M"), ("U", "", "U"), ("", "", None), ("", "MME", "F"), ("U", "M.", "M")],
)
def test_sex(written: str, civility: str, sex: str | None) -> None:
    assert read(patient(p8=written, p5=f"X~ODILE~~~{civility}"), request(), result()).claims[0].sex == sex


@pytest.mark.parametrize("signs", ["|^~\\&", "|~^\\&", "*^~\\&", "|^~&\\"])
def test_delimiters_are_read_from_the_header(signs: str) -> None:
    table = str.maketrans({"|": signs[0], "~": signs[1], "^": signs[2], "\\": signs[3], "&": signs[4]})
    data = message(patient(), request(), result("a\\F\\b", kind="ST")).decode("cp1252").translate(table)
    assert sniff(data.encode()) is Kind.HPRIM_SANTE
    found = hprim_sante.read(data.encode(), DEFAULT)
    assert found.claims[0].ins == Ins(NUMBER, OID)
    assert f"a{signs[0]}b" in found.text


@pytest.mark.parametrize("place", [20, 60, 100, 117])
def test_a_segment_goes_on_in_the_middle_of_a_word(place: int) -> None:
    whole = patient()
    found = read(whole[:place], f"A|{whole[place:]}", request(), result())
    assert found.claims == read(whole, request(), result()).claims


def test_comments_are_kept_below_what_they_speak_of() -> None:
    text = read(patient(), request(), result(), "C|1|L|Prélèvement hémolysé", result("9", label="CRP~CRP~L")).text
    assert "Hémoglobine : 13.1 g/dL (normes : 12 - 16)\n    Prélèvement hémolysé\nCRP : 9" in text


def test_the_text_is_what_a_person_reads() -> None:
    found = read(
        patient(), request(), result("17", flag="H"), result("TIGRÉ~Positif~L", kind="CE", unit="", normals="")
    )
    assert "Nom de naissance : LAVIGNE\nNom d'usage : MERCOEUR\nPrénom : ODILE" in found.text
    assert "Hémoglobine : 17 g/dL (normes : 12 - 16) [haut]" in found.text
    assert "Positif" in found.text
    assert "Expéditeur : Laboratoire du Val" in found.text
    assert found.title == "Résultats de biologie médicale : BIOLOGIE"
    assert found.act_date == "202606050810"


@pytest.mark.parametrize("status", ["P", "M", "I", "R", "O"])
def test_requests_that_are_not_final(status: str) -> None:
    found = read(patient(), request("F"), result(), request(status), result())
    assert (found.final, found.cancelled) == (False, False)
    assert read(patient(), request("F"), result(), result(status=status)).final is False


@pytest.mark.parametrize("status", ["D", "X"])
def test_cancelled(status: str) -> None:
    assert read(patient(), request(status), result()).cancelled
    part = read(patient(), request("F"), result(), request(status), result())
    assert (part.cancelled, part.final) == (False, False)


def test_a_correction_is_final() -> None:
    found = read(patient(), request("C"), result(status="C"))
    assert (found.final, found.cancelled) == (True, False)
    assert "[corrigé]" in found.text


def test_two_patients_are_two_messages() -> None:
    other = patient(p5="TERRENOIRE~BASILE", p6="TERRENOIRE~BASILE~BASILE", p11="", p8="M")
    data = message(patient(), request(), result(), other, request(), result("9"))
    pieces = hprim_sante.split(data, DEFAULT)
    assert [sniff(piece.data) for piece in pieces] == [Kind.HPRIM_SANTE] * 2
    found = [hprim_sante.read(piece.data, DEFAULT) for piece in pieces]
    assert [one.claims[0].used_name for one in found] == ["MERCOEUR", "TERRENOIRE"]
    assert "13.1" not in found[1].text
    assert len(hprim_sante.read(data, DEFAULT).claims) == 2


def test_one_patient_twice_is_one_message() -> None:
    data = message(patient(), request(), result(), patient(), request(), result("9"))
    assert hprim_sante.split(data, DEFAULT) == ()
    assert len(hprim_sante.read(data, DEFAULT).claims) == 1


def test_a_pdf_inside_even_over_many_lines() -> None:
    packed = base64.b64encode(PDF).decode()
    cut = [packed[start : start + 200] for start in range(0, len(packed), 200)]
    lines = [f"OBX|9|PDF|CR~Compte rendu~L||{cut[0]}", *(f"A|{piece}" for piece in cut[1:])]
    found = read(patient(), request(), result(), *lines)
    assert [inner.data for inner in found.embedded] == [PDF]


@pytest.mark.parametrize("packed", ["pas de fichier ici", "", "####"])
def test_a_file_that_is_not_there_is_refused(packed: str) -> None:
    with pytest.raises(FormatError) as refused:
        read(patient(), request(), f"OBX|9|PDF|CR~Compte rendu~L||{packed}")
    assert refused.value.reason is Reason.UNREADABLE


def test_a_file_beside_gets_the_identity_and_the_state_of_the_message() -> None:
    data = message(patient(), request("P"), "OBX|3|FIC|TEXTE~~L||GALAXIE~CR778.PDF~PDF")
    raw = builders.mail(builders.text(), builders.attached(data, "a.hpr"), builders.attached(PDF, "cr778.pdf"))
    envelope, document = mail.read(raw).documents
    assert envelope.ignored is Ignored.NOT_A_DOCUMENT
    assert (document.carrier, document.claims[0].ins, document.final) == (Carrier.PDF, Ins(NUMBER, OID), False)


def test_a_file_beside_that_is_not_joined_is_missed() -> None:
    data = message(patient(), request(), "OBX|3|FIC|TEXTE~~L||GALAXIE~CR778.PDF~PDF")
    (document,) = mail.read(builders.mail(builders.text(), builders.attached(data, "a.hpr"))).documents
    assert document.problem is Reason.UNREADABLE


@pytest.mark.parametrize(("context", "mode"), [("ADM", "P"), ("ERR", "P"), ("ORU", "T")])
def test_what_is_no_report(context: str, mode: str) -> None:
    segments = (patient(),) if context != "ORU" else (patient(), request(), result())
    with pytest.raises(FormatError) as refused:
        read(*segments, first=head(context=context, mode=mode))
    assert refused.value.reason is Reason.UNSUPPORTED_FORMAT


def test_without_a_patient_there_is_nothing_to_file() -> None:
    with pytest.raises(FormatError):
        read(request(), result())


@pytest.mark.parametrize("limit", ["messages", "message_lines", "message_text"])
def test_limits(limit: str) -> None:
    data = message(patient(), request(), result(), patient(p5="AUTRE~NOM"), request(), result())
    act = hprim_sante.split if limit == "messages" else hprim_sante.read
    with pytest.raises(FormatError) as refused:
        act(data, replace(DEFAULT, **{limit: 1}))
    assert refused.value.reason is Reason.TOO_LARGE


_SEED = message(patient(), request(), result(), "C|1|L|Texte", patient(p5="AUTRE~NOM"), result(kind="CE"))


@settings(max_examples=150, deadline=None)
@given(damaged(_SEED))
def test_damage_is_read_or_refused(data: bytes) -> None:
    sniff(data)
    with contextlib.suppress(FormatError):
        hprim_sante.split(data, DEFAULT)
        hprim_sante.read(data, DEFAULT)
