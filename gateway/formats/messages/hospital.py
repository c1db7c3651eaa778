"""The CDA documents of a message of the hospital's own record, read like those of a mail.

What the message asks for them is no business of this room (protocols/transmission.py); what it says of the patient is
one more claim beside each document's own, so that a document under the wrong PID is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lxml import etree

from gateway.formats import alone, dangers
from gateway.formats.archive import Budget
from gateway.formats.copies import Original
from gateway.formats.draft import Context, plain, refused
from gateway.formats.errors import FormatError
from gateway.formats.limits import DEFAULT, Limits
from gateway.formats.messages import delimited, hl7v2_patient
from gateway.formats.messages.delimited import Signs
from gateway.formats.sniff import sniff
from gateway.model.documents import DocumentReading
from gateway.model.identity import Claim


def documents(
    enclosed: Sequence[bytes], patient: Sequence[Claim], schema: etree.XMLSchema | None, limits: Limits = DEFAULT
) -> list[DocumentReading]:
    """One reading a document, in order, ``part`` being ``hl7!`` and its index. A problem is in the answer."""
    return [_read(f"hl7!{index}", data, patient, schema, limits) for index, data in enumerate(enclosed)]


def patient_of(fields: Sequence[str], signs: Signs) -> tuple[Claim, ...]:
    """The identity that a PID states; ``fields`` as written, PID-1 first."""
    return hl7v2_patient.claims(delimited.Segment(("PID", *fields), signs))


def _read(
    part: str, data: bytes, patient: Sequence[Claim], schema: etree.XMLSchema | None, limits: Limits
) -> DocumentReading:
    kind = sniff(data)
    reading = plain(part, "", kind, data)
    try:
        dangers.refuse(data, kind, "")
        draft = alone.of_cda(reading, data, Context(limits, schema, "", Budget(limits)))
        if draft.cda is None:
            return draft.reading
        text = Original.of(draft.cda, "", limits).text
    except FormatError as error:
        return refused(reading, error)
    return replace(draft.reading, text=text, claims=(*draft.reading.claims, *patient))
