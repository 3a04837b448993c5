"""The work of the sample's boards: money that came without a stall is given to one, as a board does it day by day."""

import random
from collections import defaultdict
from datetime import datetime

from sqlmodel import Session

from ledger.inbox.receive import Waiting, waiting
from market.access import audit
from market.demo.people import board_of
from market.demo.plan import Plan, Sample
from market.markets import find_market
from merchants import settling
from merchants.stalls import StallRow, list_stalls

# So many wait, so that whoever opens the page sees some.
LEFT = 12


def assign_waiting(session: Session, plan: Plan, sample: Sample, *, left: int = 0, now: datetime) -> None:
    """Give what waits for a stall to one, by the market's board at `now`: all but the newest `left`."""
    market = find_market(session, sample.slug)
    board = board_of(session, sample)
    stalls = [stall for stall in list_stalls(session, market.id) if stall.status == "open"]
    of_account: dict[str, list[StallRow]] = defaultdict(list)
    for stall in stalls:
        of_account[stall.account_number].append(stall)
    rows = waiting(session, market.id, "unmatched")
    for row in rows[: len(rows) - left] if left < len(rows) else ():
        stall = _whose(row, of_account[row.account_number] or stalls, plan)
        reason = "" if row.account_number == stall.account_number else "Chủ sạp nhận, khách chuyển vào tài khoản cũ"
        settling.assign(session, market.id, row.notice, stall, reason=reason, login_id=board, now=now)
        audit.note(
            session,
            "notice_assigned",
            market_id=market.id,
            stall_id=stall.id,
            about={"notice": row.notice},
            login_id=board,
            at=now,
        )


def _whose(row: Waiting, stalls: list[StallRow], plan: Plan) -> StallRow:
    """The stall that the board finds out it is: invented, the same for the same notice and seed."""
    return random.Random(f"board {plan.seed} {row.notice}").choice(stalls)  # noqa: S311
