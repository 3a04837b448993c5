"""A stall's week: its days as bars and as a table, beside the week before up to the same moment."""

from datetime import date, timedelta

from flask import Blueprint, g, request
from sqlmodel import Session

from ledger.books.sums import Takings
from ledger.days import local_date, utc_now
from market.web.app import installation
from market.web.day_chart import NOTHING, days_chart, sum_of
from market.web.stall import chosen_stall, day_first, page
from market.web.stall_payments import day_named
from merchants.stalls import StallRow, load_stall
from merchants.takings import daily_takings, takings, takings_until

blueprint = Blueprint("week", __name__, url_prefix="/stall/week")
WEEK = timedelta(days=7)


@blueprint.get("", endpoint="days")
def days() -> tuple[str, int]:
    """The week, Monday to Sunday, that a day lies in; this one without a day."""
    today = local_date(utc_now())
    named = request.args.get("of")
    wanted = day_named(named) if named else today
    first = wanted - timedelta(days=wanted.weekday())
    last = first + timedelta(days=6)
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        found = daily_takings(reading, g.person.actor, stall.id, first, last)
        before = _before(reading, stall, first, last, today)
    return page(
        "stall/week.html",
        stall,
        first=first,
        last=last,
        rows=[(day, day_first(day, "%d/%m"), found[day]) for day in sorted(found, reverse=True)],
        sums=sum_of(found.values()),
        chart=days_chart(found, first, last, today),
        before=before,
        runs=first <= today <= last,
        back=first - WEEK,
        on=first + WEEK if last < today else None,
    )


def _before(opened: Session, stall: StallRow, first: date, last: date, today: date) -> Takings:
    """The week before: up to this weekday and time of day while the shown one runs, else all of it."""
    actor = g.person.actor
    if not first <= today <= last:
        return takings(opened, actor, stall.id, first - WEEK, last - WEEK)
    whole = NOTHING
    if today > first:
        whole = takings(opened, actor, stall.id, first - WEEK, today - WEEK - timedelta(days=1))
    return sum_of([whole, takings_until(opened, actor, stall.id, today - WEEK, utc_now() - WEEK)])
