"""What documents are told by what carries them: METADATA.XML, or the message that holds or names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gateway.formats.clinical import xdm
from gateway.formats.draft import Draft
from gateway.formats.messages.message import Message
from gateway.model.documents import Action, Carrier, DocumentReading, Visibility
from gateway.model.reasons import Ignored, Reason

_STRICTNESS: Final = ("", "N", "R", "V")


def with_message(reading: DocumentReading, message: Message) -> DocumentReading:
    """What a message adds to a document inside it, or says of itself."""
    problem, detail = reading.problem, reading.detail
    if message.cancelled and problem is None:
        problem, detail = Reason.CANCELLED_RESULT, "L'expéditeur annule ce résultat."
    return replace(
        reading,
        claims=(*message.claims, *reading.claims),
        text=reading.text or message.text,
        title=reading.title or message.title,
        type=reading.type or message.type,
        act_date=reading.act_date or message.act_date,
        final=reading.final and message.final,
        visibility=_stricter(reading.visibility, message.visibility),
        confidentiality=max(reading.confidentiality, message.confidentiality, key=_STRICTNESS.index),
        problem=problem,
        detail=detail,
    )


def with_metadata(reading: DocumentReading, file: xdm.XdmFile) -> DocumentReading:
    """What METADATA.XML adds to a document; a disagreement with the CDA is MALFORMED_XDM."""
    if reading.carrier in {Carrier.CDA, Carrier.XDM}:
        reading = replace(reading, carrier=Carrier.XDM)
        if reading.problem is Reason.UNREADABLE:
            reading = replace(reading, problem=Reason.MALFORMED_XDM)
    if file.problem and reading.problem not in {Reason.UNSAFE, Reason.ENCRYPTED}:
        reading = replace(reading, problem=file.problem, detail=file.detail)
    if file.metadata is None:
        return reading
    stated = file.metadata
    levels = [reading.confidentiality, *stated.confidentiality]
    reading = replace(
        reading,
        metadata_claim=stated.claim,
        visibility=stated.visibility,
        action=reading.action if stated.action is Action.CREATE else stated.action,
        unique_id=reading.unique_id or stated.unique_id,
        type=reading.type or (None if reading.problem else stated.type),
        title=reading.title or stated.title,
        act_date=reading.act_date or stated.start_time,
        confidentiality=max((level for level in levels if level in _STRICTNESS), key=_STRICTNESS.index, default=""),
    )
    if reading.header and stated.unique_id and stated.unique_id != reading.unique_id and reading.problem is None:
        detail = "METADATA.XML et le document ne portent pas le même identifiant."
        reading = replace(reading, problem=Reason.MALFORMED_XDM, detail=detail)
    return reading


def with_beside(found: Sequence[Draft]) -> list[Draft]:
    """Give the files that travel beside a message what it says of them; it is then no document if it only names them.

    A message that only names a file which is not there is UNREADABLE.
    """
    messages = [draft.message for draft in found if draft.message]
    carried = [draft.reading.filename for draft in found if draft.message is None]
    return [
        _named_by(draft, messages) if draft.message is None else _set_aside(draft, draft.message, carried)
        for draft in found
    ]


def _named_by(draft: Draft, messages: Sequence[Message]) -> Draft:
    owners = (m for m in messages if any(_is_called(draft.reading.filename, name) for name in m.beside))
    owner = next(owners, None)
    return replace(draft, reading=with_message(draft.reading, replace(owner, text=""))) if owner else draft


def _set_aside(draft: Draft, message: Message, carried: Sequence[str]) -> Draft:
    if not message.only_beside or draft.reading.problem is not None:
        return draft
    if all(any(_is_called(filename, name) for filename in carried) for name in message.beside):
        return replace(draft, reading=replace(draft.reading, ignored=Ignored.NOT_A_DOCUMENT))
    detail = "Le compte rendu est dans un fichier que le message nomme, mais qui n'est pas joint."
    return replace(draft, reading=replace(draft.reading, problem=Reason.UNREADABLE, detail=detail))


def _is_called(filename: str, name: str) -> bool:
    """Whether a file bears a name, perhaps with an extension added on the way."""
    called, wanted = filename.casefold(), name.casefold()
    return called == wanted or called.startswith(f"{wanted}.")


def _stricter(one: Visibility, other: Visibility) -> Visibility:
    """Hidden from whom either says."""
    return Visibility(
        one.masked_to_professionals or other.masked_to_professionals,
        one.invisible_to_patient or other.invisible_to_patient,
        one.invisible_to_representatives or other.invisible_to_representatives,
    )
