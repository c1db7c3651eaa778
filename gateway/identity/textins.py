"""INS numbers printed in a text, told apart from social-security numbers by their label or their OID."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.identity.ins import compact, is_well_formed
from gateway.identity.lexicon import RELATIVE
from gateway.identity.page import Page
from gateway.model.identity import INS_NIA, INS_NIR, Ins

_NUMBER: Final = re.compile(
    r"(?<![0-9A-Z.])(?!1 ?\. ?2 ?\. ?250)[1-8](?:[ ./\-]{0,3}(?:[0-9]|(?<=2)[AB])){12,14}(?![0-9])"
)
_OID: Final = re.compile(r"1 ?\. ?2 ?\. ?250 ?\. ?1 ?\. ?213 ?\. ?1 ?\. ?4 ?\. ?([0-9]{1,2})(?![0-9.])")
_LABEL: Final = re.compile(
    r"(?<![A-Z])(?:I\.N\.S\.?|INS)(?![A-Z])|IDENTIFIANT NATIONAL DE SANTE|IDENTITE NATIONALE DE SANTE|MATRICULE(?! D)"
)
_SOCIAL: Final = re.compile(
    r"SECU(?:RITE)?(?![A-Z])|ASSURE|N ?° ?SS(?![A-Z])|NSS(?![A-Z])|(?<![A-Z])SS(?![A-Z])|IMMATRICUL"
)
_LABEL_AFTER: Final = re.compile(r" {0,2}[(\[] ?(?:MATRICULE )?INS(?![A-Z])")
_KIND: Final = re.compile(r"(?<![A-Z])(NIR|NIA)(?![A-Z])")
_KIND_AFTER: Final = re.compile(r"[ \-(\[]*(?:INS[ \-]?)?(NIR|NIA)(?![A-Z])")
_NEAR: Final = 160


@dataclass(frozen=True, slots=True)
class PrintedIns:
    """A number, its authority as printed (empty OID when it is not), and its line from 1."""

    ins: Ins
    line: int


def printed(page: Page) -> tuple[PrintedIns, ...]:
    """The INS that the text states, each once; a social-security number, or a relative's INS, is none."""
    found: dict[Ins, PrintedIns] = {}
    past = 0
    for number in _NUMBER.finditer(page.folded):
        label = _label(page, past, number.start())
        oid = _authority(page, past, number, label)
        past = number.end()
        named = _LABEL.search(label) or _LABEL_AFTER.match(page.folded, number.end())
        labelled = named is not None and _SOCIAL.search(label) is None
        if (labelled or (oid and _SOCIAL.search(label) is None)) and not RELATIVE.search(label):
            ins = Ins(compact(number.group()), oid)
            found.setdefault(ins, PrintedIns(ins, page.line_number(number.start())))
    return _without_repeats(tuple(found.values()))


def _label(page: Page, past: int, at: int) -> str:
    """What stands before a number: its line, or the line above when it stands alone."""
    start = max(past, page.line_start(at))
    label = page.folded[start:at]
    if label.strip(" -*•:|"):
        return label
    above = page.folded[max(past, start - _NEAR) : start].rstrip()
    return above.rsplit("\n", 1)[-1]


def _authority(page: Page, past: int, number: re.Match[str], label: str) -> str:
    """The OID printed after the number or its label, or the one that NIR or NIA stands for."""
    after = page.folded[number.end() : number.end() + _NEAR]
    following = _NUMBER.search(after)
    after = after[: following.start()] if following else after
    oid = _OID.search(after) or _OID.search(page.folded[max(past, number.start() - _NEAR) : number.start()])
    if oid:
        return f"1.2.250.1.213.1.4.{oid.group(1)}"
    kind = _KIND.search(label) or _KIND_AFTER.match(after)
    if kind is None or not (_LABEL.search(label) or _LABEL_AFTER.match(after)):
        return ""
    return INS_NIR if kind.group(1) == "NIR" else INS_NIA


def _without_repeats(found: tuple[PrintedIns, ...]) -> tuple[PrintedIns, ...]:
    """A number printed again without its OID is the same number; one of 13 characters, the same without its key."""
    told = {each.ins.number for each in found if each.ins.oid}
    kept = [each for each in found if each.ins.oid or each.ins.number not in told]
    whole = [each.ins.number for each in kept if is_well_formed(each.ins.number)]
    return tuple(
        each for each in kept if len(each.ins.number) > 13 or not any(n.startswith(each.ins.number) for n in whole)
    )
