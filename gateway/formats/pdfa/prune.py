"""The objects of a PDF kept by name: what PDF/A-1 allows and the page shows; all else is left behind.

In place, on a document that was opened for this; what is kept is then carried over into a new one.
"""

from __future__ import annotations

from decimal import Decimal

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from gateway.formats.pdfa import images
from gateway.formats.pdfa.colour import profile_problems
from gateway.formats.pdfa.content import INTENTS, inherited
from gateway.formats.pdfa.errors import UnsureError

_PAGE = {"/Type", "/MediaBox", "/CropBox", "/Rotate", "/Resources", "/Contents"}
_RESOURCES = {"/Font", "/XObject", "/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/Properties"}
_FORM = {"/Type", "/Subtype", "/FormType", "/BBox", "/Matrix", "/Resources", "/Length", "/Filter", "/DecodeParms"}
_IMAGE = {"/Type", "/Subtype", "/Width", "/Height", "/ColorSpace", "/BitsPerComponent", "/Intent", "/ImageMask"}
_IMAGE |= {"/Mask", "/Decode", "/Length", "/Filter", "/DecodeParms"}
_STATE = {"/Type", "/LW", "/LC", "/LJ", "/ML", "/D", "/RI", "/OP", "/op", "/OPM", "/FL", "/SM", "/SA"}
_OPAQUE = {"/ca": 1, "/CA": 1}
#: Sides of a page in points (PDF Reference 1.4, appendix C).
SMALLEST, LARGEST = 3, 14400
_DEEPEST = 28


def prune(pdf: pikepdf.Pdf) -> pikepdf.Pdf:
    """The pages alone, in a new document. UnsureError for what shows and cannot be kept."""
    if "/OCProperties" in pdf.Root:
        raise UnsureError("layers that a reader may hide")
    seen: set[tuple[int, int]] = set()
    for page in pdf.pages:
        _page(pdf, page.obj, seen)
    if "/AcroForm" in pdf.Root:
        del pdf.Root["/AcroForm"]
    kept = pikepdf.new()
    kept.pages.extend(pdf.pages)
    return kept


def _page(pdf: pikepdf.Pdf, page: Dictionary, seen: set[tuple[int, int]]) -> None:
    if "/UserUnit" in page:
        raise UnsureError("a page with a unit of its own")
    for key in ("/MediaBox", "/CropBox", "/Rotate", "/Resources"):
        value = inherited(page, key)
        if value is not None:
            page[key] = value
    _keep(page, _PAGE)
    box = [float(edge) for edge in page.MediaBox]
    if not all(SMALLEST <= abs(box[at + 2] - box[at]) <= LARGEST for at in (0, 1)):
        raise UnsureError("the size of a page")
    if "/Resources" not in page:
        page.Resources = Dictionary()
    _resources(pdf, page.Resources, seen, 0)


def _resources(pdf: pikepdf.Pdf, resources: Object, seen: set[tuple[int, int]], depth: int) -> None:
    if depth > _DEEPEST:
        raise UnsureError("forms nested too deep")
    _keep(resources, _RESOURCES)
    for state in resources.get("/ExtGState", Dictionary()).values():
        _state(state)
    for name in list(resources.get("/Properties", Dictionary()).keys()):
        resources.Properties[name] = Dictionary()
    _spaces(resources.get("/ColorSpace", Dictionary()))
    for shading in resources.get("/Shading", Dictionary()).values():
        _spaces(shading)
    for pattern in resources.get("/Pattern", Dictionary()).values():
        _pattern(pdf, pattern, seen, depth)
    for name, drawn in resources.get("/XObject", Dictionary()).items():
        if _new(drawn, seen):
            _drawn(pdf, resources.XObject, name, seen, depth)


def _drawn(pdf: pikepdf.Pdf, holder: Object, name: str, seen: set[tuple[int, int]], depth: int) -> None:
    drawn = holder[name]
    if drawn.get("/Subtype") == Name.Image:
        _spaces(drawn)
        images.mend(pdf, drawn)
        _keep(drawn, _IMAGE)
        if isinstance(drawn.get("/Mask"), Stream):
            _keep(drawn.Mask, _IMAGE - {"/Mask"})
        _intent(drawn.get("/Intent"))
    elif drawn.get("/Subtype") == Name.Form and "/PS" not in drawn and "/Ref" not in drawn:
        _keep(drawn, _FORM)
        _resources(pdf, drawn.get("/Resources", Dictionary()), seen, depth + 1)
    else:
        raise UnsureError("a drawn object of an unknown kind")


def _pattern(pdf: pikepdf.Pdf, pattern: Object, seen: set[tuple[int, int]], depth: int) -> None:
    if not _new(pattern, seen):
        return
    if "/ExtGState" in pattern:
        _state(pattern.ExtGState)
    if "/Shading" in pattern:
        _spaces(pattern.Shading)
    if isinstance(pattern, Stream):
        _resources(pdf, pattern.get("/Resources", Dictionary()), seen, depth + 1)


def _state(state: Object) -> None:
    """Transparency is what PDF/A-1 knows not (§6.4)."""
    if any(Decimal(str(state.get(key, 1))) != one for key, one in _OPAQUE.items()):
        raise UnsureError("transparency")
    if str(state.get("/BM", "/Normal")) not in {"/Normal", "/Compatible"} or state.get("/SMask", Name("/None")) != Name(
        "/None"
    ):
        raise UnsureError("transparency")
    if "/Font" in state:
        raise UnsureError("a font chosen by a graphics state")
    _intent(state.get("/RI"))
    _keep(state, _STATE)


def _spaces(holder: Object) -> None:
    """Profiles that PDF 1.4 does not know, in the place of which the output intent speaks."""
    for key in list(holder.keys()):
        space = holder[key]
        if isinstance(space, Array) and len(space) > 1 and space[0] == Name.ICCBased and profile_problems(space[1]):
            device = {1: Name.DeviceGray, 3: Name.DeviceRGB}.get(int(space[1].get("/N", 0)))
            if device is None:
                raise UnsureError("an ICC profile that cannot stay")
            holder[key] = device


def _intent(intent: Object | None) -> None:
    if intent is not None and str(intent) not in INTENTS:
        raise UnsureError("an unknown rendering intent")


def _keep(holder: Object, wanted: set[str]) -> None:
    for key in [key for key in holder.keys() if key not in wanted]:  # noqa: SIM118 - a pikepdf object
        del holder[key]


def _new(thing: Object, seen: set[tuple[int, int]]) -> bool:
    if thing.objgen == (0, 0):
        return True
    fresh = thing.objgen not in seen
    seen.add(thing.objgen)
    return fresh
