"""Did it go through? What came in of an amount, today and before."""

from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter

from flask import Blueprint, g, request

from ledger.days import local_date, utc_now
from market.web.app import installation
from market.web.stall import chosen_stall, day_first, page
from market.web.stall_rows import Row, merged
from market.web.typed import parse_vnd
from market.web.words import say
from merchants import cash, incoming
from merchants.stalls import load_stall

blueprint = Blueprint("find", __name__, url_prefix="/stall/find")
MOST = 50
# So far back is looked; who helps sees today only, for what came in over weeks would add up.
BACK = timedelta(days=366)


@blueprint.get("", endpoint="amount")
def amount() -> tuple[str, int]:
    """What came in of the amount that is asked for, the newest first, day by day."""
    typed = request.args.get("amount", "").strip()
    wanted = parse_vnd(typed)
    today = local_date(utc_now())
    rows: list[Row] = []
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        since = today - BACK if stall.id in g.person.stalls else today
        if wanted:
            # Whoever writes 50 looks for fifty thousand.
            amounts = {wanted, wanted * 1000} if wanted < 1000 else {wanted}
            asked = (reading, g.person.actor, stall.id, amounts)
            rows = merged(
                incoming.of_amounts(*asked, since=since, limit=MOST + 1),
                cash.of_amounts(*asked, since=since, limit=MOST + 1),
                MOST + 1,
            )
    error = say("Chưa đọc được số tiền này. Ghi số đồng, ví dụ 50000 hoặc 50.000.") if typed and not wanted else ""
    shown = sorted(rows[:MOST], key=attrgetter("booked_on", "number"), reverse=True)
    days = [(_called(day, today), list(of_day)) for day, of_day in groupby(shown, key=attrgetter("booked_on"))]
    more = len(rows) > MOST
    return page(
        "stall/find.html", stall, 400 if error else 200, typed=typed, wanted=wanted, days=days, more=more, error=error
    )


def _called(day: date, today: date) -> str:
    return say("Hôm nay") if day == today else day_first(day)
