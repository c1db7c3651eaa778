"""What a person may do with an entry, each way it can end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import Connection, update

from gateway.flow import index, receive
from gateway.flow.receive import Sighting
from gateway.ledger import deliveries, documents, trail
from gateway.ledger.tables import delivery, entry
from gateway.model.identity import INS_NIR, Ins, InsStatus, Patient
from gateway.model.reasons import Reason
from gateway.model.states import DeliveryState
from gateway.review.assign import assign
from gateway.review.case import Case, worklist
from gateway.review.entries import Done, ReviewError
from gateway.review.reject import reject, undo
from gateway.review.release import release
from tests.samples import ZOE, Samples
from tests.unit.formats import builders
from tests.unit.review.desk import Desk, by_stranger, carrying, resent, sit

PAUL = Patient("777", None, InsStatus.VALIDEE, "LEROUX", "LEROUX", "PAUL", "PAUL", "19580714", "M", "56260")
UNKNOWN = Samples("t").unknown_patient()
PROGRAM = carrying(builders.attached(b"MZ\x90\x00" + b"\0" * 200, "cr.exe", "application/octet-stream"))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with sit(tmp_path / "site") as one:
        yield one


async def assigned(desk: Desk, case: Case, ipp: str = ZOE.ipp, who: str = "Mme Duval") -> Done:
    return await desk.act(lambda c: assign(c, desk.house, case.id, ipp, who))


async def imported(desk: Desk, *rows: Patient) -> None:
    await desk.house.ledger.write("import", lambda c: index.put_all(c, rows, desk.house.now))


async def refused(desk: Desk, destination: str = "dpi", reason: Reason = Reason.DPI_REFUSED) -> Case:
    """The record has refused the one document."""

    def refuse(c: Connection) -> None:
        values = {"state": DeliveryState.REFUSED, "code": "902", "payload": None}
        c.execute(update(delivery).where(delivery.c.destination == destination).values(**values))
        documents.open_entry(c, 1, reason, desk.house.now, destination=destination, detail="902 : inconnu")

    await desk.house.ledger.write("refuse", refuse)
    return await desk.entry()


async def test_assigned_it_is_filed_for_the_patient_named(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    case = await desk.entry()
    done = await assigned(desk, case)
    assert (done.what, done.entry, done.document) == ("filed", case.id, case.document)
    (line,) = await desk.lines()
    assert (line.outcome, line.patient_ipp, line.dpi) == ("filed", ZOE.ipp, "delivered")
    assert await desk.waiting() == []


async def test_the_trail_says_who_what_and_why(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    case = await desk.entry()
    await desk.act(lambda c: reject(c, desk.house, case.id, "patient d'ailleurs", "M. Roux"))
    last = (await desk.look(lambda c: list(trail.lines(c))))[-1]
    assert (last.who, last.action, last.subject) == ("M. Roux", "reject", f"entry {case.id}")
    assert json.loads(last.detail)["why"] == "patient d'ailleurs"


async def test_a_decision_stands_beside_the_one_before(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    case = await desk.entry()
    await assigned(desk, case)
    stored = await desk.look(lambda c: documents.decisions_of(c, case.document))
    assert [json.loads(text)["by"] for _, text in stored] == ["", "Mme Duval"]


async def test_a_merged_patient_stands_for_the_one_who_remains(desk: Desk) -> None:
    await imported(desk, replace(PAUL, ipp="778", birth_name="LERROUX", replaced_by="777"), PAUL)
    await desk.take(by_stranger(Samples("t").new()))
    await assigned(desk, await desk.entry(), "778")
    (line, *_) = await desk.lines()
    assert line.patient_ipp == "777"


async def test_what_cannot_be_done_changes_nothing(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    case = await desk.entry()
    for work, words in (
        (lambda c: assign(c, desk.house, case.id, "nobody", "x"), "nobody"),
        (lambda c: assign(c, desk.house, 99, ZOE.ipp, "x"), "99"),
        (lambda c: reject(c, desk.house, case.id, " ", "x"), "motif"),
        (lambda c: undo(c, desk.house, case.id, "x"), "rejet"),
        (lambda c: assign(c, desk.house, case.id, ZOE.ipp, "x", version=case.version + 1), "quelqu'un d'autre"),
    ):
        with pytest.raises(ReviewError, match=words):
            await desk.act(work)
    assert (await desk.entry()) == case


async def test_what_was_settled_is_settled(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    case = await desk.entry()
    await assigned(desk, case)
    with pytest.raises(ReviewError, match="déjà été réglée par Mme Duval"):
        await desk.act(lambda c: reject(c, desk.house, case.id, "non", "x"))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (PROGRAM, "unsafe"),
        (carrying(b""), "no-document"),
        (carrying(builders.attached(b"%PDF-1.4\n%\xff\n garbage", "abime.pdf", "application/pdf")), "unreadable"),
    ],
    ids=["unsafe", "no-document", "unreadable"],
)
async def test_nobody_files_what_is_no_document(desk: Desk, raw: bytes, reason: str) -> None:
    await desk.take(raw)
    case = await desk.entry()
    assert (case.reason, case.actions) == (reason, ("reject",))
    with pytest.raises(ReviewError, match="ne peut pas être classé"):
        await assigned(desk, case)


async def test_nobody_files_a_strangers_program(desk: Desk) -> None:
    await desk.take(by_stranger(PROGRAM))
    case = await desk.entry()
    assert (case.reason, case.actions) == ("untrusted-sender", ("reject",))
    with pytest.raises(ReviewError, match="ne peut pas être classé"):
        await assigned(desk, case)


async def test_rejected_a_new_copy_is_a_new_entry(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    case = await desk.entry()
    await desk.act(lambda c: reject(c, desk.house, case.id, "d'un autre site", "x"))
    await desk.take(resent(UNKNOWN))
    again = await desk.entry()
    assert again.document != case.document
    assert [line.outcome for line in await desk.lines()] == ["rejected", "quarantined"]
    await desk.take(UNKNOWN.replace(b"X-Run: ", b"X-Third: "))
    assert (await desk.entry()).id == again.id
    with pytest.raises(ReviewError, match="reçu de nouveau"):
        await desk.act(lambda c: undo(c, desk.house, case.id, "x"))


async def test_copies_share_the_fate_of_the_first(desk: Desk) -> None:
    await desk.take(UNKNOWN, resent(UNKNOWN))
    case = await desk.entry()
    await desk.act(lambda c: reject(c, desk.house, case.id, "non", "x"))
    assert [line.outcome for line in await desk.lines()] == ["rejected", "rejected"]


async def test_copies_of_what_is_filed_are_duplicates(desk: Desk) -> None:
    await desk.take(UNKNOWN, resent(UNKNOWN))
    await assigned(desk, await desk.entry())
    assert [line.outcome for line in await desk.lines()] == ["filed", "ignored"]
    assert len(list((desk.folder / "dpi").glob("*.json"))) == 1


async def test_a_rejection_is_taken_back(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    case = await desk.entry()
    await desk.act(lambda c: reject(c, desk.house, case.id, "erreur", "x"))
    await desk.act(lambda c: undo(c, desk.house, case.id, "x"))
    again = await desk.entry()
    assert (again.document, again.reason) == (case.document, case.reason)
    await assigned(desk, again)
    assert [line.dpi for line in await desk.lines()] == ["delivered"]


async def test_released_too_early_it_waits_on_with_fresh_evidence(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    case = await desk.entry()
    done = await desk.act(lambda c: release(c, desk.house, case.id, "x"))
    again = await desk.entry()
    assert (done.what, again.id) == ("kept", case.id)
    assert again.version > case.version
    assert len(again.decisions) == 2


async def test_released_it_is_decided_as_the_index_now_stands(desk: Desk) -> None:
    known = replace(PAUL, ins=Ins("158075612345601", INS_NIR), ins_status=InsStatus.QUALIFIEE)
    document = Samples("t").document("third", patient=known)
    await desk.take(carrying(builders.attached(document, "document.xml", "text/xml")))
    case = await desk.entry()
    assert case.reason == "patient-unknown"
    await imported(desk, known)
    assert (await desk.act(lambda c: release(c, desk.house, case.id, "x"))).what == "filed"
    (line,) = await desk.lines()
    assert (line.patient_ipp, line.dpi) == (PAUL.ipp, "delivered")


async def test_released_it_may_wait_for_another_reason(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    case = await desk.entry()
    await imported(desk, PAUL)
    done = await desk.act(lambda c: release(c, desk.house, case.id, "x"))
    again = await desk.entry()
    assert (again.id, again.reason, again.candidates[0].ipp) == (done.entry, "identity-conflict", PAUL.ipp)
    assert again.id != case.id


async def test_a_strangers_document_is_filed_when_somebody_answers_for_him(desk: Desk) -> None:
    await desk.take(by_stranger(Samples("t").new()))
    assert (await desk.entry()).reason == "untrusted-sender"
    await assigned(desk, await desk.entry())
    assert (await desk.lines())[0].dpi == "delivered"


async def test_a_persons_word_lifts_the_hold_of_a_rule(desk: Desk) -> None:
    rules = desk.folder / "rules"
    assert not rules.exists()
    book = desk.house.rules()
    held = replace(
        book,
        rules=(
            replace(
                book.rules[0],
                name="tout voir",
                conditions=type(book.rules[0].conditions)(),
                answers=(("retenir", True),),
            ),
            *book.rules,
        ),
    )
    desk.house.rules = lambda: held
    await desk.take(Samples("t").new())
    case = await desk.entry()
    assert case.reason == "held-by-rule"
    assert (await desk.act(lambda c: release(c, desk.house, case.id, "x"))).what == "filed"
    assert (await desk.lines())[0].dpi == "delivered"


async def test_an_exact_match_that_the_site_wants_seen_is_filed_once_somebody_has(desk: Desk) -> None:
    settings = desk.house.settings
    desk.house.settings = structs.replace(settings, matching=structs.replace(settings.matching, without_ins="review"))
    await desk.take(Samples("t").letter())
    case = await desk.entry()
    assert (case.reason, [one.ipp for one in case.candidates]) == ("held-by-rule", [ZOE.ipp])
    assert (await desk.act(lambda c: release(c, desk.house, case.id, "x"))).what == "filed"
    assert (await desk.lines())[0].patient_ipp == ZOE.ipp


async def test_a_mail_that_was_never_kept_can_only_be_put_aside(desk: Desk) -> None:
    seen = Sighting("imap", "box/INBOX:1:1", "box/INBOX:1:1", mailbox="box")
    await receive.refuse(desk.house, seen, 10**9, Reason.TOO_LARGE, "Il pèse 1 Go.")
    case = await desk.entry()
    assert (case.reason, case.actions) == ("too-large", ("reject",))
    for work in (
        lambda c: assign(c, desk.house, case.id, ZOE.ipp, "x"),
        lambda c: release(c, desk.house, case.id, "x"),
    ):
        with pytest.raises(ReviewError, match="depuis la messagerie"):
            await desk.act(work)
    assert (await desk.act(lambda c: reject(c, desk.house, case.id, "imprimé", "x"))).what == "rejected"


async def test_another_persons_number_never_goes_to_the_dmp(desk: Desk) -> None:
    settings = desk.house.settings
    desk.house.settings = structs.replace(settings, dmp=structs.replace(settings.dmp, enabled=True))
    await desk.house.ledger.write("hold", lambda c: deliveries.set_destination(c, "dmp", held=True))
    await desk.take(UNKNOWN, by_stranger(Samples("t").new()))
    for case in await desk.look(worklist):
        await assigned(desk, case)
    not_fed = {line.source: line.dmp_reason for line in await desk.lines() if line.outcome == "filed"}
    assert not_fed["0.eml"] == "ins-not-qualified"
    assert not_fed["1.eml"] != "ins-not-qualified"


async def test_a_replacement_of_nothing_known_is_filed_as_new(desk: Desk) -> None:
    await desk.take(Samples("t").replacement())
    case = await desk.entry()
    assert case.reason == "replaces-unknown"
    await assigned(desk, case)
    (sheet,) = [json.loads(path.read_bytes()) for path in (desk.folder / "dpi").glob("*.json")]
    assert (sheet["action"], sheet["replaces"]) == ("create", None)


async def test_a_replacement_released_once_its_parent_is_here_replaces_it(desk: Desk) -> None:
    await desk.take(Samples("t").replacement())
    case = await desk.entry()
    await desk.take(Samples("t").new())
    assert (await desk.act(lambda c: release(c, desk.house, case.id, "x"))).what == "filed"
    sheets = [json.loads(path.read_bytes()) for path in (desk.folder / "dpi").glob("*.json")]
    assert sorted(sheet["action"] for sheet in sheets) == ["create", "replace"]


async def test_another_patients_document_is_never_replaced(desk: Desk) -> None:
    await imported(desk, PAUL)
    await desk.take(Samples("t").new(), by_stranger(Samples("t").replacement()))
    await assigned(desk, await desk.entry(), PAUL.ipp)
    sheets = [json.loads(path.read_bytes()) for path in (desk.folder / "dpi").glob("*.json")]
    assert {(sheet["ipp"], sheet["action"]) for sheet in sheets} == {(ZOE.ipp, "create"), (PAUL.ipp, "create")}
    assert (await desk.look(lambda c: documents.get_document(c, 1))).superseded_by is None


async def test_a_deletion_of_nothing_known_can_only_be_rejected(desk: Desk) -> None:
    await desk.take(Samples("t").deletion())
    case = await desk.entry()
    with pytest.raises(ReviewError, match="rien à supprimer"):
        await assigned(desk, case)


async def test_a_refused_delivery_is_tried_again(desk: Desk) -> None:
    await desk.take(Samples("t").new())
    case = await refused(desk)
    assert case.actions == ("release", "reject")
    with pytest.raises(ReviewError, match="déjà classé"):
        await assigned(desk, case)
    done = await desk.act(lambda c: release(c, desk.house, case.id, "x"))
    assert done.what == "again"
    assert (await desk.lines())[0].dpi == "delivered"
    assert (await desk.look(lambda c: documents.get_document(c, 1))).state == "settled"


async def test_a_refusal_handled_otherwise_leaves_the_document_filed(desk: Desk) -> None:
    await desk.take(Samples("t").new())
    case = await refused(desk)
    done = await desk.act(lambda c: reject(c, desk.house, case.id, "classé à la main", "x"))
    assert done.what == "handled"
    line = (await desk.lines())[0]
    assert (line.outcome, line.dpi) == ("filed", "refused")


async def held(desk: Desk) -> Case:
    """The patient changed while his document was in the queue."""
    await desk.house.ledger.write("hold", lambda c: deliveries.set_destination(c, "dpi", held=True))
    await desk.take(Samples("t").new())
    await imported(desk, replace(ZOE, birth_date="19560820"))
    await desk.house.ledger.write("resume", lambda c: deliveries.set_destination(c, "dpi", held=False))
    case = await desk.entry()
    assert (case.reason, case.destination) == ("identity-changed", "dpi")
    return case


async def test_what_was_held_for_a_changed_identity_goes_when_it_is_let_go(desk: Desk) -> None:
    case = await held(desk)
    assert (await desk.lines())[0].dpi == "waiting"
    await desk.act(lambda c: release(c, desk.house, case.id, "x"))
    line = (await desk.lines())[0]
    assert (line.dpi, line.outcome) == ("delivered", "filed")


async def test_nothing_frozen_under_the_old_identity_leaves(desk: Desk) -> None:
    (desk.folder / "dpi").rmdir()
    await desk.take(Samples("t").new())
    (frozen, _dmp) = await desk.look(lambda c: deliveries.of_document(c, 1))
    assert frozen.payload
    await imported(desk, replace(ZOE, ins_status=InsStatus.VALIDEE))
    (desk.folder / "dpi").mkdir()
    case = await desk.entry()
    await desk.act(lambda c: release(c, desk.house, case.id, "x"))
    async with asyncio.timeout(30):
        while not (sheets := list((desk.folder / "dpi").glob("*.json"))):  # noqa: ASYNC110 - it comes by itself
            await asyncio.sleep(0.01)
    assert json.loads(sheets[0].read_bytes())["ins"] is None


async def test_what_was_held_for_a_changed_identity_stays_when_handled_otherwise(desk: Desk) -> None:
    case = await held(desk)
    await desk.act(lambda c: reject(c, desk.house, case.id, "classé à la main", "x"))
    assert (await desk.lines())[0].dpi == "refused"
    assert list((desk.folder / "dpi").glob("*.json")) == []
    assert (await desk.look(lambda c: documents.get_document(c, 1))).state == "settled"


async def test_what_was_filed_under_the_old_identity_is_only_checked(desk: Desk) -> None:
    await desk.take(Samples("t").new())
    await imported(desk, replace(ZOE, birth_date="19560820"))
    case = await desk.entry()
    assert (await desk.act(lambda c: release(c, desk.house, case.id, "x"))).what == "checked"
    assert await desk.waiting() == []


async def test_an_entry_changed_meanwhile_is_not_settled_blindly(desk: Desk) -> None:
    await desk.take(UNKNOWN)
    case = await desk.entry()
    await desk.house.ledger.write("bump", lambda c: c.execute(update(entry).values(version=case.version + 1)))
    with pytest.raises(ReviewError, match="quelqu'un d'autre"):
        await desk.act(lambda c: assign(c, desk.house, case.id, ZOE.ipp, "x", version=case.version))
