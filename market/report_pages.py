"""The month's report as A4 pages, in Vietnamese: what it says, and how it is drawn. Counts only."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from reportlab.pdfgen.canvas import Canvas

from ledger.days import Month
from market.chart import Bar
from market.comparisons import Compared, change, length, number
from market.paper import (
    A4,
    BOTTOM,
    HAIRLINE,
    LEFT,
    QUIET_INK,
    RIGHT,
    Column,
    Flow,
    Sheet,
    Table,
    one_line,
    wrap,
)
from market.report_chart import LEGEND, draw_chart
from market.report_shared import draw_shared
from market.shared_amounts import SharedMonth
from qr.fonts import HEADING, TEXT, width
from qr.pen import ENAMEL, MM

WIDE = RIGHT - LEFT
DEFINITION = (
    "Giao dịch: một lần chuyển khoản ngân hàng đã báo vào tài khoản của sạp trong tháng."
    " Không tính tiền mặt, khoản huỷ và khoản ghi là không phải bán hàng."
)


@dataclass(frozen=True, slots=True)
class PrintedStall:
    """A stall's row; `now` and `before` are its transactions over the days compared with last month's."""

    code: str
    name: str
    section: str
    category: str
    transactions: int
    now: int
    before: int | None
    newest: date | None


@dataclass(frozen=True, slots=True)
class PrintedSection:
    """A section's row; it compares all stalls it has had, whether or not they are in this month's report."""

    name: str
    categories: tuple[str, ...]
    active: int
    stalls: int
    transactions: int
    now: int
    before: int | None


@dataclass(frozen=True, slots=True)
class PrintedMonth:
    """What the printed report says.

    `until` is the last day counted and `elapsed` how many days of the month that makes; it is `running` where the
    month's last day was not over when this was counted. `state` says in one or two
    lines which version this is. `newcomers` is how many stalls had their first transaction ever. `check` is a line
    on the state of the books, printed as it is, or empty. `shared` are the amounts of stalls that share them.
    """

    board: str
    place: str
    month: Month
    until: date
    elapsed: int
    running: bool
    state: tuple[str, ...]
    transactions: int
    target: int | None
    active: int
    registered: int
    newcomers: int
    month_before: Compared
    year_before: Compared
    bars: tuple[Bar, ...]
    sections: tuple[PrintedSection, ...]
    stalls: tuple[PrintedStall, ...]
    remarks: tuple[str, ...]
    check: str = ""
    shared: SharedMonth | None = None


@dataclass(frozen=True, slots=True)
class _Spacing:
    """Heights in mm of the first page's parts."""

    chart: float
    row: float
    gap: float


# Two signatures need so many mm.
_SIGNED = 25.0
# The airiest at which there is room to sign on the first page is taken, or else the last.
_SPACINGS = (
    _Spacing(chart=36, row=7.3, gap=9),
    _Spacing(chart=32, row=6.7, gap=7),
    _Spacing(chart=26, row=5.9, gap=5.5),
)


def pages(printed: PrintedMonth) -> bytes:
    """The report as PDF; the same report gives the same bytes."""
    for spacing in _SPACINGS:
        flow, signed = _front(printed, spacing)
        if signed:
            break
    if printed.stalls:
        _every_stall(flow, printed)
    if not signed:
        flow.place(_SIGNED, _signatures)
    if printed.shared:
        draw_shared(flow, printed.shared)

    file = io.BytesIO()
    canvas = Canvas(file, A4, pageCompression=1, invariant=1, initialFontName=TEXT, lang="vi")
    canvas.setTitle(_title(printed))
    canvas.setAuthor(printed.board)
    sheet = Sheet(canvas)
    for place, drawings in enumerate(flow.pages, 1):
        _frame(sheet, printed, place, len(flow.pages))
        for drawing in drawings:
            drawing(sheet)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _title(printed: PrintedMonth) -> str:
    return f"Báo cáo thanh toán không tiền mặt tháng {printed.month.first:%m/%Y}"


