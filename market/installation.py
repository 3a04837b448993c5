"""This installation: its data folder, its database and its key, opened when a command first needs them."""

from functools import cached_property

from ledger.refused import Problem, Refused
from market.config import Settings
from market.db import Database, open_database
from market.secret_key import installation_key, number_key


class Installation:
    """What the settings point at. Raises Refused where it cannot be used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def make_folder(self) -> None:
        """Make the data folder, for its owner only, where it is missing."""
        try:
            self.settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(
                Problem(
                    f"{self.settings.data} cannot be made: {error.strerror}; name a folder you can write",
                    field="CHO_DATA",
                )
            ) from None

    @cached_property
    def database(self) -> Database:
        """The database, its tables made when it is empty."""
        self.make_folder()
        return open_database(self.settings.database_url, lambda: self._number_key)

    def close(self) -> None:
        """Close the database, where it was opened."""
        if "database" in self.__dict__:
            self.database.engine.dispose()

    @cached_property
    def key(self) -> str:
        """The installation's key, made on first use."""
        self.make_folder()
        return installation_key(self.settings)

    @cached_property
    def _number_key(self) -> bytes:
        return number_key(self.key)
