"""Another bank account for a stall, the one change worth stealing for: it is asked for, waits where everybody concerned
sees it, and takes effect by itself unless one of them stops it. Until then every code pays the account in force."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, case, func, insert, or_, select, update
from sqlmodel import Session

from ledger.refused import Problem, Refused
from merchants.model import ACCOUNT_CHANGE, BANK_ACCOUNT, STALL
from merchants.stall_check import COLUMNS, check_stall
from merchants.stalls import NewStall, StallRow, change_account, load_stall

# A whole day, so that a change asked for on a phone that was taken meets its holder and the board in a market's hours.
WAIT = timedelta(hours=24)
FIELDS = ("bank", "account_number", "account_name")


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a stall's account, and the account it had when that was asked for.

    `asked_by` and `stopped_by` are logins, None for whoever sits at the computer itself; a change that is neither
    stopped nor done is open.
    """

    id: int
    market_id: int
    stall_id: int
    code: str
    bin: str
    number: str
    name: str
    former_bin: str
    former_number: str
    asked_by: int | None
    asked_at: datetime
    takes_effect: datetime
    stopped_by: int | None
    stopped_at: datetime | None
    done_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it still waits."""
        return self.stopped_at is None and self.done_at is None

    @property
    def about(self) -> dict[str, int | str]:
        """What the audit trail says of it: accounts by their bank and last four figures only."""
        return {
            "account_change": self.id,
            "former": f"{self.former_bin} {self.former_number[-4:]}",
            "account": f"{self.bin} {self.number[-4:]}",
        }


def check(stall: StallRow, *, bank: str, number: str, name: str) -> tuple[NewStall, list[Problem]]:
    """The stall with this account as it would be, and all that is wrong with the account; `bank` is a BIN, a short code
    or a name. Kinds of problems: those of `check_stall`, and `same`."""
    typed = {field: getattr(stall, field) for field in COLUMNS if field not in FIELDS}
    checked, problems = check_stall({**typed, "bank": bank, "account_number": number, "account_name": name})
    problems = [problem for problem in problems if problem.field in FIELDS]
    if not problems and (checked.bin, checked.account_number) == (stall.bin, stall.account_number):
        problems.append(Problem("is the stall's account already", field="account_number", kind="same"))
    return checked, problems


def ask(
    session: Session,
    stall: StallRow,
    *,
    bank: str,
    number: str,
    name: str,
    login_id: int | None,
    now: datetime,
    wait: timedelta = WAIT,
) -> Change:
    """Ask for another account; it takes effect after the wait. Raises Refused for a wrong account, for a closed stall
    and where a change waits already."""
    checked, problems = check(stall, bank=bank, number=number, name=name)
    if problems:
        raise Refused(problems)
    connection = session.connection()
    # Two who ask at once: the second waits here, and then sees the first.
    connection.execute(select(STALL.c.id).where(STALL.c.id == stall.id).with_for_update())
    if stall.status == "closed":
        raise Refused(Problem(f"{stall.code} closed on {stall.closed_on}; it keeps its account", field="stall"))
    if open_change(session, stall.id) is not None:
        message = f"{stall.code} has a change of its account that waits already; stop that one first"
        raise Refused(Problem(message, field="stall", kind="waits"))
    change_id: int = connection.execute(
        insert(ACCOUNT_CHANGE)
        .values(
            market_id=stall.market_id,
            stall_id=stall.id,
            bin=checked.bin,
            number=checked.account_number,
            name=checked.account_name,
            asked_by=login_id,
            asked_at=now,
            takes_effect=now + wait,
        )
        .returning(ACCOUNT_CHANGE.c.id)
    ).scalar_one()
    return find_change(session, change_id)


def stop(session: Session, change_id: int, *, login_id: int | None, now: datetime) -> Change:
    """The change never takes effect. Raises Refused where it was stopped before or has taken effect."""
    stopped = session.connection().execute(
        update(ACCOUNT_CHANGE)
        .where(ACCOUNT_CHANGE.c.id == change_id, *_OPEN)
        .values(stopped_by=login_id, stopped_at=now)
    )
    if not stopped.rowcount:
        raise Refused(Problem(f"the change {change_id} of an account does not wait any more", field="account_change"))
    return find_change(session, change_id)


def due(session: Session, now: datetime) -> list[int]:
    """The ids of the changes whose wait is over, in every market, the oldest first."""
    query = select(ACCOUNT_CHANGE.c.id).where(*_OPEN, ACCOUNT_CHANGE.c.takes_effect <= now)
    return list(session.connection().execute(query.order_by(ACCOUNT_CHANGE.c.id)).scalars())


def carry_out(session: Session, change_id: int, now: datetime) -> Change:
    """The stall is paid to the account it asked for from this moment on; the former one still leads to the stall.

    A stall that closed meanwhile keeps its account: its change is stopped. Raises Refused where it does not wait.
    """
    connection = session.connection()
    stall_id = connection.execute(
        select(ACCOUNT_CHANGE.c.stall_id).where(ACCOUNT_CHANGE.c.id == change_id, *_OPEN).with_for_update()
    ).scalar_one_or_none()
    if stall_id is None:
        raise Refused(Problem(f"the change {change_id} of an account does not wait any more", field="account_change"))
    stall = load_stall(session, stall_id)
    if stall.status == "closed":
        return stop(session, change_id, login_id=None, now=now)
    change = find_change(session, change_id)
    change_account(
        session,
        stall,
        bank_bin=change.bin,
        account_number=change.number,
        account_name=change.name,
        takes_effect=now,
    )
    connection.execute(update(ACCOUNT_CHANGE).where(ACCOUNT_CHANGE.c.id == change_id).values(done_at=now))
    return find_change(session, change_id)


_OPEN = (ACCOUNT_CHANGE.c.stopped_at.is_(None), ACCOUNT_CHANGE.c.done_at.is_(None))
# The account in force when a change was asked for: none follows it before that change is over, and the one that was in
# force from that very moment is the change's own. The stall's first one where none was in force yet, because another
# stall had that until a day to come.
_HAD = or_(
    BANK_ACCOUNT.c.in_force_from.is_(None),
    and_(
        BANK_ACCOUNT.c.in_force_from <= ACCOUNT_CHANGE.c.asked_at,
        or_(ACCOUNT_CHANGE.c.done_at.is_(None), BANK_ACCOUNT.c.in_force_from < ACCOUNT_CHANGE.c.done_at),
    ),
)
_FORMER = (
    select(func.coalesce(func.max(case((_HAD, BANK_ACCOUNT.c.id))), func.min(BANK_ACCOUNT.c.id)))
    .where(BANK_ACCOUNT.c.stall_id == ACCOUNT_CHANGE.c.stall_id)
    .correlate(ACCOUNT_CHANGE)
    .scalar_subquery()
)
_CHANGES = (
    select(
        ACCOUNT_CHANGE,
        STALL.c.code,
        BANK_ACCOUNT.c.bin.label("former_bin"),
        BANK_ACCOUNT.c.number.label("former_number"),
    )
    .join(STALL, STALL.c.id == ACCOUNT_CHANGE.c.stall_id)
    .join(BANK_ACCOUNT, BANK_ACCOUNT.c.id == _FORMER)
    .order_by(ACCOUNT_CHANGE.c.id)
)


def find_change(session: Session, change_id: int) -> Change:
    """The change with this id, which is there."""
    [found] = _read(session, _CHANGES.where(ACCOUNT_CHANGE.c.id == change_id))
    return found


def open_change(session: Session, stall_id: int) -> Change | None:
    """The change that waits for a stall, if any; a stall has one at most."""
    found = _read(session, _CHANGES.where(ACCOUNT_CHANGE.c.stall_id == stall_id, *_OPEN))
    return found[0] if found else None


def open_changes(session: Session, market_id: int) -> list[Change]:
    """The changes that wait in a market, the oldest first."""
    return _read(session, _CHANGES.where(ACCOUNT_CHANGE.c.market_id == market_id, *_OPEN))


def changes_of(session: Session, stall_id: int) -> list[Change]:
    """Every change that was ever asked for at a stall, the oldest first."""
    return _read(session, _CHANGES.where(ACCOUNT_CHANGE.c.stall_id == stall_id))


def _read(session: Session, query: Select[tuple[object, ...]]) -> list[Change]:
    return [Change(**row._mapping) for row in session.connection().execute(query)]
