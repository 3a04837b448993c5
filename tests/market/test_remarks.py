"""The sentences of a report: each only where the counts prove it."""

from datetime import date, timedelta

from market.remarks import remarks
from market.report_pages import PrintedSection, PrintedStall

UNTIL = date(2026, 11, 30)


def stall(
    code: str, now: int, before: int | None = None, newest: date | None = UNTIL, section: str = "Khu C"
) -> PrintedStall:
    return PrintedStall(code, f"Cá {code}", section, "", now, now, before, newest)


def section(name: str, now: int, before: int | None) -> PrintedSection:
    return PrintedSection(name, (), 1, 1, now, now, before)


def said(
    *stalls: PrintedStall,
    sections: tuple[PrintedSection, ...] = (),
    newcomers: tuple[PrintedStall, ...] = (),
    unsaid: frozenset[str] = frozenset(),
    unmatched: int = 0,
) -> list[str]:
    every = stalls or (stall("A-1", 5),)
    found = remarks(every, sections, newcomers, unsaid, other="tháng 10", until=UNTIL, unmatched=unmatched)
    return [sentence.replace("\u00a0", " ") for sentence in found]


def test_a_month_like_any_other_needs_no_sentence() -> None:
    assert said(stall("A-1", 100, 100)) == []


def test_the_section_that_grew_most_is_named_with_its_first_stall() -> None:
    stalls = [stall("C-1", 60, 50), stall("C-2", 90, 60), stall("D-1", 200, 100, section="Khu D")]
    sections = (section("Khu C", 150, 110), section("Khu D", 101, 100), section("Khu E", 300, 290))
    assert said(*stalls, sections=sections) == [
        "Khu, dãy tăng nhiều nhất: Khu C, 36,4 % so với tháng 10. Đi đầu: sạp C-2, Cá C-2."
    ]


def test_one_section_alone_is_not_the_one_that_grew_most() -> None:
    assert said(sections=(section("Khu C", 150, 110),)) == []


def test_no_section_is_named_where_all_fell() -> None:
    assert said(sections=(section("Khu C", 90, 110), section("Khu D", 99, 100))) == []


def test_a_section_with_hardly_a_transaction_last_month_is_not_compared() -> None:
    assert said(sections=(section("Khu C", 100, 1), section("Khu D", 99, 100))) == []


def test_stalls_that_fell_by_more_than_three_tenths_are_counted() -> None:
    stalls = [stall("A-1", 69, 100), stall("A-2", 130, 200), stall("A-3", 70, 100), stall("A-4", 1, 19)]
    assert said(*stalls) == [
        "2 sạp giảm hơn 30 % so với tháng 10, xét sạp từ 20 giao dịch. Nhiều nhất: sạp A-2, Cá A-2, từ 200 còn 130."
    ]


def test_no_stall_falls_where_last_month_is_not_known() -> None:
    assert said(stall("A-1", 0, None)) == []


def test_stalls_without_a_transaction_for_seven_days_are_counted() -> None:
    stalls = [stall(f"A-{days}", 5, newest=UNTIL - timedelta(days=days)) for days in (6, 7, 18)]
    assert said(*stalls) == [
        "2 sạp không có giao dịch từ 7 ngày trở lên. Lâu nhất: sạp A-18, Cá A-18, gần nhất 12/11/2026."
    ]


def test_a_stall_that_closed_or_was_never_heard_is_not_called_silent() -> None:
    assert said(stall("A-1", 5, newest=date(2026, 11, 1)), unsaid=frozenset({"A-1"})) == []


def test_stalls_with_their_first_transaction_are_named() -> None:
    new = tuple(stall(f"A-{place}", 5) for place in range(1, 5))
    assert said(*new, stall("B-1", 9), newcomers=new) == [
        "4 sạp có giao dịch lần đầu: sạp A-1, Cá A-1; sạp A-2, Cá A-2; và 2 sạp khác."
    ]


def test_nobody_is_called_new_in_the_month_in_which_everybody_began() -> None:
    new = (stall("A-1", 5), stall("A-2", 5))
    assert said(*new, newcomers=new) == []


def test_stalls_that_never_had_a_transaction_are_counted() -> None:
    assert said(stall("A-1", 5), stall("A-2", 0, newest=None)) == ["1 sạp chưa có giao dịch nào, tính đến 30/11/2026."]


def test_transfers_of_no_stall_are_told() -> None:
    assert said(unmatched=1200) == ["1.200 lần chuyển khoản đến chưa rõ của sạp nào, không tính trong báo cáo này."]


def test_a_market_without_stalls_says_so() -> None:
    assert remarks((), (), (), frozenset(), other="tháng 10", until=UNTIL, unmatched=0) == ("Chưa có sạp nào đăng ký.",)
