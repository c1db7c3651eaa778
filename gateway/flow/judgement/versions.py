"""May this version replace or delete that one? Pure; asked when the patient is certain (DESIGN §5)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.ledger.rows import Document
from gateway.model.documents import Action, CdaHeader, DocumentReading
from gateway.model.people import Sender
from gateway.model.reasons import Reason
from gateway.model.states import DocumentState


@dataclass(frozen=True, slots=True)
class Target:
    """What a document replaces or deletes. ``reading`` is how that was read, ``sender`` the address that sent it,
    ``overtaken`` that another version takes its place, delivered or not yet.
    """

    document: Document
    reading: DocumentReading
    sender: str
    overtaken: bool


def objection(
    one: DocumentReading, target: Target, ipp: str | None, asks: str, sender: Sender | None
) -> tuple[Reason, str] | None:
    """Why a replacement or deletion may not be applied by itself, and in French; None when it may.

    ``asks`` is the address that asks, ``sender`` its entry in the directory.
    """
    if target.document.ipp != ipp:
        return Reason.IDENTITY_CONFLICT, "Le document à remplacer ou à supprimer est classé chez un autre patient."
    if not _may_change(one, target, asks, sender):
        return Reason.NOT_AUTHOR, "L'auteur de la demande n'est ni celui du document d'origine ni de sa structure."
    if target.overtaken or not _version_follows(one, target.reading, target.document):
        return Reason.VERSION_CONFLICT, "La version reçue ne suit pas la dernière version que nous tenons."
    return None


def _may_change(one: DocumentReading, target: Target, asks: str, sender: Sender | None) -> bool:
    """Whether who asks made the stored version, or belongs to his structure (code 901 of the volet).

    A deletion carries that version itself: its header tells nothing of who asks, only its sender does.
    """
    if one.orders is not None and target.reading.orders is not None:
        return True  # both are of the hospital's own record
    new, old = one.header, target.reading.header
    same_sender = bool(asks) and asks == target.sender
    if new is None or old is None:
        return same_sender
    if one.action is Action.DELETE:
        return same_sender or _is_author(sender, old)
    return bool(_ids(new) & _ids(old))


def _ids(header: CdaHeader) -> set[tuple[str, str]]:
    """The authors and their structures, as (authority, id)."""
    persons = {(a.person.id_root, a.person.id_extension) for a in header.authors}
    structures = {(a.organisation.id_root, a.organisation.id_extension) for a in header.authors if a.organisation}
    return {found for found in persons | structures if found[1]}


def _is_author(sender: Sender | None, header: CdaHeader) -> bool:
    """Whether the directory knows the sender as an author, or as of an author's structure."""
    if sender is None:
        return False
    his = {sender.structure_id, sender.rpps and f"8{sender.rpps}"} - {""}
    return any(number in his for _, number in _ids(header))


def _version_follows(one: DocumentReading, before: DocumentReading, parent: Document) -> bool:
    if parent.state is DocumentState.SUPERSEDED:
        return False
    new, old = one.header, before.header
    if one.action is Action.DELETE or new is None or old is None:
        return True
    if new.set_id and old.set_id and new.set_id != old.set_id:
        return False
    return new.version is None or old.version is None or new.version > old.version
