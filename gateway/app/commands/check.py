"""``gateway check``: configuration, certificates and expiry, key, ledger, rules, and what a person must decide."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime

from gateway.app.compose import open_ledger
from gateway.app.config import check_files, load
from gateway.decision import check as check_rules
from gateway.flow import rulekeeper
from gateway.model.ports import Silent
from gateway.terminology.refresh import summary

_MARKS = {"error": "ERREUR", "warning": "attention", "decision": "à décider", "note": "à savoir", "ok": "bon"}


def run(options: argparse.Namespace) -> int:
    """0 when the gateway can run; 1 with the first error in one line on stderr."""
    settings = load(options.config)
    findings: list[tuple[str, str]] = [(f.level, f.text) for f in check_files(settings, datetime.now(UTC))]
    findings.append(("note", f"jeux de valeurs : {summary()}"))
    book = rulekeeper.read(settings.rules.folder)
    findings += [("warning", line) for line in check_rules(book)]
    ledger, _ = open_ledger(settings, Silent())
    ledger.close()
    if options.connect:
        from gateway.app import connect  # noqa: PLC0415 - it loads every edge

        findings += asyncio.run(connect.check(settings))
    for level, text in findings:
        print(f"{_MARKS[level]} : {text}")
    errors = [text for level, text in findings if level == "error"]
    if errors:
        print(f"gateway : {errors[0]}", file=sys.stderr)
        return 1
    print("La configuration est bonne.")
    return 0
