"""Writing a result file: whole under its name, or not at all."""

import os
import secrets
from pathlib import Path

from ledger.refused import Refused


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the target and move into place; a link is followed, a device (`/dev/stdout`) written to directly.

    Raises Refused where that cannot be done.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(content)
            return
        if target.is_dir() or not target.name:
            raise Refused(f"{path} is a folder; name a file in it")
        aside = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with aside.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise Refused(
            f"{path} cannot be written: {error.strerror}; choose another place, nothing was left there"
        ) from None
