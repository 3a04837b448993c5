"""Stalls: look-ups, and the acts of a stall's life. Booking depends on no status: a closed stall's book stays open."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, insert, or_, select, union_all, update
from sqlmodel import Session

from ledger import books
from ledger.books.model import ENTRY
from ledger.days import Month, local_date, local_midnight
from ledger.refused import Problem, Refused
from merchants.bank_accounts import holdings
from merchants.model import ACCOUNT_CHANGE, BANK_ACCOUNT, REFERENCE, STALL
from merchants.number_digests import is_digest
from merchants.references import new_references


@dataclass(frozen=True, slots=True)
class StallRow:
    """A stall with its latest bank account and its printed reference."""

    id: int
    market_id: int
    code: str
    name: str
    category: str
    section: str
    holder: str
    phone: str
    status: str
    closed_on: date | None
    book_id: int
    coded_only: bool
    bin: str
    account_number: str
    account_name: str
    reference: str

    @property
    def forgotten(self) -> bool:
        """Whether its holder had asked to be forgotten, and was: the account number is a digest."""
        return is_digest(self.account_number)

    @property
    def last_figures(self) -> str:
        """The last four figures of the account number, as people are shown it; none of one that was forgotten."""
        return "" if self.forgotten else self.account_number[-4:]

    def closed_by(self, day: date) -> bool:
        """Whether its last day lies before this local day; one that closes later still takes money."""
        return self.closed_on is not None and self.closed_on < day


@dataclass(frozen=True, slots=True)
class NewStall:
    """A stall about to be registered; `bin` and `account_number` are checked already."""

    code: str
    name: str
    category: str
    section: str
    holder: str
    phone: str
    bin: str
    account_number: str
    account_name: str


_DESCRIBED = (
    select(
        STALL.c.id,
        STALL.c.market_id,
        STALL.c.code,
        STALL.c.name,
        STALL.c.category,
        STALL.c.section,
        STALL.c.holder,
        STALL.c.phone,
        STALL.c.status,
        STALL.c.closed_on,
        STALL.c.book_id,
        STALL.c.coded_only,
        BANK_ACCOUNT.c.bin,
        BANK_ACCOUNT.c.number.label("account_number"),
        BANK_ACCOUNT.c.name.label("account_name"),
        REFERENCE.c.reference,
    )
    .join(REFERENCE, (REFERENCE.c.stall_id == STALL.c.id) & REFERENCE.c.payment_code_id.is_(None))
    .join(
        BANK_ACCOUNT,
        BANK_ACCOUNT.c.id
        == select(BANK_ACCOUNT.c.id)
        .where(BANK_ACCOUNT.c.stall_id == STALL.c.id)
        .order_by(BANK_ACCOUNT.c.id.desc())
        .limit(1)
        .correlate(STALL)
        .scalar_subquery(),
    )
)


def list_stalls(session: Session, market_id: int) -> list[StallRow]:
    """Every stall of a market, by code."""
    rows = session.connection().execute(_DESCRIBED.where(STALL.c.market_id == market_id).order_by(STALL.c.code))
    return [StallRow(**row._mapping) for row in rows]


def find_stall(session: Session, market_id: int, code: str) -> StallRow:
    """The stall with this code. Raises Refused where there is none."""
    row = (
        session.connection()
        .execute(_DESCRIBED.where(STALL.c.market_id == market_id, STALL.c.code == code))
        .one_or_none()
    )
    if row is None:
        raise Refused(Problem(f"no stall has the code {code!r}; `stall list` shows them", field="stall"))
    return StallRow(**row._mapping)


def load_stall(session: Session, stall_id: int) -> StallRow:
    """The stall with this id, which is there."""
    return StallRow(**session.connection().execute(_DESCRIBED.where(STALL.c.id == stall_id)).one()._mapping)


def stall_of_entry(session: Session, entry_id: int) -> StallRow:
    """The stall in whose book an entry stands, which is there."""
    of_entry = _DESCRIBED.join(ENTRY, ENTRY.c.book_id == STALL.c.book_id).where(ENTRY.c.id == entry_id)
    return StallRow(**session.connection().execute(of_entry).one()._mapping)


@dataclass(frozen=True, slots=True)
class Registered:
    """A stall as a month's report names it."""

    id: int
    book_id: int
    code: str
    name: str
    section: str
    category: str
    in_month: bool
    connected: bool


