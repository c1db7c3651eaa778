"""The situations that the sandbox DMP can play, by name (spec/dmp/errors.md).

Each says what happens, what a person sees in the gateway and does about it, and where the document ends. A situation
that has a code of its own bears that code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Moment(StrEnum):
    """When a situation is played: at the connection, or in answer to a transaction."""

    CONNECT = "connexion"
    EXISTENCE = "TD0.2"
    FEED = "TD2.1"
    LOOK_UP = "TD3.1b"
    DELETE = "TD3.3c"


class Play(StrEnum):
    """What the sandbox does."""

    STATE = "state"  # TD0.2 answers the state ``code``
    SOMEBODY = "somebody"  # TD0.2 answers for somebody else
    UNCERTAIN = "uncertain"  # TD0.2 answers AE, without a state
    CLOSE = "close"  # the patient's DMP is closed, and the request refused
    ERROR = "error"  # a RegistryResponse Failure with ``code``
    WARNING = "warning"  # done, with the warning ``code``
    SAID_TWICE = "said-twice"  # done, and answered by the error ``code``
    MIXED_UP = "mixed-up"  # done, but the answer says that it answers another message
    FAULT = "fault"  # a SOAP fault with ``code`` (empty: the server's own)
    STATUS = "status"  # the HTTP status ``code`` with an HTML page
    CUT = "cut"  # the connection is cut, nothing done
    SILENCE = "silence"  # no answer, nothing done
    LOST = "lost"  # done, then cut
    LATE = "late"  # done, then no answer
    SLOW = "slow"  # done, answered little by little
    TLS = "tls"  # the client's certificate is refused


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation. ``times``: how many messages it concerns (0: all) unless told otherwise.

    ``happens``, ``sees`` and ``does`` are French; ``ends`` is where the document ends, in the words of ``gateway
    results``: "fed", "refused", or "not-fed" with its reason.
    """

    name: str
    moment: Moment
    play: Play
    times: int
    happens: str
    sees: str
    does: str
    ends: str
    code: str = ""
    text: str = ""


_AGAIN = "« nouvel essai automatique » dans gateway status ; les autres documents attendent leur tour"
_CHECKED = "« la présence du document va être vérifiée » : la passerelle interroge le DMP avant de renvoyer"
_STOPPED = "une seule alerte, et tous les envois au DMP attendent : chaque document échouerait de même"
_WORKLIST = "une entrée « refusé par le DMP » dans gateway quarantine list ; le document est au dossier patient"
_NOTHING = "rien ; si cela dure plusieurs heures, appeler le support du DMP"
_SETTINGS = "corriger la configuration ou le certificat nommé, puis gateway check --connect"
_SUPPORT = "lire l'entrée, et transmettre le code à l'éditeur de la passerelle ; clore l'entrée par reject"


def _scenarios() -> Iterator[Scenario]:
    yield from _states()
    yield from _wires()
    yield from _faults()
    yield from _busy()
    yield from _reconciled()
    yield from _refusals()
    yield from _questions()


def _states() -> Iterator[Scenario]:
    at, none = Moment.EXISTENCE, "rien : le document est au dossier patient, et n'ira pas au DMP"
    yield Scenario(
        "no-dmp", at, Play.STATE, 0, "le patient n'a pas de DMP", "« au dossier seul », motif no-dmp", none,
        "not-fed no-dmp", code="none",
    )  # fmt: skip
    yield Scenario(
        "dmp-closed", at, Play.STATE, 0, "le DMP du patient est fermé (date et motif dans la réponse)",
        "« au dossier seul », motif dmp-closed", none, "not-fed dmp-closed", code="closed",
    )  # fmt: skip
    yield Scenario(
        "closed-meanwhile", Moment.FEED, Play.CLOSE, 1, "le DMP est fermé entre le test d'existence et l'envoi",
        "un premier échec XDSRegistryError, puis « au dossier seul », motif dmp-closed", none, "not-fed dmp-closed",
        code="XDSRegistryError", text="le DMP de ce patient est fermé",
    )  # fmt: skip
    yield Scenario(
        "existence-error", at, Play.UNCERTAIN, 2, "le test d'existence répond une erreur, sans état", _AGAIN, _NOTHING,
        "fed",
    )  # fmt: skip

    yield Scenario(
        "other-patient", at, Play.SOMEBODY, 1, "le test d'existence répond pour un autre patient",
        "« un autre patient que celui demandé », puis un nouvel essai : rien n'est versé sur une telle réponse",
        "si cela se répète, alerter le support du DMP et l'identitovigilance", "fed",
    )  # fmt: skip


