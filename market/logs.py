"""The log file: one line an event, whatever a request put into it."""

import logging
import re
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

# What ends a line, moves a terminal's cursor or turns the reading direction round.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


class OneLine(logging.Formatter):
    """Formats so that nothing a visitor sends looks like a line of its own: control characters are written out, and
    the lines of a traceback stand in from the margin. Moments are UTC."""

    def converter(self, timestamp: float | None) -> time.struct_time:
        """The moment in UTC."""
        return time.gmtime(timestamp)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        """The line of an event."""
        return _written_out(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback where there is one."""
        first, *more = super().format(record).split("\n")
        return "\n".join([first, *(f"    {_written_out(line)}" for line in more)])


def _written_out(text: str) -> str:
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def log_to_file(path: Path) -> None:
    """Send warnings and worse to a file that is kept at 5 MB, with three before it."""
    handler = RotatingFileHandler(path, maxBytes=5_000_000, backupCount=3, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # The server tells of every request that waits for a thread. A market's phones ask in bursts: within a morning it
    # would push out all that somebody should read. Too many of them are answered 503.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
