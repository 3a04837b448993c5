"""Requests of stallholders that what is held of them be deleted."""

import sqlalchemy as sa
from alembic import op

from ledger.columns import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of requests."""
    op.create_table(
        "deletion_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("stall_id", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("withdrawn_at", Moment(), nullable=True),
        sa.Column("done_by", sa.Integer(), nullable=True),
        sa.Column("done_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_deletion_request_market_id")),
        sa.ForeignKeyConstraint(["stall_id"], ["stall.id"], name=op.f("fk_deletion_request_stall_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion_request")),
    )
    op.create_index("ix_deletion_request_stall_id", "deletion_request", ["stall_id"])
    is_open = sa.text("withdrawn_at IS NULL AND done_at IS NULL")
    op.create_index(
        "uq_deletion_request_open",
        "deletion_request",
        ["stall_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
