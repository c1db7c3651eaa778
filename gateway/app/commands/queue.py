"""``gateway queue``: what is on its way to each destination, tried again, stopped or let go."""

from __future__ import annotations

import argparse

from sqlalchemy import Connection

from gateway.app import paper
from gateway.app.compose import ledger_of
from gateway.app.config import load
from gateway.ledger import deliveries, jobs, trail, views
from gateway.ledger.views import Queued
from gateway.model.ports import SystemClock
from gateway.model.states import DeliveryState
from gateway.operate.messages import DESTINATIONS, STATES
from gateway.review.case import iso
from gateway.review.wording import day

#: Why a parked job waits.
_PARKED = {
    "held": "retenu par une personne",
    "breaker": "destination en panne",
    "after": "attend ce qui le précède",
    "timer": "attend l'échéance",
}


def run(options: argparse.Namespace) -> int:
    """0; the verbs that change something leave a line in the trail."""
    names = [options.destination] if options.destination else list(DESTINATIONS)
    now, who = SystemClock().now().timestamp(), paper.operator(vars(options).get("by"))
    with ledger_of(load(options.config)) as ledger:
        if options.verb == "list":
            _list(ledger.look(lambda c: views.queue(c, options.destination)), as_json=options.json)
        elif options.verb == "retry":
            count = ledger.submit("retry", lambda c: _retry(c, options.destination, now, who)).result()
            print(f"{count} {'travaux sont repris' if count > 1 else 'travail est repris'} maintenant.")
        else:
            held = options.verb == "hold"
            ledger.submit("hold", lambda c: _hold(c, names, now, who, held=held)).result()
            print(f"{', '.join(DESTINATIONS[name] for name in names)} : {'retenu' if held else 'repris'}.")
    return 0


def _list(queued: list[Queued], *, as_json: bool) -> None:
    if as_json:
        paper.as_json(queued)
    elif not queued:
        print("Rien n'attend.")
    else:
        heads = ("Destination", "Document", "État", "Depuis", "Essais", "Prochain essai", "Pourquoi")
        paper.table(heads, [_row(one) for one in queued])


def _row(one: Queued) -> tuple[object, ...]:
    due = day(iso(one.next_try)) if one.next_try is not None else "—"
    why = " — ".join(filter(None, (_PARKED.get(one.parked or "", ""), one.code, one.text)))
    state = f"{STATES[DeliveryState(one.state)]}{' (retenu)' if one.held else ''}"
    return (one.destination, one.document, state, day(iso(one.since)), one.tries, due, why)


def _retry(c: Connection, name: str | None, now: float, who: str) -> int:
    count = jobs.retry(c, name, now)
    trail.append(c, now, who, "retry", "queue", {"destination": name, "jobs": count})
    return count


def _hold(c: Connection, names: list[str], now: float, who: str, *, held: bool) -> None:
    for name in names:
        deliveries.set_destination(c, name, held=held, hold_reason=who if held else "")
        if not held:
            jobs.wake_lane(c, name, now, "held")
    trail.append(c, now, who, "hold" if held else "resume", "destinations", {"names": names})
