"""Faults at a chosen statement: a process that dies, a database that fails, an error while booking."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError


class Died(BaseException):
    """The process is gone at this statement; nothing after it happens, and no handler sees it."""


def database_failed() -> Exception:
    return OperationalError("", {}, Exception("disk I/O error"))


def program_failed() -> Exception:
    return ArithmeticError("a fault while booking")


FAULTS = (Died, database_failed, program_failed)


class Faults:
    """Counts an engine's statements, the commit among them, and raises at the one that was chosen, once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.left = 0
        self.fault: Any = None

    @contextmanager
    def at(self, statement: int, fault: Any) -> Iterator[None]:
        """`fault` comes instead of this statement, counted from 1, if there are so many."""

        def before(connection: object, cursor: object = None, said: str = "", *_: object) -> None:
            # The end of a savepoint is the database's own affair: no error of the program can come there.
            if fault is not program_failed or not said.startswith(("RELEASE", "ROLLBACK")):
                self._count()

        self.left, self.fault = statement, fault
        event.listen(self.engine, "before_cursor_execute", before)
        event.listen(self.engine, "commit", before)
        try:
            yield
        finally:
            event.remove(self.engine, "before_cursor_execute", before)
            event.remove(self.engine, "commit", before)

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise self.fault()
