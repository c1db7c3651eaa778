"""What a FHIR record's answers mean for a delivery, in French for the operator.

What the server says in words is read, never repeated: it may quote the patient. A refusal is the record's own when an
OperationOutcome says so; an error page of something in between blames the address, and stops the channel.
"""

from __future__ import annotations

import re

from gateway.delivery.wire import Failure, Response
from gateway.model.delivery import Answer, Outcome
from gateway.protocols import fhir_answers

_TLS = "La connexion sécurisée au DPI échoue : vérifier les certificats et l'autorité configurés."
_WIRE = {
    Failure.UNREACHABLE: Outcome(
        Answer.RETRY_LATER, "unreachable", "Le DPI ne répond pas à l'adresse configurée : nouvel essai.", down=True
    ),
    Failure.CERTIFICATE: Outcome(Answer.RETRY_LATER, "tls", _TLS, down=True, stop=True),
    Failure.LOST: Outcome(
        Answer.UNKNOWN,
        "connection-lost",
        "La connexion au DPI s'est rompue avant sa réponse : la présence du document va être vérifiée.",
        down=True,
    ),
    Failure.TIMEOUT: Outcome(
        Answer.UNKNOWN,
        "timeout",
        "Le DPI n'a pas répondu dans le délai : la présence du document va être vérifiée.",
        down=True,
    ),
    Failure.TOO_LARGE: Outcome(Answer.UNKNOWN, "too-large", "La réponse du DPI est démesurée.", down=True),
}
_BUSY = frozenset({408, 425, 429, 503, 507})
_REFUSALS = frozenset({409, 412, 413, 422})  # these statuses speak of the document even without an OperationOutcome
_MISDIRECTED = "L'adresse du DPI répond, mais pas comme un serveur FHIR : vérifier dpi.url."
_CLOSED = "Le DPI n'autorise pas la passerelle : vérifier le certificat, le jeton et les droits qu'il lui donne."
_OCCUPIED = "Le DPI ne peut prendre le document pour le moment : nouvel essai."
_UNSURE = "Le DPI signale une erreur interne : la présence du document va être vérifiée."
_NO_PATIENT = "Le DPI ne connaît pas ce patient."
_OTHER_PATIENT = "L'identité du patient diffère de celle que détient le DPI."
_SEVERAL = "Le DPI tient plusieurs documents sous cet identifiant : en garder un seul, puis relancer la remise."
_TOO_LARGE = "Le document est trop volumineux pour le DPI."
_NO_SEARCH = "Le DPI refuse qu'on y cherche un document par son identifiant : à voir avec son éditeur."
_REFUSED = "Le DPI refuse le document : à voir avec son éditeur."
#: The refusals that the volet has a code for (spec/mssante/dpi-hl7v2.md §4).
_CODES = {
    "XDSUnknownPatientId": ("902", _NO_PATIENT),
    "XDSPatientIdDoesNotMatch": ("904", _OTHER_PATIENT),
}


class DpiError(Exception):
    """The record could not be asked, or answered by an error; ``outcome`` says what to do."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


def of_failure(failure: Failure) -> Outcome:
    """An exchange without answer."""
    return _WIRE[failure]


def of_change(answer: Response) -> Outcome:
    """The answer to a creation or to a change."""
    if answer.status in {200, 201, 204}:
        return Outcome(Answer.DONE, str(answer.status)) if _is_fhir(answer) else _misdirected(answer.status)
    return _of_error(answer)


def of_question(answer: Response) -> Outcome:
    """The answer to a question, where asking again is always safe."""
    if answer.status == 200:
        return Outcome(Answer.DONE) if _is_fhir(answer) else _misdirected(answer.status)
    said = _of_error(answer)
    text = _NO_SEARCH if said.answer is Answer.REFUSED else said.text
    return Outcome(Answer.RETRY_LATER, said.code, text, down=True, stop=said.stop)


def without_effect(outcome: Outcome) -> Outcome:
    """The same when only a question was asked: nothing remains unknown."""
    if outcome.answer is not Answer.UNKNOWN:
        return outcome
    return Outcome(Answer.RETRY_LATER, outcome.code, outcome.text, down=True, stop=outcome.stop)


def unreadable() -> Outcome:
    """A question answered by something else."""
    text = "La réponse du DPI à une recherche est illisible."
    return Outcome(Answer.RETRY_LATER, "answer", text, down=True)


def _of_error(answer: Response) -> Outcome:
    status = answer.status
    said = fhir_answers.issues(answer.body)
    if status in {401, 403, 407}:
        return Outcome(Answer.RETRY_LATER, f"HTTP {status}", _CLOSED, down=True, stop=True)
    if status in _BUSY:
        return Outcome(Answer.RETRY_LATER, f"HTTP {status}", _OCCUPIED, down=True, wait=_asked(answer))
    if 400 <= status < 500 or status == 501:
        return _misdirected(status) if said is None and status not in _REFUSALS else _refused(status, said or ())
    if 300 <= status < 400:
        return _misdirected(status)
    return Outcome(Answer.UNKNOWN, f"HTTP {status}", _UNSURE, down=True)


def _asked(answer: Response) -> float:
    """The seconds of Retry-After (RFC 9110 §10.2.3); a date there asks for none."""
    said = answer.headers.get("retry-after", "")
    return float(said) if re.fullmatch(r"[0-9]{1,6}", said) else 0.0


def _refused(status: int, codes: tuple[str, ...]) -> Outcome:
    first = codes[0] if codes else ""
    if first in _CODES:
        code, text = _CODES[first]
        return Outcome(Answer.REFUSED, code, text)
    text = {412: _SEVERAL, 413: _TOO_LARGE}.get(status, _REFUSED)
    return Outcome(Answer.REFUSED, f"HTTP {status} {first}".strip(), text)


def _misdirected(status: int) -> Outcome:
    return Outcome(Answer.RETRY_LATER, f"HTTP {status}", _MISDIRECTED, down=True, stop=True)


def _is_fhir(answer: Response) -> bool:
    """A server that keeps resources tells where they are, or shows them; a page for people does neither."""
    if "html" in answer.content_type:
        return False
    return "json" in answer.content_type or any(
        name in answer.headers for name in ("location", "content-location", "etag")
    )
