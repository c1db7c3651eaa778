"""What a letter looks like: tables of results, lines of treatment, the sections of a report, the forms of a letter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.letters.page import Line, Page, greets, is_prose

_UNIT = (
    r"(?:[gmµukn]?g|[mµnp]?mol|[mk]?ui|ui|meq|giga|tera|g|10\^?[0-9]{1,2}|10\*?[0-9]{1,2}|/mm3|elements)\s?/\s?"
    r"(?:[dmµ]?l|100 ?ml|24 ?h|mm3|j|l)\b|\bmmhg\b|\bfl\b|\bpg\b|/mm3|\bmm/h\b|\bsec(?:ondes)?\b|[0-9] ?%|\bml/min\b"
)
_RESULT = re.compile(rf"[0-9]+(?:[.,][0-9]+)?\s*(?:[<>hb*+\-]\s*)?(?:{_UNIT})")
_NUMBER = re.compile(r"(?<![0-9/.,])[0-9]{1,5}(?:[.,][0-9]{1,3})?(?![0-9/])")
_RANGE = re.compile(r"[0-9][0-9.,]*\s?(?:-|–|a|à)\s?[0-9][0-9.,]*|[<>≤≥]\s?[0-9]")
_ANALYTE = re.compile(
    r"h[ae]moglobine|leucocytes|plaquettes|hematies|hematocrite|vgm|ccmh|tcmh|neutrophiles|lymphocytes|monocytes|"
    r"eosinophiles|glycemie|glucose|creatinine|uree|sodium|potassium|chlore|calcium|phosphore|cholesterol|hdl|ldl|"
    r"triglycerides|asat|alat|gamma|phosphatases|bilirubine|crp|c reactive|tsh|t4|t3|ferritine|fer serique|psa|inr|"
    r"\btp\b|\btca\b|albumine|proteines|vitamine|hba1c|hemoglobine glyquee|troponine|bnp|d-dimeres|fibrinogene|"
    r"acide urique|lipase|ldh|cpk|beta ?hcg|ag hbs|anticorps|igg|igm|iga\b|dfg|clairance|transferrine|"
    r"folates|vs\b|globulines"
)
_DOSE = re.compile(
    r"[0-9]+(?:[.,][0-9]+)?\s*(?:mg|g|µg|mcg|microgrammes?|ml|ui|gouttes?|cp|cpr?s?|comprimes?|gelules?|sachets?|"
    r"bouffees?|ampoules?|unites?|%|patchs?|doses?)\b"
)
_INTAKE = re.compile(
    r"matin|midi|soir|coucher|par jour|/ ?j(?:our)?\b|fois|pendant|si (?:douleur|besoin|fievre)|toutes les|qsp|"
    r"[0-9]\s?-\s?[0-9]\s?-\s?[0-9]|au repas|semaine|a jeun|\bprises?\b|\bmois\b|non substituable|comprimes?|gelules?"
)
_SECTIONS = (("indication", "renseignements cliniques", "motif"), ("technique", "protocole", "acquisition"))
_FINDINGS = ("resultat", "resultats", "description", "analyse", "interpretation", "conclusion", "cr")


def shapes(page: Page) -> Iterator[str]:
    """The names of the shapes, as ``weights.csv`` gives them."""
    rows = sum(_is_result(line) for line in page.lines)
    if rows >= 4:
        yield "tableau de resultats"
    elif rows >= 2:
        yield "quelques resultats"
    prose = sum(is_prose(line) for line in page.lines)
    treatments = sum(_is_treatment(line) for line in page.lines)
    if treatments >= 1 and treatments >= prose:
        yield "lignes de traitement"
    if prose == 0:
        yield "sans phrase"
    if any(greets(line) for line in page.lines) and page.closing < len(page.lines):
        yield "salutation et formule"
    if _is_report(page):
        yield "indication technique resultat"


def section_of(line: Line) -> str:
    """The words of a paragraph's heading: a short line of its own, or what stands before a colon; else empty."""
    head, colon, _ = line.text.partition(":")
    if colon and len(head) <= 60:
        return Line(line.number, head).words
    short = len(line.words.split()) <= 6 and not line.text.endswith((".", ","))
    return line.words if short else ""


def _is_result(line: Line) -> bool:
    if len(line.text) > 160 or is_prose(line):
        return False
    folded = line.folded
    measured = _RESULT.search(folded) is not None
    named = _ANALYTE.search(folded) is not None and _NUMBER.search(folded) is not None
    return (measured and (named or _RANGE.search(folded) is not None)) or (named and _RANGE.search(folded) is not None)


def _is_treatment(line: Line) -> bool:
    folded = line.folded
    return len(line.text) <= 160 and _DOSE.search(folded) is not None and _INTAKE.search(folded) is not None


def _is_report(page: Page) -> bool:
    """Whether paragraphs are headed as those of an examination: why, how, and what was found."""
    heads = {section_of(line) for line in page.lines}
    return all(any(name in heads for name in names) for names in (*_SECTIONS, _FINDINGS))
