"""The settings, read once from the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from ledger.refused import Problem, Refused

SETTINGS = {
    "CHO_DATA": "folder for the database, photos and secrets (default: data beside run.py)",
    "CHO_DATABASE_URL": "SQLAlchemy URL (default: SQLite inside CHO_DATA; postgresql+psycopg://… for PostgreSQL)",
    "CHO_BASE_URL": "public address, used in links and codes; given, only requests to it are answered (default: "
    "http://127.0.0.1:8000)",
    "CHO_TLS_CERT": "file with the certificate and those that lead to its root, PEM; with it https is served",
    "CHO_TLS_KEY": "file with the certificate's key, PEM",
    "CHO_PROXIES": "addresses or networks of the proxies that are believed whom they ask for (default: none)",
    "CHO_HOST": "address to listen on (default: 127.0.0.1)",
    "CHO_PORT": "port to listen on (default: 8000)",
    "CHO_SECRET_KEY": "the installation's key",
    "CHO_SECRET_KEY_FILE": "file that holds the installation's key (default: secret.key inside CHO_DATA)",
    "CHO_SEPAY_API": "address of SePay's own interface, for its sandbox (default: https://userapi.sepay.vn/v2)",
    "CHO_CASSO_API": "address of Casso's own interface (default: https://oauth.casso.vn/v2)",
    "CHO_BACKUP_PASSPHRASE_FILE": "file with the passphrase that backups keep the installation's key under",
    "CHO_KEEP_PAYERS_DAYS": "days that payers' names, accounts and messages are kept (default: 180)",
}
# By provider, the setting that says where its own interface is.
INTERFACES = {"sepay": "CHO_SEPAY_API", "casso": "CHO_CASSO_API", "casso-v2": "CHO_CASSO_API"}
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. `secret_key` is None where the key is kept in `secret_key_file`, `tls` (certificate
    and key) where plain http is served; `base_url_given` is whether the public address was named at all."""

    data: Path
    database_url: str
    base_url: str
    base_url_given: bool
    tls: tuple[Path, Path] | None
    proxies: tuple[Network, ...]
    host: str
    port: int
    secret_key: str | None
    secret_key_file: Path
    sepay_api: str
    casso_api: str
    backup_passphrase_file: Path | None
    keep_payers: timedelta

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises Refused for an unknown `CHO_…` name or a wrong value."""
        unknown = sorted(name for name in environment if name.startswith("CHO_") and name not in SETTINGS)
        if unknown:
            known = ", ".join(SETTINGS)
            raise Refused([Problem(f"is no setting; the settings are {known}", field=name) for name in unknown])
        data = Path(environment.get("CHO_DATA") or Path(__file__).resolve().parent.parent / "data").absolute()
        url = environment.get("CHO_DATABASE_URL") or f"sqlite:///{data / 'cho.sqlite'}"
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise Refused(Problem("must begin with sqlite:/// or postgresql+psycopg://", field="CHO_DATABASE_URL"))
        if url in ("sqlite:///", "sqlite:///:memory:"):
            raise Refused(Problem("must name a file, or nothing would be kept", field="CHO_DATABASE_URL"))
        host = environment.get("CHO_HOST") or "127.0.0.1"
        port = environment.get("CHO_PORT") or "8000"
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise Refused(Problem(f"{port!r} is no port; write a number from 1 to 65535", field="CHO_PORT"))
        tls = _certificate(environment)
        usual = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
        base_url = (environment.get("CHO_BASE_URL") or usual).rstrip("/")
        if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", base_url):
            message = f"{base_url!r} is no address; write https://name, without a path"
            raise Refused(Problem(message, field="CHO_BASE_URL"))
        # As browsers name it, who leave out the usual port.
        base_url = base_url.removesuffix(":443" if base_url.startswith("https:") else ":80")
        if tls and not base_url.startswith("https://"):
            message = f"{base_url!r} must begin with https://, for CHO_TLS_CERT has https served"
            raise Refused(Problem(message, field="CHO_BASE_URL"))
        key = environment.get("CHO_SECRET_KEY") or None
        if key is not None and len(key) < 32:
            raise Refused(Problem("must have 32 characters or more", field="CHO_SECRET_KEY"))
        key_file = Path(environment.get("CHO_SECRET_KEY_FILE") or data / "secret.key")
        sepay_api = _interface(environment, "CHO_SEPAY_API", "https://userapi.sepay.vn/v2")
        casso_api = _interface(environment, "CHO_CASSO_API", "https://oauth.casso.vn/v2")
        passphrase_file = environment.get("CHO_BACKUP_PASSPHRASE_FILE")
        return cls(
            data=data,
            database_url=url,
            base_url=base_url,
            base_url_given=bool(environment.get("CHO_BASE_URL")),
            tls=tls,
            proxies=_networks(environment.get("CHO_PROXIES") or ""),
            host=host,
            port=int(port),
            secret_key=key,
            secret_key_file=key_file,
            sepay_api=sepay_api,
            casso_api=casso_api,
            backup_passphrase_file=Path(passphrase_file) if passphrase_file else None,
            keep_payers=_days(environment, "CHO_KEEP_PAYERS_DAYS", "180"),
        )


def _certificate(environment: Mapping[str, str]) -> tuple[Path, Path] | None:
    certificate, key = environment.get("CHO_TLS_CERT"), environment.get("CHO_TLS_KEY")
    if not certificate and not key:
        return None
    if not certificate or not key:
        given, missing = ("CHO_TLS_CERT", "CHO_TLS_KEY") if certificate else ("CHO_TLS_KEY", "CHO_TLS_CERT")
        raise Refused(Problem(f"needs {missing} beside it", field=given))
    return Path(certificate), Path(key)


def _days(environment: Mapping[str, str], name: str, usual: str) -> timedelta:
    days = environment.get(name) or usual
    if not (days.isascii() and days.isdigit() and 0 < int(days) <= 3650):
        raise Refused(Problem(f"{days!r} is no number of days; write one from 1 to 3650", field=name))
    return timedelta(days=int(days))


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(each) for each in text.replace(",", " ").split())
    except ValueError as error:
        message = f"{error}; write addresses or networks, such as 127.0.0.1 or 10.0.0.0/8, with commas between"
        raise Refused(Problem(message, field="CHO_PROXIES")) from None


def _interface(environment: Mapping[str, str], name: str, usual: str) -> str:
    address = (environment.get(name) or usual).rstrip("/")
    if not _INTERFACE.fullmatch(address):
        raise Refused(Problem(f"{address!r} is no address of an interface; write https://name/path", field=name))
    return address


# A token opens an account's whole history: it never goes over a line in the clear, but to this machine itself.
_INTERFACE = re.compile(r"(https://[A-Za-z0-9.\-]+|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?(/[A-Za-z0-9._/\-]*)?")
