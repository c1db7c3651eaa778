"""The readers, found by their names and signatures: a format that is added has a target without anybody's help.

A reader is a public function whose first parameter is ``bytes``. It is called with defaults for the rest, or with the
limits of its room; what needs more than that is called by hand (``by_hand``), or is only reached through another.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import ModuleType
from typing import get_type_hints

import gateway.formats
import gateway.protocols
from gateway.formats.sniff import Kind
from tests.fuzz import by_hand, seeds

#: What a reader of this name is given to begin with; others begin with everything.
_KINDS: dict[str, tuple[Kind | str, ...]] = {
    "formats.clinical.cda": (Kind.CDA,),
    "formats.messages.hl7v2": (Kind.HL7V2,),
    "formats.messages.hprim_medecin": (Kind.HPRIM_MEDECIN,),
    "formats.messages.hprim_sante": (Kind.HPRIM_SANTE,),
    "formats.mails.mime": (Kind.MAIL,),
    "formats.pages.pdf": (Kind.PDF,),
    "formats.office.html": (Kind.HTML,),
    "formats.office.rtf": (Kind.RTF,),
    "formats.pdfa.check": (Kind.PDF,),
    "formats.pdfa.convert": (Kind.PDF,),
    "formats.mails.smime": (Kind.PKCS7,),
    "formats.mails.tnef": (Kind.TNEF,),
    "formats.clinical.printable": (Kind.CDA,),
    "formats.clinical.xdm_metadata": (Kind.XML,),
    "formats.xmltree": (Kind.XML, Kind.CDA),
    "formats.mails.reports": ("mdn", Kind.MAIL),
    "protocols.soap": ("soap",),
}

#: Functions that take bytes, and are no readers of what comes from outside: those that make, or are reached through the
#: reader named.
REACHED = {
    "formats.pdfa.compare": "formats.pdfa.convert",
    "formats.pdfa.metadata": "formats.pdfa.check",
    "formats.pdfa.programs": "formats.pdfa.convert",
    "formats.pdfa.raster": "formats.pdfa.convert",
    "formats.pdfa.truetype": "formats.pdfa.convert",
    "formats.pages.pdfdangers": "formats.pages.pdf",
    "protocols.cda": "",
    "protocols.mailparts": "",
    "protocols.xmldsig": "",
}


@dataclass(frozen=True)
class Target:
    """``call`` takes one input and may raise ``allowed``, or any error of the room ``room``."""

    name: str
    call: Callable[[bytes], object]
    kinds: tuple[Kind | str, ...]
    allowed: tuple[type[Exception], ...] = ()
    room: str = ""

    def seeds(self) -> list[bytes]:
        """Where its inputs begin."""
        return seeds.of(*self.kinds) or seeds.of()

    def refuses(self, error: BaseException) -> bool:
        """Whether the error is a way to say no."""
        return isinstance(error, self.allowed) or (bool(self.room) and type(error).__module__.startswith(self.room))


def all_targets() -> dict[str, Target]:
    """Every target by its name."""
    found = {name: Target(name, call, kinds, errors) for name, (call, kinds, errors) in by_hand.TARGETS.items()}
    for module in modules():
        name = named(module)
        calls = [call for call in map(_plain, readers(module)) if call is not None]
        if calls and name not in found and name not in REACHED:
            room = ".".join(module.__name__.split(".")[:2])
            found[name] = Target(name, _each(calls), _KINDS.get(name, ()), room=room)
    return dict(sorted(found.items()))


def modules() -> Iterator[ModuleType]:
    """The modules of the rooms that parse."""
    for room in (gateway.formats, gateway.protocols):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            yield importlib.import_module(found.name)


def named(module: ModuleType) -> str:
    """The name of a module's target."""
    return module.__name__.removeprefix("gateway.")


def readers(module: ModuleType) -> list[Callable[..., object]]:
    """Its own public functions whose first parameter is bytes."""
    return [
        function
        for name, function in vars(module).items()
        if inspect.isfunction(inspect.unwrap(function)) and function.__module__ == module.__name__ and name[0] != "_"
        if (hints := list(_hints(function).items())) and hints[0][1] is bytes and hints[0][0] != "return"
    ]


def _hints(function: Callable[..., object]) -> dict[str, object]:
    hints = get_type_hints(inspect.unwrap(function))
    return {name: hints[name] for name in inspect.signature(function).parameters if name in hints}


def _plain(function: Callable[..., object]) -> Callable[[bytes], object] | None:
    """The function of bytes alone; None when a parameter has neither a default nor limits for a type."""
    hints, given = _hints(function), {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        if parameter.default is not inspect.Parameter.empty:
            continue
        kind = hints.get(name)
        if not (isinstance(kind, type) and kind.__name__ in {"Limits", "Bounds"}):
            return None
        given[name] = kind()
    return lambda data: function(data, **given)


def _each(calls: list[Callable[[bytes], object]]) -> Callable[[bytes], None]:
    """All of them on the same bytes; a refusal by one does not spare the others."""

    def call(data: bytes) -> None:
        refused: Exception | None = None
        for one in calls:
            try:
                _used(one(data))
            except Exception as error:
                if not type(error).__module__.startswith("gateway."):
                    raise
                refused = error
        if refused is not None:
            raise refused

    return call


def _used(answer: object) -> None:
    if isinstance(answer, AbstractContextManager):
        with answer:
            return
    if isinstance(answer, Iterator):
        for _ in answer:
            pass
