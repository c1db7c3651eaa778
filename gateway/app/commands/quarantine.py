"""``gateway quarantine``: what waits for a person, seen and settled without the web (DESIGN §7)."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from gateway.app import paper
from gateway.app.compose import ledger_of, open_house
from gateway.app.config import load
from gateway.flow.house import House
from gateway.model.orders import PLACE
from gateway.model.ports import Silent
from gateway.model.settings import Settings
from gateway.operate import quarantine_folder
from gateway.review.assign import assign
from gateway.review.author import confirm
from gateway.review.case import Case, case_of, worklist
from gateway.review.entries import Done, ReviewError, act, known
from gateway.review.reject import reject, undo
from gateway.review.release import release
from gateway.review.wording import day, told

T = TypeVar("T")


def run(options: argparse.Namespace) -> int:
    """0 when it was done; ReviewError says why it was not."""
    settings = load(options.config)
    if options.verb == "list":
        _list(settings, as_json=options.json)
    elif options.verb == "show":
        _show(settings, options.entry, as_json=options.json)
    else:
        done = asyncio.run(_act(settings, options))
        what = "Document" if options.verb == "author" else "Entrée"
        print(f"{what} {options.entry} : {done.text}.")
    return 0


def _list(settings: Settings, *, as_json: bool) -> None:
    cases = _look(settings, worklist)
    if as_json:
        paper.as_json(cases)
    elif not cases:
        print("Rien n'attend de personne.")
    else:
        heads = ("N°", "Depuis", "Motif", "Code", "Expéditeur", "Document", "Patients proposés")
        paper.table(heads, [_row(case) for case in cases])


def _row(case: Case) -> tuple[object, ...]:
    title = case.document_title or case.filename or case.subject
    proposed = ", ".join(one.ipp for one in case.candidates[:3])
    reason = f"{case.reason}{' (urgent)' if case.urgent else ''}"
    return (case.id, day(case.opened_at), reason, case.hl7, _from(case), title, proposed)


def _from(case: Case) -> str:
    return "dossier patient" if case.source.startswith(f"{PLACE}:") else case.sender


def _show(settings: Settings, number: int, *, as_json: bool) -> None:
    case = _look(settings, lambda c: case_of(c, known(c, number)))
    if as_json:
        paper.as_json(case)
    else:
        paper.say(told(case))


async def _act(settings: Settings, options: argparse.Namespace) -> Done:
    if not options.by.strip():
        raise ReviewError("dites qui vous êtes : --by NOM")
    async with open_house(settings, Silent()) as house:
        done = await act(house, _action(house, options))
        await quarantine_folder.prune(house)
        return done


def _action(house: House, options: argparse.Namespace) -> Callable[[Connection], Done]:
    number, who = options.entry, options.by.strip()
    actions: dict[str, Callable[[Connection], Done]] = {
        "assign": lambda c: assign(c, house, number, options.ipp.strip(), who),
        "reject": lambda c: reject(c, house, number, options.reason, who),
        "release": lambda c: release(c, house, number, who),
        "undo": lambda c: undo(c, house, number, who),
        "author": lambda c: confirm(c, house, number, options.author.strip(), who),
    }
    return actions[options.verb]


def _look(settings: Settings, work: Callable[[Connection], T]) -> T:
    with ledger_of(settings) as ledger:
        return ledger.look(work)
