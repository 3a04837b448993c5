"""What the API takes and gives. The document at /api/v1/openapi.json is written from these types."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from market.web.stall import LEAST, MOST
from merchants.cash import key_problems

KEY = r"^[A-Za-z0-9_-]{8,64}$"
LARGEST_SALE = 10**12 - 1
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")


def _digits(value: Any) -> Any:
    """A number in an address is written in figures, and nothing else is taken for one."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else value


def _moment(value: Any) -> datetime:
    """A moment as RFC 3339 has it, and nothing else: pydantic takes a number of seconds, too."""
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value.upper())
    except ValueError:
        pass
    raise ValueError("must be RFC 3339 with seconds and zone, such as 2026-11-24T07:58:00+07:00")


def _clients(key: str) -> str:
    """A key that is the client's to make."""
    if problems := key_problems(key):
        raise ValueError(problems[0].message)
    return key


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
        Annotated[datetime, BeforeValidator(_moment)] | None, Field(description="When, with a zone. Without it: now.")
    ] = None
    memo: Annotated[
        str, Field(pattern=r"^[^\x00-\x1f\x7f]{0,200}$", description="A note; it may be deleted later.")
    ] = ""
    key: Annotated[
        str,
        Field(
            pattern=KEY,
            description="The same key in the same stall's book is the same entry; none begins with `again-`.",
        ),
        AfterValidator(_clients),
    ]


class Given(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ListedStall(Given):
    """A stall; `account_number` is null for a role that does not see it, and of a stall that was forgotten."""

    code: str
    name: str
    category: str
    section: str
    status: Literal["open", "paused", "closed"]
    bin: str
    account_number: str | None
    reference: str


def _said(text: str) -> Any:
    return Field(description=text)


class Payment(Given):
    """An entry of a stall's book: what came in, what somebody typed, and the corrections of both."""

    cursor: Annotated[str, _said("Its place in the book, for `after`.")]
    entry: Annotated[int | None, _said("Its id, as `payment reverse` takes it; null for helpers.")]
    kind: Annotated[
        Literal["payment", "cash", "typed", "count", "not_sale", "sale", "reversal"],
        _said(
            "`payment`: a bank told of it; `cash`, `typed`: somebody did; `count`: what counting the cash found;"
            " `not_sale`, `sale`, `reversal`: a correction."
        ),
    ]
    concerns: Annotated[str | None, _said("Of a correction: the cursor of the entry that it is about.")]
    amount: Annotated[
        int,
        _said(
            "What it changes in the stall's takings, in đồng: less than 0 where a correction takes something back, 0"
            " where that was done before."
        ),
    ]
    booked_on: Annotated[date, _said("The day it counts on; a correction's is that of what it corrects.")]
    at: Annotated[
        datetime | None,
        _said("The bank's own moment, null where it told only the day; of a correction, when it was made."),
    ]
    note: Annotated[str | None, _said("What was typed with it; null for helpers.")]
    payer: Annotated[str | None, _said("Who paid, masked; null where the bank does not say.")] = None
    reference: Annotated[str | None, _said("The payment code that it answers.")] = None
    asked: Annotated[int | None, _said("The amount that this code asked for.")] = None
    verdict: Annotated[Literal["exact", "short", "over"] | None, _said("How it met that amount.")] = None
    flags: Annotated[
        list[str],
        _said(
            "What to look at: `small` (less than anybody sells for), `late` (the code had expired), `again` (the code"
            " had been paid), `doubled` (the same payer just sent the same), `former` (to the stall's former account)."
        ),
    ] = []
    correction: Annotated[
        Literal["not_sale", "sale", "reversal"] | None, _said("The kind of its newest correction.")
    ] = None


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
