"""A ledger that an older gateway wrote is brought here, with all that it holds."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, insert, inspect, select, update

from gateway.ledger import schema
from gateway.ledger.tables import delivery, meta

_BEFORE = {"destination": "dpi", "purpose": "create", "state": "done", "planned_at": 1.0}


def _engine(folder: Path, name: str) -> Engine:
    engine = create_engine(f"sqlite:///{folder}/{name}.db")
    schema.upgrade(engine)
    return engine


def _back_to(engine: Engine, revision: str) -> None:
    """The ledger as a gateway of that revision left it."""
    config = Config()
    config.set_main_option("script_location", str(files("gateway.ledger") / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        connection.execute(update(meta).where(meta.c.name == "schema").values(value=revision))


def _shape(engine: Engine) -> dict[str, list[str]]:
    found = inspect(engine)
    return {name: [column["name"] for column in found.get_columns(name)] for name in found.get_table_names()}


def test_an_older_ledger_is_brought_here(tmp_path: Path) -> None:
    old, new = _engine(tmp_path, "old"), _engine(tmp_path, "new")
    _back_to(old, "0001")
    assert "lead_id" not in _shape(old)["delivery"]
    with old.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO delivery (destination, purpose, state, held, hold_reason, reason, code, text, unique_id, "
            "failures, look_ups, existence, planned_at, version) "
            "VALUES ('dpi', 'create', 'done', 0, '', '', '', '', '', 0, 0, '', 1.0, 1)"
        )
    schema.upgrade(old)
    assert _shape(old) == _shape(new)
    with old.connect() as connection:
        assert connection.execute(select(delivery.c.revision, delivery.c.lead_id)).all() == [(1, None)]
        assert schema.current(old) == schema.HEAD


def test_a_new_ledger_has_it_all(tmp_path: Path) -> None:
    engine = _engine(tmp_path, "new")
    with engine.begin() as connection:
        connection.execute(insert(delivery).values(**_BEFORE))
        assert connection.execute(select(delivery.c.revision)).scalar_one() == 1