def _wires() -> Iterator[Scenario]:
    feed = Moment.FEED
    yield Scenario(
        "tls-refused", Moment.CONNECT, Play.TLS, 1, "le DMP refuse le certificat d'authentification (négociation TLS)",
        _STOPPED, "vérifier dmp.auth_cert : gamme ORG_AUTH_CLI, dates, autorité ; gateway check --connect", "fed",
    )  # fmt: skip
    yield Scenario(
        "http-503", feed, Play.STATUS, 2, "le DMP est indisponible (HTTP 503)", _AGAIN, _NOTHING, "fed", code="503"
    )
    yield Scenario(
        "html-page", feed, Play.STATUS, 1, "une page HTML au lieu d'une réponse du DMP (HTTP 200)", _CHECKED,
        "si cela se répète, vérifier dmp.base_url et dmp.proxy", "fed", code="200",
    )  # fmt: skip
    yield Scenario(
        "wrong-address", feed, Play.STATUS, 1, "l'adresse répond, mais n'est pas celle du service (HTTP 404)",
        _STOPPED, "vérifier dmp.base_url et dmp.proxy, puis gateway check --connect", "fed", code="404",
    )  # fmt: skip
    yield Scenario(
        "other-message", feed, Play.MIXED_UP, 1, "l'envoi est accepté, mais la réponse est celle d'un autre message",
        _CHECKED, "si cela se répète, vérifier le relais entre la passerelle et le DMP (dmp.proxy)", "fed",
    )  # fmt: skip
    yield Scenario(
        "cut", feed, Play.CUT, 1, "la connexion est coupée, l'envoi n'a pas été traité", _CHECKED, _NOTHING, "fed"
    )
    yield Scenario(
        "timeout", feed, Play.SILENCE, 1, "le DMP ne répond pas dans le délai, l'envoi n'a pas été traité", _CHECKED,
        _NOTHING, "fed",
    )  # fmt: skip
    yield Scenario(
        "lost-answer", feed, Play.LOST, 1, "l'envoi est accepté, mais la réponse se perd",
        f"{_CHECKED} ; le document n'est pas envoyé deux fois", _NOTHING, "fed",
    )  # fmt: skip
    yield Scenario(
        "late-answer", feed, Play.LATE, 1, "l'envoi est accepté, mais la réponse dépasse le délai",
        f"{_CHECKED} ; le document n'est pas envoyé deux fois", _NOTHING, "fed",
    )  # fmt: skip
    yield Scenario(
        "slow", feed, Play.SLOW, 1, "la réponse arrive lentement, mais dans le délai", "un envoi plus long", _NOTHING,
        "fed",
    )  # fmt: skip


def _faults() -> Iterator[Scenario]:
    feed, fault = Moment.FEED, Play.FAULT
    yield Scenario(
        "server-error", feed, fault, 1, "erreur interne du DMP, sans code", _CHECKED, _NOTHING, "fed",
        text="Erreur interne du serveur",
    )  # fmt: skip
    stopping = (
        ("DMPInvalidCertificate", "le VIHF est signé par un autre certificat que le cachet", "DMPInvalidCertificate",
         "Not a valid signature certificate"),
        ("unknown-structure", "la structure est inconnue du DMP", "DMPInvalidVIHF",
         "Structure introuvable ou inactive"),
        ("unlinked-structure", "le responsable, la structure et le secteur ne vont pas ensemble", "DMPInvalidVIHF",
         "PS et structure non liés"),
        ("no-specialty", "le responsable est médecin, sa spécialité manque", "DMPInvalidVIHF",
         "Aucune spécialité dans le vihf. Spécialité obligatoire pour les médecins et les pharmaciens"),
        ("legal-person", "la structure annoncée n'est pas celle du certificat (EJ/EG)", "DMPInvalidVIHF",
         "Erreur d'authentification de la personne morale"),
    )  # fmt: skip
    for name, happens, code, text in stopping:
        yield Scenario(name, feed, fault, 1, happens, _STOPPED, _SETTINGS, "fed", code=code, text=text)
    yield Scenario(
        "foreign-author", feed, fault, 0, "aucun auteur du document n'est de l'établissement", _WORKLIST,
        "clore l'entrée ; voir dmp.feed_received_cda et docs/deploiement.md (point ouvert avec la CNAM)", "refused",
        code="DMPInvalidVIHF",
        text="Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF [authentification indirecte]",
    )  # fmt: skip
    for name, moment, happens, sees, does in (
        ("DMPAccessDeniedByRightsService", feed, "la matrice des droits refuse l'envoi", _WORKLIST, _SUPPORT),
        ("delete-refused", Moment.DELETE, "la matrice des droits refuse la suppression",
         "une entrée urgente « refusé par le DMP », avec la marche à suivre",
         "demander à l'auteur de supprimer par Web-PS, sinon écrire au support du DMP ; informer le patient"),
    ):  # fmt: skip
        yield Scenario(
            name, moment, fault, 0, happens, sees, does, "refused", code="DMPAccessDeniedByRightsService",
            text="Droit refusé",
        )  # fmt: skip


