"""Bringing the schema up to date. Alembic is loaded only when there is something to do."""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Engine, inspect, select

from gateway.ledger.tables import meta

#: The revision that this code speaks; the newest file of ``migrations/versions``.
HEAD = "0002"


class SchemaError(Exception):
    """The ledger was written by a newer gateway."""


def upgrade(engine: Engine) -> None:
    """Create or migrate the tables. SchemaError when the ledger is newer than this code."""
    found = current(engine)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise SchemaError(f"schéma {found} ; celui de ce programme : {HEAD}")
    from alembic import command  # noqa: PLC0415 - slow to load, seldom needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("gateway.ledger") / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(engine: Engine) -> str | None:
    """The revision of a ledger; None when it is empty."""
    if not inspect(engine).has_table("meta"):
        return None
    with engine.begin() as connection:
        return connection.execute(select(meta.c.value).where(meta.c.name == "schema")).scalar_one_or_none()
