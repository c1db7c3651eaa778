"""A professional's word on a filed document: who sees it in the DMP and the record, or that it goes (docs/adr/0035).

What we wrapped gets a next version of ours. A received CDA is its author's: the professional who announces it opens the
patient's DMP himself, and its line in the worklist is ticked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import Connection

from gateway.flow.decide import Decided
from gateway.flow.house import House
from gateway.flow.planning import plan, revise
from gateway.ledger import deliveries, documents, patients, revisions, trail
from gateway.ledger.rows import Document
from gateway.model.documents import Action, DocumentReading, Visibility
from gateway.model.reasons import NotFed, Reason
from gateway.model.states import DeliveryState, DocumentState
from gateway.operate.messages import DESTINATIONS
from gateway.review.case import iso
from gateway.review.entries import Done, ReviewError, dossier
from gateway.review.wording import day

_RPPS = re.compile(r"8?([0-9]{11})\Z")
_REFUSED = {plan.DPI: Reason.DPI_REFUSED, plan.DMP: Reason.DMP_REFUSED}
_REPRESENTATIVES = "-representatives"


@dataclass(frozen=True, slots=True)
class Wish:
    """``by`` types it, on the request of the professional whose RPPS is ``on_request_of``."""

    by: str
    on_request_of: str = ""
    reason: str = ""
    representatives: bool = False


@dataclass(frozen=True, slots=True)
class _Change:
    flag: str
    raised: bool
    done: str
    """Completes « document … »."""


_CHANGES = {
    "make-visible": _Change("invisible_to_patient", False, "visible par le patient"),
    "make-invisible": _Change("invisible_to_patient", True, "invisible au patient"),
    "make-visible-representatives": _Change(
        "invisible_to_representatives", False, "visible par les représentants légaux"
    ),
    "make-invisible-representatives": _Change(
        "invisible_to_representatives", True, "invisible aux représentants légaux"
    ),
    "mask": _Change("masked_to_professionals", True, "masqué aux professionnels"),
    "unmask": _Change("masked_to_professionals", False, "visible par les professionnels"),
}


def change(c: Connection, house: House, number: int, verb: str, wish: Wish) -> Done:
    """Make the next version of document ``number``, seen otherwise: make-visible, make-invisible, mask, unmask.

    The same wish twice changes nothing. ReviewError.
    """
    asked = _asked(wish)
    name = verb + (_REPRESENTATIVES if wish.representatives else "")
    wanted = _CHANGES[name]
    found = _wrapped(c, house, number)
    before = visibility(c, found)
    if getattr(before, wanted.flag) == wanted.raised and not (wish.representatives and _awaited(c, number)):
        return Done(0, number, "already", f"c'est déjà le cas : document {wanted.done}")
    after = replace(before, **{wanted.flag: wanted.raised})
    _allowed(house, after)
    _reachable(c, house, number)
    version = _noted(c, house, number, name, after, asked)
    since = (found.hidden_since or house.now) if after.invisible_to_patient else None
    documents.change(c, found, hidden_since=since)
    going = revise.revise(c, house, found, version, name)
    told = {name: goes and not (name == plan.DPI and _unsaid(house, after)) for name, goes in going.items()}
    _close_refusals(c, house, number, told, asked.by, verb)
    plan.close(c, house, number)
    return Done(0, number, "revised", f"document {wanted.done} (version {version}) ; {_told(house, told, after)}")


def delete(c: Connection, house: House, number: int, wish: Wish) -> Done:
    """Take a document that we wrapped back, from the DMP and from the record. ReviewError."""
    if not wish.reason.strip():
        raise ReviewError("dites pourquoi : --reason MOTIF est nécessaire pour supprimer")
    asked = _asked(wish, required=False)
    found = _wrapped(c, house, number)
    _reachable(c, house, number)
    version = _noted(c, house, number, revisions.DELETE, visibility(c, found), asked)
    documents.change(c, found, hidden_since=None)
    going = {name: revise.withdraw(c, house, number, name, version) for name in _REFUSED}
    if any(going.values()):
        revise.reopen(c, number)
    _close_refusals(c, house, number, dict.fromkeys(_REFUSED, True), asked.by, revisions.DELETE)
    plan.close(c, house, number)
    where = [DESTINATIONS[name] for name, goes in going.items() if goes]
    text = f"il est retiré ({', '.join(where)})" if where else "il n'était encore nulle part"
    return Done(0, number, "deleted", f"suppression notée ; {text}")


def announced(c: Connection, house: House, number: int, wish: Wish) -> Done:
    """The professional has announced a received CDA, and seen to it in the DMP: it waits no more. ReviewError."""
    asked = _asked(wish, required=False)
    found, one = _filed(c, house, number)
    if one.header is None:
        raise ReviewError(f"ce document est de la passerelle : gateway documents make-visible {number} le rend visible")
    if found.hidden_since is None:
        return Done(0, number, "already", "c'est déjà le cas : ce document n'attend aucune annonce")
    documents.change(c, found, hidden_since=None)
    detail = {"on_request_of": asked.on_request_of, "reason": asked.reason}
    trail.append(c, house.now, asked.by, "announced", f"document {number}", detail)
    return Done(0, number, "announced", "annonce notée : il n'est plus dans la liste")


def web_ps(c: Connection, house: House, number: int, wish: Wish) -> str:
    """The link by which a professional opens the patient's documents in the DMP. It names the patient: it is for the
    eyes of who asks, and nothing else may keep it (DESIGN §4, invariant 7). ReviewError.
    """
    asked, base = _asked(wish, required=False), house.settings.dmp.web_ps
    if base is None:
        raise ReviewError("[dmp] web_ps n'est pas réglé : écrivez-y l'adresse du DMP des professionnels")
    found, _ = _filed(c, house, number)
    patient = patients.surviving(c, found.ipp or "")
    if patient is None or patient.ins is None or not patient.qualified:
        raise ReviewError("l'INS de ce patient n'est pas qualifiée : ouvrez son DMP depuis le portail, par sa carte")
    trail.append(c, house.now, asked.by, "web-ps", f"document {number}", {})
    return f"{base.rstrip('/')}/AccesDirect/Documents/{patient.ins.number}"


def visibility(c: Connection, found: Document) -> Visibility:
    """Who sees a filed document: as decided, or as a professional said since."""
    made = revisions.of_document(c, found.id)
    if made:
        return made[-1].shown
    content = documents.decision_content(c, found.decision_id or 0)
    return msgspec.json.decode(content, type=Decided).visibility


def _asked(wish: Wish, *, required: bool = True) -> Wish:
    """The wish with its RPPS as 11 digits. ReviewError when somebody is not named."""
    if not wish.by.strip():
        raise ReviewError("dites qui vous êtes : --by NOM")
    fits = _RPPS.match(wish.on_request_of.strip())
    if fits is None and (required or wish.on_request_of.strip()):
        raise ReviewError("--on-request-of attend le RPPS du professionnel qui le demande : 11 chiffres")
    rpps = fits[1] if fits else ""
    return replace(wish, by=wish.by.strip(), on_request_of=rpps, reason=wish.reason.strip())


def _filed(c: Connection, house: House, number: int) -> tuple[Document, DocumentReading]:
    """A document that stands, with its reading. ReviewError."""
    found = documents.known_document(c, number)
    if found is None or found.state not in (DocumentState.DECIDED, DocumentState.SETTLED, DocumentState.SUPERSEDED):
        raise ReviewError(f"il n'y a pas de document classé sous le numéro {number} ; voir gateway results")
    if found.action is Action.DELETE:
        raise ReviewError(f"le numéro {number} est une demande de suppression, non un document")
    if found.state is DocumentState.SUPERSEDED:
        raise ReviewError(f"ce document a été remplacé : agissez sur le document {found.superseded_by}")
    gone = revisions.deleted(revisions.of_document(c, number))
    if gone is not None:
        raise ReviewError(f"ce document a déjà été supprimé par {gone.by} le {day(iso(gone.at))}")
    read = dossier(c, house, found)
    if read is None:
        kept = house.settings.ledger.retention_days
        raise ReviewError(f"les octets de ce document ne sont plus gardés ({kept} jours) : passez par Web-PS")
    return found, read.one


def _wrapped(c: Connection, house: House, number: int) -> Document:
    """A document of which we make the versions. ReviewError, which says what to do for one that we received whole."""
    found, one = _filed(c, house, number)
    if one.header is None:
        return found
    raise ReviewError(
        "ce document est un CDA reçu : sa prochaine version appartient à son auteur, la passerelle n'en fait pas. "
        "Que le professionnel qui annonce ouvre le DMP du patient et y change la visibilité "
        f"(gateway documents web-ps {number} --by QUI), puis notez-le (gateway documents announced {number} --by QUI). "
        "Pour le supprimer, demandez-le à son auteur"
    )


def _allowed(house: House, after: Visibility) -> None:
    """The combination that the DMP's parameter forbids (spec/dmp/transactions.md §8)."""
    both = after.masked_to_professionals and after.invisible_to_patient
    if both and not house.settings.dmp.allow_masked_and_invisible:
        raise ReviewError(
            "un document ne peut être à la fois masqué aux professionnels et invisible au patient : "
            "levez d'abord l'un (unmask ou make-visible)"
        )


