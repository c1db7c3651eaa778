"""What a PDF may do or hold besides its pages: programs and scripts that it starts, files inside it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import suppress

import pikepdf
import pypdfium2

from gateway.formats import dangers
from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.sniff import sniff
from gateway.model.reasons import Reason

#: What pikepdf lets escape from damaged files.
_DAMAGE = (
    pikepdf.PdfError,
    pikepdf.PasswordError,
    pikepdf.DataDecodingError,
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
_FILES = 20
_CHAIN = 20  # actions that follow one another
_NAMES = 200
_PRINTS = re.compile(r"\s*(?:this\.)?print\s*\([^()]*\)\s*;?\s*")  # some software has its letters printed on opening


def refuse(data: bytes, document: pypdfium2.PdfDocument, limits: Limits) -> None:
    """UNSAFE for an attached program, a program started by a click or on opening, a script run on opening.

    ISO 32000-1 §12.6.4.5, §12.6.4.16, §7.11.4.
    """
    for number in range(min(document.count_attachments(), _FILES)):
        with suppress(pypdfium2.PdfiumError):
            file = document.get_attachment(number)
            content = bytes(file.get_data())[: limits.zip_entry]
            dangers.refuse(content, sniff(content), file.get_name())
    try:
        with pikepdf.open(io.BytesIO(data)) as structure:
            for action in _actions(structure, limits):
                _refuse_action(action)
    except _DAMAGE as error:
        if re.search(rb"/S\s*/Launch\b", data):  # PDFium opens what cannot be walked through
            raise _launches() from error


def _actions(structure: pikepdf.Pdf, limits: Limits) -> Iterator[pikepdf.Object]:
    """The actions of the document and of its first pages; of a page's links, those that start programs only."""
    yield from _chain(structure.Root.get("/OpenAction"))
    yield from _each(structure.Root.get("/AA"))
    names = structure.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/JavaScript" in names:
        tree = pikepdf.NameTree(names["/JavaScript"])
        for _, (_, action) in zip(range(_NAMES), tree.items(), strict=False):
            yield from _chain(action)
    for _, page in zip(range(limits.pdf_pages), structure.pages, strict=False):
        yield from _each(page.obj.get("/AA"))
        yield from (action for action in _of_links(page.obj) if action.get("/S") == "/Launch")


def _of_links(page: pikepdf.Object) -> Iterator[pikepdf.Object]:
    annotations = page.get("/Annots")
    if not isinstance(annotations, pikepdf.Array):
        return
    for _, annotation in zip(range(_NAMES), annotations, strict=False):
        if isinstance(annotation, pikepdf.Dictionary):
            yield from _chain(annotation.get("/A"))


def _each(additional: pikepdf.Object | None) -> Iterator[pikepdf.Object]:
    if isinstance(additional, pikepdf.Dictionary):
        for action in additional.values():
            yield from _chain(action)


def _chain(action: pikepdf.Object | None) -> Iterator[pikepdf.Object]:
    for _ in range(_CHAIN):
        if not isinstance(action, pikepdf.Dictionary):
            return
        yield action
        action = action.get("/Next")


def _refuse_action(action: pikepdf.Object) -> None:
    kind = action.get("/S")
    if kind == "/Launch":
        raise _launches()
    if kind == "/JavaScript" and not _PRINTS.fullmatch(_script(action.get("/JS"))):
        raise FormatError(Reason.UNSAFE, "Le PDF contient un script qui s'exécute à son ouverture.")


def _script(code: pikepdf.Object | None) -> str:
    if isinstance(code, pikepdf.Stream):
        return code.read_bytes().decode("latin-1")
    return "" if code is None else str(code)


def _launches() -> FormatError:
    return FormatError(Reason.UNSAFE, "Le PDF démarre un programme.")
