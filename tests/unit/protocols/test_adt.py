"""ADT messages to values (spec/mssante/identity-ins.md §3). Everybody here is invented; ANS examples where named."""

from __future__ import annotations

import pytest

from gateway.model.identity import INS_NIA, INS_NIR, INS_NIR_TEST, Ins, InsStatus
from gateway.protocols.adt import (
    NOT_UNDERSTOOD,
    AdtError,
    AdtEvent,
    IdentifierChange,
    Link,
    Merge,
    PatientUpdate,
    Unconcerned,
    Unlink,
    read,
)
from gateway.protocols.hl7v2 import parse
from tests.outside import corpora

IPP_OID = "1.2.250.1.999.1.1"
IPP = f"0042^^^CLINIQUE&{IPP_OID}&ISO^PI"
INS = f"256089932695080^^^ASIP-SANTE-INS-NIR&{INS_NIR}&ISO^INS^^20230102"
NAMES = "DURAND^ZOE^ZOE ANNE^^^^L~MARTIN^ZOE^^^^^D"


def adt(trigger: str, *segments: str) -> bytes:
    header = f"MSH|^~\\&|GAM|CLINIQUE|GW|CLINIQUE|20260301101500||ADT^{trigger}|M1|P|2.5|||||FRA|UNICODE UTF-8"
    return "\r".join((header, "EVN||20260301101400", *segments, "")).encode()


def pid(ids: str = f"{IPP}~{INS}", names: str = NAMES, status: str = "VALI", **fields: str) -> str:
    place = "1 rue A^^TOURS^^37000^FRA^H~^^^^^^BDL^^37261"
    values = {3: ids, 5: names, 7: "19560819", 8: "F", 11: place, 32: status}
    values |= {int(key[1:]): value for key, value in fields.items()}
    return "PID|" + "|".join(values.get(n, "") for n in range(1, 40))


def event(trigger: str, *segments: str) -> AdtEvent:
    return read(parse(adt(trigger, *segments)), IPP_OID)


def update(*segments: str) -> PatientUpdate:
    found = event("A31", *segments)
    assert isinstance(found, PatientUpdate)
    return found


@pytest.mark.parametrize("trigger", ["A01", "A04", "A05", "A08", "A28", "A31"])
def test_a_snapshot_gives_every_trait(trigger: str) -> None:
    found = event(trigger, pid())
    assert isinstance(found, PatientUpdate)
    patient = found.patient
    assert (patient.ipp, patient.ins, patient.ins_status) == ("0042", Ins("256089932695080", INS_NIR), "qualifiee")
    assert (patient.birth_name, patient.used_name) == ("DURAND", "MARTIN")
    assert (patient.first_given, patient.given_names) == ("ZOE", "ZOE ANNE")
    assert (patient.birth_date, patient.sex, patient.birth_place) == ("19560819", "F", "37261")
    assert (found.opposed, found.trigger, found.recorded) == (None, trigger, "20260301101400")
    assert patient.attributes == frozenset()


@pytest.mark.parametrize(
    ("status", "ids", "expected"),
    [
        ("VALI", f"{IPP}~{INS}", InsStatus.QUALIFIEE),
        ("VALI", IPP, InsStatus.VALIDEE),
        ("PROV", f"{IPP}~{INS}", InsStatus.RECUPEREE),
        ("PROV", IPP, InsStatus.PROVISOIRE),
        ("", IPP, InsStatus.PROVISOIRE),
        ("", f"{IPP}~{INS}", InsStatus.PROVISOIRE),
        ("VALI~PROV", f"{IPP}~{INS}", InsStatus.RECUPEREE),
        ("VALI~HOMA", f"{IPP}~{INS}", InsStatus.QUALIFIEE),
    ],
)
def test_the_status_comes_from_pid_32_and_the_presence_of_an_ins(status: str, ids: str, expected: InsStatus) -> None:
    assert update(pid(ids, status=status)).patient.ins_status is expected


def test_other_codes_of_pid_32_are_kept_and_a_homonym_is_called_so() -> None:
    assert update(pid(status="PROV~DPOT~CACH")).patient.attributes == {"DPOT", "CACH"}
    assert update(pid(status="VALI~HOMD")).patient.attributes == {"HOMD", "homonyme"}


def test_the_ins_is_known_by_its_oid_and_not_by_the_name_of_its_authority() -> None:
    nia = f"256089932695080^^^ASIP-SANTE-INS-NIR&{INS_NIA}&ISO^INS"
    insc = "1234567890123456789012^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.2&ISO^INS"
    assert update(pid(f"{IPP}~{nia}")).patient.ins == Ins("256089932695080", INS_NIA)
    assert update(pid(f"{IPP}~{insc}")).patient.ins is None


def test_an_ins_that_has_ended_is_history() -> None:
    old = f"156089932695010^^^X&{INS_NIA}&ISO^INS^^20200101^20230101"
    assert update(pid(f"{old}~{IPP}~{INS}")).patient.ins == Ins("256089932695080", INS_NIR)


@pytest.mark.parametrize(("zfa", "opposed"), [("INO", False), ("IO", True), ("NA", None), ("", None)])
def test_the_opposition_to_the_feeding_of_the_dmp(zfa: str, opposed: bool | None) -> None:
    found = update(pid(), f"ZFA|ACTIF|20260301|||||||{zfa}|20260301|IC|20260301")
    assert found.opposed is opposed
    assert found.patient.opposed is bool(opposed)


def test_our_ipp_is_found_among_others() -> None:
    ids = f"77^^^AILLEURS&1.2.3&ISO^PI~{IPP}~88^^^CLINIQUE&{IPP_OID}&ISO^AN~{INS}"
    assert update(pid(ids)).patient.ipp == "0042"


