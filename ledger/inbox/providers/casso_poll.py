"""Casso's API v2: the transactions of every account an API key opens, a page at a time, the oldest first.

From Casso's developer page "API lấy giao dịch": the address, `Authorization: Apikey …`, `fromDate` (`YYYY-MM-DD`; seven
days ago where it is absent), `page` from 1, `pageSize` (10 where it is absent), `sort`, and the sample answer with its
signed amounts. Inferred: that 100 a page are allowed (public programs ask for more), that a midnight in `when` is a day
without a time, and that the bank's name is the part of `bankCodeName` before the underscore (`acb_digi`). Casso names
no rate limit and no error codes; the ones of HTTP are assumed.
"""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from ledger.inbox.notice import Notice
from ledger.inbox.providers import fields
from ledger.inbox.providers.casso import when
from ledger.inbox.providers.pages import Page, Question, count, listed, page_of

PER_PAGE = 100


def question(token: str, since: date, page: int) -> Question:
    """What to ask for one page of the transactions from a day on."""
    query = {"fromDate": since.isoformat(), "page": page, "pageSize": PER_PAGE, "sort": "ASC"}
    return Question(f"/transactions?{urlencode(query)}", {"Authorization": f"Apikey {token}"})


def read(answer: bytes) -> Page:
    """A page; raises ValueError, naming the field, where the answer as a whole is none."""
    said = fields.json_object(answer)
    if said.get("error") != 0:
        raise ValueError(f"error must be 0, not {fields.shown(said.get('error'))}: {fields.shown(said.get('message'))}")
    data = fields.one(said, "data")
    page = count(data, "page")
    next_page = page + 1 if page < count(data, "totalPages") else None
    return page_of(listed(data, "records"), _transaction, next_page=next_page, total=count(data, "totalRecords"))


def _transaction(said: dict[str, Any]) -> Notice | None:
    signed = fields.amount(said, "amount", signed=True)
    at, day = when(said, "when")
    event_id = fields.whole_id(said, "id")
    if not event_id:
        raise ValueError("id is missing or empty")
    notice = Notice(
        event_id=event_id,
        account_number=fields.account(said, "bankSubAccId"),
        bank=fields.bank(said, "bankCodeName").partition("_")[0],
        amount=abs(signed),
        direction=fields.sign(signed),
        bank_reference=fields.reference(said, "tid"),
        at=at,
        local_date=day,
        memo=fields.text(said, "description"),
        payer_name=fields.text(said, "corresponsiveName"),
        payer_account=fields.text(said, "corresponsiveAccount"),
        virtual_account=fields.account(said, "virtualAccount", needed=False),
    )
    return notice if signed else None