def _frame(sheet: Sheet, printed: PrintedMonth, place: int, count: int) -> None:
    """What stands on every page: whose report, which version, which page, and what a transaction is."""
    state = [*printed.state, f"Trang {place} trên {count}"]
    room = WIDE - max(width(text, TEXT, 10) for text in state) / MM - 6
    board, size = one_line(printed.board, HEADING, (14, 12.5, 11, 9.5, 8.5), room)
    sheet.text(LEFT, 18.3, board, HEADING, size)
    if printed.place:
        place_text, size = one_line(printed.place, TEXT, (10.5, 9.5, 8.5), room)
        sheet.text(LEFT, 23.4, place_text, TEXT, size)
    for line, text in enumerate(reversed(state)):
        sheet.text(RIGHT, 23.4 - line * 4.8, text, TEXT, 10, anchor=1)
    sheet.rule(LEFT, 28, WIDE, 0.8, ENAMEL)
    sheet.rule(LEFT, BOTTOM + 3, WIDE, 0.15, QUIET_INK)
    for line, text in enumerate(wrap(DEFINITION, TEXT, 8.5, WIDE - 64)):
        sheet.text(LEFT, BOTTOM + 7.5 + line * 3.8, text, TEXT, 8.5, ink=QUIET_INK)
    if printed.check:
        check, size = one_line(printed.check, TEXT, (8.5, 7.5, 6.5), 60)
        sheet.text(RIGHT, BOTTOM + 7.5, check, TEXT, size, anchor=1, ink=QUIET_INK)


def _front(printed: PrintedMonth, spacing: _Spacing) -> tuple[Flow, bool]:
    """The report without the table of every stall; and whether there was room to sign on its first page."""
    flow = Flow()
    flow.place(11, lambda sheet, y: sheet.text(LEFT, y + 8, _title(printed), HEADING, 25))
    flow.place(40, lambda sheet, y: _figures(sheet, y, printed))
    flow.y += spacing.gap - 4
    _heading(flow, "Mười hai tháng", spacing.chart + LEGEND + 4)
    flow.place(
        spacing.chart + LEGEND + 4,
        lambda sheet, y: draw_chart(
            sheet, y + 4, spacing.chart, printed.bars, printed.target, printed.until, running=printed.running
        ),
    )
    if any(section.name for section in printed.sections):
        flow.y += spacing.gap
        _sections(flow, printed, spacing.row)
    if printed.remarks:
        flow.y += spacing.gap
        _heading(flow, "Đáng chú ý", 6)
        for remark in printed.remarks:
            lines = wrap(remark, TEXT, 10, WIDE - 5)
            flow.place(len(lines) * 4.5 + 0.8, _remark(lines))
    flow.y += spacing.gap - 3
    signed = len(flow.pages) == 1 and flow.y + _SIGNED <= BOTTOM
    if signed:
        flow.place(_SIGNED, _signatures)
    return flow, signed


def _heading(flow: Flow, text: str, follows: float) -> None:
    """A heading that stays with what follows it."""
    if flow.y + 7 + follows > BOTTOM:
        flow.new_page()
    flow.place(7, lambda sheet, y: sheet.text(LEFT, y + 5, text, HEADING, 14))


def _figures(sheet: Sheet, y: float, printed: PrintedMonth) -> None:
    """The one figure, and four beside it."""
    figure, size = one_line(number(printed.transactions), HEADING, (64, 54, 46, 38), 68)
    sheet.text(LEFT, y + 25, figure, HEADING, size)
    says = ["giao dịch"]
    running = printed.running and printed.elapsed > 0
    if running:
        says = [f"giao dịch, từ ngày 1 đến {printed.until:%d/%m/%Y}"]
    if printed.target is not None:
        # Rounded down: 99,9 % is no target reached.
        says.append(f"{printed.transactions * 100 // printed.target}\u00a0% mục tiêu {number(printed.target)}")
        if running:
            says[-1] += f", đã qua {printed.elapsed * 100 // length(printed.month)}\u00a0% tháng"
    if len(says) == 2 and not running:
        says = [f"giao dịch, đạt {says[1]}"]
    for line, text in enumerate(says):
        sheet.text(LEFT, y + 31.5 + line * 5, text, TEXT, 10.5)

    left = 90.0
    rows = [
        _compared(printed, printed.month_before),
        _compared(printed, printed.year_before),
        ("Sạp có giao dịch, trên số sạp đăng ký", f"{number(printed.active)}/{number(printed.registered)}"),
        ("Sạp có giao dịch lần đầu", number(printed.newcomers)),
    ]
    for place, (label, value) in enumerate(rows):
        base = y + 8 + place * 9
        words = value[0].isalpha()
        font, size = (TEXT, 10.5) if words else (HEADING, 14)
        sheet.change(RIGHT, base, value, font, size)
        room = RIGHT - left - width(value, font, size) / MM - 7
        label, size = one_line(label, TEXT, (11, 10, 9, 8), room)
        sheet.text(left, base, label, TEXT, size)
        sheet.rule(left, base + 3, RIGHT - left, 0.2, HAIRLINE)