def _busy() -> Iterator[Scenario]:
    for code in (
        "XDSRepositoryBusy", "XDSRegistryBusy", "XDSRegistryOutOfResources", "XDSRepositoryOutOfResources",
        "XDSRegistryNotAvailable",
    ):  # fmt: skip
        yield _error(code, 2, "le DMP est occupé", _AGAIN, _NOTHING, "fed")
    for code in ("XDSRegistryError", "XDSRepositoryError"):
        yield _error(code, 2, "erreur interne du DMP, ou autre cause non dite", _AGAIN, _NOTHING, "fed")


def _reconciled() -> Iterator[Scenario]:
    code = "XDSDuplicateUniqueIdInRegistry"
    yield _error(code, 1, "le lot de soumission est dit déjà reçu, et ne l'est pas", _CHECKED, _NOTHING, "fed")
    yield Scenario(
        "already-received", Moment.FEED, Play.SAID_TWICE, 1, "le lot est accepté, et dit déjà reçu", _CHECKED, _NOTHING,
        "fed", code=code, text="ce lot de soumission a déjà été reçu",
    )  # fmt: skip
    looked = "rien de visible : la version courante est recherchée et l'envoi refait"
    for code, happens in (
        ("XDSRegistryDeprecatedDocumentError", "le document à remplacer l'a déjà été"),
        ("UnresolvedReferenceException", "le document visé a changé entre la recherche et l'envoi"),
    ):
        yield _error(code, 1, happens, looked, _NOTHING, "fed")
    yield Scenario(
        "XDSExtraMetadataNotSaved", Moment.FEED, Play.WARNING, 1, "l'envoi est accepté avec un avertissement",
        "rien : le document est au DMP", _NOTHING, "fed", code="XDSExtraMetadataNotSaved",
    )  # fmt: skip


def _refusals() -> Iterator[Scenario]:
    identity = "faire vérifier l'INS par l'identitovigilance, puis gateway quarantine release"
    author = "prévenir l'auteur : son logiciel a donné le même identifiant à deux documents"
    for code, happens, does in (
        ("XDSUnknownPatientId", "aucun DMP pour cette INS (inconnue, ou fusionnée)", identity),
        ("XDSPatientIdDoesNotMatch", "l'INS n'est pas celle que le DMP attend", identity),
        ("XDSNonIdenticalHash", "un autre document porte déjà cet identifiant", author),
        ("XDSRegistryMetadataError", "la description du document est refusée", _SUPPORT),
        ("XDSRepositoryMetadataError", "le document ou sa description est refusé", _SUPPORT),
        ("XDSMissingDocument", "le document n'accompagne pas sa description", _SUPPORT),
        ("XDSMissingDocumentMetadata", "la description n'accompagne pas le document", _SUPPORT),
        ("XDSRegistryDuplicateUniqueIdInMessage", "un identifiant est deux fois dans l'envoi", _SUPPORT),
        ("XDSRepositoryDuplicateUniqueIdInMessage", "un identifiant est deux fois dans l'envoi", _SUPPORT),
        ("XDSDocumentUniqueIdError", "l'identifiant du document est inconnu", _SUPPORT),
        ("XDSUnknownRepositoryId", "l'entrepôt désigné est inconnu", _SUPPORT),
    ):
        yield _error(code, 0, happens, _WORKLIST, does, "refused")


def _questions() -> Iterator[Scenario]:
    for code in (
        "XDSUnknownStoredQuery", "XDSStoredQueryMissingParam", "XDSStoredQueryParamNumber", "XDSTooManyResults",
        "XDSResultNotSinglePatient",
    ):  # fmt: skip
        yield Scenario(
            code, Moment.LOOK_UP, Play.ERROR, 0, "la recherche par identifiant est refusée", _WORKLIST, _SUPPORT,
            "refused", code=code, text="exercice",
        )  # fmt: skip


def _error(code: str, times: int, happens: str, sees: str, does: str, ends: str) -> Scenario:
    """A registry error in answer to a submission."""
    return Scenario(code, Moment.FEED, Play.ERROR, times, happens, sees, does, ends, code=code, text="exercice")


#: Every situation by its name.
SCENARIOS = {scenario.name: scenario for scenario in _scenarios()}
