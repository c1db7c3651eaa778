"""HL7 v2: ORU and MDM as laboratories and hospitals send them. Every person is invented."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings

from gateway.formats import mail
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT
from gateway.formats.messages import hl7v2
from gateway.formats.messages.message import Message
from gateway.formats.sniff import Kind, sniff
from gateway.model.documents import Carrier
from gateway.model.identity import Ins
from gateway.model.reasons import Reason
from tests.unit.formats import builders
from tests.unit.formats.damage import damaged

OID = "1.2.250.1.213.1.4.8"
NUMBER = "251024119401348"
INS = f"{NUMBER}^^^ASIP-SANTE-INS-NIR&{OID}&ISO^INS^^20260101"
LOCAL = "71141^^^LABO&1.2.250.1.999.66.1&ISO^PI"
NAMES = "LAVIGNE^ODILE^ODILE MARIE^^^^L~MERCOEUR^ODILE^^^^^D"
PDF = builders.pdf("Resultats de Mme Odile MERCOEUR", "Hemoglobine : 13,1 g/dL")


def head(kind: str = "ORU^R01^ORU_R01", *, mode: str = "P", charset: str = "UNICODE UTF-8", profile: str = "") -> str:
    return f"MSH|^~\\&|SIL|Laboratoire du Val|DPI|CH|20260605141500||{kind}|77|{mode}|2.5|||||FRA|{charset}|||{profile}"


def patient(
    *, ids: str = f"{INS}~{LOCAL}", names: str = NAMES, born: str = "19510207", sex: str = "F",
    place: str = "3 RUE X^^ROMORANTIN^^41200^FRA^H~^^ROMORANTIN^^^^BDL^^41194", town: str = "",
) -> str:  # fmt: skip
    fields = {3: ids, 5: names, 7: born, 8: sex, 11: place, 23: town}
    return "|".join(["PID", *(fields.get(number, "") for number in range(1, 24))])


def request(status: str = "F", code: str = "11502-2^CR d'examens biologiques^LN") -> str:
    return "|".join(["OBR", "1", "", "719280", code, "", "", "20260605101500", *[""] * 17, status])


def result(
    value: str = "13.1", *, kind: str = "NM", label: str = "718-7^Hémoglobine^LN", unit: str = "g/dL",
    normals: str = "12.0-16.0", flag: str = "N", status: str = "F",
) -> str:  # fmt: skip
    return "|".join(["OBX", "1", kind, label, "", value, unit, normals, flag, "", "", status])


def document(data: bytes = PDF, *, kind: str = "application^pdf", status: str = "F") -> str:
    value = f"^{kind}^Base64^{base64.b64encode(data).decode()}"
    return result(value, kind="ED", label="11502-2^Compte rendu^LN", unit="", normals="", status=status)


def letter(*, code: str = "18748-4", completion: str = "AU", available: str = "AV") -> str:
    fields = {1: "1", 2: code, 3: "TEXT", 4: "20260604090000", 12: "1.2.3", 17: completion, 19: available}
    return "|".join(["TXA", *(fields.get(number, "") for number in range(1, 20))])


def message(*segments: str, first: str = "", ends: str = "\r", encoding: str = "utf-8") -> bytes:
    return ends.join((first or head(), *segments, "")).encode(encoding)


def read(*segments: str, first: str = "") -> Message:
    return hl7v2.read(message(*segments, first=first), DEFAULT)


def test_the_identity_of_pid() -> None:
    (claim,) = read(patient(), request(), result()).claims
    assert claim.ins == Ins(NUMBER, OID)
    assert (claim.birth_name, claim.used_name, claim.first_given, claim.given_names) == (
        "LAVIGNE", "MERCOEUR", "ODILE", "ODILE MARIE",
    )  # fmt: skip
    assert (claim.birth_date, claim.sex, claim.birth_place) == ("19510207", "F", "41194")
    assert claim.local_ids == (("1.2.250.1.999.66.1", "71141"),)
    assert (claim.source, dict(claim.found)["ins"]) == ("hl7v2", "PID-3")


@pytest.mark.parametrize(
    ("names", "birth", "used", "family"),
    [("LAVIGNE^ODILE^^^^^L", "LAVIGNE", None, None), ("MERCOEUR^ODILE", None, None, "MERCOEUR"),
     ("MERCOEUR^ODILE^^^^^U~LAVIGNE^ODILE^^^^^L", "LAVIGNE", "MERCOEUR", None),
     ("MERCOEUR^ODILE^^^^^D", None, "MERCOEUR", None), ("DU VAL&DU&VAL^ODILE^^^^^L", "DU VAL", None, None),
     ("O\\T\\NEIL^ODILE^^^^^L", "O&NEIL", None, None)],
)  # fmt: skip
def test_names(names: str, birth: str | None, used: str | None, family: str | None) -> None:
    claim = read(patient(names=names), request(), result()).claims[0]
    assert (claim.birth_name, claim.used_name, claim.family_name) == (birth, used, family)


@pytest.mark.parametrize(
    ("ids", "known"),
    [
        (f"{NUMBER}^^^INS-NIR^INS", [Ins(NUMBER, "")]),
        (f"{NUMBER}^^^&1.2.250.1.213.1.4.9&ISO^INS", [Ins(NUMBER, "1.2.250.1.213.1.4.9")]),
        (f"{NUMBER}^^^SECU^NH", [None]),
        (f"151024119401348^^^&{OID}&ISO^INS^^20200101^20210101~{INS}", [Ins(NUMBER, OID)]),
        (f"{INS}~151024119401348^^^&{OID}&ISO^INS", [Ins(NUMBER, OID), Ins("151024119401348", OID)]),
    ],
)
def test_ins_by_oid(ids: str, known: list[Ins | None]) -> None:
    assert [claim.ins for claim in read(patient(ids=ids), request(), result()).claims] == known


@pytest.mark.parametrize(
    ("born", "sex", "town", "expected"),
    [("195102071030", "F", "", ("19510207", "F", None)), ("1951", "U", "", ("19510000", "U", None)),
     ("19510207", "", "2A004", ("19510207", None, "2A004")), ("", "M", "Romorantin", (None, "M", None)),
     ('""', '""', '""', (None, None, None))],
)  # fmt: skip
def test_traits_partly_said(born: str, sex: str, town: str, expected: tuple[str | None, ...]) -> None:
    claim = read(patient(born=born, sex=sex, town=town, place=""), request(), result()).claims[0]
    assert (claim.birth_date, claim.sex, claim.birth_place) == expected


@pytest.mark.parametrize("ends", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("framed", [False, True])
def test_line_ends_and_frames(ends: str, framed: bool) -> None:
    data = message(patient(), request(), document(), ends=ends)
    data = b"\x0b" + data + b"\x1c\r" if framed else data
    assert sniff(data) is Kind.HL7V2
    assert [inner.data for inner in hl7v2.read(data, DEFAULT).embedded] == [PDF]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("UNICODE UTF-8", "utf-8"), ("8859/15", "iso8859_15"), ("8859/1", "cp1252"), ("", "cp1252"), ("8859/1", "utf-8"),
     ("UNICODE UTF-8", "cp1252"), ("", "utf-8-sig"), ("UNICODE", "utf-16")],
)  # fmt: skip
def test_charsets(declared: str, encoding: str) -> None:
    data = message(
        patient(names="LEFÈVRE^ZOÉ^^^^^L"), request(), result(), first=head(charset=declared), encoding=encoding
    )
    assert sniff(data) is Kind.HL7V2
    found = hl7v2.read(data, DEFAULT)
    assert (found.claims[0].birth_name, found.claims[0].first_given) == ("LEFÈVRE", "ZOÉ")
    assert "Hémoglobine : 13.1 g/dL (normes : 12.0-16.0)" in found.text


def test_other_delimiters() -> None:
    table = str.maketrans({"|": "#", "^": "*", "~": "@", "\\": "!", "&": "%"})
    data = message(patient(), request(), result("a\\F\\b", kind="ST")).decode().translate(table).encode()
    assert sniff(data) is Kind.HL7V2
    found = hl7v2.read(data, DEFAULT)
    assert found.claims[0].ins == Ins(NUMBER, OID)
    assert "a#b" in found.text


def test_text_results_and_comments_as_lines() -> None:
    note = "NTE|1||Prélèvement hémolysé"
    prose = result("Conclusion :\\.br\\pas d'anomalie~Fin\\X0A\\signé", kind="FT", label="1^Texte", unit="", normals="")
    coded = result("POS^Positif^L", kind="CE", label="2^Test", unit="", normals="", flag="A")
    bounded = result(">^10", kind="SN", label="3^CRP", unit="mg/L", normals="", flag="H")
    text = read(patient(), request(), prose, note, coded, bounded).text
    assert "Texte :\nConclusion :\npas d'anomalie\nFin\nsigné" in text
    assert "Prélèvement hémolysé" in text
    assert "Test : Positif [anormal]" in text
    assert "CRP : >10 mg/L [haut]" in text


def test_a_text_of_many_segments_is_not_labelled_at_each_line() -> None:
    lines = [
        result(line, kind="TX", label="T^Compte rendu", unit="", normals="") for line in ("Bonjour,", "Tout va bien.")
    ]
    assert "Compte rendu : Bonjour,\nTout va bien." in read(patient(), request(code=""), *lines).text


def test_files_inside_and_what_they_are_called() -> None:
    found = read(patient(), request(), result(), document(), document(b"{\\rtf1 texte}", kind="application^rtf"))
    assert [inner.data for inner in found.embedded] == [PDF, b"{\\rtf1 texte}"]
    assert found.type is not None
    assert (found.type.code, found.title, found.act_date) == ("11502-2", "CR d'examens biologiques", "20260605101500")


def test_base64_wrapped_over_lines() -> None:
    wrapped = document().replace("=", "=")
    start = wrapped.index("Base64^") + 100
    data = message(
        patient(), request(), wrapped[:start] + "\n" + wrapped[start : start + 76] + "\n" + wrapped[start + 76 :]
    )
    assert [inner.data for inner in hl7v2.read(data, DEFAULT).embedded] == [PDF]


@pytest.mark.parametrize("content", ["Document medical au format CDA niveau 1", "%%%%", "", "document a venir"])
def test_a_placeholder_is_refused(content: str) -> None:
    packed = base64.b64encode(content.encode()).decode() if content.startswith("Document") else content
    line = result(f"^text^XML^Base64^{packed}", kind="ED", unit="", normals="")
    with pytest.raises(FormatError) as refused:
        read(patient(), request(), line)
    assert refused.value.reason is Reason.UNREADABLE


def test_plain_text_in_base64_is_text() -> None:
    packed = base64.b64encode("Cher confrère, tout va bien.".encode()).decode()
    found = read(patient(), request(), result(f"^text^plain^Base64^{packed}", kind="ED", unit="", normals=""))
    assert found.embedded == ()
    assert "Cher confrère, tout va bien." in found.text


@pytest.mark.parametrize("status", ["P", "A", "I", "S", "R", "O"])
def test_requests_that_are_not_final(status: str) -> None:
    found = read(patient(), request(), result(), request(status), result())
    assert (found.final, found.cancelled) == (False, False)


@pytest.mark.parametrize(
    ("status", "final"),
    [("F", True), ("C", True), ("U", True), ("X", True), ("", True), ("P", False), ("R", False), ("D", False)],
)
def test_results_that_are_not_final(status: str, final: bool) -> None:
    found = read(patient(), request(), result(), result("9", status=status))
    assert (found.final, found.cancelled) == (final, False)


def test_withdrawn() -> None:
    assert read(patient(), request("X"), result()).cancelled
    assert read(patient(), request(), result(status="W")).cancelled
    assert read(patient(), request(), result(), document(status="D")).cancelled
    assert read(patient(), "ORC|CA", request(), result()).cancelled
    deleted = head("MDM^T04^MDM_T02", profile="1.1^CISIS_CDA_HL7_LPS")
    assert read(patient(), letter(), document(b"nothing at all"), first=deleted).cancelled


@pytest.mark.parametrize(
    ("completion", "available", "final", "cancelled"),
    [("AU", "AV", True, False), ("LA", "", True, False), ("", "", True, False), ("IP", "AV", False, False),
     ("PA", "", False, False), ("DI", "", False, False), ("AU", "UN", False, False), ("AU", "CA", False, True),
     ("AU", "OB", False, True)],
)  # fmt: skip
def test_the_state_of_a_document(completion: str, available: str, final: bool, cancelled: bool) -> None:
    stated = letter(completion=completion, available=available)
    found = read(patient(), stated, document(), first=head("MDM^T02^MDM_T02"))
    assert (found.final, found.cancelled) == (final, cancelled)
    assert found.type is not None
    assert found.type.code == "18748-4"


def test_a_code_that_is_no_document_type_is_no_type() -> None:
    assert read(patient(), request(code="718-7^Hémoglobine^LN"), result()).type is None


def test_masks_are_asked_for_in_flags() -> None:
    flag = result("Y^^expandedYes-NoIndicator", kind="CWE", label="INVISIBLE_PATIENT^Non visible^MetaDMPMSS", unit="")
    found = read(patient(), request(), result(), flag)
    assert (found.visibility.invisible_to_patient, found.visibility.masked_to_professionals) == (True, False)
    assert "Non visible" not in found.text


@pytest.mark.parametrize("kind", ["ADT^A01", "ACK^R01^ACK", "ORM^O01", "SIU^S12"])
def test_what_is_no_report(kind: str) -> None:
    with pytest.raises(FormatError) as refused:
        read(patient(), request(), result(), first=head(kind))
    assert refused.value.reason is Reason.UNSUPPORTED_FORMAT


def test_a_test_is_not_filed() -> None:
    with pytest.raises(FormatError, match="unsupported-format"):
        read(patient(), request(), result(), first=head(mode="T"))


OTHER = patient(ids="9^^^LABO", names="TERRENOIRE^BASILE^^^^^L", sex="M")


def test_a_batch_is_cut_into_its_messages() -> None:
    one, two = message(patient(), request(), document()), message(OTHER, request(), result())
    data = b"FHS|^~\\&|SIL\rBHS|^~\\&|SIL\r" + one + two + b"BTS|2\rFTS|1\r"
    assert sniff(data) is Kind.HL7V2
    pieces = hl7v2.split(data, DEFAULT)
    assert pieces[0].data == one
    assert [sniff(piece.data) for piece in pieces] == [Kind.HL7V2] * 2
    found = [hl7v2.read(piece.data, DEFAULT) for piece in pieces]
    assert [each.claims[0].birth_name for each in found] == ["LAVIGNE", "TERRENOIRE"]


def test_two_patients_in_one_message() -> None:
    data = message(patient(), request(), result(), OTHER, request(), result("9"))
    pieces = hl7v2.split(data, DEFAULT)
    found = [hl7v2.read(piece.data, DEFAULT) for piece in pieces]
    assert [each.claims[0].birth_name for each in found] == ["LAVIGNE", "TERRENOIRE"]
    assert "13.1" not in found[1].text
    assert hl7v2.split(message(patient(), request(), result()), DEFAULT) == ()


def test_in_a_mail_the_document_inside_bears_the_identity_of_the_message() -> None:
    data = message(patient(), request("P"), document())
    raw = builders.mail(builders.text(), builders.attached(data, "msg1.hl7"))
    (found,) = mail.read(raw).documents
    assert (found.carrier, found.part, found.final) == (Carrier.PDF, "1.2!0", False)
    assert mail.extract(raw, found.part) == PDF
    assert found.claims[0].ins == Ins(NUMBER, OID)
    assert "Resultats de Mme Odile MERCOEUR" in found.text


def test_a_cda_inside_an_archive_inside() -> None:
    inside = document(builders.xdm(builders.cda()), kind="application^zip")
    data = message(patient(), letter(), inside, first=head("MDM^T02^MDM_T02"))
    raw = builders.mail(builders.text(), builders.attached(data, "m.hl7"))
    found = [one for one in mail.read(raw).documents if one.ignored is None]
    assert [one.carrier for one in found] == [Carrier.XDM]
    assert [claim.source for claim in found[0].claims] == ["hl7v2", "cda"]


def test_the_message_itself_travels_as_text() -> None:
    raw = builders.mail(builders.text(), builders.attached(message(patient(), request(), result()), "m.hl7"))
    (found,) = mail.read(raw).documents
    assert (found.carrier, found.rendition, found.media_type) == (Carrier.OTHER, "text/plain", "application/hl7-v2")
    assert "Hémoglobine : 13.1 g/dL" in found.text


@pytest.mark.parametrize("limit", ["messages", "message_lines", "message_text"])
def test_limits(limit: str) -> None:
    data = message(patient(), request(), result(), OTHER, request(), result("9"))
    act = hl7v2.split if limit == "messages" else hl7v2.read
    with pytest.raises(FormatError) as refused:
        act(data, replace(DEFAULT, **{limit: 1}))
    assert refused.value.reason is Reason.TOO_LARGE


_SEED = message(
    patient(), "ORC|NW", request(), result(), result("a\\X41\\b", kind="FT"), OTHER, letter(), document(b"%PDF")
)


@settings(max_examples=150, deadline=None)
@given(damaged(_SEED))
def test_damage_is_read_or_refused(data: bytes) -> None:
    sniff(data)
    with contextlib.suppress(FormatError):
        hl7v2.split(data, DEFAULT)
        hl7v2.read(data, DEFAULT)


def _pieces(*values: str, numbers: tuple[int, ...] = (1, 2, 3)) -> list[str]:
    """The OBX of one code over which a file is cut."""
    label = "11502-2^Compte rendu^LN"
    packed = (f"^application^pdf^Base64^{value}" for value in values)
    fields = zip(numbers, packed, strict=False)
    return ["|".join(["OBX", "1", "ED", label, str(n), value, "", "", "", "", "", "F"]) for n, value in fields]


def test_a_pdf_cut_over_several_results_is_one_file() -> None:
    packed = base64.b64encode(PDF).decode()
    (file,) = read(patient(), request(), *_pieces(packed[:301], packed[301:610], packed[610:])).embedded
    assert file.data == PDF


def test_results_that_do_not_follow_each_other_are_no_pieces_of_a_file() -> None:
    packed = base64.b64encode(PDF).decode()
    whole = read(patient(), request(), *_pieces(packed, packed)).embedded
    assert [file.data for file in whole] == [PDF, PDF]
    for pieces in (_pieces(packed[:300], packed[300:], numbers=(1, 3)), _pieces(packed, "Q29tcHRlIHJlbmR1")):
        with pytest.raises(FormatError) as refused:
            read(patient(), request(), *pieces)
        assert refused.value.reason is Reason.UNREADABLE
