"""Every fact that the gateway's own code states has a name that the logs let through."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import gateway
from gateway.operate.logs import FACTS


def stated() -> Iterator[tuple[str, str]]:
    """Where a fact is stated, and its name; ``**`` when names are not written there."""
    for path in sorted(Path(gateway.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _is_event(node.func):
                for keyword in node.keywords:
                    yield f"{path.name}:{node.lineno}", keyword.arg or "**"


def _is_event(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr == "event" and "observer" in ast.unparse(called.value)


def test_every_fact_is_on_the_list() -> None:
    unknown = [(where, fact) for where, fact in stated() if fact not in FACTS]
    assert unknown == []


def test_facts_are_found() -> None:
    assert len(list(stated())) > 10
