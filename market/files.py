"""Writing a result file: whole under its name, or not at all."""

import secrets
from pathlib import Path

from ledger.refused import Refused


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the target and move into place. Raises Refused where that cannot be done."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            aside.write_bytes(content)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise Refused(
            f"{path} cannot be written: {error.strerror}; choose another place, nothing was left there"
        ) from None
