"""The rules that are shipped, and questions to ask them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from gateway import decision
from gateway.decision import RuleBook
from gateway.model.decision import Question, Ruling

FOLDER = Path(__file__).resolve().parents[3] / "rules"


@lru_cache(maxsize=1)
def book() -> RuleBook:
    return decision.load({path.name: path.read_bytes() for path in FOLDER.glob("*.toml")})


def question(text: str = "", **given: Any) -> Question:
    values: dict[str, Any] = {
        "sender": "anne.mabille@cabinet.mssante.fr",
        "mailbox": "accueil",
        "service": "",
        "specialty": "",
        "type_given": None,
        "title": "",
        "subject": "",
        "filename": "",
        "age": 52,
        "final": True,
    }
    return Question(**(values | given), lines=tuple(text.splitlines()))


def ruling(text: str = "", **given: Any) -> Ruling:
    return decision.rule(question(text, **given), book())
