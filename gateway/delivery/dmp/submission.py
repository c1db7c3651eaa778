"""What leaves for the DMP, frozen: the document, the metadata and the signature of a submission set.

Nothing here looks at the clock or at chance: the same seeds freeze the same bytes (DESIGN §3). The received document
is never parsed: its header and canonical digests come from the reader process.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from gateway.model.delivery import Frozen
from gateway.model.documents import Action, CdaHeader, Visibility
from gateway.model.identity import Ins
from gateway.protocols import ebxml, oids, xades, xds, xmldsig
from gateway.protocols.datatypes import patient_id
from gateway.protocols.xds import Content, MetadataError, SubmissionSet
from gateway.protocols.xmldsig import Signer

DOCUMENT_ID = "Document"
#: TRE_R209 97 "Autre type d'activité": what no visit (PV1-2 = N) gives (spec/dmp/metadata.md).
_CONTENT_TYPE = "97"

Transaction = Literal["td21", "td33c"]


class Parcel(msgspec.Struct, frozen=True):
    """The head of a frozen payload. ``parts`` are the lengths of what its body joins: request, document, signature."""

    transaction: Transaction
    ins: str
    oid: str
    parts: tuple[int, ...]

    @property
    def patient(self) -> Ins:
        """Whose DMP."""
        return Ins(self.ins, self.oid)


@dataclass(frozen=True)
class Feeder:
    """Who submits: the OID under which we give identifiers, the author of the sets, the signing key."""

    oid_root: str
    author: xds.Author
    signer: Signer

    def feed(
        self,
        document: bytes,
        header: CdaHeader,
        patient: Ins,
        visibility: Visibility,
        *,
        seed: str,
        instant: datetime,
        replaces: str | None,
    ) -> Frozen:
        """TD2.1 of one document; ``MetadataError`` when its header cannot be described to the DMP."""
        of = self._submission_set(patient, seed, instant)
        sha1 = hashlib.sha1(document, usedforsecurity=False).hexdigest()
        entry = xds.document_entry(header, patient, visibility, Content(sha1, len(document)))
        signature = self._sign(of.unique_id, header, instant)
        request = ebxml.submission(
            of,
            {DOCUMENT_ID: entry},
            self._signature_entry(of, signature, seed),
            {DOCUMENT_ID: replaces} if replaces else {},
        )
        parcel = Parcel("td21", patient.number, patient.oid, (len(request), len(document), len(signature)))
        action = Action.REPLACE if replaces else Action.CREATE
        return Frozen(entry.unique_id, action, msgspec.json.encode(parcel), b"".join((request, document, signature)))

    def delete(
        self, unique_id: str, entry_uuid: str, patient: Ins, *, seed: str, instant: datetime, status: str
    ) -> Frozen:
        """TD3.3c: logical deletion of an entry whose status is ``status`` (Approved, or Archived…)."""
        request = ebxml.deletion(self._submission_set(patient, seed, instant), entry_uuid, status)
        parcel = Parcel("td33c", patient.number, patient.oid, (len(request),))
        return Frozen(unique_id, Action.DELETE, msgspec.json.encode(parcel), request)

    def _submission_set(self, patient: Ins, seed: str, instant: datetime) -> SubmissionSet:
        return SubmissionSet(
            unique_id=oids.derive(self.oid_root, "submission-set", seed),
            source_id=self.oid_root,
            submission_time=f"{instant:%Y%m%d%H%M%S}",
            patient_id=patient_id(patient),
            author=self.author,
            content_type=_CONTENT_TYPE,
        )

    def _sign(self, submission_set: str, header: CdaHeader, instant: datetime) -> bytes:
        digest = header.canonical_sha256 if self.signer.hash == "sha256" else header.canonical_sha1
        if not digest:
            raise MetadataError("canonical digest")
        documents = {header.id_root: xmldsig.hex_to_base64(digest)}
        return xades.build(submission_set, documents, self.signer, instant=instant)

    def _signature_entry(self, of: SubmissionSet, signature: bytes, seed: str) -> xds.DocumentEntry:
        sha1 = hashlib.sha1(signature, usedforsecurity=False).hexdigest()
        unique_id = oids.derive(self.oid_root, "signature", seed)
        return xds.signature_entry(unique_id, of, Content(sha1, len(signature)))


def unpack(frozen: Frozen) -> tuple[Parcel, list[memoryview]]:
    """The head and the parts of the body, not copied."""
    parcel = msgspec.json.decode(frozen.head, type=Parcel)
    body, parts, start = memoryview(frozen.body), [], 0
    for length in parcel.parts:
        parts.append(body[start : start + length])
        start += length
    return parcel, parts
