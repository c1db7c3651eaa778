"""The transactions of the sandbox DMP: one question in, one answer out; TD0.2, TD2.1, TD3.1b, TD3.3c and d."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from gateway.sandbox import existence, soap
from gateway.sandbox.disk import Known
from gateway.sandbox.entries import RIM, RefusedError, documents, submission_set
from gateway.sandbox.registry import Registry
from gateway.sandbox.scenarios import Moment, Play, Scenario
from gateway.sandbox.soap import Request, RequestError
from gateway.sandbox.speaker import Access, Speaker

_SOMEBODY = "100000000000047"
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
        mixed_up = scenario is not None and scenario.play is Play.MIXED_UP
        relates_to = "urn:uuid:00000000-0000-4000-8000-000000000000" if mixed_up else question.request.message_id
        return soap.answer(_ACTIONS[question.moment], relates_to, said)

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
                return existence.state(Known("", question.speaker.ins, scenario.code), "")
            case Play.SOMEBODY:
                return existence.state(Known("", _SOMEBODY, "active"), "")
            case Play.UNCERTAIN:
                return existence.error()
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
        root, number = existence.asked(question.request.payload)
        return existence.state(self._registry.patient(number), root)

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
