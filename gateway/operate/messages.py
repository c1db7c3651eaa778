"""What a person reads: every reason in plain French, with why and what to do (DESIGN §4.6; study/operators.md §2)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.identity import Likeness
from gateway.model.reasons import Ignored, NotFed, Reason
from gateway.model.states import DeliveryState


@dataclass(frozen=True, slots=True)
class Message:
    """``title`` a few words, ``why`` a sentence, ``next_step`` a sentence that begins with a verb."""

    title: str
    why: str
    next_step: str


REASONS: dict[Reason, Message] = {
    Reason.PATIENT_UNKNOWN: Message(
        "Patient inconnu",
        "Aucun patient de l'établissement ne correspond à l'identité portée par le document.",
        "Cherchez le patient ; s'il vient d'être admis, attendez ou complétez l'index, puis décidez à nouveau. "
        "S'il n'est pas suivi ici, rejetez en disant pourquoi.",
    ),
    Reason.IDENTITY_MISSING: Message(
        "Aucune identité lue",
        "Le document ne porte ni INS ni traits d'identité que la passerelle sache lire.",
        "Ouvrez le document, reconnaissez le patient et attribuez-le à son IPP, ou rejetez.",
    ),
    Reason.IDENTITY_INCOMPLETE: Message(
        "Identité incomplète",
        "Il manque au moins un trait strict (nom de naissance, premier prénom, date de naissance, sexe).",
        "Comparez avec le patient proposé et attribuez le document s'il s'agit bien de lui, ou rejetez.",
    ),
    Reason.IDENTITY_CONFLICT: Message(
        "Identité en contradiction",
        "L'INS ou les traits du document ne concordent pas avec ceux que l'établissement connaît.",
        "Transmettez à l'identitovigilance : elle seule peut dire de qui il s'agit, puis attribuer ou rejeter.",
    ),
    Reason.IDENTITY_AMBIGUOUS: Message(
        "Plusieurs patients possibles",
        "L'identité portée par le document convient à plusieurs patients de l'établissement.",
        "Comparez les patients proposés et attribuez le document à celui qui est concerné.",
    ),
    Reason.IDENTITY_DOUBTFUL: Message(
        "Identité douteuse",
        "L'identité ressemble à celle d'un patient sans lui être égale, ou ce patient est signalé douteux.",
        "Vérifiez trait par trait, puis attribuez le document à ce patient ou rejetez.",
    ),
    Reason.IDENTITY_BLOCKED: Message(
        "Identité bloquée",
        "L'identité du patient est signalée fictive, provisoire, cachée ou usurpée.",
        "Demandez à l'identitovigilance ce que cette identité permet, puis attribuez ou rejetez.",
    ),
    Reason.IDENTITY_CHANGED: Message(
        "Identité modifiée depuis l'envoi",
        "L'identité du patient a changé après que le document a été classé ou mis en file.",
        "Vérifiez que le document est à sa place, corrigez au besoin, puis libérez l'entrée.",
    ),
    Reason.SEVERAL_PATIENTS: Message(
        "Plusieurs patients dans le message",
        "Le message ou le document parle de personnes différentes.",
        "Ouvrez chaque document et attribuez-le à son patient, un par un.",
    ),
    Reason.UNREADABLE: Message(
        "Document illisible",
        "Le fichier est vide, abîmé ou d'un codage que l'on ne peut lire.",
        "Demandez un nouvel envoi à l'expéditeur, puis rejetez cette entrée.",
    ),
    Reason.ENCRYPTED: Message(
        "Document chiffré",
        "Le fichier est protégé par un mot de passe ou une clé que la passerelle n'a pas.",
        "Demandez à l'expéditeur un envoi sans mot de passe, puis rejetez cette entrée.",
    ),
    Reason.UNSAFE: Message(
        "Document dangereux",
        "Le fichier contient un programme ou un piège ; il reste enfermé et n'est donné à personne.",
        "Prévenez l'expéditeur et la sécurité informatique, puis rejetez cette entrée.",
    ),
    Reason.MALFORMED_XDM: Message(
        "Archive non conforme",
        "L'archive IHE_XDM ou ses métadonnées ne sont pas conformes, ou contredisent un document déjà reçu.",
        "Demandez un nouvel envoi à l'expéditeur, puis rejetez cette entrée.",
    ),
    Reason.UNSUPPORTED_FORMAT: Message(
        "Format non pris en charge",
        "La passerelle ne sait pas encore lire ce type de fichier.",
        "Ouvrez le document, puis attribuez-le à son patient si le dossier l'accepte, sinon classez-le à la main et "
        "rejetez l'entrée en le disant.",
    ),
    Reason.TOO_LARGE: Message(
        "Message trop volumineux",
        "Le message dépasse la taille que la passerelle accepte ; il est resté dans la boîte aux lettres.",
        "Traitez-le depuis la messagerie, puis rejetez cette entrée en le disant.",
    ),
    Reason.POISON: Message(
        "Message qui fait échouer la lecture",
        "La lecture de ce message a arrêté plusieurs fois le programme de lecture.",
        "Prévenez l'informatique, demandez un nouvel envoi, puis rejetez cette entrée.",
    ),
    Reason.UNTRUSTED_SENDER: Message(
        "Expéditeur non reconnu",
        "L'expéditeur n'est pas d'un domaine de confiance, ou l'annuaire ne l'autorise pas.",
        "Vérifiez qui écrit ; si vous en répondez, attribuez le document à son patient, sinon rejetez.",
    ),
    Reason.PATIENT_MAIL: Message(
        "Message d'un patient",
        "Le message vient d'une messagerie de patient : ce n'est pas un document de professionnel.",
        "Transmettez-le au service concerné, puis rejetez l'entrée en le disant, ou attribuez le document.",
    ),
    Reason.MASKED: Message(
        "Document masqué aux professionnels",
        "Le document est masqué aux professionnels de santé : le volet interdit de l'envoyer au dossier patient.",
        "Demandez à l'expéditeur ce qu'il souhaite, puis rejetez cette entrée en le disant.",
    ),
    Reason.REPLACES_UNKNOWN: Message(
        "Remplace un document inconnu",
        "Le document en remplace ou en supprime un autre, qui n'a pas été reçu ici.",
        "Libérez l'entrée si le premier est arrivé depuis, ou attribuez le document : il sera classé comme nouveau.",
    ),
    Reason.NOT_AUTHOR: Message(
        "Demande d'un autre auteur",
        "Celui qui remplace ou supprime le document n'en est pas l'auteur, ni de la même structure.",
        "Vérifiez auprès de l'auteur ; attribuez pour appliquer la demande, ou rejetez.",
    ),
    Reason.VERSION_CONFLICT: Message(
        "Version en conflit",
        "La version reçue ne suit pas la dernière version détenue.",
        "Comparez les versions ; attribuez pour appliquer celle-ci, ou rejetez.",
    ),
    Reason.CANCELLED_RESULT: Message(
        "Résultat annulé",
        "L'expéditeur annonce qu'un résultat est annulé.",
        "Vérifiez ce qui est au dossier du patient, puis attribuez ce document ou rejetez.",
    ),
    Reason.NO_DOCUMENT: Message(
        "Message sans document",
        "Le message ne contient aucun document à classer.",
        "Lisez le message, répondez ou transmettez s'il le faut, puis rejetez l'entrée.",
    ),
    Reason.HELD_BY_RULE: Message(
        "Retenu par une règle",
        "Une règle de l'établissement demande qu'une personne regarde ce document.",
        "Regardez le document, puis libérez-le, ou attribuez-le à un autre patient, ou rejetez.",
    ),
    Reason.DPI_REFUSED: Message(
        "Refusé par le dossier patient",
        "Le dossier patient a refusé ce document.",
        "Corrigez la cause, puis libérez l'entrée pour un nouvel envoi ; sinon classez à la main et rejetez l'entrée.",
    ),
    Reason.DMP_REFUSED: Message(
        "Refusé par le DMP",
        "Le DMP ne prend pas ce document : il l'a dit, ou la passerelle l'a vu avant ; il reste au dossier patient.",
        "Corrigez la cause, puis libérez l'entrée pour un nouvel envoi ; sinon rejetez l'entrée en le disant.",
    ),
    Reason.MSSANTE_REFUSED: Message(
        "Non remis par MSSanté",
        "Ce document de l'établissement n'est pas parvenu à un destinataire.",
        "Corrigez la cause, puis libérez l'entrée pour un nouvel envoi ; sinon remettez-le autrement et rejetez-la.",
    ),
}

NOT_FED: dict[NotFed, str] = {
    NotFed.INS_NOT_QUALIFIED: "l'INS du patient n'est pas qualifiée, ou le rapprochement ne suffit pas",
    NotFed.NO_DMP: "le patient n'a pas de DMP",
    NotFed.DMP_CLOSED: "le DMP du patient est fermé",
    NotFed.OPPOSED: "le patient s'est opposé à l'alimentation",
    NotFed.TYPE_NOT_ACCEPTED: "le DMP n'accepte pas ce type de document",
    NotFed.TYPE_TO_CONFIRM: "le type du document est à confirmer",
    NotFed.CONFIDENTIALITY: "la confidentialité du document ne le permet pas",
    NotFed.NOT_VALIDATED: "le résultat n'est pas encore validé",
    NotFed.AUTHOR_UNKNOWN: "l'auteur ou sa structure n'est pas connu",
    NotFed.AUTHOR_FEEDS: "l'expéditeur alimente lui-même le DMP",
    NotFed.MINOR_RULE: "patient mineur : un professionnel doit d'abord décider",
    NotFed.FORMAT: "le DMP n'accepte pas ce format",
    NotFed.RULE: "une règle de l'établissement s'y oppose",
    NotFed.INDEX_STALE: "l'index des patients n'a pas été mis à jour depuis trop longtemps",
    NotFed.IDENTITY_BLOCKED: "l'identité du patient est bloquée",
    NotFed.OFF: "l'alimentation du DMP n'est pas activée, ou pas demandée pour ce document",
}

#: Why a version of ours goes nowhere.
_NOT_SENT: dict[str, str] = {
    Reason.MASKED: "masqué aux professionnels : le volet interdit de l'envoyer au dossier",
    "withdrawn": "retiré avant d'être parti",
    Reason.DPI_REFUSED: "le dossier patient a refusé le patient",
}

IGNORED: dict[Ignored, str] = {
    Ignored.COPY: "copie lisible d'un autre document du message",
    Ignored.DUPLICATE: "déjà reçu",
    Ignored.REPORT: "accusé ou réponse automatique",
    Ignored.NOT_A_DOCUMENT: "ce n'est pas un document (signature, logo…)",
}

STATES: dict[DeliveryState, str] = {
    DeliveryState.PLANNED: "prévu",
    DeliveryState.WAITING: "en attente",
    DeliveryState.SENDING: "envoi en cours",
    DeliveryState.DONE: "remis",
    DeliveryState.REFUSED: "refusé",
    DeliveryState.NOT_APPLICABLE: "sans objet",
    DeliveryState.UNKNOWN: "issue inconnue, à vérifier",
    DeliveryState.WITHDRAWN: "retiré",
}

LIKENESS: dict[Likeness, str] = {
    Likeness.EQUAL: "égal",
    Likeness.NORMALISED: "égal aux accents et tirets près",
    Likeness.CLOSE: "proche",
    Likeness.DIFFERENT: "différent",
    Likeness.ABSENT: "absent",
}

DESTINATIONS = {
    "dpi": "dossier patient",
    "dmp": "DMP",
    "receipt": "accusé à l'expéditeur",
    "mssante": "courriel MSSanté",
    "ack": "accusé métier au dossier patient",
}

PURPOSES = {
    "create": "dépôt",
    "replace": "remplacement",
    "delete": "suppression",
    "withdraw": "retrait",
    "receipt": "accusé",
    "notice": "avis à l'expéditeur",
    "error-mailbox": "avis à la boîte d'erreurs",
    "Z01": "accusé de réception par le DMP",
    "Z02": "accusé de réception par la messagerie",
    "Z03": "accusé de lecture",
}

#: What a professional asked for a document, completing « version N : … ».
CHANGES = {
    "make-visible": "rendu visible au patient",
    "make-invisible": "rendu invisible au patient",
    "make-visible-representatives": "rendu visible aux représentants légaux",
    "make-invisible-representatives": "rendu invisible aux représentants légaux",
    "mask": "masqué aux professionnels",
    "unmask": "rendu visible aux professionnels",
    "delete": "supprimé",
}

TRAITS = {
    "ins": "INS",
    "birth_name": "nom de naissance",
    "used_name": "nom utilisé",
    "family_name": "nom",
    "full_name": "nom complet",
    "first_given": "premier prénom",
    "given_names": "prénoms",
    "birth_date": "date de naissance",
    "sex": "sexe",
    "birth_place": "lieu de naissance",
}


def not_fed(reason: str) -> str:
    """The phrase of a reason for which the DMP does not get a document; the code itself when it is another's."""
    phrases = {str(one): phrase for one, phrase in NOT_FED.items()} | _NOT_SENT
    return phrases.get(reason, reason)
