"""The settings, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ledger.refused import Problem, Refused

SETTINGS = {
    "CHO_DATA": "folder for the database, photos and secrets (default: data beside run.py)",
    "CHO_DATABASE_URL": "SQLAlchemy URL (default: SQLite inside CHO_DATA; postgresql+psycopg://… for PostgreSQL)",
    "CHO_SECRET_KEY": "the installation's key",
    "CHO_SECRET_KEY_FILE": "file that holds the installation's key (default: secret.key inside CHO_DATA)",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. `secret_key` is None where the key is kept in `secret_key_file`."""

    data: Path
    database_url: str
    secret_key: str | None
    secret_key_file: Path

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
        key = environment.get("CHO_SECRET_KEY") or None
        if key is not None and len(key) < 32:
            raise Refused(Problem("must have 32 characters or more", field="CHO_SECRET_KEY"))
        key_file = Path(environment.get("CHO_SECRET_KEY_FILE") or data / "secret.key")
        return cls(data, url, key, key_file)
