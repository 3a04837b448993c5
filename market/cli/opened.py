"""The installation as a command opens it."""

import click

from market.config import Settings
from market.installation import Installation


def installation(settings: Settings) -> Installation:
    """This installation; its database is closed when the command ends, so that SQLite leaves one whole file behind."""
    opened = Installation(settings)
    click.get_current_context().call_on_close(opened.close)
    return opened
