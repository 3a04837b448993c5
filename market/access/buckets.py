"""How often a token or a person may ask: a bucket each, that a call takes a drop from and that fills up steadily.

Kept in the memory of the process: what matters is that no program, however wrong it loops, takes the others' turn.
"""

import threading


class Buckets:
    """Buckets of `size` drops, filled with `rate` drops a second. Moments are seconds of a clock that only goes
    forward."""

    def __init__(self, *, size: int, rate: float) -> None:
        self._size = float(size)
        self._rate = rate
        self._left: dict[int, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, whose: int, now: float) -> float:
        """Take a drop; gives 0, or the seconds until there is one again, where there was none to take."""
        with self._lock:
            left, at = self._left.get(whose, (self._size, now))
            left = min(self._size, left + (now - at) * self._rate)
            if left < 1:
                self._left[whose] = (left, now)
                return (1 - left) / self._rate
            self._left[whose] = (left - 1, now)
            return 0.0