def test_the_only_pi_is_ours_when_its_authority_is_no_oid() -> None:
    assert update(pid("000003^^^CHU-X&000897406&N^PI")).patient.ipp == "000003"
    assert update(pid("000003^^^CHU-X^PI")).patient.ipp == "000003"


@pytest.mark.parametrize(
    ("ids", "condition"),
    [
        (INS, "101"),
        ("77^^^AILLEURS&1.2.3&ISO^PI", "101"),
        ("1^^^A^PI~2^^^B^PI", "102"),
        ('""^^^A^PI', "101"),
        (f"{IPP}~{INS}~2560899326950811^^^X&{INS_NIA}&ISO^INS", "102"),
        (f"{IPP}~25608^^^X&{INS_NIR}&ISO^INS", "102"),
    ],
)
def test_identifiers_that_cannot_be_believed(ids: str, condition: str) -> None:
    with pytest.raises(AdtError) as refused:
        update(pid(ids))
    assert (refused.value.error.condition, refused.value.error.location) == (condition, "PID^1^3")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("19560819", "19560819"), ("195608191200", "19560819"), ("1956", "19560000"), ("195608", "19560800"), ("", "")],
)
def test_birth_dates(written: str, read_as: str) -> None:
    assert update(pid(f7=written)).patient.birth_date == read_as


def test_a_birth_date_that_is_none_is_refused_without_being_quoted() -> None:
    with pytest.raises(AdtError) as refused:
        update(pid(f7="le 3 mars"))
    assert "3 mars" not in str(refused.value)


def test_a_name_without_a_type_is_the_birth_name_and_none_is_refused() -> None:
    assert update(pid(names="DURAND^ZOE")).patient.birth_name == "DURAND"
    for names in ("MARTIN^ZOE^^^^^D", '""^ZOE^^^^^L', ""):
        with pytest.raises(AdtError, match="PID-5"):
            update(pid(names=names))


def test_an_explicit_null_is_empty_and_an_unknown_sex_is_u() -> None:
    patient = update(pid(names='DURAND^ZOE^""^^^^L~""^^^^^^D', f8='""')).patient
    assert (patient.used_name, patient.given_names, patient.sex) == ("", "ZOE", "U")


def test_merge() -> None:
    merged = f"0099^^^CLINIQUE&{IPP_OID}&ISO^PI"
    assert event("A40", pid(), f"MRG|{merged}") == Merge("0042", "0099", "20260301101400")


@pytest.mark.parametrize("segments", [(pid(),), (pid(), f"MRG|{IPP}"), (pid(), "MRG|1^^^A^PI", pid(), "MRG|2^^^A^PI")])
def test_a_merge_that_is_not_one_is_refused(segments: tuple[str, ...]) -> None:
    with pytest.raises(AdtError):
        event("A40", *segments)


def test_a_changed_ipp_and_a_changed_ins() -> None:
    former = f"0007^^^CLINIQUE&{IPP_OID}&ISO^PI"
    ins = Ins("256089932695080", INS_NIR)
    assert event("A47", pid(), f"MRG|{former}") == IdentifierChange("0042", ins, "0007", None, "20260301101400")
    changed = event("A47", pid(), f"MRG|156089932695010^^^X&{INS_NIA}&ISO^INS")
    assert changed == IdentifierChange("0042", ins, None, Ins("156089932695010", INS_NIA), "20260301101400")


def test_link_and_unlink() -> None:
    other = pid(f"0099^^^CLINIQUE&{IPP_OID}&ISO^PI")
    assert event("A24", pid(), other) == Link("0042", "0099", "20260301101400")
    assert event("A37", pid(), other) == Unlink("0042", "0099", "20260301101400")
    for segments in ((pid(),), (pid(), pid()), (pid(), other, other)):
        with pytest.raises(AdtError):
            event("A24", *segments)


@pytest.mark.parametrize("trigger", ["A02", "A03", "A11", "Z99"])
def test_a_movement_is_none_of_our_business(trigger: str) -> None:
    assert event(trigger, pid(names="")) == Unconcerned(trigger)


@pytest.mark.parametrize("trigger", sorted(NOT_UNDERSTOOD))
def test_an_identity_event_that_is_not_understood_is_refused(trigger: str) -> None:
    with pytest.raises(AdtError) as refused:
        event(trigger, pid())
    assert refused.value.error.condition == "201"


def test_another_kind_of_message_is_refused() -> None:
    with pytest.raises(AdtError) as refused:
        read(parse(adt("A01", pid()).replace(b"ADT^A01", b"ORU^R01")), IPP_OID)
    assert refused.value.error.condition == "200"


def test_the_examples_of_the_ans() -> None:
    folder = corpora("hl7v2-fr", "Vague 2", "Consentement_DMP_PAMFR")
    expected = {
        "NonConsentementConsultation_OppositionAlimentation": True,
        "NonRecueillieConsentementConsultation_NonRecueillieOppositionAlimentation": None,
    }
    files = sorted(folder.glob("*.er7"))
    assert files
    for file in files:
        found = read(parse(file.read_bytes()), IPP_OID)
        assert isinstance(found, PatientUpdate)
        assert found.opposed is expected.get(file.stem, False)
        patient = found.patient
        assert (patient.ipp, patient.birth_name, patient.birth_place) == ("000003", "PAT-TROIS", "63220")
        assert patient.ins == Ins("279035121518989", INS_NIR_TEST)
        assert patient.ins_status is InsStatus.QUALIFIEE
