"""The first administrator proves to be whoever started the program: by a code that only its console shows."""

import hmac
import os
import re
import secrets
from pathlib import Path

from market.installation import Installation

# No letter or figure that is read as another one; 8 of 32 are 40 bits, and every wrong try is slowed.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def first_code(installation: Installation) -> str:
    """The code to print on the console, as `K7M2-X9QA`; the same one until it is used."""
    path = _file(installation)
    installation.make_folder()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            code = "".join(secrets.choice(_LETTERS) for _ in range(8))
            file.write(f"{code[:4]}-{code[4:]}\n")
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()


def is_first_code(installation: Installation, typed: str) -> bool:
    """Whether this is the code; spaces, the dash and small letters make no difference."""
    wanted = _bare(first_code(installation))
    return bool(wanted) and hmac.compare_digest(_bare(typed).encode(), wanted.encode())


def forget_first_code(installation: Installation) -> None:
    """The code has been used: it opens nothing any more."""
    _file(installation).unlink(missing_ok=True)


def _bare(code: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", code.upper())


def _file(installation: Installation) -> Path:
    return installation.settings.data / "first-code"
