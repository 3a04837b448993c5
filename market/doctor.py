"""What is wrong with this installation, and the mend: the machine it runs on, its address, its certificate.

What its database tells is in `market.doctor_database`. Nothing is changed by looking.
"""

import http.client
import os
import shutil
import ssl
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography import x509
from sqlalchemy.engine import make_url

from ledger.refused import Refused
from market.access.passkeys import site_of
from market.config import Settings
from market.db import SAFE_WAL, sqlite_driver
from market.serve import try_port
from market.tls import Certificate, read_certificate

LEAST_FREE = 1_000_000_000
RENEW_WITHIN = timedelta(days=14)
ANSWER_WITHIN = 3.0
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: which check, what it found, and the mend. `wrong` is False for what is only worth knowing."""

    check: str
    message: str
    mend: str
    wrong: bool = True


def machine(settings: Settings) -> Iterator[Finding]:
    """Folder and key, disk, SQLite, time zone and fonts."""
    yield from _rights(settings)
    yield from _disk(settings)
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        driver = sqlite_driver()
        if driver.sqlite_version_info < SAFE_WAL:
            message = f"SQLite {driver.sqlite_version} is older than 3.51.3, so the slower journal is used"
            yield Finding("sqlite", message, "update Python, or run on Linux x86-64, Windows or an Apple Mac")
    try:
        zone = ZoneInfo("Asia/Ho_Chi_Minh")
        right = zone.utcoffset(datetime(2026, 11, 24)) == timedelta(hours=7)  # noqa: DTZ001
    except ZoneInfoNotFoundError:
        right = False
    if not right:
        yield Finding("time zone", "Asia/Ho_Chi_Minh is not known here", "delete .venv and run it again")
    try:
        import qr.fonts  # noqa: F401
    except Exception as error:
        message = f"the fonts of signs and reports cannot be loaded ({error})"
        yield Finding("fonts", message, "delete .venv and run it again")


def _rights(settings: Settings) -> Iterator[Finding]:
    if not settings.data.exists():
        yield Finding("data", f"{settings.data} is not there yet", "the first start makes it", wrong=False)
        return
    if not os.access(settings.data, os.W_OK):
        mend = "run it as the folder's owner, or give this user the right to write"
        yield Finding("data", f"this user cannot write in {settings.data}", mend)
    if os.name != "posix":
        return
    if (mode := stat.S_IMODE(settings.data.stat().st_mode)) & 0o077:
        yield Finding("data", f"{settings.data} is open to others (mode {mode:04o})", f"chmod 700 {settings.data}")
    private = {"key": settings.secret_key_file, "passphrase": settings.backup_passphrase_file}
    if settings.tls:
        private["certificate"] = settings.tls[1]
    for check, path in private.items():
        # A certificate's key may well belong to a group.
        others = 0o007 if check == "certificate" else 0o077
        if path is not None and path.exists() and (mode := stat.S_IMODE(path.stat().st_mode)) & others:
            yield Finding(check, f"{path} is open to others (mode {mode:04o})", f"chmod 600 {path}")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    database = make_url(settings.database_url)
    file = Path(str(database.database))
    # A backup needs the database's size twice: the copy and the packed file.
    size = file.stat().st_size if database.get_backend_name() == "sqlite" and file.exists() else 0
    if free < max(LEAST_FREE, 2 * size):
        yield Finding("disk", f"{free // 1_000_000} MB are free on the disk of {folder}", "make room before it is full")


def address(settings: Settings) -> Iterator[Finding]:
    """What the public address switches off, who is believed, and whether the port is served."""
    here = _is_this_machine(urlsplit(settings.base_url).hostname or "")
    if settings.base_url.startswith("http://") and here:
        message = f"{settings.base_url} is for this machine only: providers' webhooks cannot reach it"
        if site_of(settings.base_url) is None:
            message += ", and browsers know passkeys at http://localhost only"
        yield Finding("address", message, "for others serve https, see docs/https.md", wrong=False)
    elif settings.base_url.startswith("http://"):
        message = (
            f"{settings.base_url} is plain http: browsers switch off the service worker (no app without a line), the"
            " camera and passkeys, providers deliver no webhooks, and passwords can be read on the way"
        )
        yield Finding("address", message, "serve https, see docs/https.md")
    elif settings.tls is None and not settings.proxies:
        message = "https is spoken by a proxy in front, and every visitor seems to come from it"
        yield Finding("address", message, "name the proxy's address in CHO_PROXIES")
    if settings.base_url.startswith("https://") and site_of(settings.base_url) is None:
        message = f"{settings.base_url} is no name, so browsers know no passkeys there"
        yield Finding("address", message, "name a domain in CHO_BASE_URL")
    yield from unnamed(settings)
    yield from _port(settings)


def unnamed(settings: Settings) -> Iterator[Finding]:
    """That others are let in, and links lead to no address that they know."""
    if not settings.base_url_given and not _is_this_machine(settings.host):
        message = f"links and codes lead to {settings.base_url}"
        yield Finding("address", message, "name the address that others reach this machine by in CHO_BASE_URL")


def _is_this_machine(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _port(settings: Settings) -> Iterator[Finding]:
    try:
        try_port(settings.host, settings.port)
    except Refused as refused:
        if not _answers(settings):
            yield Finding("port", f"port {settings.port}: {refused.problems[0].message}", "then run python3 run.py")
        return
    yield Finding("port", f"nobody is served on port {settings.port} now", "python3 run.py serves", wrong=False)


def _answers(settings: Settings) -> bool:
    """Whether it is this program that listens."""
    host = EVERY_ADDRESS.get(settings.host, settings.host)
    connection = (
        http.client.HTTPSConnection(
            host,
            settings.port,
            timeout=ANSWER_WITHIN,
            # Asked by its address, which no certificate names; nothing is told it.
            context=ssl._create_unverified_context(),  # noqa: S323
        )
        if settings.tls
        else http.client.HTTPConnection(host, settings.port, timeout=ANSWER_WITHIN)
    )
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().read(10) == b"ok\n"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def certificate(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether the certificate can be used, for how long, and for which name."""
    if settings.tls is None:
        return
    try:
        Certificate(*settings.tls)
        leaf = read_certificate(settings.tls[0])
    except Refused as refused:
        for problem in refused.problems:
            yield Finding("certificate", problem.message, "see docs/https.md")
        return
    left = leaf.not_valid_after_utc - now.astimezone(UTC)
    message = f"it holds {left.days} days more"
    yield Finding("certificate", message, "renew it in time; no restart is needed", wrong=left < RENEW_WITHIN)
    name = urlsplit(settings.base_url).hostname or ""
    if not _names(leaf, name):
        yield Finding("certificate", f"it does not name {name}, so browsers refuse it", "get one for CHO_BASE_URL")


def _names(leaf: x509.Certificate, name: str) -> bool:
    try:
        said = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    try:
        return ip_address(name) in said.get_values_for_type(x509.IPAddress)
    except ValueError:
        under = f"*.{name.partition('.')[2]}"
        return any(each.lower() in (name, under) for each in said.get_values_for_type(x509.DNSName))
