"""Loa mode: a phone or an old tablet stands as the stall's sound box and says each payment as the bank tells it."""

from flask import Blueprint, g

from ledger.days import local_date, utc_now
from market.web import voice
from market.web.app import installation
from market.web.stall import chosen_stall, end_of_book, page
from merchants import incoming
from merchants.stalls import load_stall

blueprint = Blueprint("loa", __name__, url_prefix="/stall")
blueprint.add_app_template_global(voice.version, "clips_version")
SHOWN = 6


@blueprint.get("/loa")
def box() -> tuple[str, int]:
    """Today's payments as they come, without a sum: customers look on."""
    day = local_date(utc_now())
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        rows = incoming.on_day(reading, g.person.actor, stall.id, day, limit=SHOWN)
        last = end_of_book(reading, stall)
    return page("stall/loa.html", stall, rows=rows, last=last)
