"""By what a text is known as a message of HPRIM or HL7 v2, even with words of a mail before it."""

from __future__ import annotations

import re
from typing import Final

from gateway.formats.messages import hprim_header, message_text

_HL7: Final = re.compile(r"(?:MSH|FHS|BHS)([^\w\s])\S{2,8}?(?:\1|\s|\Z)")
_HL7_WITHIN: Final = re.compile(r"[\r\n][ \t\x0b]{0,8}MSH([^\w\s])\S{2,8}?\1")
_SANTE: Final = re.compile(r"H([^\w\s])[^\s\w]{3,4}\1")
_SANTE_WITHIN: Final = re.compile(r"[\r\n][ \t]{0,8}H([^\w\s])[^\s\w]{3,4}\1")
_FEWEST_LINES: Final = 6


def is_hl7v2(head: str) -> bool:
    """A text that begins with MSH, or with the header of a batch; within a text, a PID must follow."""
    within = _HL7_WITHIN.search(head)
    return bool(_HL7.match(head)) or (within is not None and bool(re.search(rf"[\r\n]PID{re.escape(within[1])}", head)))


def is_hprim_sante(head: str) -> bool:
    """A text that begins with H and its delimiters; within a text, a P must follow (spec/mssante/hprim.md §2.1)."""
    within = _SANTE_WITHIN.search(head)
    return bool(_SANTE.match(head)) or (within is not None and bool(re.search(rf"[\r\n]P{re.escape(within[1])}", head)))


def is_hprim_medecin(text: str) -> bool:
    """A text with the twelve lines of an HPRIM Médecin header, or that begins with its block of results (§1)."""
    head = text[:4096]
    broken = head.count("\n") + head.count("\r") + head.lower().count("<br")
    if broken < _FEWEST_LINES and "RES|" not in head:
        return False
    lines = message_text.lines(message_text.unmarked(text))
    return hprim_header.find(lines) is not None or hprim_header.has_results(lines)
