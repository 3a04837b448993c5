"""A day of a book is found without reading its years."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_entry_book_day", "entry", ["book_id", "booked_on", "number"])
