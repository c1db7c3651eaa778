"""The PRT segments below the document: who sent the mail, who received it, whom to answer (dpi-hl7v2.md §3, PRT)."""

from __future__ import annotations

from gateway.model.people import Sender
from gateway.protocols.hl7v2 import components, escape, segment

_PROFESSIONALS = "ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO"
_STRUCTURES = "ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO"


def sent_by(sender: Sender | None, address: str) -> bytes:
    """The sender; ``address`` is the mail's, for one whom the directory does not know."""
    if sender is None:
        return _participation("SB^Send by", address)
    application = sender.address if sender.kind == "APP" else ""
    known = sender.address or address
    return _participation("SB^Send by", known, _professional(sender), _structure(sender), application)


def copied_to(address: str, service: str) -> bytes:
    """The mailbox that received the mail, and the service that it stands for (may be empty)."""
    return _participation("RCT^Result Copies To", address, organisation=escape(service))


def reply_to(address: str) -> bytes:
    """Whom to answer; nothing without an address."""
    return _participation("REPLY^Reply To", address) if address else b""


def _participation(kind: str, address: str, person: str = "", organisation: str = "", application: str = "") -> bytes:
    values = {2: "UC", 4: f"{kind}^participation", 5: person, 8: organisation, 10: escape(application)}
    return segment("PRT", values | {15: components("", "", "X.400", address)})


def _professional(sender: Sender) -> str:
    if not sender.is_person:
        return ""
    name = components(f"8{sender.rpps}", sender.name, sender.given)
    return f"{_padded(name, 8)}{_PROFESSIONALS}^D^^^IDNPS"


def _structure(sender: Sender) -> str:
    if not sender.structure_id:
        return escape(sender.structure)
    return f"{_padded(escape(sender.structure), 5)}{_STRUCTURES}^IDNST^^^{escape(sender.structure_id)}"


def _padded(start: str, count: int) -> str:
    """The first components, closed by as many ``^`` as lead to component ``count`` + 1."""
    return start + "^" * (count - start.count("^"))
