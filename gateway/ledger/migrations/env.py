"""Alembic's entry: migrate over the connection that the ledger hands over."""

from alembic import context
from sqlalchemy import update

from gateway.ledger.schema import HEAD
from gateway.ledger.tables import meta, metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
connection.execute(update(meta).where(meta.c.name == "schema").values(value=HEAD))
