"""A case told in plain French, for a terminal and for the quarantine folder alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gateway.model.identity import Likeness
from gateway.model.orders import PLACE
from gateway.model.reasons import NotFed
from gateway.model.states import DeliveryState
from gateway.operate.messages import CHANGES, DESTINATIONS, LIKENESS, PURPOSES, REASONS, STATES, TRAITS, not_fed
from gateway.review.case import Case, Proposed, Ruled, Sent

_COMMANDS = {
    "assign": ("gateway quarantine assign {id} --ipp IPP --by NOM -c gateway.toml", "attribuer au patient"),
    "release": ("gateway quarantine release {id} --by NOM -c gateway.toml", "libérer : décider ou envoyer à nouveau"),
    "reject": (
        'gateway quarantine reject {id} --reason "MOTIF" --by NOM -c gateway.toml',
        "rejeter, en disant pourquoi",
    ),
}
#: The act that settled an entry.
_HOW = {"assign": "attribuée", "release": "libérée", "reject": "rejetée, ou traitée autrement"} | CHANGES
_SIGNATURES = {
    "valid": "conforme à son contenu (l'autorité qui a délivré le certificat n'est pas vérifiée)",
    "invalid": "NON conforme à son contenu",
    "unverified": "non vérifiée",
}


def told(case: Case) -> list[str]:
    """The whole case, one line each; an empty line between the parts."""
    parts = (_head(case), _document(case), _evidence(case), _todo(case), _history(case))
    return [line for part in parts if (lines := list(part)) for line in (*lines, "")][:-1]


def day(text: str) -> str:
    """An ISO instant as JJ/MM/AAAA à HH:MM."""
    return f"{datetime.fromisoformat(text):%d/%m/%Y à %H:%M}"


def _head(case: Case) -> Iterator[str]:
    yield f"Entrée {case.id} : {case.title}{' — URGENT' if case.urgent else ''}"
    yield f"Motif {case.reason} (code {case.hl7}), depuis le {day(case.opened_at)}"
    yield f"Pourquoi : {case.why}"
    if case.detail:
        yield f"Détail : {case.detail}"
    if case.closed_at:
        yield f"Réglée par {case.closed_by} le {day(case.closed_at)} ({_HOW.get(case.closed_how, case.closed_how)})"


def _document(case: Case) -> Iterator[str]:
    yield f"Reçu le {day(case.received_at)} {_sender(case)}"
    if case.signature:
        yield f"Signature électronique du message : {_SIGNATURES[case.signature]}"
    if case.subject:
        yield f"Objet : {case.subject}"
    title = case.document_title or case.filename or "sans titre"
    yield f"Document : {title} ({case.media_type or 'type inconnu'}, {case.size} octets)"
    if case.patient_ipp:
        yield f"Classé chez le patient {case.patient_ipp}"


def _sender(case: Case) -> str:
    if case.source.startswith(f"{PLACE}:"):
        return f"du dossier patient de l'établissement, message {case.source.partition(':')[2]}"
    if not case.sender:
        return "d'un expéditeur inconnu"
    return f"de {case.sender_name} <{case.sender}>" if case.sender_name else f"de {case.sender}"


def _evidence(case: Case) -> Iterator[str]:
    for claim in case.claims:
        stated = {
            "INS": claim.ins.number if claim.ins else None,
            "nom de naissance": claim.birth_name,
            "nom utilisé": claim.used_name,
            "nom": claim.family_name or claim.full_name,
            "prénom": claim.first_given or claim.given_names,
            "né(e) le": _date(claim.birth_date),
            "sexe": claim.sex,
        }
        yield "Le document dit : " + ", ".join(f"{name} {value}" for name, value in stated.items() if value)
    if case.candidates:
        yield "Patients proposés, le plus proche d'abord :"
    for one in case.candidates:
        yield from _candidate(one)


def _candidate(one: Proposed) -> Iterator[str]:
    yield f"  IPP {one.ipp} — {one.name}, né(e) le {_date(one.birth_date) or '?'}"
    for trait in one.traits:
        name, likeness = TRAITS.get(trait.trait, trait.trait), LIKENESS[Likeness(trait.likeness)]
        yield f"    {name} : {likeness} (document : {trait.claimed or '—'} ; index : {trait.held or '—'})"


def _todo(case: Case) -> Iterator[str]:
    if not case.actions:
        return
    yield f"À faire : {case.next_step}"
    for name in case.actions:
        command, what = _COMMANDS[name]
        yield f"  {command.format(id=case.id)}    # {what}"


def _history(case: Case) -> Iterator[str]:
    if case.decisions:
        yield "Décisions :"
    for one in case.decisions:
        yield f"  {decision(one)}"
    if case.deliveries:
        yield "Remises :"
    for sent in case.deliveries:
        yield f"  {delivery(sent)}"


def decision(one: Ruled) -> str:
    """A decision in one line."""
    who = f"par {one.by}" if one.by else "par les règles"
    what = f"classé chez {one.ipp}" if one.outcome == "file" else _waits(one.outcome)
    dmp = f", pas de DMP : {not_fed(one.not_fed)}" if one.not_fed else ""
    return f"{day(one.at)} {who} : {what}{dmp}"


def _waits(outcome: str) -> str:
    title = next((message.title.lower() for reason, message in REASONS.items() if reason == outcome), "mis de côté")
    return f"{title} ({outcome})"


def delivery(one: Sent) -> str:
    """A destination so far, in one line."""
    state = STATES[DeliveryState(one.state)]
    held = ", retenu" if one.held else ""
    why = " — ".join(filter(None, (_reason(one), one.code, one.text)))
    tries = f", {one.tries} envoi(s)" if one.tries else ""
    name = DESTINATIONS.get(one.destination, one.destination)
    return f"{name} ({PURPOSES.get(one.purpose, one.purpose)}) : {state}{held}{tries}{' : ' if why else ''}{why}"


def _reason(one: Sent) -> str:
    """``off`` is of the DMP; the record is not sent what it sent itself, nor anything where there is none."""
    if one.destination == "dpi" and one.reason == NotFed.OFF:
        return "ce document n'a pas à y être remis"
    return not_fed(one.reason)


def _date(text: str | None) -> str | None:
    return f"{text[6:8]}/{text[4:6]}/{text[:4]}" if text and len(text) == 8 else text
