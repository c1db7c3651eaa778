"""What is wrong with a key of gateway.toml, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct, structs

from gateway.model.settings import Mailbox, Settings


@dataclass(frozen=True, slots=True)
class Problem:
    """``where`` is the key by its dotted name (``[dmp] base_url``); ``wrong`` and ``remedy`` are French."""

    where: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where} : {self.wrong} ; {self.remedy}"


def table_name(table: str, mailbox: str | int | None = None) -> str:
    """The table as a person finds it in the file: ``[dmp]``, ``[[mailbox]] "accueil"``, ``[[mailbox]] n° 2``."""
    if mailbox is None:
        return f"[{table}]"
    return f"[[{table}]] n° {mailbox}" if isinstance(mailbox, int) else f'[[{table}]] "{mailbox}"'


def tables(settings: Settings) -> Iterator[tuple[str, Struct]]:
    """Every table that is configured or has defaults, each with its name as in the file."""
    for key, value in structs.asdict(settings).items():
        if isinstance(value, Struct):
            yield table_name(key), value
    for mailbox in settings.mailbox:
        yield mailbox_name(mailbox), mailbox


def mailbox_name(mailbox: Mailbox) -> str:
    """The mailbox's table as a person finds it."""
    return table_name("mailbox", mailbox.name)
