"""The sandbox DMP's registry: its entries and documents, one file each, and the rules about their states.

An entry is ``entries/<uuid>.json``, its document ``documents/<uniqueId>.xml``; a document is written before its entry,
so that an entry never lacks its bytes. All is read again at the next start.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from uuid import uuid4

from gateway.sandbox.disk import Patients, keep, name_for


class RefusedError(Exception):
    """The registry refuses. ``code`` is the XDS error, the text (French) its context."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as registered. ``status``: Approved, Deprecated or Deleted. ``sets``: submissions that touched it."""

    uuid: str
    unique_id: str
    ins: str
    sha256: str
    status: str
    title: str
    type_code: str
    confidentiality: tuple[str, ...]
    sets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Submitted:
    """One document of a submission. ``replaces`` is an entryUUID, empty when it is new."""

    unique_id: str
    ins: str
    title: str
    type_code: str
    confidentiality: tuple[str, ...]
    sha1: str
    replaces: str
    data: bytes


class Registry:
    """What the sandbox DMP holds. Its methods may be called from several threads."""

    def __init__(self, state: Path, patients: Patients) -> None:
        self._state, self._patients, self._lock = state, patients, Lock()
        read = (Entry(**json.loads(path.read_bytes())) for path in sorted((state / "entries").glob("*.json")))
        self._entries = {entry.uuid: entry for entry in read}

    def dmp_state(self, ins: str) -> str:
        """TD0.2: active, closed or none."""
        patient = self._patients.find(ins)
        return patient.dmp_state if patient else "none"

    def find(self, unique_ids: set[str]) -> list[str]:
        """TD3.1b: the entryUUIDs under these ids, deleted ones left out."""
        with self._lock:
            found = (entry for entry in self._entries.values() if entry.unique_id in unique_ids)
            return [entry.uuid for entry in found if entry.status != "Deleted"]

    def submit(self, set_id: str, documents: list[Submitted]) -> None:
        """TD2.1. A document already there with the same bytes is accepted and not kept twice. Raises RefusedError."""
        with self._lock:
            self._refuse_repeated(set_id)
            for document in documents:
                self._check(document)
            for document in documents:
                self._add(set_id, document)

    def delete(self, set_id: str, uuid: str) -> None:
        """TD3.3c: the logical deletion of an entry. Raises RefusedError."""
        with self._lock:
            self._refuse_repeated(set_id)
            entry = self._entries.get(uuid)
            if entry is None or entry.status == "Deleted":
                raise RefusedError("UnresolvedReferenceException", "le document à supprimer n'est pas dans le DMP")
            self._keep(replace(entry, status="Deleted", sets=(*entry.sets, set_id)))

    def _refuse_repeated(self, set_id: str) -> None:
        if any(set_id in entry.sets for entry in self._entries.values()):
            raise RefusedError("XDSDuplicateUniqueIdInRegistry", "ce lot de soumission a déjà été reçu")

    def _check(self, document: Submitted) -> None:
        state = self.dmp_state(document.ins)
        if state == "none":
            raise RefusedError("XDSUnknownPatientId", "ce patient n'a pas de DMP")
        if state == "closed":
            raise RefusedError("XDSRegistryError", "le DMP de ce patient est fermé")
        if hashlib.sha1(document.data, usedforsecurity=False).hexdigest() != document.sha1:
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

    def _add(self, set_id: str, document: Submitted) -> None:
        if self._held(document.unique_id) is None:
            keep(self._state / "documents" / f"{name_for(document.unique_id)}.xml", document.data)
            self._keep(_registered(set_id, document))
        replaced = self._entries.get(document.replaces)
        if replaced is not None and replaced.status == "Approved":
            self._keep(replace(replaced, status="Deprecated"))

    def _held(self, unique_id: str) -> Entry | None:
        return next((entry for entry in self._entries.values() if entry.unique_id == unique_id), None)

    def _keep(self, entry: Entry) -> None:
        name = entry.uuid.rpartition(":")[2]
        keep(self._state / "entries" / f"{name}.json", json.dumps(asdict(entry), ensure_ascii=False).encode())
        self._entries[entry.uuid] = entry


def _registered(set_id: str, document: Submitted) -> Entry:
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
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
