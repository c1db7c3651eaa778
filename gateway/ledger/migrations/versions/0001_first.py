"""The first tables."""

from alembic import op
from sqlalchemy import insert

from gateway.ledger.tables import meta, metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table as it is today: a later revision changes only a ledger that is older than it."""
    metadata.create_all(op.get_bind())
    op.get_bind().execute(insert(meta).values(name="schema", value=revision))


def downgrade() -> None:
    """Drop every table."""
    metadata.drop_all(op.get_bind())
