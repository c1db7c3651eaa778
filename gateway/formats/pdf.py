"""PDF: its text layer, bounded in pages and in drawing operations (not in seconds: same bytes, same answer)."""

from __future__ import annotations

import io
import logging
import re
import struct
import zlib
from dataclasses import dataclass

import pypdf
from pypdf.errors import DependencyError, DeprecationError, PyPdfError

from gateway.formats import dangers
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.sniff import sniff
from gateway.model.reasons import Reason

# pypdf reports what it repairs, with excerpts of the file: not for a log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

#: What pypdf lets escape from damaged files, its own errors included.
_DAMAGE = (
    PyPdfError,
    DependencyError,
    DeprecationError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_ATTACHMENTS = 20


@dataclass(frozen=True, slots=True)
class PdfReading:
    """Pages in all, and the text of the first ones."""

    pages: int
    text: str


class _EnoughError(Exception):
    """The bound on drawing operations is reached."""


def read(data: bytes, limits: Limits) -> PdfReading:
    """Pages and text (empty: no text layer). FormatError: UNREADABLE, ENCRYPTED (a password is needed) or UNSAFE."""
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise FormatError(Reason.ENCRYPTED, "Le PDF est protégé par un mot de passe.")
        pages = len(reader.pages)
        _refuse_dangers(reader)
    except _DAMAGE as error:
        raise FormatError(Reason.UNREADABLE, "Le PDF est abîmé et ne s'ouvre pas.") from error
    if not pages:
        raise FormatError(Reason.UNREADABLE, "Le PDF ne contient aucune page.")
    return PdfReading(pages, _text(reader, min(pages, limits.pdf_pages), limits))


def _text(reader: pypdf.PdfReader, pages: int, limits: Limits) -> str:
    operations = 0

    def count(*_: object) -> None:
        nonlocal operations
        operations += 1
        if operations > limits.pdf_operations:
            raise _EnoughError

    kept: list[str] = []
    for number in range(pages):
        try:
            kept.append(reader.pages[number].extract_text(visitor_operand_before=count))
        except _EnoughError:
            break
        except _DAMAGE:
            continue
        if sum(map(len, kept)) > limits.document_text:
            break
    return _clean("\n".join(kept))[: limits.document_text]


def _clean(text: str) -> str:
    text = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return re.sub(r"[ \t\xa0]+", " ", text).strip()


def _refuse_dangers(reader: pypdf.PdfReader) -> None:
    """UNSAFE for an attached program, or an action that starts one on opening (ISO 32000-1 §12.6.4.5)."""
    opening = reader.root_object.get("/OpenAction")
    action = opening.get_object() if opening is not None else None
    if isinstance(action, dict) and action.get("/S") == "/Launch":
        raise FormatError(Reason.UNSAFE, "Le PDF démarre un programme à son ouverture.")
    names = reader.root_object.get("/Names")
    if names is None or "/EmbeddedFiles" not in names.get_object():
        return
    for name, contents in list(reader.attachments.items())[:_ATTACHMENTS]:
        for content in contents if isinstance(contents, list) else [contents]:
            dangers.refuse(content, sniff(content), name)
