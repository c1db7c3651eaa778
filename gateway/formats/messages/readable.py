"""What a person reads of a message: who, from whom, and one line for each result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.model.identity import Claim
from gateway.model.reasons import Reason

#: What a document of measures beside their normals is called.
BIOLOGY: Final = "Résultats de biologie médicale"

_FLAGS: Final = {
    "L": "bas",
    "H": "haut",
    "LL": "très bas",
    "HH": "très haut",
    "<": "sous le seuil de mesure",
    ">": "au-dessus du seuil de mesure",
    "A": "anormal",
    "AA": "très anormal",
    "+": "haut",
    "++": "très haut",
    "-": "bas",
    "--": "très bas",
    "R": "résistant",
    "I": "intermédiaire",
    "S": "sensible",
    "POS": "positif",
    "NEG": "négatif",
}


def heading(claim: Claim | None, *, sender: str = "", recipient: str = "", stamp: str = "", number: str = "") -> str:
    """The lines above the results, each with its label; what is not said is left out. ``stamp`` is YYYYMMDD…"""
    letterhead = (("Expéditeur", sender), ("Destinataire", recipient), ("Dossier", number), ("Date", day(stamp)))
    lines = [f"{label} : {value}" for label, value in letterhead if value]
    return "\n".join([*lines, "", *_identity(claim), ""]) if claim else "\n".join([*lines, ""])


def day(stamp: str) -> str:
    """A day as written in French; empty when the stamp is no whole day."""
    if len(stamp) < 8 or not stamp[:8].isdigit() or "00" in (stamp[4:6], stamp[6:8]):
        return ""
    return f"{stamp[6:8]}/{stamp[4:6]}/{stamp[2:4] if stamp[:2] == '00' else stamp[:4]}"


def result(label: str, value: str, *, unit: str = "", normals: str = "", flag: str = "", note: str = "") -> str:
    """One result on one line; of several lines, under its label. ``flag`` as in HL7 table 0078."""
    parts = [f"{value} {unit}".strip() if unit else value]
    parts += [f"(normes : {normals})"] if normals else []
    parts += [f"[{_FLAGS[flag.upper()]}]"] if flag.upper() in _FLAGS else []
    parts += [f"[{note}]"] if note else []
    said = " ".join(part for part in parts if part)
    if not label:
        return said
    return f"{label} :\n{said}" if "\n" in value else f"{label} : {said}"


def bounded(text: str, limits: Limits) -> str:
    """The text; TOO_LARGE when nobody would read it, for it travels whole or not at all."""
    if len(text) > limits.message_text:
        raise FormatError(Reason.TOO_LARGE, "Le texte du message est trop long pour être classé automatiquement.")
    return text


def tidy(lines: Iterable[str]) -> str:
    """Lines joined, without blanks at their ends, nor more than one empty line in a row, nor any around."""
    kept: list[str] = []
    for line in (line.rstrip() for part in lines for line in part.split("\n")):
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip("\n")


def _identity(claim: Claim) -> list[str]:
    """The fields of a person as a form shows them; labels that say no more than the message does."""
    family = claim.family_name or claim.birth_name or claim.used_name
    rows = (
        ("Nom de naissance" if claim.birth_name and not claim.family_name else "Nom", family),
        ("Nom d'usage", claim.used_name if claim.birth_name and claim.used_name != claim.birth_name else None),
        ("Prénom", claim.first_given or claim.given_names),
        ("Date de naissance", day(claim.birth_date or "")),
        ("Sexe", claim.sex if claim.sex in ("M", "F") else None),
    )
    return [f"{label} : {value}" for label, value in rows if value]
