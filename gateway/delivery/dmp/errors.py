"""What the DMP's answers mean, in the three layers of spec/dmp/errors.md: transport, SOAP fault, registry error.

Reasons and contexts are read, never repeated: they may quote the patient. The operator gets the code and our words.
"""

from __future__ import annotations

import re

from lxml import etree

from gateway.delivery.wire import Failure, Response
from gateway.model.delivery import Answer, Outcome
from gateway.protocols import mtom, soap
from gateway.protocols.ebxml import RegistryAnswer
from gateway.protocols.soap import Fault, SoapError


class DmpError(Exception):
    """The DMP could not be asked, or answered by an error; ``outcome`` says what to do."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


_WIRE = {
    Failure.UNREACHABLE: Outcome(
        Answer.RETRY_LATER, "unreachable", "Le DMP est injoignable ; nouvel essai automatique.", down=True
    ),
    Failure.CERTIFICATE: Outcome(
        Answer.RETRY_LATER,
        "certificate",
        "La connexion TLS au DMP est refusée : vérifier le certificat d'authentification de l'établissement et les "
        "autorités de certification.",
        down=True,
        stop=True,
    ),
    Failure.LOST: Outcome(
        Answer.UNKNOWN,
        "connection-lost",
        "La connexion au DMP a été coupée pendant l'échange ; la présence du document va être vérifiée. Si cela se "
        "répète, vérifier le certificat d'authentification.",
        down=True,
    ),
    Failure.TIMEOUT: Outcome(
        Answer.UNKNOWN,
        "timeout",
        "Le DMP n'a pas répondu à temps ; la présence du document va être vérifiée.",
        down=True,
    ),
    Failure.TOO_LARGE: Outcome(Answer.UNKNOWN, "answer-too-large", "La réponse du DMP est démesurée.", down=True),
}
_NOT_PROCESSED = frozenset({400, 408, 425, 429, 502, 503, 504})
_MISDIRECTED = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 405, 407, 410})

_BUSY = re.compile(r".*(Busy|OutOfResources|NotAvailable)")
_ALREADY = "La présence du document va être vérifiée : le DMP dit avoir déjà reçu cet envoi."
_SETTINGS = (
    "Le DMP refuse l'établissement ou son logiciel, pour tous les documents : vérifier le certificat de signature, "
    "l'identifiant de structure, le secteur, le responsable et le numéro d'homologation."
)
_STOPPING = frozenset(
    {
        "DMPInvalidCertificate",
        "DMPInvalidVIHF",
        "FailedAuthentication",
        "FailedCheck",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "SecurityTokenUnavailable",
        "MustUnderstand",
        "VersionMismatch",
        "ActionNotSupported",
    }
)
_STOPPING_TEXTS = (
    "structure introuvable",
    "ps et structure non liés",
    "aucune spécialité dans le vihf",
    "authentification de la personne morale",
    "signature certificate",
    "homologation",
)
_FOREIGN_AUTHOR = "aucun authorinstitution ne correspond"
#: What a registry may add to a success.
_NOTES = frozenset({"XDSExtraMetadataNotSaved", "DMPOk"})
_OURS = "Erreur de la passerelle dans son envoi au DMP : prévenir son éditeur."
_DEFECTS = (
    "XDSRegistryDuplicateUniqueIdInMessage",
    "XDSRepositoryDuplicateUniqueIdInMessage",
    "XDSMissingDocument",
    "XDSMissingDocumentMetadata",
    "XDSUnknownRepositoryId",
    "XDSUnknownStoredQuery",
    "XDSStoredQueryMissingParam",
    "XDSStoredQueryParamNumber",
    "XDSTooManyResults",
    "XDSResultNotSinglePatient",
    "XDSDocumentUniqueIdError",
)
#: Codes with something to say of their own; any other code is a refusal for good.
_CODES = {
    "XDSDuplicateUniqueIdInRegistry": (Answer.UNKNOWN, _ALREADY),
    "XDSRepositoryError": (Answer.RETRY_LATER, "Erreur interne du DMP, ou DMP fermé entre-temps."),
    "XDSRegistryError": (Answer.RETRY_LATER, "Erreur interne du DMP, ou DMP fermé entre-temps."),
    "XDSUnknownPatientId": (Answer.REFUSED, "Aucun DMP ne correspond à l'INS de ce patient."),
    "XDSPatientIdDoesNotMatch": (Answer.REFUSED, "L'INS envoyé ne correspond pas à celui que le DMP attend."),
    "XDSNonIdenticalHash": (
        Answer.REFUSED,
        "Le DMP détient déjà, sous cet identifiant, un document différent : prévenir l'auteur du document.",
    ),
    "XDSRegistryDeprecatedDocumentError": (
        Answer.REFUSED,
        "Le document à remplacer l'a déjà été, par une version que nous n'avons pas versée : prévenir son auteur.",
    ),
    "UnresolvedReferenceException": (Answer.REFUSED, "Le document visé n'est pas, ou plus, dans le DMP."),
    "XDSRegistryMetadataError": (Answer.REFUSED, "Le DMP refuse la description du document."),
    "XDSRepositoryMetadataError": (Answer.REFUSED, "Le DMP refuse le document ou sa description."),
    "DMPAccessDeniedByRightsService": (Answer.REFUSED, "Le DMP ne donne pas ce droit à l'établissement."),
    **dict.fromkeys(_DEFECTS, (Answer.REFUSED, _OURS)),
}
_REFUSED = "Le DMP refuse la demande."


def of_failure(failure: Failure) -> Outcome:
    """An exchange without answer."""
    return _WIRE[failure]


def payload(response: Response, message_id: str) -> etree._Element:
    """The SOAP payload of an answer to ``message_id``; anything else raises ``DmpError``."""
    try:
        message = soap.read(mtom.root_part(response.content_type, response.body))
    except SoapError as error:
        raise DmpError(_of_status(response.status)) from error
    if message.relates_to and message.relates_to != message_id:
        raise DmpError(_unknown("other-message", "Le DMP a répondu à un autre message."))
    if message.fault is not None:
        raise DmpError(of_fault(message.fault))
    if message.payload is None or response.status >= 300:
        raise DmpError(_of_status(response.status))
    return message.payload


def of_fault(fault: Fault) -> Outcome:
    """A SOAP fault. One of the server's side, without a code that says why, leaves the effect unknown."""
    if not fault.code and fault.role == "Receiver":
        return _unknown("Receiver", "Le DMP signale une erreur interne.")
    return _of_code(fault.code or fault.role, fault.reason)


