"""A code that asks for what was missing knows the code that was paid short."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the index by which the rests of a code are found."""
    op.add_column("payment_code", sa.Column("rest_of", sa.Integer(), nullable=True))
    op.create_index("ix_payment_code_rest_of", "payment_code", ["rest_of"])
