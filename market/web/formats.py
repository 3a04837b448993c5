"""How figures and days are written in Vietnam: 50.000 đ, 35.218, 24/11/2026, 07:58."""

from datetime import date, datetime

from flask import Flask

from ledger.days import HO_CHI_MINH, Month
from market.comparisons import number

NARROW = "\N{NO-BREAK SPACE}"


def money(amount: int) -> str:
    """50000 → 50.000 đ, with a space that never breaks."""
    return f"{number(amount)}{NARROW}đ"


def day(value: date) -> str:
    """24/11/2026"""
    return f"{value:%d/%m/%Y}"


def clock(moment: datetime) -> str:
    """07:58, on a Vietnamese wall clock."""
    return f"{moment.astimezone(HO_CHI_MINH):%H:%M}"


def second(moment: datetime) -> str:
    """07:58:12, on a Vietnamese wall clock."""
    return f"{moment.astimezone(HO_CHI_MINH):%H:%M:%S}"


def month(value: Month) -> str:
    """11/2026"""
    return f"{value.first:%m/%Y}"


def register(app: Flask) -> None:
    """Make them filters of every template."""
    app.jinja_env.filters.update(number=number, money=money, day=day, clock=clock, second=second, month=month)
