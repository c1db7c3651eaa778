"""What a message format (HPRIM, HL7 v2) says of the documents that it carries."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.documents import Code, Visibility
from gateway.model.identity import Claim


@dataclass(frozen=True, slots=True)
class Inner:
    """Bytes found inside others. ``name`` may be empty; ``signature`` is the state of the S/MIME signature around.

    ``accessory`` marks what decorates a message (formats/mails/kinds.py).
    """

    name: str
    data: bytes
    signature: str = ""
    accessory: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message about one patient.

    ``text`` is what a person reads, results included. ``final`` is False for partial or unvalidated results,
    ``cancelled`` when they are withdrawn. ``embedded`` are the files inside (PDF, CDA, TIFF…), ``beside`` the names of
    files that travel next to the message and belong to it; ``only_beside`` when it holds nothing but these names.
    ``visibility`` and ``confidentiality`` (N, R or V) as the message asks for them.
    """

    claims: tuple[Claim, ...]
    text: str
    title: str = ""
    type: Code | None = None
    act_date: str = ""
    final: bool = True
    cancelled: bool = False
    embedded: tuple[Inner, ...] = ()
    beside: tuple[str, ...] = ()
    only_beside: bool = False
    visibility: Visibility = Visibility()
    confidentiality: str = ""
