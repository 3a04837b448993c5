"""What the database tells of this installation's health: `market.doctor` looks at the machine."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import InvalidToken
from sqlalchemy import Connection, Engine, Table, func, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from ledger import guards
from ledger.books.model import ENTRY
from ledger.books.seals import unsealed
from ledger.days import stamp
from ledger.inbox.model import NOTICE, WAITING
from ledger.refused import Refused
from market import told_otherwise
from market.access.model import AUDIT, PASSKEY
from market.access.passkeys import site_of
from market.channels import PROVIDERS, list_channels
from market.config import Settings
from market.connections import connections
from market.db import SAFE_WAL, open_engine, revision_of, revisions, shown, sqlite_driver, trouble
from market.doctor import Finding
from market.markets import list_markets
from market.model import CHANNEL, LOGIN
from market.secret_key import BRING_BACK, GUESSED_BELOW, installation_key, lost_key, unseal

# A clock is right to a minute, and what is told is booked within one.
TOLERATED = timedelta(minutes=1)
PENDING_LONGEST = timedelta(minutes=5)
BACKUP_WITHIN = timedelta(days=7)
TOLD_OTHERWISE_WITHIN = timedelta(days=30)
SECRETS: tuple[tuple[Table, str, str], ...] = (
    (CHANNEL, "secret", "secret of channel {}; give it again with `channel secret {}`"),
    (CHANNEL, "poll_secret", "token of channel {}; give it again with `channel token {}`"),
    (LOGIN, "totp_secret", "second factor of login {}; set it up again"),
)


def database(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Every check, as far as the database lets it be asked."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        yield Finding("database", f"{url.database} is not there yet", "the first start makes it", wrong=False)
        return
    try:
        engine = open_engine(settings.database_url)
    except Refused as refused:
        yield Finding("database", refused.problems[0].message, "see CHO_DATABASE_URL")
        return
    try:
        yield from _opened(settings, engine, now)
    except SQLAlchemyError as error:
        said = trouble(error) or f"the database cannot be read ({type(error).__name__})"
        yield Finding("database", said, f"see to {shown(settings.database_url)}")
    finally:
        engine.dispose()


def _opened(settings: Settings, engine: Engine, now: datetime) -> Iterator[Finding]:
    known = revisions()
    with engine.execution_options(reading=True).connect() as connection:
        revision = revision_of(connection)
        if revision is None and inspect(connection).get_table_names():
            message = "it holds tables and no mark of this program's version, so no command opens it"
            yield Finding("database", message, "bring back a backup with backup restore, or name another database")
            return
        if revision is None:
            yield Finding("database", "it has no tables yet", "the first start makes them", wrong=False)
            return
        if revision != known[-1]:
            newer = revision not in known
            mend = "install the newer program" if newer else "run python3 run.py upgrade"
            yield Finding("database", f"it stands at revision {revision}, this program needs {known[-1]}", mend)
            return
        if engine.dialect.name == "sqlite" and sqlite_driver().sqlite_version_info >= SAFE_WAL:
            journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
            if journal != "wal":
                message = f"the journal is {journal}, so readers and the writer wait for each other"
                yield Finding("database", message, "put CHO_DATA on a local disk; a network's cannot share memory")
        if gone := guards.missing(connection):
            message = f"{len(gone)} guards are gone or altered ({', '.join(gone[:3])})"
            yield Finding("guards", message, "run python3 run.py ledger verify, then python3 run.py upgrade")
        yield from _clock(connection, now)
        yield from _backup(connection, now)
    with Session(engine.execution_options(reading=True)) as session:
        yield from _secrets(session, settings)
        yield from _passkeys(session, settings)
        yield from _channels(session, settings, now)
        yield from _notices(session, now)
        yield from _told_otherwise(session, now)
        yield from _seals(session, now)


def _newest(connection: Connection, table: Table, moment: str) -> datetime | None:
    found: datetime | None = connection.execute(
        select(table.c[moment]).order_by(table.c.id.desc()).limit(1)
    ).scalar_one_or_none()
    return found


def _clock(connection: Connection, now: datetime) -> Iterator[Finding]:
    known = [_newest(connection, ENTRY, "recorded_at"), _newest(connection, NOTICE, "received_at")]
    newest = max((moment for moment in known if moment is not None), default=now)
    if now + TOLERATED < newest:
        message = f"this machine's clock says {stamp(now)}, and something was recorded at {stamp(newest)}"
        yield Finding("clock", message, "set the clock, and let it be kept by NTP")


def _backup(connection: Connection, now: datetime) -> Iterator[Finding]:
    last = connection.execute(
        select(AUDIT.c.at).where(AUDIT.c.act == "backup_made").order_by(AUDIT.c.id.desc()).limit(1)
    ).scalar_one_or_none()
    mend = "run python3 run.py backup create FILE, every night"
    if last is None:
        if connection.execute(select(ENTRY.c.id).limit(1)).first() is not None:
            yield Finding("backup", "no backup was ever made", mend)
    elif now - last > BACKUP_WITHIN:
        yield Finding("backup", f"the last backup is {(now - last).days} days old", mend)


def _secrets(session: Session, settings: Settings) -> Iterator[Finding]:
    if (lost := lost_key(settings, session.connection())) is not None:
        yield Finding("key", lost, BRING_BACK)
        return
    rows = [
        (column, row.id, row.sealed, said)
        for table, column, said in SECRETS
        for row in session.connection().execute(
            select(table.c.id, table.c[column].label("sealed")).where(table.c[column].is_not(None)).order_by(table.c.id)
        )
    ]
    if not rows:
        return
    try:
        key = installation_key(settings)
    except Refused as refused:
        yield Finding("key", refused.problems[0].message, BRING_BACK)
        return
    for column, about, sealed, said in rows:
        what, _, mend = said.format(about, about).partition("; ")
        try:
            length = len(unseal(key, sealed))
        except InvalidToken:
            yield Finding("secrets", f"the {what} lies under another key", f"bring the former key back, or {mend}")
            continue
        if column == "secret" and length < GUESSED_BELOW:
            message = f"the {what} has only {length} characters and may be guessed"
            yield Finding("secrets", message, f"have one of {GUESSED_BELOW} or more made, and {mend}", wrong=False)


def _passkeys(session: Session, settings: Settings) -> Iterator[Finding]:
    site = site_of(settings.base_url)
    here = site.rp_id if site else ""
    elsewhere = session.connection().execute(
        select(PASSKEY.c.rp_id, func.count()).where(PASSKEY.c.rp_id != here).group_by(PASSKEY.c.rp_id)
    )
    for rp_id, count in elsewhere:
        message = f"{count} passkeys were added at {rp_id} and do not answer at {settings.base_url}"
        yield Finding("passkeys", message, f"serve https at {rp_id} again, or have their owners remove them")


def _channels(session: Session, settings: Settings, now: datetime) -> Iterator[Finding]:
    for channel in list_channels(session):
        if channel.status == "on" and channel.poll_trouble:
            mend = f"mend that, then `channel poll {channel.id}`"
            yield Finding("channels", f"channel {channel.id} is polled in vain: {channel.poll_trouble}", mend)
        # One that is polled is told of payments without a webhook.
        takes_webhooks = channel.provider in PROVIDERS and channel.status == "on" and not channel.token_kept
        if takes_webhooks and not channel.secret_kept:
            message = f"channel {channel.id} keeps no secret of {channel.provider}, so every webhook is refused"
            yield Finding("channels", message, f"`channel secret {channel.id} --secret-file FILE` keeps one")
    if settings.secret_key is None and not settings.secret_key_file.exists():
        return
    key = installation_key(settings)
    for market in list_markets(session):
        found = connections(session, market.id, key=key, now=now)
        silent = [each.stall.code for each in found if each.feed.state == "silent"]
        if silent:
            some = ", ".join(silent[:5]) + (" …" if len(silent) > 5 else "")
            message = f"{market.slug}: nothing is heard of {len(silent)} stalls ({some})"
            yield Finding("channels", message, f"`stall connections --market {market.slug}` says why")


def _notices(session: Session, now: datetime) -> Iterator[Finding]:
    def count(*conditions: Any) -> int:
        query = select(func.count()).select_from(NOTICE).where(WAITING, *conditions)
        return int(session.connection().execute(query).scalar_one())

    if pending := count(NOTICE.c.status == "pending", NOTICE.c.received_at < now - PENDING_LONGEST):
        message = f"{pending} notices wait to be booked for more than five minutes"
        yield Finding("notices", message, "let the server run, or `channel replay ID`; the log says what failed")
    if parked := count(NOTICE.c.status == "parked"):
        message = f"{parked} notices could not be booked in five tries"
        yield Finding("notices", message, "the board's page of unmatched money says why and tries again")


def _told_otherwise(session: Session, now: datetime) -> Iterator[Finding]:
    for market in list_markets(session):
        told = told_otherwise.lines(session, market.id, since=now - TOLD_OTHERWISE_WITHIN)
        if told:
            message = f"{market.slug}: events told again with another content in the last 30 days: {len(told)}"
            mend = f"`payment differing --market {market.slug}` shows them; ask the provider which holds"
            yield Finding("notices", message, mend)


def _seals(session: Session, now: datetime) -> Iterator[Finding]:
    behind = unsealed(session, now)
    slugs = [market.slug for market in list_markets(session) if market.id in behind]
    if slugs:
        message = f"books of {', '.join(slugs)} are not sealed for the day that ended last"
        yield Finding("seals", message, "run python3 run.py ledger seal; the server does it after midnight")
