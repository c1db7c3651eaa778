"""The transactions of the sandbox DMP: one question in, one answer out; TD0.2, TD2.1, TD3.1b, TD3.3c and d."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from gateway.sandbox import soap
from gateway.sandbox.entries import RIM, RefusedError, documents, submission_set
from gateway.sandbox.registry import Registry
from gateway.sandbox.scenarios import Moment, Play, Scenario
from gateway.sandbox.soap import Request, RequestError
from gateway.sandbox.speaker import Access, Speaker

_HL7 = "urn:hl7-org:v3"
_AUTHOR = "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF [authentification indirecte]"
_MOMENTS = {
    ("patients", "PRPA_IN201307UV02"): Moment.EXISTENCE,
    ("registry", "AdhocQueryRequest"): Moment.LOOK_UP,
    ("registry", "SubmitObjectsRequest"): Moment.DELETE,
    ("repository", "ProvideAndRegisterDocumentSetRequest"): Moment.FEED,
}
_ACTIONS = {
    Moment.EXISTENCE: "urn:hl7-org:v3:PRPA_IN201308UV02",
    Moment.LOOK_UP: "urn:ihe:iti:2007:RegistryStoredQueryResponse",
    Moment.DELETE: "urn:ihe:iti:2010:UpdateDocumentSetResponse",
    Moment.FEED: "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A request understood: which transaction, by whom."""

    moment: Moment
    request: Request
    speaker: Speaker


class Desk:
    """Answers as the registry stands; a scenario changes what is said, or what is done."""

    def __init__(self, registry: Registry, access: Access) -> None:
        self._registry, self._access = registry, access

    def hear(self, service: str, request: Request) -> Question:
        """What is asked, and by whom. Raises RequestError."""
        name = etree.QName(request.payload).localname
        moment = _MOMENTS.get((service, name))
        if moment is None:
            raise RequestError(f"le service « {service} » ne connaît pas la demande {name}")
        return Question(moment, request, self._access.admit(request.vihf))

    def answer(self, question: Question, scenario: Scenario | None = None) -> bytes:
        """The answer. Raises RequestError."""
        respond = self._played(question, scenario) if scenario else None
        said = respond if respond is not None else self._done(question)
        return soap.answer(_ACTIONS[question.moment], question.request.message_id, said)

    def _done(self, question: Question) -> str:
        does: dict[Moment, Callable[[Question], str]] = {
            Moment.EXISTENCE: self._existence,
            Moment.LOOK_UP: self._look_up,
            Moment.DELETE: self._move,
            Moment.FEED: self._feed,
        }
        return does[question.moment](question)

    def _played(self, question: Question, scenario: Scenario) -> str | None:
        """What a scenario says in place of the answer; None: the answer itself."""
        errors = {scenario.code: scenario.text}
        match scenario.play:
            case Play.STATE:
                return _said(scenario.code, "20250101", "à la demande du patient")
            case Play.UNCERTAIN:
                return _existence("AE", "", "AE")
            case Play.FAULT:
                raise RequestError(scenario.text, scenario.code)
            case Play.CLOSE:
                self._registry.close(question.speaker.ins)
                return soap.registry_response(errors)
            case Play.ERROR:
                asked = question.moment is Moment.LOOK_UP
                return soap.query_response((), errors) if asked else soap.registry_response(errors)
            case Play.WARNING | Play.SAID_TWICE:
                self._done(question)
                return soap.registry_response(errors, warnings=scenario.play is Play.WARNING)
        return None

    def _existence(self, question: Question) -> str:
        value = question.request.payload.find(f".//{{{_HL7}}}patientIdentifier/{{{_HL7}}}value")
        known = self._registry.patient(value.get("extension", "") if value is not None else "")
        return _said(known.dmp_state, known.closed_on, known.closed_why)

    def _look_up(self, question: Question) -> str:
        path = f".//{RIM}Slot[@name='$XDSDocumentEntryUniqueId']//{RIM}Value"
        values = question.request.payload.findall(path)
        quoted = (found for value in values for found in re.findall(r"'((?:[^']|'')*)'", value.text or ""))
        found = self._registry.find({one.replace("''", "'") for one in quoted})
        return soap.query_response(found, {})

    def _feed(self, question: Question) -> str:
        def act() -> None:
            of, by = submission_set(question.request.payload), question.speaker
            if by.structure not in of.institutions:
                raise RequestError(_AUTHOR, "DMPInvalidVIHF")
            self._registry.submit(of, documents(question.request), by)

        return _told(act)

    def _move(self, question: Question) -> str:
        moves = question.request.payload.findall(f".//{RIM}Association")
        targets = [one for one in moves if one.get("associationType", "").endswith(":UpdateAvailabilityStatus")]
        if len(targets) != 1:
            raise RequestError("la demande doit changer le statut d'un document, et d'un seul")
        target = targets[0]

        def act() -> None:
            of = submission_set(question.request.payload)
            before, after = _status(target, "OriginalStatus"), _status(target, "NewStatus")
            self._registry.move(of, target.get("targetObject", ""), before, after, question.speaker)

        return _told(act)


def _told(act: Callable[[], None]) -> str:
    try:
        act()
    except RefusedError as error:
        return soap.registry_response({error.code: str(error)})
    return soap.registry_response({})


def _status(association: etree._Element, name: str) -> str:
    value = association.findtext(f"{RIM}Slot[@name='{name}']/{RIM}ValueList/{RIM}Value", "")
    return value.strip().rpartition(":")[2]


def _said(state: str, closed_on: str, closed_why: str) -> str:
    """TD0.2. How date and motive of a closed DMP are written is not public: here where HL7 v3 has room for them."""
    if state == "none":
        return _existence("AA", "", "NF")
    if state == "active":
        return _existence("AA", '<statusCode code="active"/>', "OK")
    when = f"<effectiveTime><high value={quoteattr(closed_on)}/></effectiveTime>" if closed_on else ""
    why = (
        '<subjectOf1><administrativeObservation><code code="MOTIF_FERMETURE"/>'
        f"<value>{escape(closed_why)}</value></administrativeObservation></subjectOf1>"
        if closed_why
        else ""
    )
    return _existence("AA", f'<statusCode code="terminated"/>{when}{why}', "OK")


def _existence(acknowledgement: str, patient: str, response: str) -> str:
    subject = f"<patient>{patient}</patient>" if patient else ""
    event = f'<subject typeCode="SUBJ"><registrationEvent><subject1>{subject}</subject1></registrationEvent></subject>'
    return (
        f'<PRPA_IN201308UV02 xmlns="{_HL7}" ITSVersion="XML_1.0"><acknowledgement><typeCode code="{acknowledgement}"/>'
        '</acknowledgement><controlActProcess classCode="CACT" moodCode="EVN">'
        f'{event if patient else ""}<queryAck><queryResponseCode code="{response}"/></queryAck></controlActProcess>'
        "</PRPA_IN201308UV02>"
    )
