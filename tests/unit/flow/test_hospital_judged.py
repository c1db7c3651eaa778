"""A document of the hospital's own record: what its orders mean to the judgement, the DMP and the record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from gateway.flow.delivering.sent_by import responsible, rpps_of
from gateway.flow.judgement.judge import Context, Judgement, Known, judge
from gateway.flow.judgement.versions import Target, objection
from gateway.flow.planning import tidings
from gateway.flow.planning.tidings import content_type, of_dmp, of_rejection
from gateway.ledger.rows import Delivery
from gateway.model.documents import Action, Code, DocumentReading, Envelope, Visibility
from gateway.model.orders import Orders, Origin, Participant
from gateway.model.people import Sender
from gateway.model.reasons import NotFed, Reason
from gateway.model.settings import Dmp, Settings
from gateway.model.states import DeliveryState
from tests.samples import SENDER, ZOE
from tests.unit.flow.test_judge import ANOTHER, AUTHOR, CDA, CONTEXT, FOUND, HEADER, KNOWN, SETTINGS, row

DURAND = Participant(id=f"8{SENDER.rpps}", id_oid="1.2.250.1.71.4.2.1", family="Durand", given="Marc")
ORDERS = Orders(Origin("1"), to_dmp=True, receipt_wanted=True, sent_by=DURAND, patient_class="I")
OWN = replace(CDA, orders=ORDERS)
HERE = replace(CONTEXT, envelope=Envelope(message_id="1"), sender=None, hospital=True)


def judged(one: DocumentReading = OWN, known: Known = KNOWN, context: Context = HERE, **dmp: Any) -> Judgement:
    changed = replace(context, settings=_with(dmp))
    return judge(one, known, changed, alone=True)


def _with(dmp: dict[str, Any]) -> Settings:
    return structs.replace(SETTINGS, dmp=Dmp(enabled=True, **dmp))


def ordered(**changes: Any) -> DocumentReading:
    orders = replace(ORDERS, **changes)
    shown = Visibility(orders.masked_to_professionals, orders.invisible_to_patient, orders.invisible_to_representatives)
    return replace(OWN, orders=orders, visibility=shown)


def test_it_needs_no_address_and_is_fed_though_received_cdas_never_are() -> None:
    found = judged(feed_received_cda="never")
    assert (found.file, found.not_fed) == (True, None)
    assert judged(replace(OWN, orders=None), context=CONTEXT, feed_received_cda="never").not_fed is NotFed.OFF


def test_orders_are_believed_from_the_record_alone() -> None:
    assert judged(context=CONTEXT).reason is Reason.UNTRUSTED_SENDER
    assert judged(CDA).reason is Reason.UNTRUSTED_SENDER


def test_what_it_does_not_mark_does_not_go() -> None:
    assert judged(ordered(to_dmp=False)).not_fed is NotFed.OFF


def test_masked_is_no_reason_to_wait_and_the_flags_stand_as_given() -> None:
    found = judged(ordered(masked_to_professionals=True))
    assert (found.file, found.visibility) == (True, Visibility(masked_to_professionals=True))
    pathology = replace(OWN, type=Code("60568-3", "2.16.840.1.113883.6.1"), title="Anatomie pathologique")
    assert judged(pathology).visibility == Visibility()
    assert judged(replace(pathology, orders=None), context=CONTEXT).visibility.invisible_to_patient


def test_a_secret_connection_is_a_minors() -> None:
    child = replace(KNOWN, patient=replace(ZOE, birth_date="20150101"))
    secret = ordered(secret=True)
    assert judged(secret).not_fed is None
    assert judged(secret).visibility == Visibility()
    assert judged(secret, child).not_fed is NotFed.MINOR_RULE
    found = judged(secret, child, minor_secret=True)
    assert (found.not_fed, found.visibility) == (None, Visibility(invisible_to_representatives=True))


def test_a_confidential_one_is_not_shared() -> None:
    assert judged(replace(OWN, confidentiality="R")).not_fed is NotFed.CONFIDENTIALITY


@pytest.mark.parametrize("action", [Action.REPLACE, Action.DELETE])
def test_the_record_may_change_what_is_its_own_whoever_wrote_it(action: Action) -> None:
    header = replace(HEADER, version=2, authors=(ANOTHER,))
    new = replace(OWN, action=action, header=header)
    parent = row(ipp=ZOE.ipp)
    assert objection(new, Target(parent, OWN, "", overtaken=False), FOUND.ipp, "", None) is None
    theirs = Target(parent, replace(OWN, orders=None, header=replace(HEADER, authors=(AUTHOR,))), "", overtaken=False)
    refused = objection(new, theirs, FOUND.ipp, "", None)
    assert refused is not None
    assert refused[0] is Reason.NOT_AUTHOR


@pytest.mark.parametrize(
    ("visit", "code"), [("I", "03"), ("O", "07"), ("E", "07"), ("R", "19"), ("N", "97"), ("", ""), ("X", "")]
)
def test_the_kind_of_activity_follows_the_visit(visit: str, code: str) -> None:
    assert content_type(replace(ORDERS, patient_class=visit)) == code
    assert content_type(None) == ""


def test_the_sender_stands_before_the_dmp_when_his_profession_is_known() -> None:
    assert rpps_of(ORDERS) == SENDER.rpps
    written = replace(HEADER, authors=(replace(AUTHOR, specialty=Code("G15_10/SM26")),))
    found = responsible(ORDERS, written, [])
    assert found is not None
    assert (found.id, found.name, found.role, found.specialty) == (SENDER.rpps, "DURAND Marc", "10", "SM26")
    assert responsible(ORDERS, HEADER, [SENDER]) == found
    assert responsible(ORDERS, HEADER, []) is None


@pytest.mark.parametrize("code", ["", "G15_10", "G15_10/XX99", "G15_999", "SM26"])
def test_a_profession_that_the_dmp_would_not_know_leaves_the_configured_person(code: str) -> None:
    known: Sender = replace(SENDER, specialty_code=code)
    assert responsible(ORDERS, HEADER, [known]) is None


@pytest.mark.parametrize("number", ["", "10107507153", "010107507153", "8101075071", "8abcdefghijk"])
def test_only_a_national_number_names_a_professional(number: str) -> None:
    assert rpps_of(replace(ORDERS, sent_by=replace(DURAND, id=number))) == ""
    assert rpps_of(replace(ORDERS, sent_by=replace(DURAND, id_oid="1.2.3"))) == ""
    assert rpps_of(None) == ""


@pytest.mark.parametrize(
    ("state", "reason", "code", "told"),
    [
        (DeliveryState.DONE, "", "", (True, "")),
        (DeliveryState.DONE, "already-there", "", (True, "")),
        (DeliveryState.NOT_APPLICABLE, "dmp-closed", "", (False, "DMPClosed")),
        (DeliveryState.NOT_APPLICABLE, "no-dmp", "", (False, "XDSUnknownPatientId")),
        (DeliveryState.NOT_APPLICABLE, "ins-not-qualified", "", (False, "ins-not-qualified")),
        (DeliveryState.NOT_APPLICABLE, "purged", "", (False, "purged")),
        (DeliveryState.REFUSED, "", "XDSNonIdenticalHash", (False, "XDSNonIdenticalHash")),
        (DeliveryState.REFUSED, "", "", (False, "refused")),
    ],
)
def test_every_end_is_told(state: DeliveryState, reason: str, code: str, told: tuple[bool, str]) -> None:
    ended = Delivery(1, "dmp", 1, None, "create", state, held=False, hold_reason="", reason=reason, code=code, text="",
                     unique_id="", after_id=None, failures=0, look_ups=0, payload=None, existence="", planned_at=0.0,
                     ended_at=1.0, version=1, lead_id=None, revision=1, says="")  # fmt: skip
    found = of_dmp(ended)
    assert (found.done, found.code) == told
    assert found.done or found.label


def test_every_reason_has_words_for_the_record() -> None:
    assert set(tidings._LABELS) >= set(NotFed) - {NotFed.AUTHOR_FEEDS}
    assert of_rejection(row(reason=Reason.PATIENT_UNKNOWN)).code == "patient-unknown"
