"""``gateway documents``: what its patient does not see yet, and a professional's word on it (docs/adr/0035)."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import Connection

from gateway.app import paper
from gateway.app.compose import ledger_of, open_house
from gateway.app.config import load
from gateway.decision import RuleError
from gateway.decision.book import REMINDER_DAYS
from gateway.flow import rulekeeper
from gateway.flow.house import House
from gateway.model.ports import Silent, SystemClock
from gateway.model.settings import Settings
from gateway.operate.messages import CHANGES
from gateway.review import hidden, visibility
from gateway.review.entries import Done, act
from gateway.review.hidden import Hidden, Sheet
from gateway.review.visibility import Wish
from gateway.review.wording import day, delivery

T = TypeVar("T")

#: What became of a document that is no longer, or that is no document; whether another document did it.
_STANDINGS = {
    ("replaced", True): "Remplacé par son auteur : document {other}",
    ("deleted", True): "Supprimé par son auteur : document {other}",
    ("deleted", False): "Suppression demandée ; où en est le retrait, du DMP et du dossier : ci-dessous",
    ("deletion", True): "C'est la demande de supprimer le document {other}",
    ("deletion", False): "C'est une demande de suppression",
}
_CARRIED = {"wrapped": "mis en forme par la passerelle", "received": "CDA reçu de son auteur"}
#: ``dmp`` of ``gateway results``, for people.
_AT_DMP = {
    "waiting": "en attente",
    "fed": "versé",
    "already-there": "y était déjà",
    "not-fed": "non versé",
    "refused": "refusé",
    "unknown": "issue inconnue",
    "withdrawn": "retiré",
    "off": "sans objet",
}
_TODO = {
    "wrapped": "À faire, une fois annoncé : gateway documents make-visible {id} --by QUI --on-request-of RPPS",
    "received": "À faire : gateway documents web-ps {id} --by QUI, y rendre visible, puis documents announced {id}",
}


def run(options: argparse.Namespace) -> int:
    """0 when it was done, or was so already; ReviewError says why it was not."""
    settings = load(options.config)
    if options.verb == "list":
        _list(settings, as_json=options.json)
    elif options.verb == "show":
        _show(settings, options.document, as_json=options.json)
    elif options.verb == "web-ps":
        paper.say(_link(asyncio.run(_act(settings, lambda house: _opening(house, options)))))
    else:
        done = asyncio.run(_act(settings, lambda house: _action(house, options)))
        print(f"Document {options.document} : {done.text}.")
    return 0


def reminder_days(settings: Settings) -> int:
    """The rules' delay; the usual one while the rules cannot be read, which ``rules check`` tells."""
    try:
        return rulekeeper.read(settings.rules.folder).reminder_days
    except RuleError:
        return REMINDER_DAYS


def _list(settings: Settings, *, as_json: bool) -> None:
    now, days = SystemClock().now().timestamp(), reminder_days(settings)
    waiting = _look(settings, lambda c: hidden.worklist(c, now, days))
    if as_json:
        paper.as_json(waiting)
    elif not waiting:
        print("Aucun document n'attend d'être rendu visible à son patient.")
    else:
        heads = ("N°", "Depuis", "Âge", "Patient", "Type", "Pourquoi", "Document", "DMP")
        paper.table(heads, [_row(one) for one in waiting])


def _row(one: Hidden) -> tuple[object, ...]:
    age = f"{one.age_days} j{' (à relancer)' if one.overdue else ''}"
    kind = f"{one.type_code} {one.type_label}"
    return (
        one.document,
        day(one.since),
        age,
        one.patient_ipp,
        kind,
        one.rule,
        _CARRIED[one.carried],
        _AT_DMP.get(one.dmp, one.dmp),
    )


def _show(settings: Settings, number: int, *, as_json: bool) -> None:
    sheet = _look(settings, lambda c: hidden.sheet(c, number))
    if as_json:
        paper.as_json(sheet)
    else:
        paper.say(_lines(sheet))


def _lines(sheet: Sheet) -> Iterator[str]:
    yield f"Document {sheet.document} : {sheet.title} ({sheet.type_code} {sheet.type_label})"
    yield f"Patient {sheet.patient_ipp} ; {_CARRIED[sheet.carried]}"
    if sheet.standing == "current":
        yield f"Le patient {_sees(hidden=sheet.invisible_to_patient)}"
        yield f"Ses représentants légaux {_sees(hidden=sheet.invisible_to_representatives, many=True)}"
        yield f"Les professionnels {_sees(hidden=sheet.masked_to_professionals, many=True)}"
    else:
        yield _STANDINGS[sheet.standing, sheet.other is not None].format(other=sheet.other)
    if sheet.waits_since:
        yield f"Attend d'être annoncé depuis le {day(sheet.waits_since)}"
        yield _TODO[sheet.carried].format(id=sheet.document)
    for made in sheet.versions:
        asked = f" à la demande de {made.on_request_of}" if made.on_request_of else ""
        why = f" : {made.reason}" if made.reason else ""
        yield f"Version {made.version}, {day(made.at)} : {CHANGES[made.change]} par {made.by}{asked}{why}"
    yield from map(delivery, sheet.deliveries)


def _sees(*, hidden: bool, many: bool = False) -> str:
    verb = "voient" if many else "voit"
    return f"ne le {verb} pas" if hidden else f"le {verb}"


def _of(options: argparse.Namespace) -> tuple[int, Wish]:
    """The document and who asks what."""
    given = vars(options)
    asked, reason = given.get("on_request_of") or "", given.get("reason") or ""
    return options.document, Wish(options.by, asked, reason, bool(given.get("representatives")))


def _action(house: House, options: argparse.Namespace) -> Callable[[Connection], Done]:
    number, wish = _of(options)
    if options.verb == "delete":
        return lambda c: visibility.delete(c, house, number, wish)
    if options.verb == "announced":
        return lambda c: visibility.announced(c, house, number, wish)
    return lambda c: visibility.change(c, house, number, options.verb, wish)


def _opening(house: House, options: argparse.Namespace) -> Callable[[Connection], str]:
    return lambda c: visibility.web_ps(c, house, *_of(options))


def _link(url: str) -> list[str]:
    return ["À ouvrir par le professionnel, avec sa carte ou Pro Santé Connect ; ce lien nomme le patient :", url]


async def _act(settings: Settings, action: Callable[[House], Callable[[Connection], T]]) -> T:
    async with open_house(settings, Silent()) as house:
        return await act(house, action(house))


def _look(settings: Settings, work: Callable[[Connection], T]) -> T:
    with ledger_of(settings) as ledger:
        return ledger.look(work)
