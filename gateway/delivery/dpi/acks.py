"""What the record's acknowledgement means for a delivery (spec/mssante/dpi-hl7v2.md §4), in French for the operator."""

from __future__ import annotations

from gateway.model.delivery import Answer, Outcome
from gateway.protocols import hl7v2

FUNCTIONAL = {
    "900": "La version transmise pour remplacement ou suppression n'est pas la dernière que détient le DPI.",
    "901": "Le demandeur n'est ni l'auteur du document, ni de la structure de l'auteur.",
    "902": "Le DPI ne connaît pas ce patient.",
    "903": "Le document porte des identifiants du patient, mais pas d'INS.",
    "904": "Le matricule ou les traits INS diffèrent de ceux que détient le DPI.",
    "905": "Le matricule est présent, mais pas tous les traits INS.",
    "906": "Le DPI refuse le document pour un autre motif.",
}
_TECHNICAL = "Le DPI juge le message mal formé ou non pris en charge : à signaler à l'éditeur."
_LATER = "Le DPI ne peut prendre le document pour le moment : il lui sera remis de nouveau."
_UNREADABLE = "La réponse du DPI est illisible : on ne sait pas s'il a pris le document."
_OTHER_MESSAGE = "Le DPI a répondu pour un autre message : on ne sait pas s'il a pris celui-ci."


def judge(answer: bytes, control_id: str) -> Outcome:
    """The outcome that an acknowledgement gives to the message ``control_id``."""
    try:
        ack = hl7v2.read_ack(hl7v2.parse(answer))
    except hl7v2.Hl7Error:
        return Outcome(Answer.UNKNOWN, code="ack", text=_UNREADABLE, down=True)
    if ack.control_id != control_id:
        return Outcome(Answer.UNKNOWN, code="ack", text=_OTHER_MESSAGE, down=True)
    if ack.code == "AA":
        return Outcome(Answer.DONE, code="AA")
    if ack.code == "AE":
        return _refusal(ack)
    if ack.code == "AR":
        return Outcome(Answer.RETRY_LATER, code="AR", text=_LATER, down=True)
    return Outcome(Answer.UNKNOWN, code="ack", text=_UNREADABLE, down=True)


def _refusal(ack: hl7v2.Ack) -> Outcome:
    """The functional code when there is one: it is what a person, and the receipt, can act on."""
    functional = next((error.code for error in ack.errors if error.condition == "207" and error.code), "")
    if functional:
        return Outcome(Answer.REFUSED, code=functional, text=FUNCTIONAL.get(functional, FUNCTIONAL["906"]))
    condition = next((error.condition for error in ack.errors if error.condition), "")
    return Outcome(Answer.REFUSED, code=condition or "AE", text=_TECHNICAL)
