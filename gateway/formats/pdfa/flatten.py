"""What stands on the pages (filled fields, notes, stamps) made part of them: in PDF/A-1 nothing may hide or change."""

from __future__ import annotations

import io
import warnings

import pikepdf

from gateway.formats.pdfa.compare import EXACT, require_same
from gateway.formats.pdfa.errors import DAMAGE, UnsureError

_UNSEEN = frozenset({"/Link", "/Popup"})


def flattened(data: bytes) -> bytes:
    """The document with its annotations drawn, or as it is when it has none, or when it would look different."""
    try:
        with pikepdf.open(io.BytesIO(data), suppress_warnings=True) as pdf:
            if not any(_stands(page.obj) for page in pdf.pages):
                return data
            pdf.flatten_annotations("screen")
            drawn = saved(pdf)
        require_same(data, drawn, EXACT, more_text=True)
    except (UnsureError, *DAMAGE):
        return data
    return drawn


def saved(pdf: pikepdf.Pdf) -> bytes:
    """The file, for a comparison or the next step."""
    out = io.BytesIO()
    with warnings.catch_warnings():  # of fields that no form names
        warnings.simplefilter("ignore")
        pdf.save(out, static_id=True)
    return out.getvalue()


def _stands(page: pikepdf.Object) -> bool:
    return any(str(one.get("/Subtype")) not in _UNSEEN for one in page.get("/Annots", []))
