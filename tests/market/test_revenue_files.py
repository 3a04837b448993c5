"""The revenue book as it is handed in: what a reader finds on paper and in the cells of the workbook."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest

from ledger.books.sales import Sold
from market.revenue_document import RevenueDocument, explanation
from market.revenue_paper import pdf
from market.revenue_sheet import xlsx
from merchants.households import HouseholdRow
from merchants.periods import Period
from merchants.revenue import ORIGINS, Revenue, RevenueLine, Year
from merchants.revenue_levels import level_on
from tests.market.test_report_files import cells, part

HEAD = "0123456789abcdef" * 4
HERS = HouseholdRow("Trần Thị Hương", "12 Nguyễn Nghiêm, Quảng Ngãi", "0100109106", "Sạp C-01, Chợ Bến Sông")
QUARTER = Period("quarter", 2026, 4)
LONG = "Hộ kinh doanh hải sản tươi sống Ánh Tuyết Nguyệt cùng các con cháu trong nhà"


def line(day: date, **amounts: int) -> RevenueLine:
    parts = tuple(Sold(day, origin, amounts[origin], 2, 0, 0) for origin in ORIGINS if origin in amounts)
    return RevenueLine(day, sum(amounts.values()), parts)


def document(*lines: RevenueLine, household: HouseholdRow = HERS, period: Period = QUARTER) -> RevenueDocument:
    by_origin = {
        origin: (
            sum(one.of(origin) for one in lines),
            sum(part.times for one in lines for part in one.parts if part.origin == origin),
        )
        for origin in ORIGINS
    }
    book = Revenue(
        period=period,
        made_at=datetime(2027, 1, 5, 1, 0, tzinfo=UTC),
        lines=lines,
        total=sum(one.amount for one in lines),
        by_origin=by_origin,
        not_sale=(8_000, 1),
        entries=1234,
        head=HEAD,
    )
    return RevenueDocument("ben-song", "C-01", household, household, book, Year(2026, (), level_on(date(2026, 12, 31))))


FIRST = line(date(2026, 10, 1), payment=50_000, cash=30_000)
SECOND = line(date(2026, 10, 2), typed=7_000, count=500)


def days(count: int) -> list[RevenueLine]:
    return [
        line(date(2026, 10, 1) + timedelta(days=place), payment=1_000_000, typed=200_000, cash=30_000, count=4_000)
        for place in range(count)
    ]


def pages(made: RevenueDocument) -> list[str]:
    return [" ".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(pdf(made))]


def book(made: RevenueDocument, folder: Path) -> Path:
    path = folder / "so.xlsx"
    path.write_bytes(xlsx(made))
    return path


# On paper.


def test_paper_has_everything_the_form_asks_for() -> None:
    [page] = pages(document(FIRST, SECOND))
    for said in (
        "HỘ, CÁ NHÂN KINH DOANH: Trần Thị Hương",
        "Địa chỉ: 12 Nguyễn Nghiêm, Quảng Ngãi",
        "Mã số thuế: 0100109106",
        "Mẫu số S1a-HKD",
        "(Kèm theo Thông tư số 152/2025/TT-BTC ngày 31 tháng 12 năm 2025 của Bộ trưởng Bộ Tài chính)",
        "SỔ DOANH THU BÁN HÀNG HÓA, DỊCH VỤ",
        "Địa điểm kinh doanh: Sạp C-01, Chợ Bến Sông",
        "Kỳ kê khai: Quý 4 năm 2026",
        "Đơn vị tính: đồng",
        "Ngày, tháng Diễn giải Số tiền A B 1",
        "01/10/2026 Bán hàng: ngân hàng báo 50.000 (2 lần), tiền mặt 30.000 (2 lần) 80.000",
        "Tổng cộng 87.500",
        "NGƯỜI ĐẠI DIỆN HỘ KINH DOANH/ CÁ NHÂN KINH DOANH",
        "(Ký, ghi rõ họ tên, đóng dấu (nếu có))",
    ):
        assert said in page


def test_what_nobody_typed_is_a_dotted_line() -> None:
    [page] = pages(document(FIRST, household=HouseholdRow(place="Sạp C-01")))
    assert "HỘ, CÁ NHÂN KINH DOANH: ....." in page
    assert "Mã số thuế: ....." in page
    assert "Địa chỉ: ....." in page


def test_paper_says_what_it_can_be_held_against_later() -> None:
    [page] = pages(document(FIRST))
    assert "Lập lúc 08:00 ngày 05/01/2027 từ sổ của sạp C-01, đến dòng 1.234." in page
    assert " ".join([HEAD[:16]] * 4) in page
    assert "Khoản ghi hoặc sửa sau lúc lập thì không có trong bản này." in page
    assert "Sổ của sạp C-01, đến dòng 1.234, dấu 0123456789abcdef Trang 1 trên 1" in page


def test_paper_tells_what_came_by_bank_and_was_no_sale() -> None:
    assert "Ngân hàng còn báo 8.000 (1 lần) mà sạp ghi là không phải tiền bán hàng" in pages(document(FIRST))[0]


def test_a_period_that_has_not_ended_says_so() -> None:
    [page] = pages(document(FIRST, period=Period("month", 2027, 1)))
    assert "Kỳ kê khai: Tháng 1 năm 2027 (chưa hết kỳ, tính đến 05/01/2027)" in page


def test_a_period_without_a_sale_is_a_form_all_the_same() -> None:
    [page] = pages(document())
    assert "Kỳ này trong sổ không có khoản bán hàng nào 0 Tổng cộng 0" in page


@pytest.mark.parametrize("count", [1, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 92, 365])
def test_every_page_has_the_head_and_the_last_one_a_line_to_sign_under(count: int) -> None:
    found = pages(document(*days(count)))
    assert all("Ngày, tháng Diễn giải Số tiền" in page for page in found)
    assert sum(page.count("Bán hàng: ") for page in found) == count
    assert "Bán hàng: " in found[-1]
    assert f"Tổng cộng {1_234 * count:,}.000".replace(",", ".") in found[-1]
    assert "CÁ NHÂN KINH DOANH (Ký" in found[-1]
    assert "Mã số thuế" not in "".join(found[1:])
    assert all("Quý 4 năm 2026: Trần Thị Hương, 0100109106" in page for page in found[1:])


def test_a_long_name_is_wrapped_and_never_cut() -> None:
    assert LONG in pages(document(FIRST, household=replace(HERS, name=LONG, place=f"{LONG} {LONG}"[:160])))[0]


def test_the_same_document_gives_the_same_paper() -> None:
    assert pdf(document(FIRST)) == pdf(document(FIRST))


def test_the_origins_of_a_line_stand_in_their_order() -> None:
    told = explanation(line(date(2026, 10, 1), payment=1, typed=2, cash=3, count=4)).replace("\u00a0", " ")
    assert told == (
        "Bán hàng: ngân hàng báo 1 (2 lần), chuyển khoản sạp tự ghi 2 (2 lần), tiền mặt 3 (2 lần),"
        " tiền mặt đếm cuối ngày 4 (2 lần)"
    )


# In the workbook.


def test_the_workbook_has_the_form_with_amounts_as_numbers(tmp_path: Path) -> None:
    found = cells(book(document(FIRST, SECOND), tmp_path))
    assert found["A1"] == "HỘ, CÁ NHÂN KINH DOANH: Trần Thị Hương"
    assert found["C1"] == "Mẫu số S1a-HKD"
    assert found["A6"] == "SỔ DOANH THU BÁN HÀNG HÓA, DỊCH VỤ"
    assert found["A8"] == "Kỳ kê khai: Quý 4 năm 2026"
    assert [found[f"{column}10"] for column in "ABD"] == ["Ngày, tháng", "Diễn giải", "Số tiền"]
    assert [found[f"{column}11"] for column in "ABD"] == ["A", "B", "1"]
    # A day is a number of days since the end of 1899.
    assert found["A12"] == float((date(2026, 10, 1) - date(1899, 12, 30)).days)
    assert (found["D12"], found["D13"], found["D14"]) == (80_000.0, 7_500.0, 87_500.0)
    assert found["B14"] == "Tổng cộng"


def test_the_second_sheet_has_a_column_for_each_origin(tmp_path: Path) -> None:
    found = cells(book(document(FIRST, SECOND), tmp_path), sheet=2)
    assert [found[f"{column}1"] for column in "BCDEF"] == [
        "Ngân hàng báo",
        "Chuyển khoản sạp tự ghi",
        "Tiền mặt",
        "Tiền mặt đếm cuối ngày",
        "Cộng",
    ]
    assert [found[f"{column}2"] for column in "BCDEF"] == [50_000.0, 0.0, 30_000.0, 0.0, 80_000.0]
    assert [found[f"{column}4"] for column in "BCDEF"] == [50_000.0, 7_000.0, 30_000.0, 500.0, 87_500.0]


@pytest.mark.parametrize("name", ["=1+1", "+84905", "-5", "@SUM(A1)", "https://example.vn"])
def test_what_was_typed_is_never_a_formula_or_a_link(tmp_path: Path, name: str) -> None:
    path = book(document(FIRST, household=HouseholdRow(name, name, name, name)), tmp_path)
    sheet = part(path, "xl/worksheets/sheet1.xml")
    assert not [element for element in sheet.iter() if element.tag.endswith(("}f", "}hyperlink"))]
    assert cells(path)["A2"] == f"Địa chỉ: {name}"


def test_a_workbook_without_a_sale_says_so(tmp_path: Path) -> None:
    found = cells(book(document(), tmp_path))
    assert found["B12"] == "Kỳ này trong sổ không có khoản bán hàng nào"
    assert (found["D12"], found["D13"]) == (0.0, 0.0)
