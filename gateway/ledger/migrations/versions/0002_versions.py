"""Versions that we make of a document, submissions of several documents, mails that we send."""

import sqlalchemy as sa
from alembic import op

from gateway.ledger import tables

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring an older ledger here; a new one was made so by the first revision."""
    if _present("delivery", "lead_id"):
        return
    op.add_column("delivery", sa.Column("lead_id", sa.Integer))
    op.create_index("ix_delivery_lead_id", "delivery", ["lead_id"])
    op.add_column("delivery", sa.Column("revision", sa.Integer, nullable=False, server_default="1"))
    op.add_column("delivery", sa.Column("says", sa.Text, nullable=False, server_default=""))
    op.add_column("document", sa.Column("hidden_since", sa.Float))
    op.create_index("ix_document_hidden_since", "document", ["hidden_since"])
    tables.metadata.create_all(op.get_bind(), tables=[tables.revision, tables.outgoing])


def downgrade() -> None:
    """Forget them."""
    tables.metadata.drop_all(op.get_bind(), tables=[tables.revision, tables.outgoing])
    op.drop_index("ix_document_hidden_since", "document")
    op.drop_column("document", "hidden_since")
    op.drop_index("ix_delivery_lead_id", "delivery")
    op.drop_column("delivery", "says")
    op.drop_column("delivery", "revision")
    op.drop_column("delivery", "lead_id")


def _present(table: str, column: str) -> bool:
    return column in {found["name"] for found in sa.inspect(op.get_bind()).get_columns(table)}
