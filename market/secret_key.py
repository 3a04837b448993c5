"""The installation's key, and what is kept secret under it."""

import base64
import contextlib
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.refused import Problem, Refused
from market.config import Settings


def installation_key(settings: Settings) -> str:
    """The key from the settings; made on first use, readable by its owner only."""
    if settings.secret_key is not None:
        return settings.secret_key
    path = settings.secret_key_file
    try:
        _make(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(Problem(f"{path} cannot be read or made: {error}", field="CHO_SECRET_KEY_FILE")) from None
    if len(key) < 32:
        raise Refused(Problem(f"{path} holds fewer than 32 characters; restore it", field="CHO_SECRET_KEY_FILE"))
    return key


def _make(path: Path) -> None:
    if path.exists():
        return
    # Written aside and linked into place whole: two first starts at once end with one key, and never half a one.
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def seal(key: str, secret: str) -> bytes:
    """Encrypt a channel's secret."""
    return _fernet(key).encrypt(secret.encode())


def unseal(key: str, sealed: bytes) -> str:
    """Decrypt what `seal` made; raises cryptography's InvalidToken under another key."""
    return _fernet(key).decrypt(sealed).decode()


def number_key(key: str) -> bytes:
    """The key of the digests that stand for account numbers once they are forgotten (`merchants.number_digests`)."""
    return _derived(key, b"cho account number")


def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(key, b"cho channel secret")))


@lru_cache(maxsize=8)
def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key.encode())
