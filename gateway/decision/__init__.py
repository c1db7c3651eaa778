"""The rules engine over the files of ``rules/``; a ruling names every rule that spoke (DESIGN §8)."""

from __future__ import annotations

from gateway.decision.book import RuleBook
from gateway.decision.checks import check
from gateway.decision.engine import explain, rule
from gateway.decision.load import RuleError, load

__all__ = ["RuleBook", "RuleError", "check", "explain", "load", "rule"]
