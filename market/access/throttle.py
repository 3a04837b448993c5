"""Guessing is slowed: after some wrong tries whoever tries waits a moment, longer each time, and never for long.

What is counted is a login at an address, so that nobody's guesses keep the owner out elsewhere; and, more generously,
an address alone, so that trying many logins is slow too. A second factor, six digits of a login whose password is
known already, is counted wherever it is tried. Kept in the memory of the process and forgotten after a quarter of an
hour.
"""

import threading
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from market.access.buckets import Buckets

FORGOTTEN_AFTER: Final = 900.0
MOST_KEPT: Final = 10_000
TOLD_EVERY: Final = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How many wrong tries are free, and the longest wait in seconds."""

    free: int
    longest: float


ONE_LOGIN: Final = Patience(free=5, longest=60.0)
# Behind one address there may be a whole market's Wi-Fi.
ONE_ADDRESS: Final = Patience(free=50, longest=5.0)
# Tries of one login's second factor that are free, and the seconds between those after them.
FREE_ANYWHERE: Final = 20
EACH_ANYWHERE: Final = 60.0


class Throttle:
    """Wrong tries, counted. Moments are seconds of a clock that only goes forward."""

    def __init__(self) -> None:
        self._wrong: dict[tuple[str, ...], tuple[int, float]] = {}
        self._told: dict[str, float] = {}
        # Apart, so that no number of strangers' tries pushes it out: there are no more of them than logins.
        self._anywhere = Buckets(size=FREE_ANYWHERE, rate=1 / EACH_ANYWHERE)
        self._lock = threading.Lock()

    def wait(self, address: str, login: str, now: float) -> float:
        """Seconds until a try is looked at; 0 when it is looked at now. It counts as wrong from here on, until `right`
        takes it back: of tries that come together each finds those before it counted."""
        place = _place(address)
        with self._lock:
            wait = max(
                self._left((place,), ONE_ADDRESS, now),
                self._left((place, login), ONE_LOGIN, now),
            )
            if not wait:
                self._count((place,), now)
                self._count((place, login), now)
            return wait

    def wait_anywhere(self, login_id: int, now: float) -> float:
        """Seconds until a try of this login's second factor is looked at, wherever it comes from; 0 when it is looked
        at now. Right ones count, too."""
        return self._anywhere.take(login_id, now)

    def worth_telling(self, login: str, now: float) -> bool:
        """Whether a wrong try is written into the audit trail: of each login one a minute, wherever it comes from."""
        with self._lock:
            if now - self._told.get(login, -TOLD_EVERY) < TOLD_EVERY:
                return False
            self._told.pop(login, None)
            self._told[login] = now
            while len(self._told) > MOST_KEPT:
                del self._told[next(iter(self._told))]
            return True

    def right(self, address: str, login: str) -> None:
        """The try that was looked at was right: it counts no more, and the login's count here begins anew."""
        place = _place(address)
        with self._lock:
            self._wrong.pop((place, login), None)
            tries, last = self._wrong.pop((place,), (1, 0.0))
            if tries > 1:
                self._wrong[place,] = (tries - 1, last)

    def _count(self, key: tuple[str, ...], now: float) -> None:
        tries, last = self._wrong.pop(key, (0, now))
        self._wrong[key] = (1 if now - last > FORGOTTEN_AFTER else tries + 1, now)
        while len(self._wrong) > MOST_KEPT:
            del self._wrong[next(iter(self._wrong))]

    def _left(self, key: tuple[str, ...], patience: Patience, now: float) -> float:
        tries, last = self._wrong.get(key, (0, now))
        if tries < patience.free or now - last > FORGOTTEN_AFTER:
            return 0.0
        pause = min(patience.longest, 2.0 ** min(tries - patience.free, 10))
        return max(0.0, last + pause - now)


def _place(address: str) -> str:
    """Where tries from an address count: of IPv6 in its network of 64 bits, for whoever has one address there has them
    all. What is no address stands for itself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or IPv6Network((int(found), 64), strict=False))
