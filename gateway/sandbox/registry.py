"""The sandbox DMP's registry: its entries and documents, one file each, and the rules about their states.

An entry is ``entries/<uuid>.json``, its document ``documents/<uniqueId>.xml``; a document is written before its entry,
so that an entry never lacks its bytes. All is read again at the next start.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from uuid import uuid4

from gateway.sandbox.disk import Known, Patients, keep, name_for
from gateway.sandbox.entries import RefusedError, SubmissionSet, Submitted
from gateway.sandbox.speaker import Speaker

#: What a status may become (spec/dmp/transactions.md §7); a replacement alone makes Deprecated.
_MOVES = {"Approved": ("Archived", "Deleted"), "Archived": ("Approved", "Deleted"), "Deprecated": ("Deleted",)}
_INDIRECT = "INDIRECTE"
_HIDDEN_FROM_PARENTS = "INVISIBLE_REPRESENTANTS_LEGAUX"


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as registered. ``status``: Approved, Deprecated, Archived or Deleted. ``sets``: submissions that
    touched it. ``feeder``: the structure that fed it; ``institutions``: those of its authors.
    """

    uuid: str
    unique_id: str
    ins: str
    sha256: str
    status: str
    title: str
    type_code: str
    confidentiality: tuple[str, ...]
    sets: tuple[str, ...]
    feeder: str = ""
    institutions: tuple[str, ...] = ()