def of_registry(answer: RegistryAnswer) -> Outcome:
    """A registry's answer: done, or what its first error means; one that stands for all messages comes first."""
    wrong = [error for error in answer.errors if error.code not in _NOTES]
    if answer.success and not wrong:
        return Outcome(Answer.DONE)
    if not wrong:
        return _unknown("no-error", "Le DMP signale un échec sans en donner la cause.")
    meant = [(_of_code(error.code, error.context), error.location) for error in wrong]
    outcome, where = next(((one, place) for one, place in meant if one.stop), meant[0])
    location = where if re.fullmatch(r"[A-Z][0-9]{2}[a-z]?", where) else ""
    return Outcome(outcome.answer, outcome.code, f"{outcome.text} {location}".strip(), outcome.down, outcome.stop)


def of_question(code: str) -> Outcome:
    """TD0.2 answered by an error instead of a status."""
    if code in _STOPPING or code in _CODES or _BUSY.fullmatch(code):
        return without_effect(_of_code(code, ""))
    return Outcome(Answer.RETRY_LATER, "TD0.2", f"Le DMP n'a pas pu dire si ce patient a un DMP ({code}).")


def other_patient() -> Outcome:
    """TD0.2 answered for somebody else: nothing is known of the one who was asked for."""
    return Outcome(Answer.RETRY_LATER, "other-patient", "Le DMP a répondu pour un autre patient que celui demandé.")


def unreadable() -> Outcome:
    """A SOAP answer whose payload is not the one expected."""
    return _unknown("unexpected-answer", "La réponse du DMP n'est pas celle attendue.")


def without_effect(outcome: Outcome) -> Outcome:
    """The same for a question: asking again is always safe, and nothing remains unknown."""
    if outcome.answer is not Answer.UNKNOWN:
        return outcome
    return Outcome(Answer.RETRY_LATER, outcome.code, outcome.text, down=True, stop=outcome.stop)


def _of_code(code: str, reason: str) -> Outcome:
    said = " ".join(reason.split()).casefold()
    if _FOREIGN_AUTHOR in said:
        text = "Le DMP n'accepte pas ce document de l'établissement : aucun de ses auteurs n'en fait partie."
        return Outcome(Answer.REFUSED, code, text)
    if code in _STOPPING or any(text in said for text in _STOPPING_TEXTS):
        return Outcome(Answer.RETRY_LATER, code, _SETTINGS, down=True, stop=True)
    if _BUSY.fullmatch(code):
        return Outcome(Answer.RETRY_LATER, code, "Le DMP est occupé ; nouvel essai automatique.", down=True)
    answer, text = _CODES.get(code, (Answer.REFUSED, _REFUSED))
    return Outcome(answer, code, text)


def _of_status(status: int) -> Outcome:
    code = f"HTTP {status}"
    if status in _NOT_PROCESSED:
        return Outcome(Answer.RETRY_LATER, code, "Le DMP est indisponible ; nouvel essai automatique.", down=True)
    if status in _MISDIRECTED:
        text = "L'adresse du DMP répond sans donner accès au service : vérifier dmp.base_url et dmp.proxy."
        return Outcome(Answer.RETRY_LATER, code, text, down=True, stop=True)
    if status == 413:
        return Outcome(Answer.REFUSED, code, "Le document est trop volumineux pour le DMP.")
    return _unknown(code, "La réponse du DMP est illisible ; la présence du document va être vérifiée.")


def _unknown(code: str, text: str) -> Outcome:
    return Outcome(Answer.UNKNOWN, code, text, down=True)
