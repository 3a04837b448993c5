"""What browsers call the files they are given."""

from urllib.parse import quote

from qr.text import fold


def to_keep(name: str) -> str:
    """Content-Disposition for a file to keep: the name in ASCII for old browsers, and as it is (RFC 6266, 4.3)."""
    plain = "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in _ascii(name))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _ascii(name: str) -> str:
    return fold(name).encode("ascii", "replace").decode()
