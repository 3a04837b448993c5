"""What the sample province is: three markets, how each grew, and the life of every stall in it.

Everything follows from the plan's seed and the month it is built in, so that a later call can go on where an earlier
one ended.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ledger.days import Month
from market.demo import calendar
from market.demo.months import Delivery, Payee, make_month
from market.demo.stalls import busyness, make_stalls, typical_amount
from merchants.stalls import NewStall


@dataclass(frozen=True, slots=True)
class Sample:
    """A market of the sample: its `share` of the first one's stalls, the payments a stall has in an ordinary month now,
    how much it grows from month to month, how many of the months it has been taking codes, and the board's target in
    payments a stall."""

    slug: str
    name: str
    city: str
    phone: str
    board: str
    share: float
    payments: float
    growth: float
    history: float
    target: int


# The telephone numbers are nobody's.
SAMPLES = (
    Sample("quang-ngai", "Chợ Quảng Ngãi", "Quảng Ngãi", "0255 000 0001", "ban-quang-ngai", 1.0, 90, 0.012, 1.0, 85),
    Sample("la-ha", "Chợ La Hà", "Quảng Ngãi", "0255 000 0002", "ban-la-ha", 0.29, 42, 0.06, 0.75, 45),
    Sample("ly-son", "Chợ Lý Sơn", "Lý Sơn", "0255 000 0003", "ban-ly-son", 0.15, 24, 0.13, 0.45, 30),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What `demo` was asked for: stalls of the first market, full months before this one, seed, and this month."""

    stalls: int
    months: int
    seed: int
    current: Month

    @property
    def all_months(self) -> list[Month]:
        """The full months, oldest first, and the current one."""
        months = [self.current]
        while len(months) <= self.months:
            months.append(Month.of(months[-1].first - timedelta(days=1)))
        return months[::-1]


@dataclass(frozen=True, slots=True)
class Life:
    """A stall's part in the trade: `weight` beside others, the days it takes codes, and by how much it falls a month
    towards the end. A stall that closed has the day."""

    weight: float
    first: date = date.min
    last: date = date.max
    falls: float = 0.0
    closed: bool = False


def stalls_of(plan: Plan, sample: Sample) -> list[NewStall]:
    """The stalls of one market of the sample."""
    return make_stalls(max(4, round(plan.stalls * sample.share)), f"{plan.seed} {sample.slug}")


def lives_of(plan: Plan, sample: Sample, stalls: list[NewStall]) -> dict[str, Life]:
    """By code: most stalls trade all along, a few have never been paid by code, began lately, fell silent, closed, or
    lose custom."""
    rng = random.Random(f"lives {plan.seed} {sample.slug}")  # noqa: S311 (invented data, repeatable by seed)
    start = months_of(plan, sample)[0].first
    today_month = plan.current.first
    days = (today_month - start).days
    lives: dict[str, Life] = {}
    own = holders_code(stall.code for stall in stalls)
    for stall in stalls:
        weight = busyness(stall.code) * rng.lognormvariate(0, 0.8)
        chance = rng.random()
        if stall.code == own:
            # Whoever signs in as a stallholder should see a good day.
            lives[stall.code] = Life(max(weight, 3.0))
        elif chance < 0.07:
            lives[stall.code] = Life(0.0)
        elif chance < 0.10:
            lives[stall.code] = Life(weight, first=today_month - timedelta(days=rng.randrange(-1, 6)))
        elif chance < 0.30:
            lives[stall.code] = Life(weight, first=start + timedelta(days=rng.randrange(max(days, 1))))
        elif chance < 0.32:
            lives[stall.code] = Life(weight, last=today_month - timedelta(days=rng.randrange(2, 40)))
        elif chance < 0.33 and days > 60:
            last = start + timedelta(days=rng.randrange(40, days))
            lives[stall.code] = Life(weight, last=last, closed=True)
        elif chance < 0.36:
            lives[stall.code] = Life(weight, falls=0.35)
        else:
            lives[stall.code] = Life(weight)
    return lives


def holders_code(codes: Iterable[str]) -> str:
    """The stall whose holder may sign in: the first of the fish row, where there is one."""
    every = sorted(codes)
    return next((code for code in every if code.startswith("C")), every[0])


def months_of(plan: Plan, sample: Sample) -> list[Month]:
    """The months in which this market takes codes: the newer markets began later."""
    months = plan.all_months
    return months[-(max(1, round(plan.months * sample.history)) + 1) :]


def deliveries_of(plan: Plan, sample: Sample, month: Month, references: Mapping[str, str]) -> list[Delivery]:
    """All that SePay tells a market of the sample in a month, to its end even where that lies ahead."""
    stalls = stalls_of(plan, sample)
    payees = payees_of(plan, sample, month, references, stalls)
    payments = payments_in(plan, sample, month)
    made, _ = make_month(payees, month, payments, seed=f"{plan.seed} {sample.slug}", careful=0.95)
    return made


def payments_in(plan: Plan, sample: Sample, month: Month) -> int:
    """How many payments a market of the sample has in a month, whole even where its end lies ahead."""
    days = [month.first + timedelta(days=n) for n in range((month.last - month.first).days + 1)]
    rng = random.Random(f"size {plan.seed} {sample.slug} {month}")  # noqa: S311 (invented data, repeatable by seed)
    grown = (1 - sample.growth) ** _months_ago(plan, month) * rng.uniform(0.97, 1.03)
    ordinary = plan.stalls * sample.share * sample.payments * grown
    return max(1, round(ordinary * sum(calendar.day_weights(days)) / _ORDINARY_MONTH))


def _months_ago(plan: Plan, month: Month) -> int:
    return len(plan.all_months) - 1 - plan.all_months.index(month)


# Thirty days with their weekends.
_ORDINARY_MONTH = 30 * (5 + 2 * 1.25) / 7


def payees_of(
    plan: Plan, sample: Sample, month: Month, references: Mapping[str, str], stalls: list[NewStall]
) -> list[Payee]:
    """A market's stalls as shoppers pay them in this month. One that nobody pays has no weight: where another has its
    account, a payment without a reference may be either's."""
    ago = _months_ago(plan, month)
    lives = lives_of(plan, sample, stalls)
    payees = []
    for stall in stalls:
        life = lives[stall.code]
        paid = life.first <= month.last and month.first <= life.last
        payees.append(
            Payee(
                code=stall.code,
                bin=stall.bin,
                account_number=stall.account_number,
                account_name=stall.account_name,
                reference=references[stall.code],
                weight=life.weight * (1 - life.falls) ** max(0, 3 - ago) if paid else 0.0,
                typical=typical_amount(stall.code),
                first=life.first,
                last=life.last,
            )
        )
    return payees
