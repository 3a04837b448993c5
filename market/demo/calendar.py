"""The market's year: weekends are busier, the weeks before Tết by far, and during Tết the market all but sleeps.

The lunar new year's days are those of Vietnam's official calendar (UTC+7).
"""

from collections.abc import Sequence
from datetime import date

TET = tuple(
    date.fromisoformat(day)
    for day in (
        *("2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-02"),
        *("2031-01-23", "2032-02-11", "2033-01-31", "2034-02-19", "2035-02-08", "2036-01-28"),
    )
)


def day_weights(days: Sequence[date]) -> list[float]:
    """How busy each of these days is; an ordinary weekday is 1."""
    return [_week(day) * _season(day) for day in days]


def _week(day: date) -> float:
    return 1.25 if day.weekday() >= 5 else 1.0


def _season(day: date) -> float:
    for tet in TET:
        away = (day - tet).days
        if -14 <= away < -1:
            return 1.4 + 0.05 * (14 + away)
        if away == -1:
            return 0.9
        if 0 <= away <= 3:
            return 0.08
        if 4 <= away <= 9:
            return 0.6
    return 1.0
