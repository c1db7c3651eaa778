"""What leaves for the DMP, frozen: the documents, the metadata and the signature of a submission set.

Nothing here looks at the clock or at chance: the same seeds freeze the same bytes (DESIGN §3). The received document
is never parsed: its header and canonical digests come from the reader process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from gateway.model.delivery import Frozen
from gateway.model.documents import Action, CdaHeader, Visibility
from gateway.model.identity import Ins
from gateway.model.settings import Responsible
from gateway.protocols import ebxml, oids, xades, xds, xmldsig
from gateway.protocols.datatypes import patient_id
from gateway.protocols.xds import Content, MetadataError, SubmissionSet
from gateway.protocols.xmldsig import Signer

Transaction = Literal["td21", "td33c"]


class Parcel(msgspec.Struct, frozen=True):
    """The head of a frozen payload. ``parts`` are the lengths of what its body joins: request, documents, signature.

    ``secret``: it belongs to a minor's secret connection. ``responsible``: in whose name; None: as configured.
    """

    transaction: Transaction
    ins: str
    oid: str
    parts: tuple[int, ...]
    secret: bool = False
    responsible: Responsible | None = None

    @property
    def patient(self) -> Ins:
        """Whose DMP."""
        return Ins(self.ins, self.oid)


@dataclass(frozen=True)
class Feed:
    """A document to be fed: its bytes and header, who sees it, the entryUUID that it replaces (None: it is new).

    ``secret``: in a secret connection, where only what is hidden from a minor's representatives may be deposited
    (EX_2.1-1050). ``content_type``: the kind of activity (JDV_J59) that it tells of its set; empty: the feeder's.
    ``responsible``: who asks for it; None: as configured.
    """

    document: bytes
    header: CdaHeader
    visibility: Visibility
    replaces: str | None = None
    secret: bool = False
    content_type: str = ""
    responsible: Responsible | None = None

    def __post_init__(self) -> None:
        if self.secret and not self.visibility.invisible_to_representatives:
            raise ValueError("a secret connection deposits only what is hidden from the representatives")


@dataclass(frozen=True)
class Feeder:
    """Who submits: the OID under which we give identifiers, the author of the sets, the signing key, what kind of
    activity they come from (JDV_J59).
    """

    oid_root: str
    author: xds.Author
    signer: Signer
    content_type: str

    def entry(self, feed: Feed, patient: Ins) -> xds.DocumentEntry:
        """The description of a document; ``MetadataError`` when its header cannot give it."""
        self._digest(feed.header)
        sha1 = hashlib.sha1(feed.document, usedforsecurity=False).hexdigest()
        return xds.document_entry(feed.header, patient, feed.visibility, Content(sha1, len(feed.document)))

    def feed(self, feeds: Sequence[Feed], patient: Ins, *, seed: str, instant: datetime) -> Frozen:
        """TD2.1 of one patient's documents in one set, all secret or none; ``MetadataError`` as ``entry``."""
        of = self._submission_set(patient, seed, instant, feeds[0].content_type)
        symbols = [document_id(place) for place in range(len(feeds))]
        entries = [self.entry(feed, patient) for feed in feeds]
        signature = self._sign(of.unique_id, feeds, instant)
        request = ebxml.submission(
            of,
            dict(zip(symbols, entries, strict=True)),
            self._signature_entry(of, signature, seed),
            {symbol: feed.replaces for symbol, feed in zip(symbols, feeds, strict=True) if feed.replaces},
        )
        parts = (request, *(feed.document for feed in feeds), signature)
        lengths = tuple(map(len, parts))
        parcel = Parcel("td21", patient.number, patient.oid, lengths, feeds[0].secret, feeds[0].responsible)
        action = Action.REPLACE if feeds[0].replaces else Action.CREATE
        key, *also = (entry.unique_id for entry in entries)
        return Frozen(key, action, msgspec.json.encode(parcel), b"".join(parts), tuple(also))

    def delete(
        self, unique_id: str, entry_uuid: str, patient: Ins, *, seed: str, instant: datetime, status: str
    ) -> Frozen:
        """TD3.3c: logical deletion of an entry whose status is ``status`` (Approved, or Archived)."""
        request = ebxml.deletion(self._submission_set(patient, seed, instant), entry_uuid, status)
        parcel = Parcel("td33c", patient.number, patient.oid, (len(request),))
        return Frozen(unique_id, Action.DELETE, msgspec.json.encode(parcel), request)

    def _submission_set(self, patient: Ins, seed: str, instant: datetime, content_type: str = "") -> SubmissionSet:
        return SubmissionSet(
            unique_id=oids.derive(self.oid_root, "submission-set", seed),
            source_id=self.oid_root,
            submission_time=f"{instant:%Y%m%d%H%M%S}",
            patient_id=patient_id(patient),
            author=self.author,
            content_type=content_type or self.content_type,
        )

    def _sign(self, submission_set: str, feeds: Sequence[Feed], instant: datetime) -> bytes:
        documents = {feed.header.id_root: xmldsig.hex_to_base64(self._digest(feed.header)) for feed in feeds}
        return xades.build(submission_set, documents, self.signer, instant=instant)

    def _digest(self, header: CdaHeader) -> str:
        digest = header.canonical_sha256 if self.signer.hash == "sha256" else header.canonical_sha1
        if not digest:
            raise MetadataError("canonical digest")
        return digest

    def _signature_entry(self, of: SubmissionSet, signature: bytes, seed: str) -> xds.DocumentEntry:
        sha1 = hashlib.sha1(signature, usedforsecurity=False).hexdigest()
        unique_id = oids.derive(self.oid_root, "signature", seed)
        return xds.signature_entry(unique_id, of, Content(sha1, len(signature)))


def document_id(place: int) -> str:
    """The symbolic id, inside its message, of the document at this place (from 0)."""
    return f"Document{place + 1}" if place else "Document"


def unpack(frozen: Frozen) -> tuple[Parcel, list[memoryview]]:
    """The head and the parts of the body, not copied."""
    parcel = msgspec.json.decode(frozen.head, type=Parcel)
    body, parts, start = memoryview(frozen.body), [], 0
    for length in parcel.parts:
        parts.append(body[start : start + length])
        start += length
    return parcel, parts
