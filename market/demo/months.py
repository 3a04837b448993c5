"""A month of bank notices for a market, and beside it the true answer: what the month's report has to say.

The deliveries hold what real ones hold: the same event told again, late and out of order, told again with another
amount; money going out; accounts nobody registered; one number at two banks; shared accounts with the reference whole,
broken by the bank, mistyped, or missing; amounts as text; payments within a second of the month's edge. The answer is
counted here from how each payment was made, never by the code under test. The same seed gives the same month.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from ledger.days import HO_CHI_MINH, Month
from ledger.inbox.notice import Notice
from ledger.inbox.providers import sepay
from market.demo.calendar import day_weights
from market.demo.stalls import payer
from merchants.references import ALPHABET
from qr import banks
from qr.text import fold


@dataclass(frozen=True, slots=True)
class Payee:
    """A stall that shoppers pay: how often beside others (`weight`), how much at a time, and between which days."""

    code: str
    bin: str
    account_number: str
    account_name: str
    reference: str
    weight: float = 1.0
    typical: int = 60_000
    first: date = date.min
    last: date = date.max


class Delivery(NamedTuple):
    """One body as SePay posts it, what it tells, and when it arrives."""

    arrives: datetime
    body: bytes
    notices: list[Notice]


@dataclass(slots=True)
class Truth:
    """What a channel that is given all the deliveries must come to: `counts` and `amounts` (đồng) by local month and
    stall code, the others by what becomes of each delivery, `unmatched_in` by local month."""

    recorded: int = 0
    unmatched: int = 0
    duplicates: int = 0
    ignored: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    amounts: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    unmatched_in: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True, slots=True)
class _Event:
    """A movement as it was made: whose it is (None: nobody's) and its SePay body."""

    at: datetime
    amount: int
    stall: str | None
    said: dict[str, object]

    @property
    def incoming(self) -> bool:
        return str(self.said["transferType"]).lower() == "in"


# Half hours of a market's day, from 4:00 to 19:30, and how much of the day's trade each has.
_FIRST_HALF_HOUR = 8
_TRADE = (1, 3, 6, 8, 10, 11, 10, 9, 8, 7, 6, 5, 4, 4, 3, 3, 2, 2, 2, 3, 3, 4, 5, 6, 7, 7, 6, 4, 2, 1, 1, 1)


def make_month(
    payees: Sequence[Payee],
    month: Month,
    payments: int,
    *,
    seed: str,
    across_the_edges: bool = False,
    careful: float = 0.0,
) -> tuple[list[Delivery], Truth]:
    """The deliveries of a month of about `payments` payments, in the order of their arrival, and the true answer.

    With `across_the_edges`, payments of the seconds beside the month come in too; they belong to its neighbours.
    `careful` is the share of shoppers who scan the printed code, and do not type the number, where stalls share an
    account.
    """
    rng = random.Random(f"month {seed} {month}")  # noqa: S311 (invented data, repeatable by seed)
    maker = _Maker(payees, month, rng, careful)
    events = [maker.payment(maker.moment()) for _ in range(payments)]
    midnight = datetime.combine(month.first, time(), HO_CHI_MINH)
    following = datetime.combine(month.last + timedelta(days=1), time(), HO_CHI_MINH)
    second = timedelta(seconds=1)
    if across_the_edges:
        edges = (midnight, midnight + second, following - second, midnight - second, following)
        events += [maker.payment(at) for at in edges for _ in range(4)]
    events += [maker.strangers(maker.moment()) for _ in range(max(1, payments // 3000))]
    events += [maker.outgoing(maker.moment()) for _ in range(payments // 100)]
    # SePay counts its events up; every month begins above where the one before can have ended.
    number = (month.first.year * 12 + month.first.month - 24_000) * 2_000_000
    events.sort(key=lambda event: event.at)
    for event in events:
        number += rng.randrange(1, 4)
        event.said["id"] = number
    arrivals = [arrival for event in events for arrival in _arrivals(event, rng)]
    arrivals.sort(key=lambda arrival: arrival[0])
    deliveries = [_delivery(arrives, said) for arrives, said, _ in arrivals]
    return deliveries, _answer([event for _, _, event in arrivals])


def _delivery(arrives: datetime, said: dict[str, object]) -> Delivery:
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return Delivery(arrives, body, sepay.read(body))


def _arrivals(event: _Event, rng: random.Random) -> list[tuple[datetime, dict[str, object], _Event]]:
    """When an event is told: within seconds, or a day late; once, or again, and then rarely with another amount."""
    wait = rng.expovariate(1 / 15)
    if rng.random() < 0.01:
        wait += rng.uniform(3_600, 90_000)
    told = [(event.at + timedelta(seconds=wait), event.said, event)]
    while rng.random() < 0.02:
        wait += rng.uniform(1, 2_000)
        said = event.said
        if rng.random() < 0.02:
            said = {**said, "transferAmount": event.amount + 1_000}
        told.append((event.at + timedelta(seconds=wait), said, event))
    return told


def _answer(told: Sequence[_Event]) -> Truth:
    truth = Truth()
    seen: set[int] = set()
    for event in told:
        if id(event) in seen:
            truth.duplicates += 1
            continue
        seen.add(id(event))
        month = f"{event.at:%Y-%m}"
        if not event.incoming:
            truth.ignored += 1
        elif event.stall is None:
            truth.unmatched += 1
            truth.unmatched_in[month] += 1
        else:
            truth.recorded += 1
            truth.counts[month][event.stall] += 1
            truth.amounts[month][event.stall] += event.amount
    return truth


class _Maker:
    """Makes one movement after another for a market's month."""

    def __init__(self, payees: Sequence[Payee], month: Month, rng: random.Random, careful: float) -> None:
        self._rng = rng
        self._careful = careful
        self._payees = payees
        self._weights = _running([payee.weight for payee in payees])
        self._days = [month.first + timedelta(days=n) for n in range((month.last - month.first).days + 1)]
        self._day_weights = _running(day_weights(self._days))
        self._trade = _running(_TRADE)
        self._sharing: dict[tuple[str, str], list[Payee]] = defaultdict(list)
        self._same_number: dict[str, list[Payee]] = defaultdict(list)
        for payee in payees:
            self._sharing[payee.bin, payee.account_number].append(payee)
            self._same_number[payee.account_number].append(payee)
        self._gateways = {payee.bin: _gateway(payee.bin) for payee in payees}

    def moment(self) -> datetime:
        """A moment in the hours of a market, on a day of the month."""
        rng = self._rng
        day = rng.choices(self._days, cum_weights=self._day_weights)[0]
        half_hour = _FIRST_HALF_HOUR + rng.choices(range(len(_TRADE)), cum_weights=self._trade)[0]
        hour, half = divmod(half_hour, 2)
        return datetime(
            day.year, day.month, day.day, hour, 30 * half + rng.randrange(30), rng.randrange(60), tzinfo=HO_CHI_MINH
        )

    def payment(self, at: datetime) -> _Event:
        """A shopper pays a stall; whose it is follows from how the notice names account, bank and reference."""
        rng = self._rng
        payee = self._payee(at.date())
        amount = self._amount(payee.typical)
        unnamed = rng.random() < 0.003
        rivals = self._same_number[payee.account_number] if unnamed else self._sharing[payee.bin, payee.account_number]
        write, whole = rng.choices(_MEMOS, cum_weights=_MEMO_WEIGHTS)[0]
        while len(rivals) > 1 and not whole and rng.random() < self._careful:
            write, whole = rng.choices(_MEMOS, cum_weights=_MEMO_WEIGHTS)[0]
        memo = write(payee, rng)
        if len(rivals) > 1 and rng.random() < 0.02 * (1 - self._careful):
            # Two stalls of one holder in one memo: a person has to say whose it is.
            memo, whole = f"{rivals[0].reference} {rivals[1].reference}", False
        stall = payee.code if len(rivals) == 1 or whole else None
        return self._event_of(payee, at, amount, memo, "in", stall, gateway="" if unnamed else None)

    def strangers(self, at: datetime) -> _Event:
        """Money for an account nobody registered."""
        payee = self._payee(at.date())
        number = payee.account_number
        while number in self._same_number:
            number = str(self._rng.randrange(10**9, 10**12))
        return self._event_of(payee, at, self._amount(60_000), _plain(payee, self._rng), "in", None, number=number)

    def outgoing(self, at: datetime) -> _Event:
        """A stall pays somebody."""
        payee = self._payee(at.date())
        memo = self._rng.choice(("tra tien hang", "chuyen tien hoc cho con", "thanh toan tien dien", "tra tien hui"))
        return self._event_of(payee, at, self._amount(900_000), memo, "out", None)

    def _payee(self, day: date) -> Payee:
        while True:
            payee = self._rng.choices(self._payees, cum_weights=self._weights)[0]
            if payee.first <= day <= payee.last:
                return payee

    def _amount(self, typical: int) -> int:
        amount = int(typical * self._rng.lognormvariate(0, 0.75) / 1_000) * 1_000
        return max(amount, self._rng.choice((2_000, 3_000, 5_000)))

    def _event_of(
        self,
        payee: Payee,
        at: datetime,
        amount: int,
        memo: str,
        direction: str,
        stall: str | None,
        *,
        gateway: str | None = None,
        number: str | None = None,
    ) -> _Event:
        rng = self._rng
        said = {
            "id": 0,
            "gateway": self._gateways[payee.bin] if gateway is None else gateway,
            "transactionDate": at.strftime("%Y-%m-%d %H:%M:%S"),
            "accountNumber": number or payee.account_number,
            "code": None,
            "content": memo,
            "transferType": direction.upper() if rng.random() < 0.01 else direction,
            "transferAmount": str(amount) if rng.random() < 0.01 else amount,
            "accumulated": 0,
            "subAccount": None,
            "referenceCode": f"FT{at:%y%j}{rng.randrange(10**9):09d}",
            "description": "",
        }
        return _Event(at, amount, stall, said)


def _running(weights: Sequence[float]) -> list[float]:
    total = 0.0
    sums = []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums


def _gateway(bank_bin: str) -> str:
    bank = banks.by_bin(bank_bin)
    assert bank is not None, f"no bank {bank_bin}"
    return bank.short_name


# What shoppers and banks make of a memo. Each is written for a payee and says whether the reference is whole in it.


def _printed(payee: Payee, rng: random.Random) -> str:
    return payee.reference


def _with_payer(payee: Payee, rng: random.Random) -> str:
    return f"{payer(rng)} chuyen tien {payee.reference}"


def _lower(payee: Payee, rng: random.Random) -> str:
    return f"{payee.reference.lower()} cam on"


def _rewritten(payee: Payee, rng: random.Random) -> str:
    number = rng.randrange(10**9, 10**10)
    sender = rng.randrange(10**9, 10**10)
    return (
        f"MBVCB.{number}.{payee.reference}.CT tu {sender} {payer(rng)} toi {payee.account_number} {payee.account_name}"
    )


def _traced(payee: Payee, rng: random.Random) -> str:
    return f"IBFT {payee.reference} Trace {rng.randrange(10**6):06d}"


def _numbered(payee: Payee, rng: random.Random) -> str:
    return f"QR - {payee.reference} - Ma giao dich {rng.randrange(10**8):08d}"


def _broken(payee: Payee, rng: random.Random) -> str:
    at = rng.randrange(1, len(payee.reference))
    return f"{payee.reference[:at]}{rng.choice(' .-')}{payee.reference[at:]} tra tien"


def _mistyped(payee: Payee, rng: random.Random) -> str:
    at = rng.randrange(len(payee.reference))
    other = rng.choice([character for character in ALPHABET if character != payee.reference[at]])
    return f"tra {payee.reference[:at]}{other}{payee.reference[at + 1 :]}"


def _cut(payee: Payee, rng: random.Random) -> str:
    return f"chuyen {payee.reference[:-1]}"


def _plain(payee: Payee, rng: random.Random) -> str:
    return rng.choice(
        (f"{payer(rng)} chuyen tien", "thanh toan", "tra tien hang", "mua ca", "tien rau", "tien cho", "an sang")
    )


def _friendly(payee: Payee, rng: random.Random) -> str:
    return fold(f"gửi {rng.choice(('cô', 'chị', 'dì'))} {payee.account_name.split()[-1].title()} tiền hàng")


_MEMOS: tuple[tuple[Callable[[Payee, random.Random], str], bool], ...] = (
    (_printed, True),
    (_with_payer, True),
    (_lower, True),
    (_rewritten, True),
    (_traced, True),
    (_numbered, True),
    (_broken, True),
    (_mistyped, False),
    (_cut, False),
    (_plain, False),
    (_friendly, False),
)
_MEMO_WEIGHTS = _running((30, 14, 6, 14, 8, 6, 4, 1, 1, 12, 4))


def until(deliveries: Sequence[Delivery], moment: datetime) -> list[Delivery]:
    """Those that have arrived by this moment."""
    return [delivery for delivery in deliveries if delivery.arrives <= moment]


def after(deliveries: Sequence[Delivery], moment: datetime) -> list[Delivery]:
    """Those that arrive later than this moment."""
    return [delivery for delivery in deliveries if delivery.arrives > moment]
