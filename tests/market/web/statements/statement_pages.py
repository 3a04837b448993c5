"""A bank's file in a board's browser: chosen, looked at, taken; and what the pages say."""

import html
import io
import re

from flask.testing import FlaskClient
from sqlalchemy import func, select

from ledger.books.model import BOOK
from market.db import Database

STATEMENTS = "/board/ben-song/statements"


def chosen(browser: FlaskClient, content: bytes, name: str = "sao-ke.csv", status: int = 200) -> str:
    """The page that follows the choice of a file."""
    answer = browser.post(STATEMENTS, data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == status, answer.status
    return answer.text


def form_of(page: str) -> dict[str, str]:
    """What the page's form would send back."""
    fields = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page)
    picked = re.findall(r'<select[^>]* name="(\w+)".*?</select>', page, re.DOTALL)
    selects = re.findall(r'<select[^>]* name="\w+".*?</select>', page, re.DOTALL)
    values = [(re.findall(r'value="(\w+)" selected', select) or [""])[0] for select in selects]
    said = dict([*fields, *zip(picked, values, strict=True)])
    return {name: html.unescape(value) for name, value in said.items() if name != "csrf_token"}


def taken(browser: FlaskClient, page: str) -> str:
    """The page after what a preview showed was confirmed."""
    answer = browser.post(f"{STATEMENTS}/import", data=form_of(page))
    assert answer.status_code == 303, answer.status
    return browser.get(answer.location).text


def tally(page: str) -> dict[str, int]:
    return {name: int(count) for name, count in re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", page)}


def wrong(page: str) -> list[str]:
    """What a page says is wrong, field by field."""
    return re.findall(r'class="wrong" id="([\w-]+)"', page)


def entries(database: Database) -> int:
    with database.reading() as session:
        return int(session.connection().execute(select(func.sum(BOOK.c.entries))).scalar_one())