class Registry:
    """What the sandbox DMP holds. Its methods may be called from several threads."""

    def __init__(self, state: Path, patients: Patients, delete_right: str = "feeder") -> None:
        """``delete_right``: who may delete in INDIRECTE mode, the structure that fed ("feeder") or wrote ("author")."""
        self._state, self._patients, self._lock = state, patients, Lock()
        self._delete_right, self._closed = delete_right, dict[str, Known]()
        read = (Entry(**json.loads(path.read_bytes())) for path in sorted((state / "entries").glob("*.json")))
        self._entries = {entry.uuid: entry for entry in read}

    def patient(self, ins: str) -> Known:
        """TD0.2: whom it concerns, and whether the DMP is active, closed or none."""
        return self._closed.get(ins) or self._patients.find(ins) or Known("", ins, "none")

    def close(self, ins: str) -> None:
        """The patient closes this DMP now."""
        self._closed[ins] = Known("", ins, "closed", f"{datetime.now(UTC):%Y%m%d}", "DEMANDE_PATIENT")

    def find(self, unique_ids: set[str]) -> list[str]:
        """TD3.1b: the entryUUIDs under these ids, deleted ones left out."""
        with self._lock:
            found = (entry for entry in self._entries.values() if entry.unique_id in unique_ids)
            return [entry.uuid for entry in found if entry.status != "Deleted"]

    def submit(self, of: SubmissionSet, documents: list[Submitted], by: Speaker) -> None:
        """TD2.1. A document already there with the same bytes is accepted and not kept twice. Raises RefusedError."""
        with self._lock:
            self._refuse_repeated(of.unique_id)
            if len({document.unique_id for document in documents}) < len(documents):
                raise RefusedError("XDSRegistryDuplicateUniqueIdInMessage", "un identifiant est deux fois dans le lot")
            for document in documents:
                if document.ins != of.ins:
                    raise RefusedError("XDSPatientIdDoesNotMatch", "un lot concerne un seul patient")
                if by.secret and _HIDDEN_FROM_PARENTS not in document.confidentiality:
                    text = "connexion secrète : le document doit être invisible aux représentants légaux"
                    raise RefusedError("XDSRegistryMetadataError", text)
                self._check(document)
            for document in documents:
                self._add(of.unique_id, document, by)

    def move(self, of: SubmissionSet, uuid: str, original: str, new: str, by: Speaker) -> None:
        """TD3.3c and d: an entry goes from one status to another. Raises RefusedError."""
        with self._lock:
            self._refuse_repeated(of.unique_id)
            entry = self._entries.get(uuid)
            if entry is None or entry.status == "Deleted":
                raise RefusedError("UnresolvedReferenceException", "le document visé n'est pas dans le DMP")
            if entry.ins != of.ins:
                raise RefusedError("XDSPatientIdDoesNotMatch", "le document visé est celui d'un autre patient")
            if entry.status != original or new not in _MOVES[entry.status]:
                raise RefusedError("XDSRegistryMetadataError", f"un document {entry.status} ne devient pas ainsi {new}")
            if not self._may(entry, new, by):
                raise RefusedError("DMPAccessDeniedByRightsService", "ce droit n'est pas donné à la structure")
            self._keep(replace(entry, status=new, sets=(*entry.sets, of.unique_id)))

    def _may(self, entry: Entry, new: str, by: Speaker) -> bool:
        if by.mode != _INDIRECT:
            return True
        own = entry.feeder == by.structure if self._delete_right == "feeder" else by.structure in entry.institutions
        return new == "Deleted" and own

    def _refuse_repeated(self, set_id: str) -> None:
        if any(set_id in entry.sets for entry in self._entries.values()):
            raise RefusedError("XDSDuplicateUniqueIdInRegistry", "ce lot de soumission a déjà été reçu")

    def _check(self, document: Submitted) -> None:
        state = self.patient(document.ins).dmp_state
        if state == "none":
            raise RefusedError("XDSUnknownPatientId", "ce patient n'a pas de DMP")
        if state == "closed":
            raise RefusedError("XDSRegistryError", "le DMP de ce patient est fermé")
        if document.sha1 and document.sha1 != hashlib.sha1(document.data, usedforsecurity=False).hexdigest():
            raise RefusedError("XDSRepositoryMetadataError", "l'empreinte annoncée n'est pas celle du document")
        held = self._held(document.unique_id)
        if held is not None and held.sha256 != _sha256(document.data):
            raise RefusedError("XDSNonIdenticalHash", "un autre document porte déjà cet identifiant")
        if document.replaces and held is None:
            self._check_replaced(document)

    def _check_replaced(self, document: Submitted) -> None:
        replaced = self._entries.get(document.replaces)
        if replaced is None or replaced.status == "Deleted":
            raise RefusedError("UnresolvedReferenceException", "le document à remplacer n'est pas dans le DMP")
        if replaced.ins != document.ins:
            raise RefusedError("XDSPatientIdDoesNotMatch", "le document à remplacer est celui d'un autre patient")
        if replaced.status != "Approved":
            raise RefusedError("XDSRegistryDeprecatedDocumentError", "le document à remplacer l'a déjà été")

    def _add(self, set_id: str, document: Submitted, by: Speaker) -> None:
        if self._held(document.unique_id) is None:
            keep(self._state / "documents" / f"{name_for(document.unique_id)}.xml", document.data)
            self._keep(_registered(set_id, document, by))
        replaced = self._entries.get(document.replaces)
        if replaced is not None and replaced.status == "Approved":
            self._keep(replace(replaced, status="Deprecated"))

    def _held(self, unique_id: str) -> Entry | None:
        return next((entry for entry in self._entries.values() if entry.unique_id == unique_id), None)

    def _keep(self, entry: Entry) -> None:
        name = entry.uuid.rpartition(":")[2]
        keep(self._state / "entries" / f"{name}.json", json.dumps(asdict(entry), ensure_ascii=False).encode())
        self._entries[entry.uuid] = entry


def _registered(set_id: str, document: Submitted, by: Speaker) -> Entry:
    return Entry(
        uuid=f"urn:uuid:{uuid4()}",
        unique_id=document.unique_id,
        ins=document.ins,
        sha256=_sha256(document.data),
        status="Approved",
        title=document.title,
        type_code=document.type_code,
        confidentiality=document.confidentiality,
        sets=(set_id,),
        feeder=by.structure,
        institutions=document.institutions,
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
