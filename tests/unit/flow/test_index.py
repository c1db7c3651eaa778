"""The patient index changes: what is queued is held, what was delivered is listed (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from gateway.flow import index
from gateway.flow.index import UnknownPatientError
from gateway.ledger import deliveries, documents, mails, patients
from gateway.ledger.engine import Ledger
from gateway.model.documents import Action
from gateway.model.identity import INS_NIA, Ins, InsStatus, Patient
from gateway.model.ports import Silent
from gateway.model.reasons import Reason
from gateway.model.states import DeliveryEvent, DocumentEvent
from gateway.protocols.adt import AdtEvent, IdentifierChange, Link, Merge, PatientUpdate, Unlink
from tests.samples import ZOE

OTHER = replace(ZOE, ipp="00799999", ins=None, ins_status=InsStatus.VALIDEE, first_given="ANNE", given_names="ANNE")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path}/gateway.db", Silent())
    ledger.submit("import", lambda c: index.put_all(c, [ZOE, OTHER], 1.0)).result()
    yield ledger
    ledger.close()


def file(c: Connection, ipp: str, name: str) -> tuple[int, int]:
    """A filed document: its delivery to the record is done, the one to the DMP waits."""
    values = {"key": name, "place": "file", "source": name, "at": 1.0}
    seq = mails.add_arrival(c, dict(values))
    number = documents.add_document(c, seq, 1, {"action": Action.CREATE, "found_at": 1.0})
    documents.move(c, documents.get_document(c, number), DocumentEvent.DECIDE, ipp=ipp)
    filed = deliveries.plan(c, "dpi", 1.0, document_id=number, purpose="create")
    deliveries.move(c, deliveries.get_delivery(c, filed), DeliveryEvent.DONE, 1.0)
    return filed, deliveries.plan(c, "dmp", 1.0, document_id=number, purpose="create")


def after(ledger: Ledger, event: AdtEvent) -> list[tuple[Reason, str]]:
    """The worklist and the holds after an ADT message."""
    ledger.submit("adt", lambda c: index.apply(c, event, 2.0)).result()
    return ledger.look(lambda c: [(entry.reason, entry.destination) for entry in documents.open_entries(c)])


def update(patient: Patient, *, opposed: bool | None = None) -> PatientUpdate:
    return PatientUpdate(patient, opposed, "A31", "20260603")


LISTED = [(Reason.IDENTITY_CHANGED, "dpi"), (Reason.IDENTITY_CHANGED, "dmp")]


@pytest.mark.parametrize(
    "event",
    [
        update(replace(ZOE, ins_status=InsStatus.RECUPEREE)),
        update(replace(ZOE, ins=Ins("256089932695081", INS_NIA))),
        update(replace(ZOE, birth_date="19560820")),
        update(replace(ZOE, birth_name="CHAUVELAIN")),
        Merge(survivor=OTHER.ipp, merged=ZOE.ipp, recorded=""),
        IdentifierChange(ipp="00755555", ins=None, former_ipp=ZOE.ipp, former_ins=None, recorded=""),
        IdentifierChange(
            ipp=ZOE.ipp, ins=Ins("256089932695081", INS_NIA), former_ipp=None, former_ins=ZOE.ins, recorded=""
        ),
        Link(ipp=ZOE.ipp, other=OTHER.ipp, recorded=""),
        Link(ipp=OTHER.ipp, other=ZOE.ipp, recorded=""),
        Unlink(ipp=ZOE.ipp, other=OTHER.ipp, recorded=""),
        Unlink(ipp=OTHER.ipp, other=ZOE.ipp, recorded=""),
    ],
    ids=[
        *("A31 unqualified", "A31 other INS", "A31 birth date", "A31 name", "A40", "A47 IPP", "A47 INS"),
        *("A24", "A24 other side", "A37", "A37 other side"),
    ],
)
def test_a_changed_identity_holds_and_lists(ledger: Ledger, event: AdtEvent) -> None:
    _, waiting = ledger.submit("file", lambda c: file(c, ZOE.ipp, "a")).result()
    assert sorted(after(ledger, event)) == sorted(LISTED)
    held = ledger.look(lambda c: deliveries.get_delivery(c, waiting))
    assert (held.held, held.hold_reason) == (True, "identity-changed")


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (update(replace(ZOE, ins_status=InsStatus.RECUPEREE)), "n'est plus qualifiée"),
        (update(replace(ZOE, birth_date="19560820")), "trait strict"),
        (Merge(survivor=OTHER.ipp, merged=ZOE.ipp, recorded=""), "fusionné"),
        (IdentifierChange(ZOE.ipp, Ins("256089932695081", INS_NIA), None, ZOE.ins, ""), "INS du patient a changé"),
        (Link(ipp=ZOE.ipp, other=OTHER.ipp, recorded=""), "liés"),
        (Unlink(ipp=ZOE.ipp, other=OTHER.ipp, recorded=""), "déliés"),
    ],
    ids=["A31 unqualified", "A31 birth date", "A40", "A47", "A24", "A37"],
)
def test_each_place_that_holds_the_document_is_listed_with_its_correction(
    ledger: Ledger, event: AdtEvent, what: str
) -> None:
    def both_done(c: Connection) -> None:
        _, dmp = file(c, ZOE.ipp, "a")
        deliveries.move(c, deliveries.get_delivery(c, dmp), DeliveryEvent.DONE, 1.0)

    ledger.submit("file", both_done).result()
    assert sorted(after(ledger, event)) == sorted(LISTED)
    told = {e.destination: (e.detail, e.urgent) for e in ledger.look(documents.open_entries)}
    assert all(what in detail and urgent for detail, urgent in told.values())
    assert "dossier sous l'ancienne identité" in told["dpi"][0]
    assert "faites-le supprimer" in told["dmp"][0]


@pytest.mark.parametrize(
    "event",
    [
        update(ZOE),
        update(replace(ZOE, used_name="MARTIN", given_names="ZOE ANNE MARIE")),
        update(replace(ZOE, birth_name="Chauvelin", first_given="Zoé")),
        update(ZOE, opposed=True),
        update(replace(OTHER, birth_date="19990101")),
    ],
    ids=["same", "used-name", "spelling", "opposed", "somebody-else"],
)
def test_a_change_that_touches_no_identity_disturbs_nothing(ledger: Ledger, event: AdtEvent) -> None:
    _, waiting = ledger.submit("file", lambda c: file(c, ZOE.ipp, "a")).result()
    assert after(ledger, event) == []
    assert not ledger.look(lambda c: deliveries.get_delivery(c, waiting)).held


def test_what_the_message_does_not_say_of_the_dmp_stays(ledger: Ledger) -> None:
    after(ledger, update(ZOE, opposed=True))
    after(ledger, update(ZOE, opposed=None))
    known = ledger.look(lambda c: patients.get_patient(c, ZOE.ipp))
    assert known is not None
    assert known.opposed


def test_a_merged_record_leads_to_its_survivor(ledger: Ledger) -> None:
    after(ledger, Merge(survivor=OTHER.ipp, merged=ZOE.ipp, recorded=""))
    survivor = ledger.look(lambda c: patients.surviving(c, ZOE.ipp))
    assert survivor is not None
    assert survivor.ipp == OTHER.ipp
    after(ledger, update(ZOE))
    assert ledger.look(lambda c: patients.surviving(c, ZOE.ipp)) == survivor, "a later snapshot does not undo a merge"


def test_a_merge_into_an_unknown_record_is_refused_and_changes_nothing(ledger: Ledger) -> None:
    with pytest.raises(UnknownPatientError):
        after(ledger, Merge(survivor="nobody", merged=ZOE.ipp, recorded=""))
    known = ledger.look(lambda c: patients.get_patient(c, ZOE.ipp))
    assert known is not None
    assert known.replaced_by is None
