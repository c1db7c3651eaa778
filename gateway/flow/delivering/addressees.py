"""To whom a mail was written here: the mailboxes of ours among its recipients, and the services they stand for."""

from __future__ import annotations

from collections.abc import Callable

from gateway.flow.delivering.papers import Papers
from gateway.model.people import Sender
from gateway.model.settings import Mailbox, Settings
from gateway.protocols.handover import Recipient

Directory = Callable[[str], Sender | None]

_FINESS = 10  # characters of a Struct_IdNat that is "1" and a FINESS


def addressees(known: Papers, directory: Directory) -> tuple[Recipient, ...]:
    """The mailbox that received it, for the service that was decided; then the others that it was written to.

    ``directory``: what is known of an address.
    """
    settings, received = known.context.settings, known.arrival.mailbox
    first = _recipient(directory, settings, known.recipient, _named(settings, received), known.ruling.service)
    others: dict[str, Recipient] = {}
    for address in known.context.envelope.recipients:
        name = _mailbox_at(settings, address)
        box = _named(settings, name)
        if name and name != received and address != first.address:
            others.setdefault(name, _recipient(directory, settings, address, box, box.service if box else ""))
    return first, *others.values()


def _recipient(directory: Directory, settings: Settings, address: str, box: Mailbox | None, service: str) -> Recipient:
    """The code is that of the mailbox whose service it is: a rule may have sent the document to another one."""
    own = box if box and box.service == service else next((m for m in settings.mailbox if m.service == service), None)
    code = own.service_code if own and service else ""
    structure = (own and own.structure_id) or settings.establishment.structure_id
    owner = directory(address)
    return Recipient(address, service, code, _finess(structure) if code else "", owner)


def _finess(structure: str) -> str:
    return structure[1:] if len(structure) == _FINESS and structure.startswith("1") else structure


def _named(settings: Settings, name: str) -> Mailbox | None:
    return next((box for box in settings.mailbox if box.name == name), None)


def _mailbox_at(settings: Settings, address: str) -> str:
    """The name of the mailbox of ours at this address; empty when it is none of ours."""
    polled = next((box.name for box in settings.mailbox if box.address.casefold() == address), "")
    inlet = settings.smtp.recipients if settings.smtp else {}
    return polled or next((name for given, name in inlet.items() if given.casefold() == address), "")
