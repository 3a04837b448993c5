"""What a month's counts prove, in plain Vietnamese sentences: who grew, fell, fell silent, began. Never why."""

from collections.abc import Iterator
from datetime import date

from market.comparisons import number, percent
from market.report_pages import PrintedSection, PrintedStall

# Under so many transactions last month, a change in per cent says little.
ENOUGH = 20
QUIET_DAYS = 7
NAMED = 2


def remarks(
    stalls: tuple[PrintedStall, ...],
    sections: tuple[PrintedSection, ...],
    newcomers: tuple[PrintedStall, ...],
    unsaid: frozenset[str],
    *,
    other: str,
    until: date,
    unmatched: int,
) -> tuple[str, ...]:
    """The sentences that hold for this month. `other` names what it is compared with ("tháng 10"); stalls whose codes
    are in `unsaid` are not called silent: they had closed by `until`, or no bank was ever heard of them."""
    return tuple(
        sentence
        for sentences in (
            _growth(stalls, sections, other),
            _falls(stalls, other),
            _silence(stalls, unsaid, until),
            _beginnings(stalls, newcomers, until),
            _unmatched(unmatched),
        )
        for sentence in sentences
    )


def _growth(stalls: tuple[PrintedStall, ...], sections: tuple[PrintedSection, ...], other: str) -> Iterator[str]:
    """The section that grew most, where there are several to choose from, and the stall that grew most in it."""
    known = [section for section in sections if section.name and (section.before or 0) >= ENOUGH]
    grown = [section for section in known if section.now > (section.before or 0)]
    if len(known) < 2 or not grown:
        return
    most = max(grown, key=lambda section: section.now / (section.before or 1))
    before = most.before or 1
    sentence = f"Khu, dãy tăng nhiều nhất: {most.name}, {percent(most.now - before, before)} so với {other}."
    inside = [stall for stall in stalls if stall.section == most.name]
    first = max(inside, key=lambda stall: stall.now - (stall.before or 0), default=None)
    if first is not None and first.now > (first.before or 0):
        sentence += f" Đi đầu: {_named(first)}."
    yield sentence


def _falls(stalls: tuple[PrintedStall, ...], other: str) -> Iterator[str]:
    fallen = [stall for stall in stalls if (stall.before or 0) >= ENOUGH and stall.now * 10 < (stall.before or 0) * 7]
    if fallen:
        most = max(fallen, key=lambda stall: (stall.before or 0) - stall.now)
        yield (
            f"{number(len(fallen))} sạp giảm hơn 30\u00a0% so với {other}, xét sạp từ {ENOUGH} giao dịch."
            f" Nhiều nhất: {_named(most)}, từ {number(most.before or 0)} còn {number(most.now)}."
        )


def _silence(stalls: tuple[PrintedStall, ...], unsaid: frozenset[str], until: date) -> Iterator[str]:
    silent = [
        (stall.newest, stall)
        for stall in stalls
        if stall.newest and (until - stall.newest).days >= QUIET_DAYS and stall.code not in unsaid
    ]
    if silent:
        newest, stall = min(silent, key=lambda pair: pair[0])
        yield (
            f"{number(len(silent))} sạp không có giao dịch từ {QUIET_DAYS} ngày trở lên."
            f" Lâu nhất: {_named(stall)}, gần nhất {newest:%d/%m/%Y}."
        )


def _beginnings(stalls: tuple[PrintedStall, ...], newcomers: tuple[PrintedStall, ...], until: date) -> Iterator[str]:
    """Who began, unless all did, which is when the market's records began; and who never has."""
    active = sum(stall.transactions > 0 for stall in stalls)
    if 0 < len(newcomers) < active:
        named = "; ".join(_named(stall) for stall in newcomers[:NAMED])
        more = len(newcomers) - NAMED
        rest = f"; và {number(more)} sạp khác" if more > 0 else ""
        yield f"{number(len(newcomers))} sạp có giao dịch lần đầu: {named}{rest}."
    never = sum(stall.newest is None for stall in stalls)
    if not stalls:
        yield "Chưa có sạp nào đăng ký."
    if never:
        yield f"{number(never)} sạp chưa có giao dịch nào, tính đến {until:%d/%m/%Y}."


def _unmatched(unmatched: int) -> Iterator[str]:
    if unmatched:
        yield f"{number(unmatched)} lần chuyển khoản đến chưa rõ của sạp nào, không tính trong báo cáo này."


def _named(stall: PrintedStall) -> str:
    return f"sạp {stall.code}, {stall.name}"
