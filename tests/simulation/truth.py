"""What really happened in a simulated market: payments, and who will tell of each, how well and how often."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from ledger.days import local_date, local_midnight
from ledger.inbox.notice import Feed, Notice
from merchants.payments import Source
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
FIRST_DAY = date(2026, 10, 1)
DAYS = 54
# How a statement may begin its references, where webhooks have others for the same payments.
OWN = ("", "", "5243.")


@dataclass(frozen=True)
class Teller:
    """One feed of a channel: whether it knows the bank's reference and the minute, and how far off its clock is; `own`
    stands before each reference where the bank numbers payments otherwise there."""

    source: Source
    feed: Feed
    reference: bool
    minute: bool
    off: timedelta
    own: str = ""

    @property
    def key(self) -> tuple[int, str]:
        return self.source.channel_id, self.feed


@dataclass(frozen=True)
class Payment:
    """Money that really moved: `stall` is whose it is, by its place in the market's list."""

    number: int
    stall: int
    account: str
    bank: str
    amount: int
    at: datetime
    reference: str
    memo: str
    coded: bool

    @property
    def day(self) -> date:
        return local_date(self.at)

    @property
    def kind(self) -> tuple[str, date, int]:
        """Nobody can tell payments of one kind apart unless a reference or the minute does."""
        return self.account, self.day, self.amount

    def told_by(self, teller: Teller) -> Notice:
        """What this feed says of it."""
        # No feed is so far off that it names another day.
        at = min(max(self.at + teller.off, local_midnight(self.day)), local_midnight(self.day) + timedelta(hours=23.99))
        return Notice(
            event_id=f"{teller.feed}-{self.number}",
            account_number=self.account,
            bank=self.bank,
            amount=self.amount,
            direction="in",
            bank_reference=teller.own + self.reference if teller.reference else "",
            at=at if teller.minute else None,
            local_date=self.day,
            memo=self.memo,
        )


class Truth:
    """Makes payments, and knows whose each is."""

    def __init__(self, source: random.Random, stalls: Sequence[StallRow]) -> None:
        self.random = source
        self.stalls = stalls
        self.accounts = [(stall.account_number, stall.bin) for stall in stalls]
        self.payments: list[Payment] = []

    def pay(self) -> Payment:
        """Somebody pays a stall; now and then another just like the last one, seconds later."""
        number = len(self.payments) + 1
        if self.payments and self.random.random() < 0.3:
            like = self.random.choice(self.payments[-4:])
            # A few banks begin their references anew, so that two payments may have the same.
            reference = like.reference if self.random.random() < 0.3 else f"FT{number}"
            payment = replace(like, number=number, reference=reference)
        else:
            payment = self._new(number)
        self.payments.append(payment)
        return payment

    def _new(self, number: int) -> Payment:
        which = self.random.randrange(len(self.stalls))
        stall = self.stalls[which]
        coded = self.random.random() < 0.5
        account, bank = self.accounts[which]
        if self.random.random() < 0.15:
            account, bank = "5550001", ""  # nobody registered it; a person finds out
        day = FIRST_DAY + timedelta(days=self.random.randrange(DAYS))
        minute = self.random.choice((0, 1, 600, 1439)) if self.random.random() < 0.3 else self.random.randrange(1440)
        return Payment(
            number=number,
            stall=which,
            account=account,
            bank=self.random.choice((bank, "")),
            amount=1000 * self.random.randrange(1, 40),
            at=local_midnight(day) + timedelta(minutes=minute),
            reference=f"FT{number}",
            memo=f"CK.{stall.reference.lower()}.tien" if coded else "tien ca",
            coded=coded,
        )

    def move_account(self, stall: int, number: str, bank: str) -> None:
        """From now on its customers pay to another account, mostly: the old sign hangs there as well."""
        self.accounts[stall] = number, bank


def tellers(source: random.Random, channels: Sequence[Source]) -> list[Teller]:
    """Two providers' hooks, a poll of the first one, and statements with and without references."""
    first, second, file, bare = channels

    def off() -> timedelta:
        return timedelta(seconds=source.randrange(-290, 291))

    return [
        Teller(first, "hook", reference=True, minute=True, off=timedelta(0)),
        Teller(second, "hook", reference=source.random() < 0.5, minute=True, off=off()),
        Teller(first, "poll", reference=True, minute=True, off=off()),
        Teller(file, "statement", reference=True, minute=source.random() < 0.5, off=off(), own=source.choice(OWN)),
        Teller(bare, "statement", reference=False, minute=source.random() < 0.5, off=off()),
    ]
