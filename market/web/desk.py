"""Who may come to a market's desk, and what stands at the top of each of its pages."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, render_template
from flask.sansio.blueprints import BlueprintSetupState
from sqlmodel import Session

from ledger.days import Month, local_date, utc_now
from ledger.refused import Refused
from market.comparisons import change, number, percent
from market.markets import MarketRow, find_market
from market.overview import count_waiting
from market.web.formats import NARROW, day
from market.web.gate import asked_right, signed_in
from qr.text import fold


def enter(session: Session, slug: str) -> MarketRow:
    """The market, for whoever holds the page's right in it; to everybody else it does not exist."""
    person = signed_in()
    try:
        market = find_market(session, slug)
    except Refused:
        abort(404)
    if not person.may(asked_right(), market_id=market.id):
        abort(404)
    return market


def wanted_month(text: str | None) -> Month:
    """The month named in an address, or this month; 404 for what is no month, and for one that has not begun."""
    today = local_date(utc_now())
    if not text:
        return Month.of(today)
    try:
        month = Month.parse(text)
    except (Refused, OverflowError):
        abort(404)
    if month.first > today:
        abort(404)
    return month


def page(session: Session, market: MarketRow, tab: str, template: str, **values: Any) -> str:
    """A page of the desk, with the tab it belongs to, what else the person `may` do in this market, and how much waits
    to be settled by those who settle it."""
    person = signed_in()

    def may(right: str) -> bool:
        return person.may(right, market_id=market.id)

    waiting = count_waiting(session, market.id) if may("settle") else 0
    return render_template(template, market=market, tab=tab, may=may, waiting=waiting, **values)


_MIMETYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def sent_file(content: bytes, kind: str, name: str) -> Response:
    """A report as a file: a PDF to look at, CSV and XLSX to keep."""
    answer = Response(content, mimetype=_MIMETYPES[kind])
    shown = "inline" if kind == "pdf" else "attachment"
    answer.headers["Content-Disposition"] = f"{shown}; filename={name}.{kind}"
    return answer


def pages_of(count: int, size: int, wanted: int) -> tuple[int, int]:
    """How many pages so many rows fill, and which of them is shown: the wanted one, or the nearest there is."""
    pages = max(-(-count // size), 1)
    return pages, min(max(wanted, 1), pages)


def one_page(found: Sequence[object], size: int, wanted: int) -> dict[str, Any]:
    """One page of what was found, as templates know it: the rows `shown`, `at` which of the `pages`, and the place of
    the `first` row."""
    pages, at = pages_of(len(found), size, wanted)
    first = (at - 1) * size
    return {"shown": found[first : first + size], "at": at, "pages": pages, "first": first + 1}


def page_number(text: str | None) -> int:
    """The page named in an address; the first for what is no number."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 1


def address(**said: object) -> str:
    """A query string of what is not empty."""
    return "?" + urlencode({name: value for name, value in said.items() if value})


def matches(search: str, *texts: str) -> bool:
    """Whether every word of a search is found in the texts, whatever its marks and its case."""
    text = fold(" ".join(texts)).casefold()
    return all(word in text for word in fold(search).casefold().split())


def register(state: BlueprintSetupState) -> None:
    """What only the desk's templates need to write days, shares and changes."""
    templates = state.app.jinja_env
    templates.filters["local_day"] = lambda moment: day(local_date(moment))
    templates.filters["short_day"] = lambda value: f"{value:%d/%m}"
    templates.filters["whole_percent"] = lambda value: f"{number(value)}{NARROW}%"
    templates.filters["share"] = lambda part, whole: f"{part / whole:.1f}".replace(".", ",") if whole else "–"
    templates.globals |= {"change": change, "percent": percent}
