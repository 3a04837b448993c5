"""What stands above a stall's revenue book: the household's name, address, tax code and place of business."""

import sqlalchemy as sa
from alembic import op

from ledger.columns import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of households."""
    op.create_table(
        "household",
        sa.Column("stall_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("tax_code", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_household_market_id")),
        sa.ForeignKeyConstraint(["stall_id"], ["stall.id"], name=op.f("fk_household_stall_id")),
        sa.PrimaryKeyConstraint("stall_id", name=op.f("pk_household")),
    )