def _reachable(c: Connection, house: House, number: int) -> None:
    """What a destination holds must not stay behind because nothing is sent there any more."""
    on = {plan.DPI: house.settings.dpi.kind != "none", plan.DMP: house.settings.dmp.enabled}
    for name, works in on.items():
        if not works and deliveries.held_by(c, number, name):
            raise ReviewError(
                f"ce document est là, mais plus rien n'y est envoyé ({DESTINATIONS[name]}) : voir [{name}]"
            )


def _awaited(c: Connection, number: int) -> bool:
    """Whether the DMP waits for a professional's word on what a minor's representatives see."""
    last = deliveries.last_of(c, number, plan.DMP)
    return last is not None and last.state is DeliveryState.NOT_APPLICABLE and last.reason == NotFed.MINOR_RULE


def _noted(c: Connection, house: House, number: int, name: str, after: Visibility, asked: Wish) -> int:
    """The version and its line in the trail, in one transaction; its number."""
    who = {"by": asked.by, "on_request_of": asked.on_request_of, "reason": asked.reason}
    version = revisions.add(c, number, name, after, house.now, **who)
    shown = msgspec.to_builtins(after)
    detail = {"version": version, "on_request_of": asked.on_request_of, "reason": asked.reason, "visibility": shown}
    trail.append(c, house.now, asked.by, name, f"document {number}", detail)
    return version


def _close_refusals(c: Connection, house: House, number: int, going: Mapping[str, bool], who: str, how: str) -> None:
    """What a destination had refused is overtaken by what goes there now."""
    for entry in documents.open_entries_of(c, number):
        if going.get(entry.destination) and entry.reason is _REFUSED.get(entry.destination):
            documents.close_entry(c, entry, house.now, who, how)


def _unsaid(house: House, after: Visibility) -> bool:
    """Whether the record is not told: the volet forbids to send it what is masked (spec/mssante/dpi-hl7v2.md §3)."""
    return after.masked_to_professionals and house.settings.dpi.kind != "folder"


def _told(house: House, going: Mapping[str, bool], after: Visibility) -> str:
    where = [DESTINATIONS[name] for name, goes in going.items() if goes]
    said = f"nouvelle version en route ({', '.join(where)})" if where else "rien ne part maintenant"
    if not going[plan.DMP]:
        said += " ; le DMP ne l'a pas : ce choix vaudra s'il y est versé plus tard"
    return f"{said} ; le dossier patient n'en est pas informé, le volet l'interdit" if _unsaid(house, after) else said