def connected_stalls(session: Session, market_id: int) -> set[int]:
    """The stalls of a market of which any notice ever named an account."""
    heard = (BANK_ACCOUNT.c.market_id == market_id, BANK_ACCOUNT.c.heard_at.is_not(None))
    return set(session.connection().execute(select(BANK_ACCOUNT.c.stall_id).where(*heard)).scalars())


def accounts_in_use(session: Session, market_id: int, now: datetime) -> dict[str, str]:
    """The account numbers whose payments may be a stall's, each with that stall's code: former ones, too, and those
    asked for. Not by the bank, which a notice need not name; not those of a stall closed for over 90 days."""
    lately = or_(STALL.c.closed_on.is_(None), STALL.c.closed_on >= local_date(now) - timedelta(days=90))
    waits = (ACCOUNT_CHANGE.c.stopped_at.is_(None), ACCOUNT_CHANGE.c.done_at.is_(None))
    had, asked = (
        select(table.c.number, STALL.c.code)
        .join(STALL, STALL.c.id == table.c.stall_id)
        .where(table.c.market_id == market_id, lately)
        for table in (BANK_ACCOUNT, ACCOUNT_CHANGE)
    )
    rows = session.connection().execute(union_all(asked.where(*waits), had))
    return {row.number: row.code for row in rows}


def registered(session: Session, market_id: int, month: Month) -> list[Registered]:
    """Every stall of a market by code; `in_month` unless the month lies wholly after it closed, `connected` once any
    notice named an account of its."""
    heard = (
        select(BANK_ACCOUNT.c.id)
        .where(BANK_ACCOUNT.c.stall_id == STALL.c.id, BANK_ACCOUNT.c.heard_at.is_not(None))
        .exists()
    )
    rows = session.connection().execute(
        select(
            STALL.c.id,
            STALL.c.book_id,
            STALL.c.code,
            STALL.c.name,
            STALL.c.section,
            STALL.c.category,
            or_(STALL.c.closed_on.is_(None), STALL.c.closed_on >= month.first).label("in_month"),
            heard.label("connected"),
        )
        .where(STALL.c.market_id == market_id)
        .order_by(STALL.c.code)
    )
    return [Registered(**row._mapping) for row in rows]


def register(
    session: Session, market_id: int, stalls: Sequence[NewStall], *, source: random.Random, now: datetime
) -> list[int]:
    """Register stalls with a book, a reference and their bank account each; gives their ids.

    A first account holds from the beginning, unless another stall of the market had it before and gave it up: then
    it holds from now, or from the day that stall's time with it ends.
    """
    if not stalls:
        return []
    connection = session.connection()
    book_ids = books.open_books(session, market_id, len(stalls))
    known = holdings(session, market_id, (stall.account_number for stall in stalls))
    ids = [
        row.id
        for row in connection.execute(
            insert(STALL).returning(STALL.c.id, sort_by_parameter_order=True),
            [
                {
                    "market_id": market_id,
                    "code": stall.code,
                    "name": stall.name,
                    "category": stall.category,
                    "section": stall.section,
                    "holder": stall.holder,
                    "phone": stall.phone,
                    "status": "open",
                    "book_id": book_id,
                    "created_at": now,
                }
                for stall, book_id in zip(stalls, book_ids, strict=True)
            ],
        )
    ]
    accounts = []
    for stall_id, stall in zip(ids, stalls, strict=True):
        given_up = [
            holding.until
            for holding in known.get(stall.account_number, ())
            if holding.bin == stall.bin and holding.until is not None
        ]
        accounts.append(
            {
                "market_id": market_id,
                "stall_id": stall_id,
                "bin": stall.bin,
                "number": stall.account_number,
                "name": stall.account_name,
                "in_force_from": max([now, *given_up]) if given_up else None,
            }
        )
    connection.execute(insert(BANK_ACCOUNT), accounts)
    references = new_references(session, len(stalls), source)
    connection.execute(
        insert(REFERENCE),
        [
            {"reference": reference, "market_id": market_id, "stall_id": stall_id}
            for stall_id, reference in zip(ids, references, strict=True)
        ],
    )
    return ids


