"""The PRT segments below the document: who sent the mail, who received it, whom to answer (dpi-hl7v2.md §3, PRT)."""

from __future__ import annotations

from gateway.model.people import Sender
from gateway.protocols.handover import Recipient
from gateway.protocols.hl7v2 import components, escape, line

_PROFESSIONALS = "ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO"
_STRUCTURES = "ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO"


def sent_by(sender: Sender | None, address: str) -> str:
    """The sender; ``address`` is the mail's, for one whom the directory does not know."""
    if sender is None:
        return _participation("SB^Send by", address)
    application = sender.address if sender.kind == "APP" else ""
    known = sender.address or address
    return _participation("SB^Send by", known, _professional(sender), _structure(sender), application)


def copied_to(mailbox: Recipient) -> str:
    """A mailbox of ours that the mail was written to: whose it is, and the service to which the record routes it."""
    person = _professional(mailbox.owner) if mailbox.owner else ""
    return _participation("RCT^Result Copies To", mailbox.address, person, _service(mailbox))


def reply_to(address: str) -> str:
    """Whom to answer; nothing without an address."""
    return _participation("REPLY^Reply To", address) if address else ""


def _participation(kind: str, address: str, person: str = "", organisation: str = "", application: str = "") -> str:
    values = {2: "UC", 4: f"{kind}^participation", 5: person, 8: organisation, 10: escape(application)}
    return line("PRT", values | {15: components("", "", "X.400", address)})


def _professional(sender: Sender) -> str:
    """National number, kind before it (8 RPPS, 0 ADELI), and names; names alone of a person without a number."""
    number = f"8{sender.rpps}" if sender.rpps else f"0{sender.adeli}" if sender.adeli else ""
    if not number:
        return components("", sender.name, sender.given) if sender.kind == "PER" else ""
    return f"{_padded(components(number, sender.name, sender.given), 8)}{_PROFESSIONALS}^D^^^IDNPS"


def _structure(sender: Sender) -> str:
    if not sender.structure_id:
        return escape(sender.structure)
    return f"{_padded(escape(sender.structure), 5)}{_STRUCTURES}^IDNST^^^{escape(sender.structure_id)}"


def _service(mailbox: Recipient) -> str:
    """As the examples have it: ``Service d'urologie^^^^^120456789^UF^^^3435``; the name alone without a code."""
    if not mailbox.code:
        return escape(mailbox.service)
    return components(mailbox.service, *[""] * 4, mailbox.authority, "UF", "", "", mailbox.code)


def _padded(start: str, count: int) -> str:
    """The first components, closed by as many ``^`` as lead to component ``count`` + 1."""
    return start + "^" * (count - start.count("^"))
