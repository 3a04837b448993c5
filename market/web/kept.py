"""What one process of the server keeps in memory: parts of pages, for as long as nothing that they say has changed."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from flask import current_app

from market.day_counts import DayCounts

# A market's month with a hundred stalls is about 120 kB.
MOST = 200


class Kept:
    """The newest parts by what they show; `state` says when a part is out of date."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._parts: OrderedDict[Hashable, tuple[object, Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, what: Hashable, state: object, make: Callable[[], Any]) -> Any:
        """The part as it was made in this state, or else made anew."""
        with self._lock:
            found = self._parts.get(what)
            if found is not None and found[0] == state:
                self._parts.move_to_end(what)
                return found[1]
        part = make()
        with self._lock:
            self._parts[what] = (state, part)
            self._parts.move_to_end(what)
            while len(self._parts) > self._most:
                self._parts.popitem(last=False)
        return part


def kept_parts() -> Kept:
    """The parts of this installation's pages."""
    kept = current_app.extensions.setdefault("kept parts", Kept())
    assert isinstance(kept, Kept)
    return kept


def kept_counts() -> DayCounts:
    """The day counts of this installation's markets."""
    kept = current_app.extensions.setdefault("kept counts", DayCounts())
    assert isinstance(kept, DayCounts)
    return kept
