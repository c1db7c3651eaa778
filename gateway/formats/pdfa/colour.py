"""Colours that look the same everywhere (ISO 19005-1 §6.2.3), and the sRGB output intent that says so."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import lru_cache

from pikepdf import Array, Dictionary, Name, Object, Stream

_CIE = {"/CalGray", "/CalRGB", "/Lab"}
_DEEPEST = 8
_COLORANTS = 8


@dataclass(slots=True)
class Colours:
    """``devices``: the device colour spaces used; ``problems``: what cannot stay."""

    devices: set[str] = field(default_factory=set)
    problems: set[str] = field(default_factory=set)

    def add(self, space: Object | None, depth: int = 0) -> None:
        """A colour space as an image, a shading or a resource names it."""
        if space is None:
            return
        if depth > _DEEPEST:
            self.problems.add("colour spaces nested too deep")
        elif isinstance(space, Name):
            if str(space).startswith("/Device"):
                self.devices.add(str(space))
        elif isinstance(space, Array) and len(space):
            self._family(str(space[0]), space, depth)
        else:
            self.problems.add("an unknown colour space")

    def _family(self, family: str, space: Array, depth: int) -> None:
        if family == "/ICCBased":
            self.problems.update(profile_problems(space[1]))
        elif family in {"/Indexed", "/Pattern"}:
            self.add(space[1] if len(space) > 1 else None, depth + 1)
        elif family in {"/Separation", "/DeviceN"}:
            names = space[1]
            if isinstance(names, Array) and len(names) > _COLORANTS:
                self.problems.add("too many colorants")
            self.add(space[2], depth + 1)
        elif family.startswith("/Device"):
            self.devices.add(family)
        elif family not in _CIE:
            self.problems.add("an unknown colour space")


def profile_problems(stream: Object) -> set[str]:
    """What is wrong with an embedded ICC profile: PDF 1.4 knows version 2 only (§6.2.3.2)."""
    if not isinstance(stream, Stream):
        return {"an ICC profile is missing"}
    data, components = stream.read_bytes(), stream.get("/N")
    signature = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}.get(int(components) if components is not None else 0)
    sound = len(data) >= 128 and data[36:40] == b"acsp" and data[12:16] in {b"prtr", b"mntr", b"scnr", b"spac"}
    if not sound or data[16:20] not in {signature, b"Lab " if components == 3 else signature}:
        return {"an ICC profile does not fit"}
    return {"an ICC profile of a later version"} if data[8] > 2 else set()


def output_intent(profile: Object) -> Dictionary:
    """The catalog's entry for device colours: sRGB."""
    return Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier="sRGB",
        Info="sRGB IEC61966-2.1",
        RegistryName="http://www.color.org",
        DestOutputProfile=profile,
    )


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """IEC 61966-2.1 as an ICC profile of version 2.1, without a date of today (Pillow's is of version 4 and dated)."""
    curve = b"curv" + bytes(4) + struct.pack(">I", 1024) + b"".join(_curve_points())
    text = b"sRGB IEC61966-2.1\0"
    description = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(12 + 67)
    tags = {
        b"desc": description + bytes(-len(description) % 4),
        b"cprt": b"text" + bytes(4) + b"Public domain\0" + bytes(2),
        b"wtpt": _xyz(0.9505, 1.0, 1.0891),
        b"rXYZ": _xyz(0.4361, 0.2225, 0.0139),
        b"gXYZ": _xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": _xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _profile(tags)


def _profile(tags: dict[bytes, bytes]) -> bytes:
    places: dict[bytes, int] = {}
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        if data not in places:
            places[data] = start + len(body)
            body += data
        table += name + struct.pack(">II", places[data], len(data))
    size = start + len(body)
    date = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", b"RGB ", b"XYZ ") + date + b"acsp"
    illuminant = struct.pack(">3i", round(0.9642 * 65536), 65536, round(0.8249 * 65536))
    return head.ljust(68, b"\0") + illuminant.ljust(60, b"\0") + struct.pack(">I", len(tags)) + table + body


def _xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def _curve_points() -> list[bytes]:
    steps = (number / 1023 for number in range(1024))
    linear = (step / 12.92 if step <= 0.04045 else ((step + 0.055) / 1.055) ** 2.4 for step in steps)
    return [struct.pack(">H", round(value * 65535)) for value in linear]
