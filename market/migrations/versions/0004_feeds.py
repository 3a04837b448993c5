"""What feeds need: virtual accounts, renewed secrets, polling, learned statements, test codes; seals that only grow."""

import sqlalchemy as sa
from alembic import op

from ledger.columns import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and the table of learned layouts."""
    # Added without copying the table, on either database: a market of years has millions of notices.
    op.add_column("notice", sa.Column("virtual_account", sa.String(), nullable=False, server_default=sa.text("''")))
    with op.batch_alter_table("channel") as batch_op:
        batch_op.add_column(sa.Column("former_secret", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("former_until", Moment(), nullable=True))
        batch_op.add_column(sa.Column("poll_secret", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("polled_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("poll_trouble", sa.String(), nullable=False, server_default=sa.text("''")))
    with op.batch_alter_table("stall") as batch_op:
        batch_op.add_column(sa.Column("coded_only", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("payment_code") as batch_op:
        batch_op.add_column(sa.Column("test", sa.Boolean(), nullable=False, server_default=sa.false()))
    by_a_person = sa.text("kind = 'payment' AND login_id IS NOT NULL")
    op.create_index(
        "ix_entry_by_a_person",
        "entry",
        ["market_id", "recorded_at"],
        sqlite_where=by_a_person,
        postgresql_where=by_a_person,
    )
    op.create_index("uq_seal_number", "seal", ["book_id", "number"], unique=True)
    op.create_table(
        "statement_layout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("headings", sa.String(length=64), nullable=False),
        sa.Column("bank", sa.String(length=6), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("login_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_statement_layout_login_id")),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_statement_layout_market_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_layout")),
        sa.UniqueConstraint("market_id", "headings", name=op.f("uq_statement_layout_market_id_headings")),
    )
