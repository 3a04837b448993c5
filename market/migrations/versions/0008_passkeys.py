"""Passkeys, and what they are asked to sign."""

import sqlalchemy as sa
from alembic import op

from ledger.columns import BigId, Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of passkeys and of their challenges."""
    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=True),
        sa.Column("login_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("rp_id", sa.String(length=253), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_passkey_device_id")),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_passkey_login_id")),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_passkey_market_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_login_id"), "passkey", ["login_id"])
    op.create_index(op.f("ix_passkey_device_id"), "passkey", ["device_id"])
    op.create_table(
        "passkey_challenge",
        sa.Column("id", BigId, nullable=False),
        sa.Column("market_id", sa.Integer(), nullable=True),
        sa.Column("login_id", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_passkey_challenge_login_id")),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_passkey_challenge_market_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenge")),
        sa.UniqueConstraint("challenge", name=op.f("uq_passkey_challenge_challenge")),
    )
