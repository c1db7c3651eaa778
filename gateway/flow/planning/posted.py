"""What becomes of a mail by MSSanté, in the words of the business acknowledgements Z02 and Z03 (tables SMTPERRORCODE
and 0533; spec/mssante/dpi-hl7v2.md §6).
"""

from __future__ import annotations

from gateway.delivery.submission import TRACKED
from gateway.ledger.rows import Delivery
from gateway.model.orders import Orders, Tidings, ZamEvent
from gateway.model.reports import Fate, ReportKind
from gateway.model.states import DeliveryState
from gateway.protocols.mdn import LABELS as TREATMENT

#: The table SMTPERRORCODE, as far as a mail that is not delivered can need it.
_SMTP = {
    "420": "Délai dépassé",
    "421": "Service indisponible",
    "422": "Boîte du destinataire pleine",
    "431": "Espace insuffisant sur le serveur",
    "432": "Serveur du destinataire arrêté",
    "441": "Le serveur du destinataire ne répond pas",
    "442": "Connexion interrompue",
    "450": "Boîte indisponible",
    "451": "Erreur locale du serveur",
    "452": "Espace insuffisant",
    "500": "Commande inconnue",
    "501": "Paramètre incorrect",
    "502": "Commande non prise en charge",
    "503": "Commandes dans le désordre",
    "504": "Paramètre non pris en charge",
    "510": "Adresse incorrecte",
    "512": "Domaine du destinataire introuvable",
    "513": "Type d'adresse incorrect",
    "523": "Message trop volumineux",
    "530": "Authentification refusée",
    "541": "Message rejeté par le destinataire",
    "550": "Boîte inexistante",
    "551": "Destinataire non local",
    "552": "Boîte du destinataire pleine",
    "553": "Nom de boîte refusé",
    "554": "Échec de la transaction",
}
#: Enhanced codes (RFC 3463) that say more than the reply, or stand without one.
_STATUS = {
    "5.1.1": "550",
    "5.1.2": "512",
    "5.1.3": "513",
    "5.1.6": "551",
    "5.1.10": "550",
    "5.2.1": "550",
    "5.2.2": "552",
    "5.2.3": "523",
    "5.3.4": "523",
    "5.4.4": "512",
    "5.7.1": "541",
    "4.2.2": "422",
    "4.4.1": "441",
    "4.4.2": "442",
    "4.4.7": "420",
}
_TAKEN = frozenset({"delivered", "relayed", "expanded"})
_TREATED = frozenset({"displayed", "processed", "dispatched"})
_DELETED = "Supprimé sans avoir été lu"


def of_end(ended: Delivery, orders: Orders, recipient: str) -> Tidings | None:
    """What the end of the delivery itself says: None when the servers will report, or nothing was asked."""
    if not orders.receipt_wanted or (ended.state is DeliveryState.DONE and ended.code == TRACKED):
        return None
    party = _party(orders, recipient)
    if ended.state is DeliveryState.DONE:
        return Tidings(ZamEvent.DELIVERED, done=True, party_id=party, address=recipient)
    code = ended.code if ended.code in _SMTP else "554"
    label = ended.text or _SMTP[code]
    return Tidings(ZamEvent.DELIVERED, done=False, code=code, label=label, party_id=party, address=recipient)


def of_fate(kind: ReportKind, fate: Fate, orders: Orders, recipient: str) -> Tidings | None:
    """What a report says; None when it says nothing final, or nothing that was asked."""
    party = _party(orders, recipient)
    if kind is ReportKind.DELIVERY:
        return _delivered(fate, party, recipient) if orders.receipt_wanted else None
    return _read(fate, party, recipient) if orders.reading_wanted else None


def failed(kind: ReportKind, fate: Fate) -> str:
    """Why a person should look, in French; empty when nothing went wrong."""
    if kind is ReportKind.DELIVERY and fate.action == "failed":
        code = _code(fate)
        return f"{code} : {_SMTP[code]}"
    if kind is ReportKind.DISPOSITION and fate.error:
        return f"{fate.code or '906'} : {_treatment(fate)}"
    return ""


def _delivered(fate: Fate, party: str, recipient: str) -> Tidings | None:
    if fate.action in _TAKEN:
        return Tidings(ZamEvent.DELIVERED, done=True, party_id=party, address=recipient)
    if fate.action != "failed":
        return None
    code = _code(fate)
    return Tidings(ZamEvent.DELIVERED, done=False, code=code, label=_SMTP[code], party_id=party, address=recipient)


def _read(fate: Fate, party: str, recipient: str) -> Tidings | None:
    if fate.error:
        code = fate.code if fate.code in TREATMENT else "906"
        return Tidings(ZamEvent.READ, False, code, _treatment(fate), party, recipient)
    if fate.action in _TREATED:
        return Tidings(ZamEvent.READ, done=True, party_id=party, address=recipient)
    return Tidings(ZamEvent.READ, False, "906", _DELETED, party, recipient) if fate.action == "deleted" else None


def _code(fate: Fate) -> str:
    known = _STATUS.get(fate.status) or (fate.smtp if fate.smtp in _SMTP else "")
    return known or ("450" if fate.status.startswith("4") else "554")


def _treatment(fate: Fate) -> str:
    return TREATMENT.get(fate.code, TREATMENT["906"])


def _party(orders: Orders, recipient: str) -> str:
    return next((one.id for one in orders.recipients if one.address == recipient), "")
