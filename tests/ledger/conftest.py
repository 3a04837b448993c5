"""Books with something of everything in them."""

from tests.kept_books import damage, kept, look

__all__ = ["damage", "kept", "look"]
