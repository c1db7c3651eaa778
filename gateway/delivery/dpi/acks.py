"""What the record's acknowledgement means for a delivery (spec/mssante/dpi-hl7v2.md §4), in French for the operator.

AA is done. AE is a refusal, told by its most telling error: what concerns the patient's identity first, then any other
functional code, then the technical one. AR may be sent again. In enhanced mode, for which we do not ask but which some
integration engines answer, CE and CR are read as AE and AR; CA only says that somebody keeps the message: the record's
own answer is waited for, unless the hospital decided that this is enough.
"""

from __future__ import annotations

import re

from gateway.model.delivery import Answer, Outcome
from gateway.protocols import hl7_ack, hl7v2

FUNCTIONAL = {
    "900": "La version transmise pour remplacement ou suppression n'est pas la dernière que détient le DPI.",
    "901": "Le demandeur n'est ni l'auteur du document, ni de la structure de l'auteur.",
    "902": "Le DPI ne connaît pas ce patient.",
    "903": "Le document porte des identifiants du patient, mais pas d'INS.",
    "904": "Le matricule ou les traits INS diffèrent de ceux que détient le DPI.",
    "905": "Le matricule est présent, mais pas tous les traits INS.",
    "906": "Le DPI refuse le document pour un autre motif.",
}
_VENDOR = "À signaler à l'éditeur du DPI."
_FORMED = f"Le DPI juge le message mal formé ou non pris en charge. {_VENDOR}"
TECHNICAL = {
    "0": f"Le DPI se dit en erreur sans dire laquelle. {_VENDOR}",
    "100": f"Le DPI attend les segments du message dans un autre ordre. {_VENDOR}",
    "101": f"Le DPI demande un champ qui manque dans le message. {_VENDOR}",
    "102": f"Le DPI juge un champ du message mal typé. {_VENDOR}",
    "103": f"Le DPI ne connaît pas une valeur codée du message : type de document, ou code d'une table. {_VENDOR}",
    "198": f"Le DPI juge qu'un élément du message est répété trop ou trop peu de fois. {_VENDOR}",
    "199": f"Le DPI signale une erreur HL7 qu'il ne précise pas. {_VENDOR}",
    "200": f"Le DPI ne prend pas ce type de message : vérifier [dpi] message. {_VENDOR}",
    "201": f"Le DPI ne prend pas cet évènement (création, remplacement ou suppression). {_VENDOR}",
    "202": "Le DPI ne prend pas ce mode (production ou essai) : vérifier [establishment] test.",
    "203": f"Le DPI ne prend pas cette version de HL7 : vérifier [dpi] message. {_VENDOR}",
    "204": f"Le DPI ne trouve pas ce que le message désigne. {_VENDOR}",
    "205": f"Le DPI tient déjà un document sous cet identifiant. {_VENDOR}",
    "206": "Le dossier est verrouillé au DPI : le même message lui sera présenté de nouveau.",
    "207": f"Le DPI signale une erreur interne sans dire laquelle. {_VENDOR}",
}
_LOCKED = "206"
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,30}")  # what a record writes elsewhere may be anything
_IDENTITY = ("904", "902", "905", "903")
_LATER = "Le DPI ne peut prendre le document pour le moment : il lui sera remis de nouveau."
_UNREADABLE = "La réponse du DPI est illisible : on ne sait pas s'il a pris le document."
_OTHER_MESSAGE = "Le DPI a répondu pour un autre message : on ne sait pas s'il a pris celui-ci."


def is_only_kept(answer: bytes, control_id: str) -> bool:
    """Whether it is a CA for this message: kept by somebody, not judged yet by the record."""
    ack = _read(answer)
    return ack is not None and (ack.code, ack.control_id) == ("CA", control_id)


def judge(answer: bytes, control_id: str) -> Outcome:
    """The outcome that an acknowledgement gives to the message ``control_id``."""
    ack = _read(answer)
    if ack is None:
        return Outcome(Answer.UNKNOWN, code="ack", text=_UNREADABLE, down=True)
    if ack.control_id != control_id:
        return Outcome(Answer.UNKNOWN, code="ack", text=_OTHER_MESSAGE, down=True)
    match ack.code:
        case "AA" | "CA":
            return Outcome(Answer.DONE, code=ack.code)
        case "AE" | "CE":
            return _refusal(ack)
        case "AR" | "CR":
            return Outcome(Answer.RETRY_LATER, code=ack.code, text=_LATER, down=True)
        case _:
            return Outcome(Answer.UNKNOWN, code="ack", text=_UNREADABLE, down=True)


def _read(answer: bytes) -> hl7_ack.Ack | None:
    try:
        return hl7_ack.read_ack(hl7v2.parse(answer, lenient=True))
    except hl7v2.Hl7Error:
        return None


def _refusal(ack: hl7_ack.Ack) -> Outcome:
    """The functional code when there is one: it is what a person, and the receipt, can act on."""
    errors = [error for error in ack.errors if error.severity == "E"] or list(ack.errors)
    functional = sorted((code for error in errors if (code := _functional(error))), key=_weight)
    if functional:
        return Outcome(Answer.REFUSED, code=functional[0], text=FUNCTIONAL.get(functional[0], FUNCTIONAL["906"]))
    conditions = [error.condition for error in errors if error.condition]
    if conditions and all(condition == _LOCKED for condition in conditions):
        return Outcome(Answer.RETRY_LATER, code=_LOCKED, text=TECHNICAL[_LOCKED], down=True)
    code = next((condition for condition in conditions if condition != _LOCKED and _CODE.fullmatch(condition)), "")
    return Outcome(Answer.REFUSED, code=code or ack.code, text=TECHNICAL.get(code, _FORMED))


def _functional(error: hl7_ack.AckError) -> str:
    """A code of table 0533: in ERR-5 beside a 207, or alone wherever a record puts it."""
    if error.code and error.condition in {"207", ""}:
        return error.code if _CODE.fullmatch(error.code) else "906"
    return next((code for code in (error.code, error.condition) if code in FUNCTIONAL), "")


def _weight(code: str) -> int:
    """Identity first: the document must then leave the DMP too. 906 says least."""
    return _IDENTITY.index(code) if code in _IDENTITY else 8 if code == "906" else 5
