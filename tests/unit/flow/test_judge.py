"""Every answer of the judgement, each with the one fact that brings it about (DESIGN §5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from gateway.flow.judgement.judge import (
    Context,
    Judgement,
    Known,
    age,
    distrust,
    file,
    judge,
    persons_apart,
    why_not_fed,
)
from gateway.ledger.rows import Document
from gateway.model.decision import Ruling
from gateway.model.documents import (
    Action,
    Author,
    Carrier,
    CdaHeader,
    Code,
    DocumentReading,
    Envelope,
    Organisation,
    Person,
    Signatory,
    Visibility,
)
from gateway.model.identity import Claim, InsStatus, Match
from gateway.model.people import Sender
from gateway.model.reasons import Ignored, NotFed, Reason
from gateway.model.settings import Dmp, Establishment, Senders, Settings
from gateway.model.states import DocumentState
from tests.samples import SENDER, ZOE
from tests.unit.decision.shipped import book

TODAY = date(2026, 6, 3)
STRUCTURES, PERSONS = "1.2.250.1.71.4.2.2", "1.2.250.1.71.4.2.1"
AUTHOR = Author(
    Person(PERSONS, f"8{SENDER.rpps}", "DURAND", "Marc"), Organisation(STRUCTURES, SENDER.structure_id, "Maison")
)
ANOTHER = Author(Person(PERSONS, "810000000009", "LEROY", "Anne"), Organisation(STRUCTURES, "1999999999", "Autre"))
HEADER = CdaHeader(
    id_root="1.2.3.1",
    id_extension="",
    code=Code("11488-4", "2.16.840.1.113883.6.1"),
    title="Compte rendu",
    effective_time="20260603090000+0200",
    confidentiality="N",
    language="fr-FR",
    set_id_root="1.2.3.9",
    version=1,
    authors=(AUTHOR,),
)
CDA = DocumentReading(
    ordinal=1,
    carrier=Carrier.XDM,
    part="1.2!0",
    filename="DOC0001.XML",
    media_type="text/xml",
    size=1000,
    sha256="aa" * 32,
    sha1="bb" * 20,
    unique_id="1.2.3.1",
    title="Compte rendu de consultation",
    type=HEADER.code,
    header=HEADER,
    confidentiality="N",
)
PDF = replace(
    CDA, carrier=Carrier.PDF, media_type="application/pdf", unique_id="", header=None, type=None, confidentiality=""
)
FOUND = Match(ZOE.ipp, None, "ins-exact", by_ins=True)
RULED = Ruling(
    type=Code("11488-4", "2.16.840.1.113883.6.1"),
    type_certain=True,
    feed=True,
    invisible_to_patient=False,
    invisible_to_representatives=False,
    hold=None,
    wait_for_professional=False,
    service="",
    spoke=(),
    digest="d",
)
OURS = Establishment(
    name="Clinique", structure_id="1750000018", sector="SA01", oid_root="1.2.250.1.999.7.1", ipp_oid="1.2.250.1.999.7.2"
)
SETTINGS = Settings(establishment=OURS, dmp=Dmp(enabled=True))
CONTEXT = Context(
    settings=SETTINGS,
    book=book(),
    envelope=Envelope(sender=SENDER.address, subject="Courrier"),
    sender=SENDER,
    trusted_channel=True,
    mailbox="accueil",
    service="",
    today=TODAY,
    index_fresh=True,
)
KNOWN = Known(FOUND, ZOE)


def row(**values: Any) -> Document:
    """A document of the ledger."""
    given: dict[str, Any] = {
        "id": 7,
        "arrival_seq": 1,
        "ordinal": 1,
        "state": DocumentState.SETTLED,
        "claim": "id:1.2.3.1",
        "duplicate_of": None,
        "unique_id": "1.2.3.1",
        "sha256": CDA.sha256,
        "action": Action.CREATE,
        "parent_id": None,
        "superseded_by": None,
        "filename": "",
        "reason": None,
        "ignored": None,
        "ipp": ZOE.ipp,
        "type_code": "11488-4",
        "decision_id": 1,
        "found_at": 0.0,
        "version": 1,
    }
    return Document(**(given | values))


def dmp(**values: Any) -> Context:
    """The context of a site whose [dmp] says something else."""
    return replace(CONTEXT, settings=msgspec.structs.replace(SETTINGS, dmp=Dmp(enabled=True, **values)))


def _judge(one: DocumentReading = CDA, known: Known = KNOWN, context: Context = CONTEXT) -> Judgement:
    return judge(one, known, context, alone=True)


@pytest.mark.parametrize("one", [CDA, PDF])
def test_what_has_nothing_against_it_is_filed(one: DocumentReading) -> None:
    found = _judge(replace(one, type=HEADER.code))
    assert (found.file, found.reason, found.ignored, found.not_fed, found.wait) == (True, None, None, None, False)
    assert found.match is FOUND
    assert found.ruling is not None


# -- who may speak ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("marc@cabinet.mssante.fr", None),
        ("marc@a.b.mssante.fr", None),
        ("marc@mssante.fr", Reason.UNTRUSTED_SENDER),
        ("marc@cabinet.mssante.fr.example.org", Reason.UNTRUSTED_SENDER),
        ("marc@xmssante.fr", Reason.UNTRUSTED_SENDER),
        ("marc@example.org", Reason.UNTRUSTED_SENDER),
        ("marc@x.mssante.fr@example.org", Reason.UNTRUSTED_SENDER),
        ("", Reason.UNTRUSTED_SENDER),
        ("zoe@patient.mssante.fr", Reason.PATIENT_MAIL),
        ("zoe@a.patient.mssante.fr", Reason.PATIENT_MAIL),
        ("zoe@notpatient.mssante.fr", None),
    ],
)
def test_who_may_speak_by_domain(address: str, reason: Reason | None) -> None:
    context = replace(CONTEXT, envelope=Envelope(sender=address), sender=None)
    assert distrust(context) is reason
    assert _judge(context=context).reason is reason


def test_a_channel_that_is_not_trusted_makes_nobody_trusted() -> None:
    assert distrust(replace(CONTEXT, trusted_channel=False)) is Reason.UNTRUSTED_SENDER


def test_a_sender_who_is_no_longer_authorised() -> None:
    assert distrust(replace(CONTEXT, sender=replace(SENDER, authorised=False))) is Reason.UNTRUSTED_SENDER
    assert distrust(replace(CONTEXT, sender=None)) is None


def test_a_patient_stays_a_patient_whatever_the_site_trusts() -> None:
    trusting = msgspec.structs.replace(SETTINGS, senders=Senders(trusted_domains=("*",)))
    context = replace(CONTEXT, settings=trusting, envelope=Envelope(sender="zoe@patient.mssante.fr"), sender=None)
    assert distrust(context) is Reason.PATIENT_MAIL
    assert distrust(replace(context, envelope=Envelope(sender="x@example.org"))) is None


# -- what comes before identity ---------------------------------------------------------------------------------------


def test_what_is_set_aside_asks_nobody() -> None:
    stranger = replace(CONTEXT, envelope=Envelope(sender="x@example.org"))
    assert _judge(replace(CDA, ignored=Ignored.COPY), context=stranger).ignored is Ignored.COPY


def test_a_problem_of_reading_is_for_a_person_with_its_detail() -> None:
    found = _judge(replace(CDA, problem=Reason.ENCRYPTED, detail="chiffré"))
    assert (found.file, found.reason, found.detail) == (False, Reason.ENCRYPTED, "chiffré")


def test_a_stranger_is_named_before_what_he_sends() -> None:
    stranger = replace(CONTEXT, envelope=Envelope(sender="x@example.org"))
    assert _judge(replace(CDA, problem=Reason.UNSAFE), context=stranger).reason is Reason.UNTRUSTED_SENDER


@pytest.mark.parametrize("problem", [Reason.POISON, Reason.UNSAFE, Reason.TOO_LARGE])
def test_a_mail_that_was_not_opened_has_no_sender_to_blame(problem: Reason) -> None:
    unopened = replace(CONTEXT, envelope=Envelope(), sender=None)
    found = _judge(replace(CDA, problem=problem, detail="Fermé."), context=unopened)
    assert (found.reason, found.detail) == (problem, "Fermé.")


@pytest.mark.parametrize("known", [KNOWN, Known(FOUND, ZOE, copy=row())])
def test_what_is_masked_to_professionals_is_for_a_person(known: Known) -> None:
    masked = replace(CDA, visibility=Visibility(masked_to_professionals=True))
    assert _judge(masked, known).reason is Reason.MASKED


@pytest.mark.parametrize(
    "state", [DocumentState.SETTLED, DocumentState.DECIDED, DocumentState.SUPERSEDED, DocumentState.IGNORED]
)
def test_a_copy_of_what_is_filed_is_a_duplicate(state: DocumentState) -> None:
    found = _judge(known=Known(FOUND, ZOE, copy=row(state=state)))
    assert (found.file, found.ignored) == (False, Ignored.DUPLICATE)


def test_a_copy_of_what_waits_for_a_person_joins_it() -> None:
    first = row(state=DocumentState.QUARANTINED, reason=Reason.PATIENT_UNKNOWN)
    found = _judge(known=Known(FOUND, ZOE, copy=first))
    assert (found.file, found.ignored, found.reason, found.joins) == (False, None, Reason.PATIENT_UNKNOWN, 7)


def test_a_copy_of_what_is_not_decided_yet_waits() -> None:
    found = _judge(known=Known(FOUND, ZOE, copy=row(state=DocumentState.READ)))
    assert found.wait
    assert not found.file


def test_a_copy_of_what_was_rejected_is_a_new_entry() -> None:
    assert _judge(known=Known(FOUND, ZOE, copy=row(state=DocumentState.REJECTED))).file


@pytest.mark.parametrize("state", [DocumentState.SETTLED, DocumentState.QUARANTINED, DocumentState.READ])
def test_the_same_id_with_other_bytes_is_malformed(state: DocumentState) -> None:
    found = _judge(known=Known(FOUND, ZOE, copy=row(state=state, sha256="cc" * 32)))
    assert (found.file, found.ignored, found.reason) == (False, None, Reason.MALFORMED_XDM)
    assert found.detail


# -- whom it concerns -------------------------------------------------------------------------------------------------


def test_a_mail_about_several_persons_is_for_a_person() -> None:
    found = judge(CDA, KNOWN, CONTEXT, alone=False)
    assert (found.file, found.reason) == (False, Reason.SEVERAL_PATIENTS)


@pytest.mark.parametrize("reason", [Reason.PATIENT_UNKNOWN, Reason.IDENTITY_CONFLICT, Reason.IDENTITY_DOUBTFUL])
def test_no_match_no_filing(reason: Reason) -> None:
    found = _judge(known=Known(Match(None, reason, "rule"), None))
    assert (found.file, found.reason) == (False, reason)
    assert not _judge(known=Known(Match(ZOE.ipp, reason, "rule"), ZOE)).file, "a reason wins over a candidate"


def test_a_match_without_its_patient_is_nobody() -> None:
    assert _judge(known=Known(FOUND, None)).reason is Reason.PATIENT_UNKNOWN


@pytest.mark.parametrize(
    ("ipps", "families", "apart"),
    [
        (("1", "1"), ("MARTIN", "MARTIN"), False),
        (("1", "2"), ("MARTIN", "MARTIN"), True),
        (("1", None), ("MARTIN", "LEROUX"), True),
        ((None, None), ("MARTIN", "LEROUX"), True),
        ((None, None), ("MARTIN", "MARTIN"), False),
        (("1", None), ("MARTIN", None), False),
    ],
)
def test_persons_apart(ipps: tuple[str | None, ...], families: tuple[str | None, ...], apart: bool) -> None:
    readings = [replace(PDF, claims=(Claim("text", family_name=name),) if name else ()) for name in families]
    matches = [Match(ipp, None if ipp else Reason.PATIENT_UNKNOWN, "rule") for ipp in ipps]
    assert persons_apart(readings, matches) is apart


# -- replacement and deletion -----------------------------------------------------------------------------------------

SECOND = replace(
    CDA,
    action=Action.REPLACE,
    unique_id="1.2.3.2",
    sha256="dd" * 32,
    header=replace(HEADER, id_root="1.2.3.2", version=2, parent_root="1.2.3.1", related="RPLC"),
)
DELETION = replace(CDA, action=Action.DELETE)
PARENT = Known(FOUND, ZOE, parent=row(), parent_reading=CDA, parent_sender=SENDER.address)


def header(of: DocumentReading, **values: Any) -> DocumentReading:
    """A reading whose CDA header says something else."""
    assert of.header is not None
    return replace(of, header=replace(of.header, **values))


@pytest.mark.parametrize("one", [SECOND, DELETION])
def test_what_agrees_with_the_version_held_applies_by_itself(one: DocumentReading) -> None:
    assert _judge(one, PARENT).file


@pytest.mark.parametrize("one", [SECOND, DELETION])
def test_a_parent_that_is_not_here_is_awaited_then_asked_for(one: DocumentReading) -> None:
    waiting = _judge(one, Known(FOUND, ZOE, parent_waits=True))
    assert (waiting.wait, waiting.file, waiting.reason) == (True, False, None)
    asked = _judge(one, Known(FOUND, ZOE))
    assert (asked.wait, asked.file, asked.reason) == (False, False, Reason.REPLACES_UNKNOWN)


@pytest.mark.parametrize("one", [SECOND, DELETION])
def test_a_parent_of_another_patient_is_a_conflict(one: DocumentReading) -> None:
    found = _judge(one, replace(PARENT, parent=row(ipp="OTHER")))
    assert (found.file, found.reason) == (False, Reason.IDENTITY_CONFLICT)


@pytest.mark.parametrize("one", [SECOND, DELETION])
def test_a_parent_whose_place_another_version_takes_is_for_a_person(one: DocumentReading) -> None:
    found = _judge(one, replace(PARENT, parent_overtaken=True))
    assert (found.file, found.reason) == (False, Reason.VERSION_CONFLICT)


def test_another_author_may_not_replace() -> None:
    found = _judge(header(SECOND, authors=(ANOTHER,)), PARENT)
    assert (found.file, found.reason) == (False, Reason.NOT_AUTHOR)


@pytest.mark.parametrize(
    "author",
    [
        replace(AUTHOR, organisation=ANOTHER.organisation),
        replace(AUTHOR, organisation=None),
        replace(ANOTHER, organisation=AUTHOR.organisation),
    ],
)
def test_the_same_person_or_a_colleague_of_his_structure_may_replace(author: Author) -> None:
    assert _judge(header(SECOND, authors=(ANOTHER, author)), PARENT).file


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (Author(Person(PERSONS, "", "X")), Author(Person(PERSONS, "", "X"))),
        (Author(Person(), Organisation(STRUCTURES, "", "A")), Author(Person(), Organisation(STRUCTURES, "", "A"))),
        (Author(Person("1.2.3", "42")), Author(Person("1.2.4", "42"))),
        (
            Author(Person(), Organisation("1.2.3", "42", "A")),
            Author(Person(), Organisation("1.2.4", "42", "B")),
        ),
    ],
)
def test_what_has_no_id_or_an_id_of_another_authority_is_not_the_same_author(new: Author, old: Author) -> None:
    known = replace(PARENT, parent_reading=header(CDA, authors=(old,)))
    assert _judge(header(SECOND, authors=(new,)), known).reason is Reason.NOT_AUTHOR


def test_without_a_header_only_the_same_address_may_replace() -> None:
    one = replace(PDF, action=Action.REPLACE, type=HEADER.code)
    assert _judge(one, PARENT).file
    assert _judge(one, replace(PARENT, parent_sender="anne@cabinet.mssante.fr")).reason is Reason.NOT_AUTHOR


@pytest.mark.parametrize(
    ("sender", "asks"),
    [
        (SENDER, True),
        (replace(SENDER, rpps="", structure_id=SENDER.structure_id), True),
        (replace(SENDER, structure_id="1999999999"), True),
        (replace(SENDER, rpps="10000000009", structure_id="1999999999"), False),
        (replace(SENDER, rpps="", structure_id=""), False),
        (None, False),
    ],
)
def test_a_deletion_carries_the_authors_own_header_so_its_sender_must_be_one(sender: Sender | None, asks: bool) -> None:
    other = replace(CONTEXT, envelope=Envelope(sender="anne@cabinet.mssante.fr"), sender=sender)
    found = _judge(DELETION, PARENT, other)
    assert (found.file, found.reason) == ((True, None) if asks else (False, Reason.NOT_AUTHOR))


def test_who_sent_a_document_may_take_it_back() -> None:
    assert _judge(DELETION, PARENT, replace(CONTEXT, sender=None)).file


@pytest.mark.parametrize("one", [SECOND, DELETION])
def test_a_version_that_was_already_replaced(one: DocumentReading) -> None:
    found = _judge(one, replace(PARENT, parent=row(state=DocumentState.SUPERSEDED)))
    assert (found.file, found.reason) == (False, Reason.VERSION_CONFLICT)


@pytest.mark.parametrize("version", [0, 1])
def test_a_version_that_is_not_higher(version: int) -> None:
    assert _judge(header(SECOND, version=version), PARENT).reason is Reason.VERSION_CONFLICT


def test_a_version_of_another_set() -> None:
    assert _judge(header(SECOND, set_id_root="1.2.3.8"), PARENT).reason is Reason.VERSION_CONFLICT
    assert _judge(header(SECOND, set_id_root=""), PARENT).file


def test_a_version_that_is_not_said_is_no_objection() -> None:
    assert _judge(header(SECOND, version=None), PARENT).file
    assert _judge(SECOND, replace(PARENT, parent_reading=header(CDA, version=None))).file


# -- filed, fed, shown ------------------------------------------------------------------------------------------------


def test_a_cancelled_result_is_held_unless_a_person_said_so() -> None:
    held = replace(RULED, hold=Reason.HELD_BY_RULE)
    text = replace(PDF, text="RESULTAT ANNULE\nCe compte rendu est annulé", title="Compte rendu annulé")
    assert held.hold is Reason.HELD_BY_RULE
    by_rules = file(text, FOUND, ZOE, CONTEXT)
    by_person = file(text, FOUND, ZOE, CONTEXT, by_person=True)
    assert by_person.file
    assert by_rules.file is (by_rules.ruling is not None and by_rules.ruling.hold is None)


@pytest.mark.parametrize(
    ("said", "ruled", "shown"),
    [
        (Visibility(), {}, Visibility()),
        (Visibility(False, True, False), {}, Visibility(False, True, False)),
        (Visibility(False, False, True), {}, Visibility(False, False, True)),
    ],
)
def test_what_the_sender_hides_stays_hidden(said: Visibility, ruled: dict[str, Any], shown: Visibility) -> None:
    del ruled
    assert file(replace(CDA, visibility=said), FOUND, ZOE, CONTEXT).visibility == shown


CHILD = replace(ZOE, birth_date="20120101")
NOT_FED: tuple[tuple[NotFed, dict[str, Any]], ...] = (
    (NotFed.OFF, {"context": replace(CONTEXT, settings=Settings(establishment=OURS))}),
    (NotFed.OFF, {"context": dmp(feed_received_cda="never")}),
    (NotFed.CONFIDENTIALITY, {"one": replace(CDA, confidentiality="R")}),
    (NotFed.CONFIDENTIALITY, {"one": replace(CDA, confidentiality="V")}),
    (NotFed.MINOR_RULE, {"patient": CHILD, "one": replace(CDA, visibility=Visibility(False, False, True))}),
    (NotFed.MINOR_RULE, {"patient": CHILD, "ruling": replace(RULED, invisible_to_representatives=True)}),
    (NotFed.MINOR_RULE, {"patient": CHILD, "ruling": replace(RULED, wait_for_professional=True)}),
    (
        NotFed.MINOR_RULE,
        {"patient": CHILD, "ruling": replace(RULED, wait_for_professional=True), "context": dmp(minor_secret=True)},
    ),
    (
        NotFed.MINOR_RULE,
        {"patient": replace(ZOE, birth_date="20120000"), "ruling": replace(RULED, wait_for_professional=True)},
    ),
    (NotFed.IDENTITY_BLOCKED, {"patient": replace(ZOE, attributes=frozenset({"CACH"}))}),
    (NotFed.IDENTITY_BLOCKED, {"patient": replace(ZOE, attributes=frozenset({"anom"}))}),
    (NotFed.IDENTITY_BLOCKED, {"patient": replace(ZOE, attributes=frozenset({"homonyme", "USUR"}))}),
    (NotFed.INS_NOT_QUALIFIED, {"patient": replace(ZOE, ins_status=InsStatus.RECUPEREE)}),
    (NotFed.INS_NOT_QUALIFIED, {"patient": replace(ZOE, ins_status=InsStatus.VALIDEE)}),
    (NotFed.INS_NOT_QUALIFIED, {"patient": replace(ZOE, ins=None)}),
    (NotFed.INS_NOT_QUALIFIED, {"match": replace(FOUND, feedable=False)}),
    (NotFed.OPPOSED, {"patient": replace(ZOE, opposed=True)}),
    (NotFed.TYPE_NOT_ACCEPTED, {"ruling": replace(RULED, type=Code("no-such-type"))}),
    *(
        (NotFed.TYPE_NOT_ACCEPTED, {"ruling": replace(RULED, type=Code(code))})
        for code in ("DOCPAT01", "EXPPAT_3", "74465-6", "REMB", "E1762")
    ),
    (NotFed.TYPE_TO_CONFIRM, {"ruling": replace(RULED, type_certain=False)}),
    (NotFed.NOT_VALIDATED, {"one": replace(CDA, final=False)}),
    (NotFed.AUTHOR_UNKNOWN, {"one": replace(CDA, header=replace(HEADER, authors=()))}),
    (
        NotFed.AUTHOR_UNKNOWN,
        {"one": replace(CDA, header=replace(HEADER, authors=(replace(AUTHOR, organisation=None),)))},
    ),
    (
        NotFed.AUTHOR_UNKNOWN,
        {"one": replace(CDA, header=replace(HEADER, authors=(replace(AUTHOR, person=Person(PERSONS)),)))},
    ),
    (NotFed.AUTHOR_UNKNOWN, {"one": PDF, "context": replace(CONTEXT, sender=None)}),
    (NotFed.AUTHOR_UNKNOWN, {"one": PDF, "context": replace(CONTEXT, sender=replace(SENDER, rpps=""))}),
    (NotFed.AUTHOR_UNKNOWN, {"one": PDF, "context": replace(CONTEXT, sender=replace(SENDER, structure_id=""))}),
    (NotFed.AUTHOR_UNKNOWN, {"one": replace(PDF, signatories=(Signatory("LEROY", "Anne"),))}),
    (NotFed.AUTHOR_FEEDS, {"one": PDF, "context": replace(CONTEXT, sender=replace(SENDER, feeds_dmp=True))}),
    (NotFed.FORMAT, {"one": replace(PDF, media_type="text/html")}),
    (NotFed.FORMAT, {"one": replace(PDF, media_type="image/png")}),
    (NotFed.RULE, {"ruling": replace(RULED, feed=False)}),
    (NotFed.INDEX_STALE, {"context": replace(CONTEXT, index_fresh=False)}),
)


def _why(**given: Any) -> NotFed | None:
    facts: dict[str, Any] = {"one": CDA, "match": FOUND, "patient": ZOE, "ruling": RULED, "context": CONTEXT} | given
    return why_not_fed(facts["one"], facts["match"], facts["patient"], facts["ruling"], facts["context"])


@pytest.mark.parametrize(("reason", "fact"), NOT_FED, ids=[f"{n}-{reason}" for n, (reason, _) in enumerate(NOT_FED)])
def test_each_condition_alone_keeps_a_document_out_of_the_dmp(reason: NotFed, fact: dict[str, Any]) -> None:
    assert _why(**fact) is reason


def test_every_condition_that_needs_no_question_is_tried_above() -> None:
    asked_of_the_dmp = {NotFed.NO_DMP, NotFed.DMP_CLOSED}
    assert {reason for reason, _ in NOT_FED} == set(NotFed) - asked_of_the_dmp


@pytest.mark.parametrize(
    "fact",
    [
        {},
        {"one": PDF},
        *({"one": replace(PDF, media_type=kind)} for kind in ("image/jpeg", "image/tiff", "text/rtf", "text/plain")),
        {"one": replace(PDF, signatories=(Signatory("DURAND", "M"),))},
        {"one": replace(PDF, signatories=(Signatory("LEROY", "Anne"), Signatory("DURAND", "Marc")))},
        {"one": replace(CDA, signatories=(Signatory("LEROY", "Anne"),))},
        {
            "one": replace(PDF, signatories=(Signatory("LEROY", "Anne"),)),
            "context": replace(CONTEXT, author=replace(SENDER, name="Leroy", given="Anne")),
        },
        {"one": replace(CDA, confidentiality="")},
        {"patient": CHILD},
        {"ruling": replace(RULED, wait_for_professional=True)},
        {"one": replace(CDA, visibility=Visibility(False, False, True))},
        {
            "patient": CHILD,
            "one": replace(CDA, visibility=Visibility(False, False, True)),
            "ruling": replace(RULED, wait_for_professional=True),
            "context": dmp(minor_secret=True),
        },
        {"patient": replace(ZOE, attributes=frozenset({"homonyme"}))},
        {"ruling": replace(RULED, type_certain=False), "context": dmp(uncertain_type="feed")},
        {"ruling": replace(RULED, type_certain=False), "context": dmp(uncertain_type="invisible")},
        {"one": CDA, "context": replace(CONTEXT, sender=None)},
        {"one": CDA, "context": replace(CONTEXT, sender=replace(SENDER, feeds_dmp=True))},
        {"one": CDA, "context": dmp(feed_received_cda="always")},
        {"one": PDF, "context": dmp(feed_received_cda="never")},
    ],
)
def test_what_is_fed_all_the_same(fact: dict[str, Any]) -> None:
    assert _why(**fact) is None


def test_an_uncertain_type_is_fed_unseen_by_the_patient_where_the_site_says_so() -> None:
    vague = replace(PDF, title="", filename="document.pdf")
    found = file(vague, FOUND, ZOE, dmp(uncertain_type="invisible"))
    assert found.ruling is not None
    assert not found.ruling.type_certain
    assert (found.file, found.not_fed, found.visibility.invisible_to_patient) == (True, None, True)
    assert file(vague, FOUND, ZOE, CONTEXT).not_fed is NotFed.TYPE_TO_CONFIRM


@pytest.mark.parametrize(
    ("born", "years"),
    [("20080603", 18), ("20080604", 17), ("20080602", 18), ("20260603", 0), ("20080600", None), ("", None)],
)
def test_age_on_the_day(born: str, years: int | None) -> None:
    assert age(born, TODAY) == years


@pytest.mark.parametrize(("born", "fed"), [("20080603", True), ("20080604", False)])
def test_majority_begins_on_the_birthday(born: str, fed: bool) -> None:
    said = _why(patient=replace(ZOE, birth_date=born), ruling=replace(RULED, wait_for_professional=True))
    assert (said is None) is fed


def test_who_signs_in_the_senders_place_is_kept_with_the_judgement() -> None:
    leroy = Signatory("LEROY", "Anne")
    judged = file(replace(PDF, signatories=(leroy,)), FOUND, ZOE, CONTEXT)
    assert (judged.not_fed, judged.signatories) == (NotFed.AUTHOR_UNKNOWN, (leroy,))
    assert file(PDF, FOUND, ZOE, CONTEXT).signatories == ()
