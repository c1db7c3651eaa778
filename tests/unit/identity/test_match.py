"""The table of DESIGN §5, row by row, and each strict trait one off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.identity.match import Policy, keys, match, several_patients
from gateway.model.identity import INS_NIA, INS_NIR, INS_NIR_TEST, Claim, Ins, InsStatus, Likeness, Match, Patient
from gateway.model.reasons import Reason
from tests.unit.identity.people import OPEN, TOWN, number, patient

HERE = patient("HERE", "LE GOFF", "MARIE-CLAIRE ANNE", "19701231", "F", used="MARTIN", first="MARIE-CLAIRE",
               ins="2701237261125", place="37261")  # fmt: skip
OTHER = patient("OTHER", "LEROY", "PAUL", "19441105", "M", ins="1441137261126")
NO_INS = patient("NO-INS", "BEN ALI", "KARIM", "19850809", "M")
INDEX = (HERE, OTHER, NO_INS)
UNKNOWN = Ins(number("2700137261999"), INS_NIR)

CDA = Claim("cda", ins=HERE.ins, birth_name="Le Goff", used_name="Martin", first_given="Marie Claire",
            given_names="Marie-Claire Anne", birth_date="19701231", sex="F", birth_place="37261")  # fmt: skip
PLAIN = Claim("text", family_name="BEN ALI", first_given="Karim", birth_date="19850809", sex="M")


def _match(claim: Claim, *more: Patient, policy: Policy = OPEN, metadata: Claim | None = None) -> Match:
    return match([claim], metadata, (*INDEX, *more), policy)


def test_an_ins_with_all_its_traits_files() -> None:
    found = _match(CDA)
    assert (found.ipp, found.reason, found.by_ins, found.feedable, found.rule) == (
        "HERE",
        None,
        True,
        True,
        "ins-exact",
    )
    assert {e.likeness for e in found.candidates[0].evidence} <= {Likeness.EQUAL, Likeness.NORMALISED}


@pytest.mark.parametrize("status", list(InsStatus))
def test_the_status_is_for_the_feeding_to_look_at(status: InsStatus) -> None:
    held = replace(HERE, ins_status=status)
    assert match([CDA], None, (held, OTHER), OPEN).ipp == "HERE"


@pytest.mark.parametrize(
    "same",
    [
        replace(CDA, birth_name="LE-GOFF"),
        replace(CDA, birth_name="lé goff"),
        replace(CDA, first_given="MARIE-CLAIRE"),
        replace(CDA, given_names="MARIE CLAIRE"),
        replace(CDA, birth_place=None),
        replace(CDA, birth_place="99999"),
        replace(CDA, used_name="Durand"),
        replace(CDA, ins=Ins("2 70 12 37 261 125 " + str(HERE.ins and HERE.ins.number[13:]), INS_NIR)),
    ],
)
def test_what_is_equal_after_normalisation_files(same: Claim) -> None:
    assert _match(same).ipp == "HERE"


@pytest.mark.parametrize(
    "off",
    [
        {"birth_name": "LE GOF"},
        {"birth_name": "MARTIN"},
        {"first_given": "MARIE"},
        {"first_given": "ANNE"},
        {"first_given": None, "given_names": "Anne Marie-Claire"},
        {"birth_date": "19701230"},
        {"birth_date": "19711231"},
        {"sex": "M"},
        {"birth_place": "37262"},
        {"ins": Ins(HERE.ins.number if HERE.ins else "", INS_NIA)},
        {"ins": Ins(HERE.ins.number if HERE.ins else "", INS_NIR_TEST)},
        {"ins": UNKNOWN},
        {"ins": OTHER.ins},
        {"ins": Ins("270123726112599", INS_NIR)},
    ],
)
def test_one_trait_of_an_ins_off_is_a_conflict(off: dict[str, object]) -> None:
    found = _match(replace(CDA, **off))  # type: ignore[arg-type]
    assert (found.ipp, found.reason) == (None, Reason.IDENTITY_CONFLICT)


@pytest.mark.parametrize(
    "lacking",
    [
        {"birth_name": None},
        {"birth_name": None, "used_name": None, "family_name": "MARTIN"},
        {"first_given": None, "given_names": None},
        {"birth_date": None},
        {"birth_date": "19701200"},
        {"sex": None},
        {"sex": "U"},
    ],
)
def test_a_strict_trait_missing_is_incomplete(lacking: dict[str, object]) -> None:
    found = _match(replace(CDA, **lacking))  # type: ignore[arg-type]
    assert (found.ipp, found.reason) == (None, Reason.IDENTITY_INCOMPLETE)
    assert found.candidates[0].ipp == "HERE"


def test_traits_of_somebody_without_ins_under_an_unknown_ins_are_a_conflict() -> None:
    found = _match(replace(PLAIN, ins=UNKNOWN, birth_name="BEN ALI", family_name=None))
    assert (found.reason, found.rule) == (Reason.IDENTITY_CONFLICT, "ins-unknown-traits-known")


@pytest.mark.parametrize("ins", [UNKNOWN, Ins("270013726199901", INS_NIR), Ins(UNKNOWN.number, INS_NIR_TEST)])
def test_an_unknown_ins_and_unknown_traits_are_nobody(ins: Ins) -> None:
    stranger = Claim("cda", ins=ins, birth_name="TREMBLAY", first_given="ODILE", birth_date="19700101", sex="F")
    assert _match(stranger).reason is Reason.PATIENT_UNKNOWN


def test_test_numbers_match_in_a_test_establishment_only() -> None:
    ins = Ins("279035121518989", INS_NIR_TEST)
    held = replace(HERE, ins=ins)
    claim = replace(CDA, ins=ins)
    assert match([claim], None, (held,), OPEN).ipp is None
    assert match([claim], None, (held,), replace(OPEN, test=True)).ipp == "HERE"


def test_an_ins_held_twice_is_ambiguous() -> None:
    assert _match(CDA, replace(HERE, ipp="AGAIN")).reason is Reason.IDENTITY_AMBIGUOUS


def test_four_traits_without_ins_file_as_the_site_decided() -> None:
    assert _match(PLAIN).ipp == "NO-INS"
    filed = _match(PLAIN, policy=replace(OPEN, without_ins="file"))
    assert (filed.ipp, filed.feedable) == ("NO-INS", False)
    held = _match(PLAIN, policy=Policy())
    assert (held.ipp, held.reason, held.rule) == (None, Reason.HELD_BY_RULE, "without-ins-review")
    assert held.candidates[0].ipp == "NO-INS"


@pytest.mark.parametrize("name", ["LE GOFF", "MARTIN"])
def test_birth_or_used_name_fits(name: str) -> None:
    claim = Claim("text", family_name=name, first_given="Marie-Claire", birth_date="19701231", sex="F")
    assert _match(claim).ipp == "HERE"


@pytest.mark.parametrize(("birth", "used"), [("LE GOFF", "DURAND"), ("DURAND", "MARTIN"), ("MARTIN", "LE GOFF")])
def test_both_names_must_fit_when_both_are_given(birth: str, used: str) -> None:
    claim = Claim("text", birth_name=birth, used_name=used, first_given="Marie-Claire", birth_date="19701231", sex="F")
    assert _match(claim).ipp is None


@pytest.mark.parametrize(
    ("off", "reason"),
    [
        ({"family_name": "BEN ALY"}, Reason.IDENTITY_DOUBTFUL),
        ({"family_name": "BENALI"}, Reason.IDENTITY_DOUBTFUL),
        ({"family_name": "BEN AIL"}, Reason.IDENTITY_DOUBTFUL),
        ({"first_given": "Karin"}, Reason.IDENTITY_DOUBTFUL),
        ({"birth_date": "19850908"}, Reason.IDENTITY_DOUBTFUL),
        ({"birth_date": "19850808"}, Reason.IDENTITY_DOUBTFUL),
        ({"sex": "F"}, Reason.IDENTITY_DOUBTFUL),
        ({"family_name": "KARIM", "first_given": "Ben Ali"}, Reason.IDENTITY_DOUBTFUL),
        ({"birth_date": "19720304"}, Reason.PATIENT_UNKNOWN),
        ({"family_name": "TREMBLAY"}, Reason.PATIENT_UNKNOWN),
        ({"first_given": "Hector"}, Reason.PATIENT_UNKNOWN),
        ({"family_name": None}, Reason.IDENTITY_INCOMPLETE),
        ({"first_given": None}, Reason.IDENTITY_INCOMPLETE),
        ({"birth_date": None}, Reason.IDENTITY_INCOMPLETE),
        ({"birth_date": "19850000"}, Reason.IDENTITY_INCOMPLETE),
        ({"birth_date": "19850231"}, Reason.IDENTITY_INCOMPLETE),
        ({"sex": None}, Reason.IDENTITY_INCOMPLETE),
    ],
)
def test_one_of_the_four_off_or_missing(off: dict[str, object], reason: Reason) -> None:
    found = _match(replace(PLAIN, **off))  # type: ignore[arg-type]
    assert (found.ipp, found.reason) == (None, reason)
    if reason is Reason.IDENTITY_DOUBTFUL:
        assert found.candidates[0].ipp == "NO-INS"


def test_several_patients_fit() -> None:
    assert _match(PLAIN, replace(NO_INS, ipp="AGAIN")).reason is Reason.IDENTITY_AMBIGUOUS


def test_a_century_that_is_not_written_may_be_two_patients() -> None:
    young = replace(NO_INS, ipp="YOUNG", birth_date="20150809")
    old = replace(NO_INS, ipp="OLD", birth_date="19150809")
    claim = replace(PLAIN, birth_date="00150809")
    assert _match(claim, young).ipp == "YOUNG"
    assert _match(claim, young, old).reason is Reason.IDENTITY_AMBIGUOUS


def test_a_coded_date_has_its_century() -> None:
    assert _match(replace(CDA, birth_date="00701231")).reason is Reason.IDENTITY_INCOMPLETE
    assert _match(replace(PLAIN, birth_date="00850809", source="hprim")).ipp == "NO-INS"


def test_nobody_is_named() -> None:
    assert match([], None, INDEX, OPEN).reason is Reason.IDENTITY_MISSING
    assert _match(Claim("text", sex="F")).reason is Reason.IDENTITY_MISSING


def test_two_persons_of_one_source_are_several_patients() -> None:
    second = Claim("text", family_name="LEROY", first_given="Paul", birth_date="19441105", sex="M")
    assert match([PLAIN, second], None, INDEX, OPEN).reason is Reason.SEVERAL_PATIENTS


def test_the_documents_of_a_mail_are_about_one_patient_or_several() -> None:
    text = Claim("text", family_name="MARTIN", first_given="Marie-Claire", birth_date="00701231", sex="F")
    assert not several_patients([[CDA], [text], []])
    another = Claim("text", family_name="TERRIER", first_given="Paul", birth_date="19600201")
    assert several_patients([[CDA], [replace(CDA, source="hl7v2"), another]])
    assert several_patients([[CDA, another], [CDA]])
    assert not several_patients([[CDA], [CDA, replace(another, birth_date=None)]])
    assert not several_patients([[CDA, another], [another]][:1])
    assert several_patients([[CDA], [], [PLAIN]])


def test_two_numbers_of_one_person_are_a_conflict() -> None:
    assert match([CDA, replace(CDA, ins=UNKNOWN)], None, INDEX, OPEN).reason is Reason.IDENTITY_CONFLICT


@pytest.mark.parametrize(
    "said",
    [
        Claim("metadata", ins=OTHER.ins),
        Claim("metadata", ins=HERE.ins, birth_date="19701230"),
        Claim("metadata", birth_name="LEROY"),
        Claim("metadata", sex="M"),
        Claim("metadata", first_given="PAUL"),
        Claim("text", family_name="LEROY", first_given="Paul", birth_date="19441105", sex="M"),
        Claim("datamatrix", ins=OTHER.ins),
    ],
)
def test_sources_that_disagree_are_a_conflict(said: Claim) -> None:
    metadata = said if said.source == "metadata" else None
    more = [] if metadata else [said]
    assert match([CDA, *more], metadata, INDEX, OPEN).reason is Reason.IDENTITY_CONFLICT


def test_metadata_that_agree_or_are_silent_change_nothing() -> None:
    agree = Claim("metadata", ins=HERE.ins, birth_name="LE GOFF", used_name="LE GOFF", first_given="MARIE-CLAIRE",
                  birth_date="19701231", sex="F")  # fmt: skip
    assert _match(CDA, metadata=replace(agree, used_name=None)).ipp == "HERE"
    assert _match(CDA, metadata=Claim("metadata", local_ids=(("1.2.3", "42"),))).ipp == "HERE"


def test_metadata_alone_identify_what_has_no_header() -> None:
    alone = Claim(
        "metadata", ins=HERE.ins, birth_name="LE GOFF", first_given="MARIE-CLAIRE", birth_date="19701231", sex="F"
    )
    assert match([], alone, INDEX, OPEN).ipp == "HERE"


def test_a_complete_data_matrix_helps_a_text_that_lacks_a_trait() -> None:
    text = Claim("text", family_name="MARTIN", first_given="Marie-Claire", birth_date="19701231")
    assert match([text, replace(CDA, source="datamatrix", used_name=None)], None, INDEX, OPEN).ipp == "HERE"


def test_a_doubtful_record_is_for_a_person() -> None:
    doubtful = replace(NO_INS, attributes=frozenset({"douteux"}))
    assert match([PLAIN], None, (doubtful,), OPEN).reason is Reason.IDENTITY_DOUBTFUL


@pytest.mark.parametrize("flag", ["fictif", "DPOT", "DOUA", "COLP", "COLV", "USUR", "CACH", "ANOM"])
@pytest.mark.parametrize("claim", [CDA, PLAIN])
def test_a_blocked_record_is_for_a_person(flag: str, claim: Claim) -> None:
    index = tuple(replace(known, attributes=frozenset({flag})) for known in INDEX)
    found = match([claim], None, index, OPEN)
    assert (found.ipp, found.reason) == (None, Reason.IDENTITY_BLOCKED)
    assert found.feedable is (flag not in {"USUR", "CACH", "ANOM"})


@pytest.mark.parametrize("claim", [CDA, PLAIN])
def test_a_homonym_is_filed_as_the_site_decided(claim: Claim) -> None:
    index = tuple(replace(known, attributes=frozenset({"homonyme"})) for known in INDEX)
    assert match([claim], None, index, OPEN).ipp is not None
    assert match([claim], None, index, replace(OPEN, homonym="file")).feedable is False
    assert match([claim], None, index, replace(OPEN, homonym="review")).rule == "homonym-review"


def test_what_was_read_by_ocr_is_filed_as_the_site_decided() -> None:
    claim = replace(PLAIN, source="ocr")
    assert _match(claim).ipp == "NO-INS"
    assert _match(claim, policy=replace(OPEN, ocr="review")).rule == "ocr-review"


def test_a_merged_record_gives_way_to_its_survivor() -> None:
    gone = replace(NO_INS, ipp="GONE", replaced_by="NO-INS")
    assert _match(PLAIN, gone).ipp == "NO-INS"
    renamed = replace(NO_INS, birth_date="19850810")
    found = match([PLAIN], None, (renamed, replace(gone, replaced_by="NO-INS")), OPEN)
    assert (found.reason, found.rule) == (Reason.IDENTITY_DOUBTFUL, "merged-patient")
    assert [shown.ipp for shown in found.candidates] == ["NO-INS"]
    ring = (replace(gone, replaced_by="RING"), replace(gone, ipp="RING", replaced_by="GONE"))
    assert match([PLAIN], None, ring, OPEN).ipp is None


def test_a_longer_list_of_given_names_needs_the_ins() -> None:
    short = replace(HERE, given_names="MARIE-CLAIRE")
    listed = replace(CDA, first_given=None, given_names="Marie-Claire Anne Lucie")
    assert match([listed], None, (short,), OPEN).ipp == "HERE"
    assert match([replace(listed, ins=None)], None, (short,), OPEN).ipp is None


def test_the_whole_name_fits_in_either_order() -> None:
    claim = Claim("text", full_name="MARTIN MARIE CLAIRE", birth_date="19701231", sex="F")
    assert _match(claim).ipp == "HERE"
    assert _match(replace(claim, full_name="MARIE CLAIRE LE GOFF", birth_name="LE GOFF")).ipp is None
    assert _match(replace(claim, full_name="MARIE LE GOFF")).ipp is None


def test_keys_hold_what_the_ledger_must_look_up() -> None:
    claim = Claim("text", full_name="LE GOFF MARIE", birth_date="00700131", ins=HERE.ins, local_ids=(("1.2", "9"),))
    found = keys([claim], CDA)
    assert found.ins == {HERE.ins.number if HERE.ins else ""}
    assert found.birth_dates == {"19700131", "20700131", "19701231"}
    assert {"LE GOFF", "MARTIN"} <= found.names
    assert {"MARIE", "LE"} <= found.first_words
    assert found.local_ids == {("1.2", "9")}


def test_candidates_are_ranked_best_first_and_few() -> None:
    claim = Claim("text", family_name="MARTIN", first_given="Jan", birth_date="19560312", sex="M")
    shown = match([claim], None, TOWN, OPEN).candidates
    assert shown[0].ipp == "JEAN"
    assert len(shown) <= 5
    assert [one.score for one in shown] == sorted((one.score for one in shown), reverse=True)


def test_a_birthplace_does_not_tell_two_homonyms_apart() -> None:
    one = patient("ONE", "ROUVRE", "LISE", "19880808", "F", ins="2880837261001", place="37261")
    other = patient("TWO", "ROUVRE", "LISE", "19880808", "F", ins="2880867482002", place="67482")
    claim = Claim("cda", birth_name="ROUVRE", first_given="LISE", birth_date="19880808", sex="F", birth_place="37261")
    found = match([claim], None, (one, other), OPEN)
    assert (found.ipp, found.reason) == (None, Reason.IDENTITY_AMBIGUOUS)
    assert match([claim], None, (one,), OPEN).ipp == "ONE"
    elsewhere = match([replace(claim, birth_place="75056")], None, (one,), OPEN)
    assert (elsewhere.ipp, elsewhere.reason) == (None, Reason.IDENTITY_DOUBTFUL)


@pytest.mark.parametrize(("birth", "used", "reason"), [
    ("KERDONCUF", "KERDONCUF", Reason.IDENTITY_DOUBTFUL),
    ("KERDONCUF", None, Reason.IDENTITY_DOUBTFUL),
    ("KERDONCUF", "KERMONCUFF", Reason.PATIENT_UNKNOWN),
    ("LAROCHE", "LAROCHE", Reason.PATIENT_UNKNOWN),
])  # fmt: skip
def test_a_name_misspelt_alike_twice_is_one_typing_error(birth: str, used: str | None, reason: Reason) -> None:
    here = patient("K", "KERDONCUFF", "GUY", "19730306", "M")
    claim = Claim("cda", birth_name=birth, used_name=used, first_given="GUY", birth_date="19730306", sex="M")
    found = match([claim], None, (here,), OPEN)
    assert (found.ipp, found.reason) == (None, reason)
