"""Markets, stalls, notices, books, closings: every table that money touches."""

import sqlalchemy as sa
from alembic import op

from ledger.columns import BigId, Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of money."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("entry_id_seq")))
    op.create_table(
        "book",
        sa.Column("id", BigId, nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book")),
    )
    op.create_table(
        "market",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market")),
        sa.UniqueConstraint("slug", name=op.f("uq_market_slug")),
    )
    op.create_table(
        "notice",
        sa.Column("id", BigId, nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("account_number", sa.String(), nullable=False),
        sa.Column("bank", sa.String(), nullable=False),
        sa.Column("amount", BigId, nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("bank_reference", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=True),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("same_as", BigId, nullable=True),
        sa.CheckConstraint("(status = 'duplicate') = (same_as IS NOT NULL)", name=op.f("ck_notice_same_as")),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_notice_direction")),
        sa.CheckConstraint("feed IN ('hook', 'poll', 'statement')", name=op.f("ck_notice_feed")),
        sa.CheckConstraint(
            "status IN ('pending', 'recorded', 'unmatched', 'held', 'duplicate', 'ignored', 'parked')",
            name=op.f("ck_notice_status"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_notice_amount")),
        sa.ForeignKeyConstraint(["same_as"], ["notice.id"], name=op.f("fk_notice_same_as")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("channel_id", "feed", "event_id", name=op.f("uq_notice_channel_id_feed_event_id")),
    )
    op.create_index("ix_notice_account", "notice", ["market_id", "account_number", "local_date"])
    op.create_index(
        "ix_notice_waiting",
        "notice",
        ["market_id", "local_date"],
        sqlite_where=sa.text("status IN ('pending', 'unmatched', 'held', 'parked')"),
        postgresql_where=sa.text("status IN ('pending', 'unmatched', 'held', 'parked')"),
    )
    op.create_index("uq_notice_twin", "notice", ["same_as", "channel_id", "feed"], unique=True)
    op.create_table(
        "closing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=False),
        sa.Column("login_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_closing_market_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing")),
        sa.UniqueConstraint("market_id", "month", "version", name=op.f("uq_closing_market_id_month_version")),
    )
    op.create_table(
        "day_total",
        sa.Column("book_id", BigId, autoincrement=False, nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("cashless_count", sa.Integer(), nullable=False),
        sa.Column("cashless_sum", BigId, nullable=False),
        sa.Column("typed_sum", BigId, nullable=False),
        sa.Column("cash_sum", BigId, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_day_total_book_id")),
        sa.PrimaryKeyConstraint("book_id", "booked_on", name=op.f("pk_day_total")),
    )
    op.create_index("ix_day_total_market_day", "day_total", ["market_id", "booked_on"])
    op.create_table(
        "entry",
        sa.Column("id", BigId, autoincrement=False, nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("book_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("occurred_at", Moment(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("notice_id", BigId, nullable=True),
        sa.Column("turn", sa.Integer(), nullable=True),
        sa.Column("concerns", BigId, nullable=True),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("confirms", BigId, nullable=True),
        sa.Column("client_key", sa.String(length=64), nullable=True),
        sa.Column("login_id", sa.Integer(), nullable=True),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("(kind = 'payment') = (notice_id IS NOT NULL)", name=op.f("ck_entry_notice")),
        sa.CheckConstraint(
            "(kind IN ('not_sale', 'sale', 'reversal')) = (concerns IS NOT NULL)", name=op.f("ck_entry_concerns")
        ),
        sa.CheckConstraint("confirms IS NULL OR kind = 'reversal'", name=op.f("ck_entry_confirms")),
        sa.CheckConstraint(
            "kind IN ('payment', 'cash', 'typed', 'count', 'not_sale', 'sale', 'reversal')", name=op.f("ck_entry_kind")
        ),
        sa.CheckConstraint("origin IN ('payment', 'cash', 'typed', 'count')", name=op.f("ck_entry_origin")),
        sa.CheckConstraint("(concerns IS NULL) = (step IS NULL)", name=op.f("ck_entry_step")),
        sa.CheckConstraint("(notice_id IS NULL) = (turn IS NULL)", name=op.f("ck_entry_turn")),
        sa.CheckConstraint("counted IN (-1, 0, 1)", name=op.f("ck_entry_counted")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_entry_book_id")),
        sa.ForeignKeyConstraint(["concerns"], ["entry.id"], name=op.f("fk_entry_concerns")),
        sa.ForeignKeyConstraint(["confirms"], ["entry.id"], name=op.f("fk_entry_confirms")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_entry_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("book_id", "client_key", name=op.f("uq_entry_book_id_client_key")),
        sa.UniqueConstraint("book_id", "number", name=op.f("uq_entry_book_id_number")),
        sa.UniqueConstraint("concerns", "step", name=op.f("uq_entry_concerns_step")),
        sa.UniqueConstraint("confirms", name=op.f("uq_entry_confirms")),
        sa.UniqueConstraint("notice_id", "turn", name=op.f("uq_entry_notice_id_turn")),
    )
    op.create_table(
        "notice_body",
        sa.Column("notice_id", BigId, autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=False),
        sa.Column("payer_account", sa.String(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_body_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", "digest", name=op.f("pk_notice_body")),
    )
    op.create_table(
        "notice_try",
        sa.Column("notice_id", BigId, autoincrement=False, nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Moment(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_try_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notice_try")),
    )
    op.create_table(
        "seal",
        sa.Column("id", BigId, nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("book_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("published_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_seal_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal")),
        sa.UniqueConstraint("book_id", "day", name=op.f("uq_seal_book_id_day")),
    )
    op.create_table(
        "stall",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("status", sa.String(length=6), nullable=False),
        sa.Column("paused_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("book_id", BigId, nullable=False),
        sa.Column("successor_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint("(status = 'closed') = (closed_on IS NOT NULL)", name=op.f("ck_stall_closed_on")),
        sa.CheckConstraint("status IN ('open', 'paused', 'closed')", name=op.f("ck_stall_status")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_stall_book_id")),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_stall_market_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["stall.id"], name=op.f("fk_stall_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stall")),
        sa.UniqueConstraint("book_id", name=op.f("uq_stall_book_id")),
        sa.UniqueConstraint("market_id", "code", name=op.f("uq_stall_market_id_code")),
    )
    op.create_table(
        "bank_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("stall_id", sa.Integer(), nullable=False),
        sa.Column("bin", sa.String(length=6), nullable=False),
        sa.Column("number", sa.String(length=19), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("in_force_from", Moment(), nullable=True),
        sa.Column("in_force_until", Moment(), nullable=True),
        sa.Column("heard_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_bank_account_market_id")),
        sa.ForeignKeyConstraint(["stall_id"], ["stall.id"], name=op.f("fk_bank_account_stall_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_account")),
    )
    op.create_index("ix_bank_account_number", "bank_account", ["market_id", "number"])
    op.create_index("ix_bank_account_stall", "bank_account", ["stall_id"])
    op.create_index(
        "uq_bank_account_in_force",
        "bank_account",
        ["stall_id"],
        unique=True,
        sqlite_where=sa.text("in_force_until IS NULL"),
        postgresql_where=sa.text("in_force_until IS NULL"),
    )
    op.create_table(
        "cash_count",
        sa.Column("id", BigId, nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("book_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("counted", BigId, nullable=False),
        sa.Column("float", BigId, nullable=False),
        sa.Column("expected", BigId, nullable=False),
        sa.Column("at_number", sa.Integer(), nullable=False),
        sa.Column("entry_id", BigId, nullable=True),
        sa.Column("login_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_cash_count_book_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_cash_count_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_count")),
        sa.UniqueConstraint("book_id", "day", "version", name=op.f("uq_cash_count_book_id_day_version")),
    )
    op.create_table(
        "channel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("stall_id", sa.Integer(), nullable=True),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("auth", sa.String(length=16), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=3), nullable=False),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("last_heard_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint("status IN ('on', 'off')", name=op.f("ck_channel_status")),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_channel_market_id")),
        sa.ForeignKeyConstraint(["stall_id"], ["stall.id"], name=op.f("fk_channel_stall_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
    )
    op.create_index(
        "uq_channel_statement",
        "channel",
        ["market_id"],
        unique=True,
        sqlite_where=sa.text("provider = 'statement'"),
        postgresql_where=sa.text("provider = 'statement'"),
    )
    op.create_table(
        "entry_note",
        sa.Column("entry_id", BigId, autoincrement=False, nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_entry_note_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_entry_note")),
    )
    op.create_table(
        "payment_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("stall_id", sa.Integer(), nullable=False),
        sa.Column("amount", BigId, nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_payment_code_market_id")),
        sa.ForeignKeyConstraint(["stall_id"], ["stall.id"], name=op.f("fk_payment_code_stall_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_code")),
    )
    op.create_index("ix_payment_code_stall_id", "payment_code", ["stall_id"])
    op.create_table(
        "posting",
        sa.Column("entry_id", BigId, autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=5), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("amount", BigId, nullable=False),
        sa.CheckConstraint("account IN ('bank', 'cash', 'sales', 'other')", name=op.f("ck_posting_account")),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_posting_amount")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entry.id"], name=op.f("fk_posting_entry_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("entry_id", "account", name=op.f("pk_posting")),
    )
    op.create_table(
        "code_payment",
        sa.Column("entry_id", BigId, autoincrement=False, nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("payment_code_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=5), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.CheckConstraint("verdict IN ('exact', 'short', 'over')", name=op.f("ck_code_payment_verdict")),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_code_payment_entry_id")),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_code_payment_market_id")),
        sa.ForeignKeyConstraint(["payment_code_id"], ["payment_code.id"], name=op.f("fk_code_payment_payment_code_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_code_payment")),
    )
    op.create_index("ix_code_payment_payment_code_id", "code_payment", ["payment_code_id"])
    op.create_table(
        "reference",
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=False),
        sa.Column("stall_id", sa.Integer(), nullable=False),
        sa.Column("payment_code_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_reference_market_id")),
        sa.ForeignKeyConstraint(["payment_code_id"], ["payment_code.id"], name=op.f("fk_reference_payment_code_id")),
        sa.ForeignKeyConstraint(["stall_id"], ["stall.id"], name=op.f("fk_reference_stall_id")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_reference")),
    )
    op.create_index("ix_reference_stall_id", "reference", ["stall_id"])
