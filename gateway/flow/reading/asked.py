"""What is asked of a reader process, and what it answers. Apart from the work: the daemon must not load the parsers."""

from __future__ import annotations

import msgspec

from gateway.model.documents import CdaHeader, DocumentReading, MailReading
from gateway.protocols.cda_transform import Completion


class Request(msgspec.Struct, frozen=True):
    """``operation``: read (a mail), message (read one of the hospital's own record), extract, utf8 (extract a CDA and
    recode it), archive (a PDF as PDF/A-1), printable (the PDF that a CDA carries of itself), transform.

    ``render`` extracts a document and makes what travels of it (gateway/formats/rendition.py). ``look`` completes the
    reading ``document`` of ``part``, which is pictures; ``date`` is the mail's.
    ``schema``: the CDA schema's file, empty for none.
    """

    operation: str
    schema: str = ""
    part: str = ""
    completion: Completion | None = None
    document: DocumentReading | None = None
    date: str = ""


class Answer(msgspec.Struct, frozen=True):
    """``parts`` name the byte parts that come with the answer."""

    reading: MailReading | None = None
    header: CdaHeader | None = None
    parts: tuple[str, ...] = ()
    document: DocumentReading | None = None
