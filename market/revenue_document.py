"""A stall's revenue book as it is handed in, before it is drawn: form S1a-HKD of Circular 152/2025/TT-BTC, in
Vietnamese whatever the reader's language, with what this copy can be held against later."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session

from ledger.books.sales import Sold
from ledger.days import HO_CHI_MINH, local_date
from market.comparisons import number
from market.model import MARKET
from merchants.households import HouseholdRow, household
from merchants.periods import Period
from merchants.revenue import ORIGINS, Revenue, RevenueLine, Year, revenue, revenue_year
from merchants.stalls import StallRow
from merchants.takings import Actor

FORM = "Mẫu số S1a-HKD"
LAW = ("(Kèm theo Thông tư số 152/2025/TT-BTC", "ngày 31 tháng 12 năm 2025", "của Bộ trưởng Bộ Tài chính)")
TITLE = "SỔ DOANH THU BÁN HÀNG HÓA, DỊCH VỤ"
SIGNER = ("NGƯỜI ĐẠI DIỆN HỘ KINH DOANH/", "CÁ NHÂN KINH DOANH")
SIGN_HERE = "(Ký, ghi rõ họ tên, đóng dấu (nếu có))"
NOTHING = "Kỳ này trong sổ không có khoản bán hàng nào"
# What each origin is called on paper.
SOURCES = {
    "payment": "ngân hàng báo",
    "typed": "chuyển khoản sạp tự ghi",
    "cash": "tiền mặt",
    "count": "tiền mặt đếm cuối ngày",
}


@dataclass(frozen=True, slots=True)
class RevenueDocument:
    """The revenue book of a stall with what stands above it; `typed` is what its holder typed, `household` the same
    with what the market's list of stalls knows where nothing was, empty where nobody knows."""

    market: str
    stall: str
    household: HouseholdRow
    typed: HouseholdRow
    book: Revenue
    year: Year

    @property
    def made_on(self) -> date:
        """The local day on which it was made."""
        return local_date(self.book.made_at)

    @property
    def name(self) -> str:
        """What its files are called, without an ending."""
        return f"so-doanh-thu-{self.stall}-{self.book.period}"

    def document(self) -> dict[str, object]:
        """As JSON tells it, amounts in đồng."""
        book, level = self.book, self.year.level
        return {
            "market": self.market,
            "stall": self.stall,
            "period": str(book.period),
            "first": book.period.first.isoformat(),
            "last": book.period.last.isoformat(),
            "made_at": book.made_at.isoformat(),
            "entries": book.entries,
            "head": book.head,
            "name": self.household.name,
            "address": self.household.address,
            "tax_code": self.household.tax_code,
            "place": self.household.place,
            "total": book.total,
            **{origin: book.by_origin[origin][0] for origin in ORIGINS},
            "not_sale": book.not_sale[0],
            "lines": [
                {"day": line.day.isoformat(), "amount": line.amount} | {origin: line.of(origin) for origin in ORIGINS}
                for line in book.lines
            ],
            "year": {
                "year": self.year.year,
                "total": self.year.total,
                "level": level.amount if level else None,
                "since": level.since.isoformat() if level else None,
                "law": level.law if level else None,
            },
        }


def revenue_document(session: Session, actor: Actor, stall: StallRow, period: Period, now: datetime) -> RevenueDocument:
    """The document of a stall and a period as the books are now. Raises NotYours, and what `revenue` raises."""
    market = session.connection().execute(select(MARKET).where(MARKET.c.id == stall.market_id)).one()
    typed = household(session, actor, stall.id)
    place = ", ".join(part for part in (f"sạp {stall.code}", market.name, market.city) if part)
    return RevenueDocument(
        market=market.slug,
        stall=stall.code,
        household=HouseholdRow(
            name=typed.name or stall.holder,
            address=typed.address,
            tax_code=typed.tax_code,
            place=typed.place or place[0].upper() + place[1:],
        ),
        typed=typed,
        book=revenue(session, actor, stall.id, period, now=now),
        year=revenue_year(session, actor, stall.id, period.year, local_date(now)),
    )


def period_said(period: Period) -> str:
    """Tháng 10 năm 2026, Quý 4 năm 2026, Năm 2026"""
    if period.kind == "year":
        return f"Năm {period.year}"
    return f"{'Quý' if period.kind == 'quarter' else 'Tháng'} {period.part} năm {period.year}"


def period_on_paper(document: RevenueDocument) -> str:
    """The same, and up to which day where it has not ended yet."""
    said = period_said(document.book.period)
    if document.made_on <= document.book.period.last:
        said += f" (chưa hết kỳ, tính đến {document.made_on:%d/%m/%Y})"
    return said


def explanation(line: RevenueLine) -> str:
    """Bán hàng: ngân hàng báo 1.250.000 (14 lần), tiền mặt 300.000 (3 lần)"""
    return f"Bán hàng: {', '.join(_part(part) for part in line.parts)}"


def sources(book: Revenue) -> str:
    """The same of the whole period: ngân hàng báo 12.250.000 (140 lần), tiền mặt 300.000 (3 lần); empty for nothing."""
    return ", ".join(
        _told(origin, amount, times) for origin, (amount, times) in book.by_origin.items() if amount or times
    )


def in_fours(head: str) -> str:
    """A hash in four groups, of which the first is the mark that people compare."""
    return " ".join(head[place : place + 16] for place in range(0, len(head), 16))


def _part(part: Sold) -> str:
    return _told(part.origin, part.amount, part.times)


def _told(origin: str, amount: int, times: int) -> str:
    return f"{SOURCES[origin]} {number(amount)} ({number(times)}\u00a0lần)"


def remarks(document: RevenueDocument) -> list[str]:
    """What stands below the form: when and from what it was made, so that a copy can be held against the books."""
    book = document.book
    made = f"{book.made_at.astimezone(HO_CHI_MINH):%H:%M ngày %d/%m/%Y}"
    said = [f"Lập lúc {made} từ sổ của sạp {document.stall}, đến dòng\u00a0{number(book.entries)}."]
    if book.head:
        said.append(f"Dấu của dòng\u00a0{number(book.entries)}: {in_fours(book.head)}")
    if sources(book):
        said.append(f"Tiền từ đâu: {sources(book)}.")
    if book.not_sale[1]:
        amount, times = book.not_sale
        said.append(
            f"Ngân hàng còn báo {number(amount)} ({number(times)}\u00a0lần) mà sạp ghi là không phải tiền bán hàng,"
            " không có trong sổ này."
        )
    said.append("Khoản ghi hoặc sửa sau lúc lập thì không có trong bản này.")
    return said
