"""The first tables."""

from alembic import op
from sqlalchemy import insert

from gateway.ledger.tables import meta, metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table: later revisions spell out their changes."""
    metadata.create_all(op.get_bind())
    op.get_bind().execute(insert(meta).values(name="schema", value=revision))


def downgrade() -> None:
    """Drop every table."""
    metadata.drop_all(op.get_bind())
