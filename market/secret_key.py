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
from sqlalchemy import Connection, create_engine, func, inspect, select
from sqlalchemy.engine import make_url

from ledger.refused import Problem, Refused
from market.config import Settings
from market.db import open_engine, sqlite_driver
from market.model import CHANNEL, LOGIN
from merchants.model import ACCOUNT_CHANGE, BANK_ACCOUNT
from merchants.number_digests import not_forgotten

BRING_BACK = "bring it back from a backup; docs/backup.md says what to do where there is none"
# A provider's secret of fewer characters may be found by trying.
GUESSED_BELOW = 16
# What no other key opens, or finds again.
_UNDER_IT = (
    *(
        (column, column.is_not(None))
        for column in (CHANNEL.c.secret, CHANNEL.c.former_secret, CHANNEL.c.poll_secret, LOGIN.c.totp_secret)
    ),
    *((column, ~not_forgotten(column)) for column in (BANK_ACCOUNT.c.number, ACCOUNT_CHANGE.c.number)),
)


def installation_key(settings: Settings) -> str:
    """The key from the settings; made on first use, readable by its owner only. Raises Refused where it is gone and
    the database keeps what lies under it."""
    if settings.secret_key is not None:
        return settings.secret_key
    path = settings.secret_key_file
    try:
        if not path.exists():
            _refuse_where_it_is_lost(settings)
        _make(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(Problem(f"{path} cannot be read or made: {error}", field="CHO_SECRET_KEY_FILE")) from None
    if len(key) < 32:
        raise Refused(Problem(f"{path} holds fewer than 32 characters; restore it", field="CHO_SECRET_KEY_FILE"))
    return key


def lost_key(settings: Settings, connection: Connection) -> str | None:
    """What to tell where the key's file is not there and the database keeps something under it; else None. An older
    database need not have all of the tables."""
    if settings.secret_key is not None or settings.secret_key_file.exists():
        return None
    tables = inspect(connection)
    under_it = 0
    for column, kept in _UNDER_IT:
        name = column.table.name
        if tables.has_table(name) and column.name in {each["name"] for each in tables.get_columns(name)}:
            under_it += connection.execute(select(func.count()).select_from(column.table).where(kept)).scalar_one()
    if not under_it:
        return None
    return (
        f"{settings.secret_key_file} is not there, and {under_it} secret{'s lie' if under_it > 1 else ' lies'} under it"
    )


def _refuse_where_it_is_lost(settings: Settings) -> None:
    url = make_url(settings.database_url)
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite and not Path(str(url.database)).exists():
        return
    # Not as the program opens its own, which waits for whoever writes: the key may be asked for in the middle of that.
    engine = create_engine(url, module=sqlite_driver()) if sqlite else open_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            lost = lost_key(settings, connection)
    finally:
        engine.dispose()
    if lost is not None:
        raise Refused(Problem(f"{lost}; {BRING_BACK}", field="CHO_SECRET_KEY_FILE"))


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
