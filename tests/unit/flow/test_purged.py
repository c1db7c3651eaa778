"""What comes months later for a document whose bytes are gone: what is known of it is enough, or a person is asked."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, update

from gateway.flow import reconcile
from gateway.ledger import deliveries, mails
from gateway.ledger.tables import document, mail
from gateway.model.reasons import Reason
from gateway.model.states import DeliveryEvent, DeliveryState
from gateway.review.assign import assign
from tests.samples import ZOE, Samples
from tests.unit.review.desk import Desk, sit


async def _months_later(desk: Desk) -> None:
    """All that is settled is swept."""

    def age(c: Connection) -> None:
        c.execute(update(mail).values(settled_at=1.0))

    await desk.house.ledger.write("age", age)
    await reconcile.sweep(desk.house)
    assert await desk.look(lambda c: c.execute(mail.select().where(mail.c.reading.is_not(None))).all()) == []


async def test_a_replacement_of_what_is_no_longer_kept_is_for_a_person(tmp_path: Path) -> None:
    """Nobody can tell any more whether he who asks is the author: it is said, and assigning applies it."""
    async with sit(tmp_path / "house") as desk:
        samples = Samples("purged")
        await desk.take(samples.new())
        for mail_of, action in ((samples.replacement(), "replace"), (samples.deletion(), "delete")):
            await _months_later(desk)
            await desk.take(mail_of)
            case = await desk.entry()
            assert (case.reason, "n'est plus gardé" in case.detail) == (Reason.NOT_AUTHOR, True)
            await desk.act(lambda c, n=case.id: assign(c, desk.house, n, ZOE.ipp, "moi"))  # type: ignore[misc]
            last = (await desk.lines())[-1]
            assert (last.action, last.outcome, last.dpi) == (action, "filed", "delivered")


async def test_a_replacement_of_what_is_no_longer_kept_but_another_patients_is_said(tmp_path: Path) -> None:
    async with sit(tmp_path / "house") as desk:
        samples = Samples("purged")
        await desk.take(samples.new())
        await _months_later(desk)
        await desk.house.ledger.write("other", lambda c: c.execute(update(document).values(ipp="X")))
        await desk.take(samples.replacement())
        assert await desk.waiting() == [Reason.IDENTITY_CONFLICT]


async def test_a_mail_that_is_not_answered_yet_is_kept(tmp_path: Path) -> None:
    async with sit(tmp_path / "house") as desk:
        await desk.take(Samples("kept").letter())
        plan = {"arrival_seq": 1, "purpose": "receipt", "state": DeliveryState.WAITING}
        number = await desk.house.ledger.write("plan", lambda c: deliveries.plan(c, "receipt", 1.0, **plan))
        assert await desk.look(lambda c: mails.purgeable(c, 9e9)) == []
        await desk.house.ledger.write("end", lambda c: _ended(c, number))
        assert len(await desk.look(lambda c: mails.purgeable(c, 9e9))) == 1


def _ended(c: Connection, number: int) -> None:
    deliveries.move(c, deliveries.get_delivery(c, number), DeliveryEvent.DONE, 1.0)
