"""What may go wrong at the intake's edges. A message is French, for the operator, and never holds patient data."""

from __future__ import annotations


class IntakeError(Exception):
    """Something outside refused or broke. ``code`` is a constant for logs; the text is for the operator."""

    code = "intake"


class IntakeStopped(IntakeError):  # noqa: N818 - says what happened
    """We cannot keep anything now (disk full, ledger unavailable): stop taking, leave every mail where it is."""

    code = "stopped"
