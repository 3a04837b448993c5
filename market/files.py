"""Writing a result file: whole under its name, or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

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
    except OSError as error:
        raise _cannot(path, error) from None
    with writing_whole(path) as file:
        file.write(content)


@contextmanager
def writing_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write into piece by piece that is moved into place at the end; a link is followed. Raises Refused where
    that cannot be done."""
    try:
        target = path.resolve()
        if target.is_dir() or not target.name:
            raise Refused(f"{path} is a folder; name a file in it")
        aside = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with aside.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot(path, error) from None


def _cannot(path: Path, error: OSError) -> Refused:
    return Refused(f"{path} cannot be written: {error.strerror}; choose another place, nothing was left there")
