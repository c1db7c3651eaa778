"""What breaks PDF/A-1b in a file (ISO 19005-1:2005, level B), as far as it can be said here surely.

Held against veraPDF on real files: what passes here passes there. The reverse is not sought: refusing costs a route.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from decimal import Decimal

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from gateway.formats.pdfa import fonts, metadata
from gateway.formats.pdfa.colour import profile_problems
from gateway.formats.pdfa.content import INTENTS, Bounds, walk
from gateway.formats.pdfa.errors import DAMAGE, UnsureError
from gateway.formats.pdfa.images import filters_of

_HEADER = re.compile(rb"%PDF-1\.[0-4](?:\r\n|\r|\n)%[\x80-\xff]{4}")
_DEVICES = {3: {"/DeviceRGB", "/DeviceGray"}, 4: {"/DeviceCMYK", "/DeviceGray"}, 1: {"/DeviceGray"}}
_ACTIONS = {"/GoTo", "/GoToR", "/Thread", "/URI", "/Named", "/SubmitForm"}
_NAMED = {"/NextPage", "/PrevPage", "/FirstPage", "/LastPage"}
_ANNOTATIONS = {"/Text", "/Link", "/FreeText", "/Line", "/Square", "/Circle", "/Highlight", "/Underline", "/Squiggly"}
_ANNOTATIONS |= {"/StrikeOut", "/Stamp", "/Ink", "/Popup", "/Widget", "/PrinterMark", "/TrapNet"}
_FORBIDDEN_KEYS = {
    "/AA": "actions of their own accord",
    "/EF": "an embedded file",
    "/OCProperties": "layers",
    "/OC": "layers",
    "/XFA": "a form in XML",
    "/Alternates": "alternate pictures",
    "/OPI": "a picture elsewhere",
    "/Ref": "a page elsewhere",
    "/TR": "a transfer function",
    "/PS": "PostScript",
    "/JavaScript": "a script",
    "/EmbeddedFiles": "an embedded file",
    "/FFilter": "data elsewhere",
    "/FDecodeParms": "data elsewhere",
}
_PRINT, _UNSEEN = 4, 1 | 2 | 32
_LONGEST_ARRAY, _LARGEST_DICTIONARY, _LONGEST_STRING, _LONGEST_NAME = 8191, 4095, 65535, 127
_LARGEST_REAL, _LARGEST_INTEGER = 32767, 2**31 - 1
_DEEPEST = 64


def problems(data: bytes, bounds: Bounds) -> list[str]:
    """The rules that the file breaks, each named once; empty: it is PDF/A-1b as far as is known here."""
    try:
        with pikepdf.open(io.BytesIO(data), attempt_recovery=False, suppress_warnings=True) as pdf:
            found = [*_file(data, pdf), *_catalog(pdf), *_objects(pdf), *_pages(pdf, bounds)]
            return sorted({*found, *(["the file is damaged"] if pdf.get_warnings() else [])})
    except UnsureError as error:
        return [str(error)]
    except DAMAGE:
        return ["the file is damaged"]


def claims(data: bytes) -> bool:
    """Whether XMP metadata somewhere says PDF/A-1: a first, cheap question."""
    return re.search(rb"pdfaid:part\s*(?:>|=\s*[\"'])\s*1\s*[<\"']", data) is not None


def _file(data: bytes, pdf: pikepdf.Pdf) -> Iterator[str]:
    if not _HEADER.match(data):
        yield "the header"
    if pdf.is_encrypted:
        yield "encryption"
    if "/ID" not in pdf.trailer:
        yield "no identifier"
    if b"/ObjStm" in data or b"/XRef" in data:
        yield "compressed objects"
    if data.rstrip(b"\r\n")[-5:] != b"%%EOF":
        yield "data after the end"
    if len(re.findall(rb"%%EOF", data)) != 1:
        yield "updates"


def _catalog(pdf: pikepdf.Pdf) -> Iterator[str]:
    root = pdf.Root
    if not isinstance(root.get("/Metadata"), Stream):
        yield "no metadata"
    elif "/Filter" in root.Metadata:
        yield "compressed metadata"
    else:
        yield from metadata.problems(root.Metadata.read_bytes(), pdf.trailer.get("/Info"))
    if "/AcroForm" in root and root.AcroForm.get("/NeedAppearances", False):
        yield "a form without its appearance"
    components = _intent(root)
    if components is None:
        yield "no output intent"


def _intent(root: Object) -> int | None:
    """The components of the one profile of PDF/A; None when there is none that is sound."""
    intents = [one for one in root.get("/OutputIntents", []) if one.get("/S") == Name.GTS_PDFA1]
    profiles = [one.get("/DestOutputProfile") for one in intents]
    if len(profiles) != 1 or not isinstance(profiles[0], Stream) or profile_problems(profiles[0]):
        return None
    return int(profiles[0].N)


def _pages(pdf: pikepdf.Pdf, bounds: Bounds) -> Iterator[str]:
    use = walk(pdf, bounds)
    yield from use.problems
    yield from use.colours.problems
    if not use.colours.devices <= _DEVICES.get(_intent(pdf.Root) or 0, set()):
        yield "colours that no output intent explains"
    for one in use.fonts.values():
        yield from fonts.problems(one)


def _objects(pdf: pikepdf.Pdf) -> Iterator[str]:
    for thing in pdf.objects:
        yield from _thing(thing, 0)


def _thing(thing: object, depth: int) -> Iterator[str]:
    """One object with what it holds directly (what it refers to is met by itself)."""
    if depth > _DEEPEST:
        yield "objects nested too deep"
    elif isinstance(thing, Stream):
        yield from _stream(thing)
        yield from _dictionary(thing, depth)
    elif isinstance(thing, Dictionary):
        yield from _dictionary(thing, depth)
    elif isinstance(thing, Array):
        if len(thing) > _LONGEST_ARRAY:
            yield "an array is too long"
        for one in thing:
            yield from _inner(one, depth)
    else:
        yield from _scalar(thing)


def _inner(one: object, depth: int) -> Iterator[str]:
    if not isinstance(one, Object) or not one.is_indirect:
        yield from _thing(one, depth + 1)


def _scalar(thing: object) -> Iterator[str]:
    if isinstance(thing, pikepdf.String) and len(bytes(thing)) > _LONGEST_STRING:
        yield "a string is too long"
    elif isinstance(thing, Name) and len(str(thing).encode()) > _LONGEST_NAME + 1:
        yield "a name is too long"
    elif (isinstance(thing, Decimal) and abs(thing) > _LARGEST_REAL) or (
        isinstance(thing, int) and abs(thing) > _LARGEST_INTEGER
    ):
        yield "a number is too large"


def _stream(stream: Stream) -> Iterator[str]:
    if "/F" in stream:
        yield "data elsewhere"
    for name in filters_of(stream) & {"/LZWDecode", "/Crypt", "/JPXDecode"}:
        yield f"the filter {name}"
    subtype = stream.get("/Subtype")
    if subtype == Name.PS or stream.get("/Subtype2") == Name.PS:
        yield "PostScript"
    if subtype == Name.Image:
        if stream.get("/Interpolate", False):
            yield "interpolation"
        if str(stream.get("/Intent", "/Perceptual")) not in INTENTS:
            yield "an unknown rendering intent"


def _dictionary(thing: Object, depth: int) -> Iterator[str]:
    keys = list(thing.keys())
    if len(keys) > _LARGEST_DICTIONARY:
        yield "a dictionary is too large"
    for key in keys:
        if len(key.encode()) > _LONGEST_NAME + 1:
            yield "a name is too long"
        yield from _inner(thing[key], depth)
    yield from (what for key, what in _FORBIDDEN_KEYS.items() if key in keys)
    yield from _transparency(thing)
    yield from _action(thing)
    if thing.get("/Type") == Name.Annot or ("/Rect" in keys and "/Subtype" in keys):
        yield from _annotation(thing)


def _transparency(thing: Object) -> Iterator[str]:
    group = thing.get("/Group")
    if isinstance(group, Dictionary) and group.get("/S") == Name.Transparency:
        yield "transparency"
    if "/SMask" in thing and thing.SMask != Name("/None"):
        yield "transparency"
    is_state = "/Type" not in thing or thing.Type == Name.ExtGState
    if is_state and any(isinstance(thing.get(k), int | Decimal) and thing[k] != 1 for k in ("/ca", "/CA")):
        yield "transparency"
    if "/BM" in thing and str(thing.BM) not in {"/Normal", "/Compatible"}:
        yield "transparency"
    if "/TR2" in thing and Name.Default != thing.TR2:
        yield "a transfer function"


def _action(thing: Object) -> Iterator[str]:
    kind = thing.get("/S")
    is_action = thing.get("/Type") == Name.Action or (isinstance(kind, Name) and ("/JS" in thing or "/N" in thing))
    if is_action and str(kind) not in _ACTIONS:
        yield "an action"
    if kind == Name.Named and str(thing.get("/N")) not in _NAMED:
        yield "an action"
    for key in ("/A", "/OpenAction"):
        action = thing.get(key)
        if isinstance(action, Dictionary) and "/S" in action and str(action.S) not in _ACTIONS:
            yield "an action"
        if isinstance(action, Dictionary) and thing.get("/Subtype") == Name.Widget:
            yield "an action"


def _annotation(annotation: Object) -> Iterator[str]:
    if str(annotation.get("/Subtype")) not in _ANNOTATIONS:
        yield "an annotation of another kind"
    flags = int(annotation.get("/F", 0))
    if annotation.get("/Subtype") != Name.Popup and (not flags & _PRINT or flags & _UNSEEN):
        yield "an annotation that may be hidden"
    if Decimal(str(annotation.get("/CA", 1))) != 1:
        yield "transparency"
    appearance = annotation.get("/AP")
    if isinstance(appearance, Dictionary):
        if set(appearance.keys()) != {"/N"}:
            yield "an annotation of several appearances"
    elif str(annotation.get("/Subtype")) not in {"/Link", "/Popup"}:
        yield "an annotation without appearance"
    if "/C" in annotation or "/IC" in annotation:
        yield "an annotation with colours"
