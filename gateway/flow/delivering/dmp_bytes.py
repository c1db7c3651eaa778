"""The bytes that go to the DMP: as received, completed where it would refuse the header, or wrapped (DESIGN §5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from gateway.flow.delivering import papers as paper
from gateway.flow.delivering.legs import LOST
from gateway.flow.delivering.papers import Papers
from gateway.flow.house import House
from gateway.flow.reading.originals import Originals
from gateway.isolation.errors import ReaderError, ReaderRefused
from gateway.ledger.rows import Delivery
from gateway.model.documents import CdaHeader
from gateway.model.identity import INS_OIDS
from gateway.protocols import oids
from gateway.protocols.cda_transform import Completion

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class DmpBytes:
    """Makes them."""

    house: House
    originals: Originals

    async def make(self, known: Papers, parent: str) -> tuple[bytes, CdaHeader]:
        """The document, and its header. ``parent``: the id, as fed, of what it replaces there; empty: nothing.

        ReaderError, CdaError.
        """
        header = known.reading.header
        if self._archives(known):
            archived = await self.house.readers.pdfa(known.mail.digest, known.reading.part)
            changed = hashlib.sha256(archived).hexdigest() != known.reading.sha256
            return paper.wrap(self.house, known, archived, archived=changed)
        body = await paper.body_of(self.house, self.originals, known)
        if header is None:
            return paper.wrap(self.house, known, body)
        if not _needs_completion(header, parent):
            return body, header
        number = oids.derive(self.house.settings.establishment.oid_root, "transformation", header.unique_id)
        return await self.house.readers.transform(body, Completion(header, number, known.patient, parent))

    def beyond_archiving(self, delivery: Delivery, known: Papers, error: ReaderError) -> bool:
        """Whether this is a PDF of which no PDF/A can be made: it was refused, or a reader was lost over it twice."""
        return self._archives(known) and (isinstance(error, ReaderRefused) or delivery.code == LOST)

    def _archives(self, known: Papers) -> bool:
        """Whether the document goes as PDF/A-1: a PDF for which we make the CDA."""
        asked = self.house.settings.dmp.pdfa == "convert"
        return asked and known.reading.header is None and known.reading.media_type == PDF


def _needs_completion(header: CdaHeader, parent_as_fed: str) -> bool:
    """Whether the DMP would refuse this header, or it names its parent by another id than the one that was fed."""
    root = header.patient_ids[0][0] if header.patient_ids else ""
    incomplete = root not in INS_OIDS or not header.birth_place or header.incomplete_identity
    renamed = bool(parent_as_fed) and parent_as_fed != header.parent_id
    return not oids.is_plain(header.unique_id) or incomplete or renamed