def change(session: Session, stall_id: int, **values: str) -> None:
    """Change what may simply be changed: name, category, section, holder, phone."""
    session.connection().execute(update(STALL).where(STALL.c.id == stall_id).values(**values))


def rename_account(session: Session, stall_id: int, name: str) -> None:
    """The bank shows the holder of the stall's latest account under another spelling; the account is the same, and no
    sign with this name has been printed yet."""
    latest = select(func.max(BANK_ACCOUNT.c.id)).where(BANK_ACCOUNT.c.stall_id == stall_id).scalar_subquery()
    renamed = update(BANK_ACCOUNT).where(BANK_ACCOUNT.c.id == latest).values(name=name, printed_at=None)
    session.connection().execute(renamed)


def change_account(
    session: Session, stall: StallRow, *, bank_bin: str, account_number: str, account_name: str, takes_effect: datetime
) -> None:
    """The stall is paid to another account from this moment on; the former one still leads to the stall."""
    connection = session.connection()
    connection.execute(
        update(BANK_ACCOUNT)
        .where(BANK_ACCOUNT.c.stall_id == stall.id, BANK_ACCOUNT.c.in_force_until.is_(None))
        .values(in_force_until=takes_effect)
    )
    connection.execute(
        insert(BANK_ACCOUNT).values(
            market_id=stall.market_id,
            stall_id=stall.id,
            bin=bank_bin,
            number=account_number,
            name=account_name,
            in_force_from=takes_effect,
        )
    )


def set_status(session: Session, stall: StallRow, status: str, today: date) -> None:
    """Pause a stall (`paused`) or open it again (`open`); a closed one stays closed."""
    if stall.status == "closed":
        raise Refused(
            Problem(
                f"{stall.code} closed on {stall.closed_on}; a closed stall stays closed, register it under a new code",
                field="stall",
            )
        )
    session.connection().execute(
        update(STALL)
        .where(STALL.c.id == stall.id)
        .values(status=status, paused_on=today if status == "paused" else None)
    )


def set_coded_only(session: Session, stall_id: int, *, on: bool) -> None:
    """From now on the stall counts only payments that carry the reference of one of its codes, or all of them again.
    What was booked before stays as it was."""
    session.connection().execute(update(STALL).where(STALL.c.id == stall_id).values(coded_only=on))


def close(session: Session, stall: StallRow, day: date, now: datetime) -> None:
    """The stall's last day is `day` (local); what accounts it has end with that day, which may be changed until it is
    past. Raises Refused when closed already, or when another stall has its account from the day after."""
    if stall.closed_by(local_date(now)) and stall.closed_on != day:
        raise Refused(Problem(f"{stall.code} closed on {stall.closed_on} already", field="stall", kind="closed"))
    if day > local_date(now) + timedelta(days=366):
        raise Refused(Problem(f"{day} is more than a year ahead; write the stall's last day", field="on", kind="day"))
    connection = session.connection()
    end, said_before = (
        None if last is None else local_midnight(last + timedelta(days=1)) for last in (day, stall.closed_on)
    )
    until = BANK_ACCOUNT.c.in_force_until
    if said_before not in (None, end):
        held = holdings(session, stall.market_id, [stall.account_number])[stall.account_number]
        if any(h.stall_id != stall.id and h.bin == stall.bin and h.since == said_before for h in held):
            message = f"another stall has its account from the day after {stall.closed_on}, so {stall.code} closes then"
            raise Refused(Problem(message, field="stall", kind="taken_over"))
    connection.execute(update(STALL).where(STALL.c.id == stall.id).values(status="closed", closed_on=day))
    connection.execute(
        update(BANK_ACCOUNT)
        .where(BANK_ACCOUNT.c.stall_id == stall.id, or_(until.is_(None), until == said_before, until > end))
        .values(in_force_until=end)
    )
