"""The first administrator proves to be whoever started the program: by a code that only its console shows."""

import hmac
import os
from pathlib import Path

from market.access.codes import bare, make_code
from market.installation import Installation


def first_code(installation: Installation) -> str:
    """The code to print on the console, as `K7M2-X9QA`; the same one until it is used."""
    path = _file(installation)
    installation.make_folder()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            # 40 bits, and every wrong try is slowed.
            file.write(f"{make_code(8)}\n")
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()


def is_first_code(installation: Installation, typed: str) -> bool:
    """Whether this is the code; spaces, the dash and small letters make no difference."""
    wanted = bare(first_code(installation))
    return bool(wanted) and hmac.compare_digest(bare(typed).encode(), wanted.encode())


def forget_first_code(installation: Installation) -> None:
    """The code has been used: it opens nothing any more."""
    _file(installation).unlink(missing_ok=True)


def _file(installation: Installation) -> Path:
    return installation.settings.data / "first-code"
