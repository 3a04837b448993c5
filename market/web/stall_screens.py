"""What fills a phone's screen when the bank has told: green when it is all, turmeric and barred when it is too little.

The same screen is a page of its own (reloaded, or without script) and part of what the poll tells, so that it stands
the moment the phone hears of the payment and asks nothing more of a slow line.
"""

from datetime import datetime, timedelta
from typing import Any

from flask import g, render_template

from market.web.spoken import spoken
from merchants.incoming import Incoming
from merchants.stalls import StallRow

# Less than this is missing: no code is made for it, for no bank would take it.
LEAST_MISSING = 1_000
# What is older is no news to say aloud: the customer has gone.
NEWS_FOR = timedelta(minutes=10)


def is_news(payment: Incoming, now: datetime) -> bool:
    """Whether it came in so lately that it is said aloud."""
    age = payment.age(now)
    return age is not None and age <= NEWS_FOR


def values(payment: Incoming) -> dict[str, Any]:
    """What the screen's template is filled with, beside the stall."""
    missing = payment.asked - payment.amount if payment.asked and payment.verdict == "short" else 0
    return {
        "payment": payment,
        "words": spoken(payment.amount, g.language),
        "missing": missing if missing >= LEAST_MISSING else 0,
    }


def template(payment: Incoming) -> str:
    """The screen's template: `received` or `short`."""
    return "short" if payment.too_little else "received"


def screen(payment: Incoming, stall: StallRow) -> str:
    """What stands in the page's body."""
    return render_template(f"stall/{template(payment)}_screen.html", stall=stall, **values(payment))
