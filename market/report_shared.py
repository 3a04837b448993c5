"""The page of a printed report with the amounts of the stalls that share them, in Vietnamese."""

from market.comparisons import number
from market.paper import LEFT, RIGHT, Column, Flow, Sheet, Table, wrap
from market.shared_amounts import SharedMonth
from merchants.takings import FEWEST
from qr.fonts import HEADING, TEXT

_SAID = "Chỉ những sạp đã đồng ý cho ban quản lý xem, và chỉ tiền chuyển khoản từ ngày đồng ý. Không đưa cho nơi khác."
_LINE = 4.6
_COLUMNS = (
    Column("Sạp", LEFT + 2, 20, HEADING),
    Column("Tên", 42, 62),
    Column("Cho xem từ", 106, 24, right=True),
    Column("Giao dịch", 132, 22, right=True),
    Column("Tiền chuyển khoản", 156, 36, HEADING, right=True),
)


def draw_shared(flow: Flow, shared: SharedMonth) -> None:
    """On a page of its own, which is left out where the report is handed on."""
    flow.new_page()
    lines = wrap(_SAID, TEXT, 10, RIGHT - LEFT)

    def heading(sheet: Sheet, y: float) -> None:
        sheet.text(LEFT, y + 5, "Số tiền sạp tự cho xem", HEADING, 14)
        for place, text in enumerate(lines):
            sheet.text(LEFT, y + 11 + place * _LINE, text, TEXT, 10)

    flow.place(10 + len(lines) * _LINE, heading)
    rows = [
        (
            stall.code,
            stall.name,
            f"{stall.shared.since:%d/%m/%Y}",
            number(stall.shared.transactions),
            _money(stall.shared.cashless),
        )
        for stall in shared.stalls
    ]
    total = (f"Dưới {FEWEST} sạp cho xem nên không cộng thành một số", "", "", "", "")
    if shared.total is not None:
        total = (f"Cộng {number(len(rows))} sạp cho xem", "", "", "", _money(shared.total))
    Table(_COLUMNS, 9, 6.2).draw(flow, rows, total)


def _money(amount: int) -> str:
    return f"{number(amount)}\N{NO-BREAK SPACE}đ"
