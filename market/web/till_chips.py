"""The chips of the till: six amounts that a tap adds to the sum."""

from collections.abc import Sequence

# The banknotes in use for goods, those that change hands most at a market first.
NOTES = (50_000, 20_000, 100_000, 10_000, 200_000, 500_000)
MOST = 6
# Half of them stay banknotes, for a sum is told by the notes that are held out.
MOST_USUAL = 3


def chips(usual: Sequence[int]) -> list[int]:
    """At most six amounts in đồng, the smallest first: up to three that the stall asks for most and that are no note,
    and the banknotes for the rest.

    >>> chips([25_000, 50_000])
    [10000, 20000, 25000, 50000, 100000, 200000]
    """
    own = [amount for amount in usual if amount not in NOTES][:MOST_USUAL]
    return sorted([*own, *NOTES[: MOST - len(own)]])
