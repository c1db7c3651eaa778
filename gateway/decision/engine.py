"""The answers for one document: for each question the first rule that concerns it, in the order of the files."""

from __future__ import annotations

from gateway.decision.book import RuleBook
from gateway.decision.conditions import View
from gateway.decision.naming import Named, name_document
from gateway.model.decision import Question, Ruling, Spoke
from gateway.model.documents import Code
from gateway.model.reasons import Reason
from gateway.terminology import type_code

_LABELS = {
    "type": "Type du document",
    "alimenter": "Alimentation du DMP",
    "visible_patient": "Visible par le patient",
    "visible_representants": "Visible par les représentants légaux",
    "retenir": "Retenu pour vérification",
    "attendre_professionnel": "Attend un professionnel avant le DMP",
    "service": "Service",
}


def rule(question: Question, book: RuleBook) -> Ruling:
    """Decide. Pure: the same question and book give the same ruling, which names every rule that spoke."""
    view = View(question)
    document_type, certain, naming = _type(view, book)
    view.type = document_type.code
    answers, spoken = _answers(view, book)
    return Ruling(
        type=document_type,
        type_certain=certain,
        feed=bool(answers.get("alimenter", True)),
        invisible_to_patient=not answers.get("visible_patient", True),
        invisible_to_representatives=not answers.get("visible_representants", True),
        hold=Reason.HELD_BY_RULE if answers.get("retenir", False) else None,
        wait_for_professional=bool(answers.get("attendre_professionnel", False)),
        service=str(answers.get("service", question.service)),
        spoke=(naming, *spoken),
        digest=book.digest,
    )


def explain(ruling: Ruling) -> list[str]:
    """What was decided and by which rule, one French line each."""
    lines = [_line(spoke) for spoke in ruling.spoke]
    if not ruling.type_certain:
        lines.insert(1, "Le type n'est pas certain : il est à confirmer par une personne avant le DMP.")
    if not any(spoke.question == "alimenter" for spoke in ruling.spoke):
        lines.append("Alimentation du DMP : oui (aucune règle ne s'y oppose)")
    return lines


def _answers(view: View, book: RuleBook) -> tuple[dict[str, str | bool], list[Spoke]]:
    """The first answer to each question but the type, and who gave it."""
    answers: dict[str, str | bool] = {}
    spoken = []
    for candidate in book.rules:
        new = [(key, value) for key, value in candidate.answers if key != "type" and key not in answers]
        if new and candidate.conditions.hold(view):
            answers.update(new)
            spoken += [Spoke(candidate.file, candidate.name, key, _said(value)) for key, value in new]
    return answers, spoken


def _type(view: View, book: RuleBook) -> tuple[Code, bool, Spoke]:
    given = view.question.type_given
    if given:
        return given, True, Spoke("", "", "type", f"{given.code}, indiqué par le document")
    named = name_document(view, book)
    known = type_code(named.type)
    code = Code(known.code, known.system, known.label) if known else Code(named.type)
    return code, named.certain, Spoke(named.file, named.rule, "type", _because(code, named))


def _because(code: Code, named: Named) -> str:
    words = f" : « {named.words} »" if named.words else ""
    return f"{code.code} {code.label}, {'certain' if named.certain else 'à confirmer'} ({named.place}{words})"


def _said(value: str | bool) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    return value


def _line(spoke: Spoke) -> str:
    where = f" — règle « {spoke.rule} »" if spoke.rule else ""
    file = f", fichier {spoke.file}" if spoke.file else ""
    return f"{_LABELS[spoke.question]} : {spoke.answer}{where}{file}"
