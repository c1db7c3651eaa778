"""From a sender's PDF to one that may be archived: the surest route whose result can be proven."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import pikepdf
from pikepdf import Array, Name

from gateway.formats.errors import FormatError
from gateway.formats.pdfa import check, metadata, raster, substitutes, truetype
from gateway.formats.pdfa.colour import output_intent, srgb_profile
from gateway.formats.pdfa.compare import EXACT, METRIC, PICTURE, require_same
from gateway.formats.pdfa.content import Bounds, FontUse, walk
from gateway.formats.pdfa.errors import DAMAGE, UnsureError
from gateway.formats.pdfa.flatten import flattened, saved
from gateway.formats.pdfa.fonts import char_set, codes_of, is_subset, problems
from gateway.formats.pdfa.programs import file_of, simple
from gateway.formats.pdfa.prune import prune
from gateway.model.reasons import Reason

_DEFAULT = Bounds()


class Route(StrEnum):
    """How the result was made."""

    AS_IS = "as-is"
    CLEANED = "cleaned"
    RENDERED = "rendered"


@dataclass(frozen=True, slots=True)
class Archived:
    """A PDF/A-1b. ``doubts``: why earlier routes were left, for a test or a report; no word of the document."""

    data: bytes
    route: Route
    doubts: tuple[str, ...] = ()


def archive(data: bytes, bounds: Bounds = _DEFAULT) -> Archived:
    """The document as PDF/A-1b, the same bytes for the same bytes. FormatError UNSUPPORTED_FORMAT when it cannot be.

    Whatever is made has passed `check`, and says and shows what the source does (`compare`).
    """
    if check.claims(data) and not check.problems(data, bounds):
        return Archived(data, Route.AS_IS)
    shown = flattened(data)
    doubts: list[str] = []
    for route, make in _ROUTES:
        try:
            return Archived(make(shown, bounds), route, tuple(doubts))
        except UnsureError as error:
            doubts.append(f"{route}: {error}")
        except DAMAGE as error:
            doubts.append(f"{route}: {type(error).__name__}")
    refusal = FormatError(Reason.UNSUPPORTED_FORMAT, "Ce PDF ne peut pas être mis au format d'archivage PDF/A-1.")
    raise refusal from UnsureError("; ".join(doubts))


def _cleaned(shown: bytes, bounds: Bounds) -> bytes:
    """The same objects. Where fonts had to be brought, two comparisons: the fonts by themselves, then all else."""
    with pikepdf.open(io.BytesIO(shown), suppress_warnings=True) as source:
        brought = [_mend_font(source, one) for one in walk(source, bounds).fonts.values()]
        reference = saved(source) if any(brought) else shown
        with prune(source) as made:
            cleaned = _finished(made, metadata.information(source.trailer.get("/Info")))
    _require_sound(cleaned, bounds)
    if any(brought):
        require_same(shown, reference, METRIC)
    require_same(reference, cleaned, EXACT)
    return cleaned


def _rendered(shown: bytes, bounds: Bounds, *, placed: bool) -> bytes:
    with pikepdf.open(io.BytesIO(shown), suppress_warnings=True) as source:
        said = metadata.information(source.trailer.get("/Info"))
    with raster.render(shown, placed=placed) as made:
        rendered = _finished(made, said)
    _require_sound(rendered, bounds)
    require_same(shown, rendered, PICTURE)
    return rendered


_ROUTES: tuple[tuple[Route, Callable[[bytes, Bounds], bytes]], ...] = (
    (Route.CLEANED, _cleaned),
    (Route.RENDERED, partial(_rendered, placed=True)),
    (Route.RENDERED, partial(_rendered, placed=False)),
)


def _require_sound(made: bytes, bounds: Bounds) -> None:
    found = check.problems(made, bounds)
    if found:
        raise UnsureError(", ".join(found))


def _mend_font(pdf: pikepdf.Pdf, use: FontUse) -> bool:
    """Mend what can be (the check of the result says whether it was enough); True: the shapes are another font's."""
    subtype = str(use.font.get("/Subtype"))
    if subtype == "/Type0":
        truetype.mend_composite(pdf, use)
    elif subtype == "/Type3":
        raise UnsureError("a font drawn by operators")
    elif file_of(use.font.get("/FontDescriptor")) is None:
        substitutes.embed(pdf, use)
        return bool(use.strings)
    elif subtype == "/TrueType" and problems(use):
        truetype.mend_simple(pdf, use)
    elif subtype == "/Type1" and is_subset(use.font):
        use.font.FontDescriptor.CharSet = pikepdf.String(char_set(simple(use.font, codes_of(use)).names))
    return False


def _finished(pdf: pikepdf.Pdf, said: metadata.Information) -> bytes:
    """The catalog's own entries, and the file in the form of PDF 1.4; its identifier derives from its content."""
    profile = pdf.make_stream(srgb_profile(), N=3, Alternate=Name.DeviceRGB)
    pdf.Root.OutputIntents = Array([pdf.make_indirect(output_intent(profile))])
    packet = pdf.make_stream(metadata.packet(said.properties))
    packet.Type, packet.Subtype = Name.Metadata, Name.XML
    pdf.Root.Metadata = packet
    if said.entries:
        pdf.trailer.Info = pdf.make_indirect(metadata.info_dictionary(said.entries))
    out = io.BytesIO()
    pdf.save(
        out,
        force_version="1.4",
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        compress_streams=True,
        deterministic_id=True,
        fix_metadata_version=False,
    )
    return out.getvalue()
