"""Moments and days: moments are UTC and aware, days and months are those of Asia/Ho_Chi_Minh."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ledger.refused import Problem, Refused

HO_CHI_MINH = ZoneInfo("Asia/Ho_Chi_Minh")


def utc_now() -> datetime:
    """Now, in UTC, aware."""
    return datetime.now(UTC)


def local_date(moment: datetime) -> date:
    """The day on a Vietnamese wall calendar at this moment."""
    return moment.astimezone(HO_CHI_MINH).date()


def local_midnight(day: date) -> datetime:
    """The moment, in UTC, at which this local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=HO_CHI_MINH).astimezone(UTC)


@lru_cache(maxsize=4096)
def stamp(moment: datetime) -> str:
    """A moment as it is hashed and exported: `2026-11-24T01:02:03.000004Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Month:
    """A calendar month in Asia/Ho_Chi_Minh; `first` and `last` are its days, both inside it."""

    __slots__ = ("first", "last")

    def __init__(self, year: int, month: int) -> None:
        self.first = date(year, month, 1)
        self.last = (self.first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read `YYYY-MM`; raises Refused for anything else."""
        match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)
        if match is None or not "1900" <= match[1] <= "2999":
            raise Refused(Problem(f"{text!r} is no month; write YYYY-MM, for example 2026-10", field="month"))
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> "Month":
        """The month a day lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    def __repr__(self) -> str:
        return f"Month({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Month) and other.first == self.first

    def __hash__(self) -> int:
        return hash(self.first)


def parse_day(text: str, field: str) -> date:
    """Read `YYYY-MM-DD`; raises Refused, naming the field, for anything else."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refused(Problem(f"{text!r} is no day; write YYYY-MM-DD, for example 2026-11-24", field=field))
