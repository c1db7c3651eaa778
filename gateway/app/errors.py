"""What went wrong, in one French line for the person at the keyboard; None for a defect of ours."""

from __future__ import annotations

from gateway.app.backup import BackupError
from gateway.app.config import ConfigError
from gateway.app.init import InitError
from gateway.decision import RuleError
from gateway.intake.errors import IntakeError
from gateway.isolation.errors import ReadersUnavailable
from gateway.ledger.engine import LedgerError
from gateway.ledger.schema import SchemaError
from gateway.review.entries import ReviewError
from gateway.trust.errors import TrustError
from gateway.vault.errors import KeyAbsent, KeyDifferent, KeyUnusable, VaultError

_SPEAK_FRENCH = (ConfigError, InitError, TrustError, RuleError, IntakeError, ReviewError, BackupError)


class CommandError(Exception):
    """A command cannot do what it was asked; the text is one French line."""


_LINES: tuple[tuple[type[Exception], str], ...] = (
    (KeyAbsent, "clé absente : remettez-la depuis l'endroit où elle est conservée, à part des sauvegardes ({})"),
    (KeyDifferent, "cette clé n'est pas celle de ce registre ({})"),
    (KeyUnusable, "clé inutilisable ({})"),
    (SchemaError, "registre plus récent que ce programme : réinstallez la version plus récente ({})"),
    (LedgerError, "le registre ne peut rien garder : disque plein ou en panne ? ({})"),
    (VaultError, "le coffre ne peut être lu ou écrit ({})"),
    (ReadersUnavailable, "les lecteurs isolés ne peuvent démarrer ({})"),
)


def explain(error: BaseException) -> str | None:
    """One line for a person."""
    if isinstance(error, (*_SPEAK_FRENCH, CommandError)):
        return " ".join(str(error).split())
    return next((line.format(" ".join(str(error).split())) for kind, line in _LINES if isinstance(error, kind)), None)
