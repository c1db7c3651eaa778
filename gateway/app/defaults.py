"""Where the rules that ship with the gateway lie."""

from __future__ import annotations

from pathlib import Path


def default_rules() -> Path:
    """The folder of the default rules: inside the installed wheel, else at the top of the checkout."""
    here = Path(__file__).resolve().parent
    packaged = here / "default_rules"
    return packaged if packaged.is_dir() else here.parents[1] / "rules"
