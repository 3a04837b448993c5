"""SePay's API v2: the transactions of every account a token opens, a page at a time, the oldest first.

From SePay's developer pages ("List Transactions", "Reconciliation", "Upgrade from API v1", and the CLI page's sample
answer): the address, the bearer token, `transaction_date_from` (`YYYY-MM-DD HH:mm:ss`, inclusive, Vietnamese time),
`transaction_date_sort`, `page` from 1, `per_page` up to 100, `meta.pagination.has_more`, ids that are UUIDs, amounts in
whole đồng, three requests a second and address, 429 with `Retry-After`, 401 and 422 for errors.
Inferred: that `va` is the webhook's `subAccount`, and `bank_brand_name` its `gateway`. `since_id` is not used: it gives
what was added after one transaction, while a bank's late news may be dated before it.
"""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from ledger.days import local_date
from ledger.inbox.notice import Notice
from ledger.inbox.providers import fields
from ledger.inbox.providers.pages import Page, Question, count, listed, page_of

PER_PAGE = 100


def question(token: str, since: date, page: int) -> Question:
    """What to ask for one page of the transactions from a day on."""
    query = {
        "transaction_date_from": f"{since.isoformat()} 00:00:00",
        "transaction_date_sort": "asc",
        "page": page,
        "per_page": PER_PAGE,
    }
    return Question(f"/transactions?{urlencode(query)}", {"Authorization": f"Bearer {token}"})


def read(answer: bytes) -> Page:
    """A page; raises ValueError, naming the field, where the answer as a whole is none."""
    said = fields.json_object(answer)
    records = listed(said, "data")
    pagination = fields.one(fields.one(said, "meta"), "pagination")
    more = pagination.get("has_more")
    if not isinstance(more, bool):
        raise ValueError(f"has_more must be true or false, not {fields.shown(more)}")
    next_page = count(pagination, "current_page") + 1 if more else None
    return page_of(records, _transaction, next_page=next_page, total=count(pagination, "total"))


def _transaction(said: dict[str, Any]) -> Notice | None:
    direction = fields.direction(said, "transfer_type")
    amount = fields.amount(said, f"amount_{direction}")
    at = fields.moment(said, "transaction_date")
    event_id = fields.reference(said, "id")
    if not event_id:
        raise ValueError("id is missing or empty")
    notice = Notice(
        event_id=event_id,
        account_number=fields.account(said, "account_number"),
        bank=fields.bank(said, "bank_brand_name"),
        amount=amount,
        direction=direction,
        bank_reference=fields.reference(said, "reference_number"),
        at=at,
        local_date=local_date(at),
        memo=fields.text(said, "transaction_content"),
        virtual_account=fields.account(said, "va", needed=False),
    )
    return notice if amount else None