def _compared(printed: PrintedMonth, compared: Compared) -> tuple[str, str]:
    """A comparison in words, and its outcome."""
    other = f"tháng {compared.other.first:%m/%Y}"
    if compared.before is None:
        since = compared.since
        if since is not None and since <= compared.other.last:
            return f"So với {other}", f"số liệu có từ {since:%d/%m/%Y}"
        return f"So với {other}", "chưa có số liệu"
    before = number(compared.before)
    if compared.whole:
        label = f"So với {other} ({before})"
    elif compared.days == printed.elapsed:
        label = f"So với {compared.days} ngày đầu {other} ({before})"
    else:
        label = f"{compared.days} ngày đầu ({number(compared.now)}) so với {other} ({before})"
    return label, change(compared.now, compared.before)


def compared_name(compared: Compared, month: Month) -> str:
    """What a month is compared with, inside a sentence: the other month, or as many days of it."""
    other = compared.other.first
    name = f"tháng {other.month}" if other.year == month.first.year else f"tháng {other:%m/%Y}"
    return name if compared.whole else f"cùng kỳ {name}"


def _sections(flow: Flow, printed: PrintedMonth, row: float) -> None:
    _heading(flow, "Theo khu, dãy", 2 * row)
    known = printed.month_before.before is not None
    since = f"So với {compared_name(printed.month_before, printed.month)}" if known else ""
    columns = [
        Column("Khu, dãy", LEFT + 2, 30, HEADING),
        Column("Ngành hàng", 49, 39),
        Column("Sạp có giao dịch", 89, 26, HEADING, right=True),
        Column("Số sạp", 117, 14, HEADING, right=True),
        Column("Giao dịch", 132, 18, HEADING, right=True),
        Column(since, 152, 40, HEADING, right=True),
    ]
    rows = [
        (
            section.name or "Chưa ghi",
            _categories(section.categories, columns[1].wide),
            number(section.active),
            number(section.stalls),
            number(section.transactions),
            change(section.now, section.before) if known else "",
        )
        for section in printed.sections
    ]
    compared = printed.month_before
    total = (
        "Cộng toàn chợ",
        "",
        number(printed.active),
        number(len(printed.stalls)),
        number(printed.transactions),
        change(compared.now, compared.before) if known else "",
    )
    Table(columns, 10, row).draw(flow, rows, total)


def _categories(categories: Sequence[str], room: float) -> str:
    """As many names as stand in one line, and how many there are besides."""
    for count in range(len(categories), 0, -1):
        more = len(categories) - count
        text = ", ".join(categories[:count]) + (f" và {more} ngành khác" if more else "")
        if width(text, TEXT, 10) <= room * MM:
            return text
    return one_line(categories[0], TEXT, (10,), room)[0] if categories else ""


def _remark(lines: Sequence[str]) -> Callable[[Sheet, float], None]:
    def drawing(sheet: Sheet, y: float) -> None:
        sheet.box(LEFT, y + 1.6, 2, 2, ENAMEL)
        for place, text in enumerate(lines):
            sheet.text(LEFT + 5, y + 3.8 + place * 4.5, text, TEXT, 10)

    return drawing


def _signatures(sheet: Sheet, y: float) -> None:
    for x, who in ((LEFT + WIDE * 0.25, "Người lập"), (LEFT + WIDE * 0.75, "Trưởng ban quản lý")):
        sheet.text(x, y + 5, who, HEADING, 11.5, anchor=0.5)
        sheet.text(x, y + 10.5, "(ký, ghi rõ họ tên)", TEXT, 9.5, anchor=0.5, ink=QUIET_INK)


def _every_stall(flow: Flow, printed: PrintedMonth) -> None:
    flow.new_page()
    _heading(flow, "Từng sạp", 10)
    known = printed.month_before.before is not None
    since = f"So với {compared_name(printed.month_before, printed.month)}" if known else ""
    columns = [
        Column("Sạp", LEFT + 2, 17.5, HEADING),
        Column("Tên", 37, 48),
        Column("Khu, dãy", 87, 20),
        Column("Ngành hàng", 109, 24),
        Column("Giao dịch gần\u00a0nhất", 135, 19, right=True),
        Column("Giao dịch", 155, 15, right=True),
        Column(since, 171, 21, right=True),
    ]
    rows = [
        (
            stall.code,
            stall.name,
            stall.section,
            stall.category,
            f"{stall.newest:%d/%m/%Y}" if stall.newest else "chưa có",
            number(stall.transactions),
            change(stall.now, stall.before) if known else "",
        )
        for stall in printed.stalls
    ]
    compared = printed.month_before
    outcome = change(compared.now, compared.before) if known else ""
    total = (f"Cộng {number(len(rows))} sạp", "", "", "", "", number(printed.transactions), outcome)
    Table(columns, 9, 6.2).draw(flow, rows, total)
