"""HPRIM Médecin: headers as programs write them, encodings, several messages. Every person is invented."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings

from gateway.formats import mail
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.messages import hprim_medecin
from gateway.formats.messages.message import Message
from gateway.formats.sniff import Kind, sniff
from gateway.model.documents import Carrier
from gateway.model.reasons import Reason
from tests.unit.formats import builders
from tests.unit.formats.damage import damaged

HEADER = ("P00123", "MERCOEUR", "ODILE", "3 RUE DES TILLEULS", "", "41200 ROMORANTIN", "07/02/1951", "",
          "778812", "05/06/2026", "LAB004    Laboratoire du Val", "HOP001    Dr Hugo Ternier")  # fmt: skip
TEXT = ("", "Madame Odile MERCOEUR", "Hémoglobine : 13,1 g/dL", "Contrôle à prévoir dans un mois.")
RESULTS = ("****LAB****", "RES|Hémoglobine|HB|N|13.1|g/dL|12.0|16.0|N|F", "TEX|Formule contrôlée")
END = ("****FIN****", "****FINFICHIER****")


def message(*, header: tuple[str, ...] = HEADER, text: tuple[str, ...] = TEXT, end: tuple[str, ...] = END) -> str:
    return "\r\n".join((*header, *text, *end, ""))


def changed(**lines: str) -> tuple[str, ...]:
    """The header with some lines changed, named l1 to l12."""
    return tuple(lines.get(f"l{number}", line) for number, line in enumerate(HEADER, 1))


def read(text: str, encoding: str = "cp1252") -> Message:
    return hprim_medecin.read(text.encode(encoding), DEFAULT)


def test_the_header_gives_name_given_name_and_birth_date_but_neither_sex_nor_ins() -> None:
    found = read(message(header=changed(l8="2510241194013 48")))
    (claim,) = found.claims
    assert (claim.source, claim.family_name, claim.first_given, claim.birth_date) == (
        "hprim", "MERCOEUR", "ODILE", "19510207",
    )  # fmt: skip
    assert claim.ins is None
    assert claim.sex is None
    assert claim.birth_name is None
    assert dict(claim.found) == {"family_name": "ligne 2", "given_names": "ligne 3", "birth_date": "ligne 7"}
    assert found.act_date == "20260605"
    assert "2510241194013" not in found.text


@pytest.mark.parametrize(
    ("written", "date"),
    [("07/02/1951", "19510207"), ("07/02/51", "00510207"), ("1951-02-07", "19510207"), ("07021951", "19510207"),
     ("7.2.1951", "19510207"), ("00/00/1951", "19510000")],
)  # fmt: skip
def test_birth_dates(written: str, date: str) -> None:
    assert read(message(header=changed(l7=written))).claims[0].birth_date == date


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16", "mac_roman", "cp850"])
@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
def test_encodings_and_line_ends(encoding: str, ends: str) -> None:
    data = message(header=changed(l3="ZOÉ")).replace("\r\n", ends).encode(encoding)
    assert sniff(data) is Kind.HPRIM_MEDECIN
    found = hprim_medecin.read(data, DEFAULT)
    assert found.claims[0].first_given == "ZOÉ"
    assert "Hémoglobine : 13,1 g/dL\nContrôle à prévoir dans un mois." in found.text


def test_text_spoilt_on_the_way_is_mended() -> None:
    spoilt = message().encode().decode("cp1252").encode()
    assert "Hémoglobine" in hprim_medecin.read(spoilt, DEFAULT).text
    macintosh = message().encode("cp1252").decode("mac_roman").encode()
    assert "Contrôle à prévoir" in hprim_medecin.read(macintosh, DEFAULT).text
    marked = message(text=("", "H&eacute;moglobine &lt; 13<br />", "<b>Contr&ocirc;le</b>"))
    assert "Hémoglobine < 13\n" in read(marked).text
    assert "\nContrôle" in read(marked).text


@pytest.mark.parametrize(
    "header",
    [
        HEADER[1:],
        ("[apicrypt]", *HEADER),
        ("LABO".ljust(40) + "TERNHU".ljust(40) + "TERNIER HUGO".ljust(120) + "0101", *HEADER[1:]),
        (*HEADER, "Expediteur Laboratoire du Val", "Médecin    TERNIER HUGO"),
        changed(l10=""),
        changed(l8=".", l9=".", l5="."),
        changed(l6="67000-FR STRASBOURG", l1=""),
        changed(l1="MERC"),
        changed(l10="05/06/2026 10:42"),
    ],
)
def test_headers_as_programs_write_them(header: tuple[str, ...]) -> None:
    data = message(header=header).encode("cp1252")
    assert sniff(data) is Kind.HPRIM_MEDECIN
    found = hprim_medecin.read(data, DEFAULT)
    assert (found.claims[0].family_name, found.claims[0].birth_date) == ("MERCOEUR", "19510207")
    body = found.text.partition("07/02/1951")[2]
    assert body.strip().startswith("Madame Odile MERCOEUR")


def test_a_header_of_seven_lines_only() -> None:
    data = "\n".join((*HEADER[:7], "Glycémie : 1,30 g/L")).encode()
    assert sniff(data) is Kind.HPRIM_MEDECIN
    found = hprim_medecin.read(data, DEFAULT)
    assert found.claims[0].family_name == "MERCOEUR"
    assert found.text.endswith("Glycémie : 1,30 g/L")


def test_a_header_without_its_birth_date_identifies_nobody_but_is_read() -> None:
    data = message(header=changed(l7="")).encode("cp1252")
    assert sniff(data) is Kind.HPRIM_MEDECIN
    claim = hprim_medecin.read(data, DEFAULT).claims[0]
    assert (claim.family_name, claim.birth_date) == ("MERCOEUR", None)


@pytest.mark.parametrize(
    ("line", "birth", "used", "family"),
    [("MERCOEUR NEE LAVIGNE", "LAVIGNE", "MERCOEUR", None), ("LAVIGNE EP MERCOEUR", "LAVIGNE", "MERCOEUR", None),
     ("MERCOEUR (née LAVIGNE)", "LAVIGNE", "MERCOEUR", None), ("DE LA MERCOEUR", None, None, "DE LA MERCOEUR"),
     ("EPINAY", None, None, "EPINAY")],
)  # fmt: skip
def test_two_names_on_the_line_of_one(line: str, birth: str | None, used: str | None, family: str | None) -> None:
    claim = read(message(header=changed(l2=line))).claims[0]
    assert (claim.birth_name, claim.used_name, claim.family_name) == (birth, used, family)


def test_a_civility_in_the_name_says_the_sex_and_several_given_names_leave_the_first_open() -> None:
    claim = read(message(header=changed(l2="MME MERCOEUR", l3="ODILE MARIE"))).claims[0]
    assert (claim.family_name, claim.sex, claim.first_given, claim.given_names) == (
        "MERCOEUR", "F", None, "ODILE MARIE",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "Cabinet médical\nDr Hugo Ternier\n3 rue X\n\n41200 Romorantin\n05/06/2026\n\nCher confrère,\n\nMerci.",
        "Bonjour,\n\nci-joint le courrier de\nMERCOEUR\nODILE\n3 rue X\n\n41200 ROMORANTIN\nMerci de le lire",
        "ORDONNANCE\nDr TERNIER\nMme MERCOEUR Odile\n07/02/1951\n\n1) Paracetamol\n2) Repos\n\n05/06/2026\n\nSignature",
        "1\n2\n3\n4\n5\n6\n07/02/1951\n8\n9\n05/06/2026\n11\n12\n13",
        "Compte rendu\n" * 40,
        "****FIN****\n",
    ],
)
def test_a_plain_letter_is_not_taken_for_hprim(text: str) -> None:
    assert sniff(text.encode()) is Kind.TEXT


def test_results_are_told_only_where_the_text_does_not_hold_them() -> None:
    told = read(message(end=(*RESULTS, *END)))
    assert told.text.count("13") == 1
    assert told.text.endswith("Formule contrôlée")
    assert told.title == "Résultats de biologie médicale"
    alone = read(message(text=("",), end=(*RESULTS, "RES|CRP|CRP|N|<3|mg/L||5|H|F", *END)))
    assert "Hémoglobine : 13.1 g/dL (normes : 12.0 - 16.0)\nFormule contrôlée\nCRP : <3 mg/L" in alone.text
    assert "[haut]" in alone.text


@pytest.mark.parametrize(("status", "final"), [("F", True), ("R", False), ("C", True), ("", True)])
def test_a_result_not_validated_makes_the_message_not_final(status: str, final: bool) -> None:
    line = f"RES|CRP|CRP|N|9|mg/L|0|5|H|{status}"
    found = read(message(end=("****LAB****", RESULTS[1], line, *END)))
    assert found.final is final
    assert ("[non validé]" in found.text) is (status == "R")


@pytest.mark.parametrize("end", [(), END[:1], END[1:], ("****FIN***", "***FINFICHIER****"), ("**** fin ****",)])
def test_end_marks_missing_or_miswritten(end: tuple[str, ...]) -> None:
    found = read(message(end=end))
    assert found.text.endswith("Contrôle à prévoir dans un mois.")


OTHER = changed(l2="TERRENOIRE", l3="BASILE", l7="11/10/1967")


@pytest.mark.parametrize("code", ["P00123", ""])
def test_line_ends_that_are_breaks(code: str) -> None:
    written = message(header=changed(l1=code)).replace("\r\n", "<br>\r\n").encode()
    assert sniff(written) is Kind.HPRIM_MEDECIN
    (claim,) = hprim_medecin.read(written, DEFAULT).claims
    assert (claim.family_name, claim.birth_date) == ("MERCOEUR", "19510207")
    assert sniff(b"<br>Bonjour<br>Madame") is Kind.HTML


@pytest.mark.parametrize("end", [("****FIN****",), ()])
def test_two_patients_in_a_file_are_two_documents(end: tuple[str, ...]) -> None:
    one, two = message(end=end), message(header=OTHER, text=("", "Rien de particulier."))
    pieces = hprim_medecin.split((one + two).encode("cp1252"), DEFAULT)
    assert [sniff(piece.data) for piece in pieces] == [Kind.HPRIM_MEDECIN] * 2
    assert b"".join(piece.data for piece in pieces).startswith(one.encode("cp1252"))
    found = [hprim_medecin.read(piece.data, DEFAULT) for piece in pieces]
    assert [one.claims[0].family_name for one in found] == ["MERCOEUR", "TERRENOIRE"]
    assert "Rien de particulier" not in found[0].text
    assert "MERCOEUR" not in found[1].text


def test_two_messages_about_one_patient_stay_one_document() -> None:
    data = (message(end=END[:1]) + message(text=("", "Glycémie : 0,98 g/L"))).encode("cp1252")
    assert hprim_medecin.split(data, DEFAULT) == ()
    found = hprim_medecin.read(data, DEFAULT)
    assert len(found.claims) == 1
    assert "Contrôle à prévoir" in found.text
    assert "Glycémie : 0,98 g/L" in found.text


def test_a_message_whose_header_is_not_recognised_is_not_given_to_the_first_patient() -> None:
    data = (message(end=END[:1]) + "EN-TETE;INCONNU\nAutre patient, autre texte\n****FIN****\n").encode("cp1252")
    pieces = hprim_medecin.split(data, DEFAULT)
    assert len(pieces) == 2
    assert "autre texte" not in hprim_medecin.read(pieces[0].data, DEFAULT).text


def test_results_without_header_name_nobody() -> None:
    data = "\n".join((*RESULTS[1:], "RES|TSH|TSH|N|0.10|mUI/L|0.27|4.20|L|")).encode()
    assert sniff(data) is Kind.HPRIM_MEDECIN
    found = hprim_medecin.read(data, DEFAULT)
    assert found.claims == ()
    assert "TSH : 0.10 mUI/L (normes : 0.27 - 4.20) [bas]" in found.text


def test_a_body_with_words_around_it() -> None:
    words = "Bonjour,\r\n\r\nVoici le compte rendu demandé.\r\n\r\n"
    raw = builders.mail(builders.text(words + message() + "\r\nCe message est confidentiel.\r\n"))
    (document,) = mail.read(raw).documents
    assert (document.carrier, document.rendition) == (Carrier.BODY, "text/plain")
    assert document.claims[0].family_name == "MERCOEUR"
    assert "confidentiel" not in document.text
    assert "demandé" not in document.text


def test_two_patients_in_a_mail() -> None:
    data = (message(end=END[:1]) + message(header=OTHER)).encode("cp1252")
    raw = builders.mail(builders.text(), builders.attached(data, "RES.HPR"))
    documents = mail.read(raw).documents
    assert [one.part for one in documents] == ["1.2!0", "1.2!1"]
    assert b"".join(mail.extract(raw, one.part) for one in documents).startswith(message(end=END[:1]).encode("cp1252"))
    assert [one.claims[0].family_name for one in documents] == ["MERCOEUR", "TERRENOIRE"]


@pytest.mark.parametrize("limit", ["messages", "message_lines", "message_text"])
def test_limits(limit: str) -> None:
    data = (message(end=END[:1]) + message(header=OTHER)).encode("cp1252")
    small = replace(DEFAULT, **{limit: 1})
    act = hprim_medecin.read if limit == "message_text" else hprim_medecin.split
    with pytest.raises(FormatError) as refused:
        act(data, small)
    assert refused.value.reason is Reason.TOO_LARGE


_SEED = (message(end=(*RESULTS, *END)) + message(header=OTHER)).encode("cp1252")


@settings(max_examples=150, deadline=None)
@given(damaged(_SEED))
def test_damage_is_read_or_refused(data: bytes) -> None:
    sniff(data)
    with contextlib.suppress(FormatError):
        hprim_medecin.split(data, DEFAULT)
        hprim_medecin.read(data, DEFAULT)
