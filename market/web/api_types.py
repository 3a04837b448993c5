"""What the API takes and gives. The document at /api/v1/openapi.json is written from these types."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from market.web.stall import LEAST, MOST

KEY = r"^[A-Za-z0-9_-]{8,64}$"
LARGEST_SALE = 10**12 - 1
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _digits(value: Any) -> Any:
    """A number in an address is written in figures, and nothing else is taken for one."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else value


def _moment(value: Any) -> Any:
    if not (isinstance(value, str) and _MOMENT.fullmatch(value)):
        raise ValueError("must be RFC 3339 with seconds and zone, such as 2026-11-24T07:58:00+07:00")
    return value


class Asked(BaseModel):
    """What stands in the address and the headers of a call; nothing else is taken."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Sent(BaseModel):
    """A JSON body; nothing else is taken, and no text for a number."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Slug = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,40}$", description="The market's slug.")]
Code = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,20}$", description="The stall's code.")]


class NothingAsked(Asked):
    """A call without parameters."""


class MarketAsked(Asked):
    """One market."""

    slug: Slug


class MonthAsked(Asked):
    """A month of a market."""

    slug: Slug
    month: Annotated[
        str, Field(pattern=r"^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])$", description="YYYY-MM, in Vietnam's time.")
    ]
    version: Annotated[
        int | None,
        Field(ge=1, le=999_999_999, description="A closed version; without it the live month."),
        BeforeValidator(_digits),
    ] = None


class PaymentsAsked(Asked):
    """Some of a stall's payments."""

    code: Code
    market: Slug
    after: Annotated[
        str | None,
        Field(
            pattern=r"^([0-9]{1,9}|[A-Za-z0-9_-]{32})$",
            description="The cursor up to which everything is known; `0` for the book's beginning.",
        ),
    ] = None
    limit: Annotated[
        int, Field(ge=1, le=200, description="The most there may be in one answer."), BeforeValidator(_digits)
    ] = 50


class CodeAsked(Asked):
    """The key under which a payment code is made once, however often the call is repeated."""

    key: Annotated[
        str | None,
        Field(
            alias="Idempotency-Key",
            pattern=KEY,
            description="The same key and body get the same answer for a day; with another body it is refused.",
        ),
    ] = None


class PictureAsked(Asked):
    """The reference of a payment code."""

    reference: Annotated[str, Field(pattern=r"^[A-Z0-9]{6,12}$", description="As it was given with the code.")]


class CodeSent(Sent):
    """A stall asks for an amount."""

    market: Slug
    stall: Code
    amount: Annotated[int, Field(ge=LEAST, le=MOST, description="Đồng.")]
    purpose: Annotated[
        str,
        Field(pattern=r"^[^\x00-\x1f\x7f]{0,95}$", description="What for; kept with the code, not printed in it."),
    ] = ""


class SaleSent(Sent):
    """A sale that somebody types."""

    market: Slug
    stall: Code
    amount: Annotated[int, Field(ge=1, le=LARGEST_SALE, description="Đồng.")]
    cash: Annotated[bool, Field(description="Paid in cash; else a cashless sale that someone says happened.")] = False
    at: Annotated[
        datetime | None, BeforeValidator(_moment), Field(description="When, with a zone. Without it: now.")
    ] = None
    memo: Annotated[
        str, Field(pattern=r"^[^\x00-\x1f\x7f]{0,200}$", description="A note; it may be deleted later.")
    ] = ""
    key: Annotated[str, Field(pattern=KEY, description="The same key in the same stall's book is the same entry.")]


class Given(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ListedStall(Given):
    """A stall; `account_number` is null for a role that does not see it."""

    code: str
    name: str
    category: str
    section: str
    status: Literal["open", "paused", "closed"]
    bin: str
    account_number: str | None
    reference: str


class Payment(Given):
    """An entry of a stall's book.

    `kind` payment is one that a bank told of, cash and typed are what somebody typed, count is what counting the cash
    found; not_sale, sale and reversal are corrections of the entry whose cursor is `concerns`. `amount` is what the
    entry changes in the stall's takings, in đồng, less than 0 where a correction takes it back. `at` is the bank's own
    moment, null where it told only the day; of a correction, when it was made. Of a payment: `payer`, masked; the
    payment code it answered by its `reference`, the amount `asked` and how it was met (`verdict`); `flags` to look at
    (small, late, again, doubled, former); `correction` is its newest correction's kind. `entry` and `note` are null for
    helpers.
    """

    cursor: str
    entry: int | None
    kind: Literal["payment", "cash", "typed", "count", "not_sale", "sale", "reversal"]
    concerns: str | None
    amount: int
    booked_on: date
    at: datetime | None
    note: str | None
    payer: str | None = None
    reference: str | None = None
    asked: int | None = None
    verdict: Literal["exact", "short", "over"] | None = None
    flags: list[str] = []
    correction: Literal["not_sale", "sale", "reversal"] | None = None


class Payments(Given):
    """Payments, and the cursor to ask `after` for what comes next."""

    payments: list[Payment]
    next: str


class MadeCode(Given):
    """A payment code: what a shopper scans, also as a picture at `svg_url` until it expires."""

    reference: str
    payload: str
    svg_url: str
    expires_at: datetime


class TypedSale(Given):
    """The entry, and whether it is new or was made before under the same key."""

    entry: int
    status: Literal["recorded", "duplicate"]
