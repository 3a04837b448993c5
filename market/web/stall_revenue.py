"""The stall's revenue book for the tax office, on its holder's phone: the sums of a period, the year against the law's
level, what stands above the book, and the form as PDF and workbook."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from itertools import groupby

from flask import Blueprint, Response, abort, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import local_date, utc_now
from ledger.refused import Problem, Refused
from market.revenue_document import RevenueDocument, revenue_document
from market.revenue_paper import pdf
from market.revenue_sheet import xlsx
from market.web.app import installation
from market.web.charts import target_bar
from market.web.file_names import to_keep
from market.web.formats import money
from market.web.noted import noted
from market.web.stall import chosen_stall, named_stall, page
from market.web.words import say
from merchants.households import FIELDS, LONGEST, HouseholdRow, check, household, keep_household
from merchants.periods import KINDS, Period
from merchants.revenue import Disagrees, Revenue, RevenueLine, Year
from merchants.stalls import StallRow, load_stall

blueprint = Blueprint("stall_revenue", __name__, url_prefix="/stall")
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/revenue")
def shown() -> tuple[str, int]:
    """A period's revenue, by where the money came in; and how far the year has come."""
    today = local_date(utc_now())
    period = _period(today)
    stall, document = _document(period)
    if document is None:
        return _disagrees(stall)
    return page(
        "stall/revenue.html",
        stall,
        period=period,
        said=period_in_words(period),
        kinds=[(kind, Period.of(kind, min(period.last, today))) for kind in KINDS],
        after=period.after if period.after.first <= today else None,
        document=document,
        book=document.book,
        rows=_rows(document.book),
        origins=origins_in_words(),
        year=document.year,
        bar=_bar(document.year, today),
        over_since=_over_since(document.year),
        running=document.year.year == today.year,
    )


def _period(today: date) -> Period:
    """The period that the address names, or else this month; one that is to come is not there."""
    try:
        period = Period.parse(request.args.get("period") or f"{today:%Y-%m}")
    except Refused:
        abort(404)
    if period.first > today:
        abort(404)
    return period


def _document(period: Period) -> tuple[StallRow, RevenueDocument | None]:
    """The chosen stall's document; None where its books do not agree."""
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        try:
            return stall, revenue_document(reading, g.person.actor, stall, period, utc_now())
        except Disagrees:
            return stall, None


def _disagrees(stall: StallRow) -> tuple[str, int]:
    return page("stall/revenue_wrong.html", stall, 409)


def period_in_words(period: Period) -> str:
    """Tháng 10/2026, Quý 4/2026, Năm 2026"""
    if period.kind == "year":
        return say("Năm {year}", year=period.year)
    if period.kind == "quarter":
        return say("Quý {quarter}/{year}", quarter=period.part, year=period.year)
    return say("Tháng {month}", month=f"{period.part}/{period.year}")


def origins_in_words() -> dict[str, str]:
    """What each origin is called on the phone."""
    return {
        "payment": say("Ngân hàng báo"),
        "typed": say("Chuyển khoản sạp tự ghi"),
        "cash": say("Tiền mặt"),
        "count": say("Tiền mặt đếm thêm"),
    }


def _rows(book: Revenue) -> list[tuple[str, Period | None, int, list[tuple[str, int]]]]:
    """The days of a month; of a longer period its months: what it is called, where it leads, its sum and its parts."""
    whole = book.period.kind != "month"

    def called(line: RevenueLine) -> tuple[str, Period | None]:
        return (f"{line.day:%m/%Y}", Period.of("month", line.day)) if whole else (f"{line.day:%d/%m}", None)

    words = origins_in_words()
    rows = []
    for (name, inside), found in groupby(book.lines, called):
        lines = list(found)
        parts = [(words[origin], sum(line.of(origin) for line in lines)) for origin in words]
        rows.append((name, inside, sum(line.amount for line in lines), [part for part in parts if part[1]]))
    return rows


def _bar(year: Year, today: date) -> str:
    """How much of the level the year has reached."""
    if year.level is None:
        return ""
    whole = Period("year", year.year, 1)
    days = (whole.last - whole.first).days + 1
    passed = (min(today, whole.last) - whole.first).days + 1
    return target_bar(max(year.total, 0), year.level.amount, passed, days, say("hôm nay"), running=passed < days)


def _over_since(year: Year) -> int | None:
    """The month in which the year's sum went over the level; None where it has not."""
    total = 0
    for month, amount in enumerate(year.months, 1):
        total += amount
        if year.level is not None and total > year.level.amount:
            return month
    return None


@blueprint.get("/revenue.pdf")
def as_pdf() -> Response | tuple[str, int]:
    """The form, ready to print and sign."""
    return _taken("pdf", pdf, "application/pdf")


@blueprint.get("/revenue.xlsx")
def as_xlsx() -> Response | tuple[str, int]:
    """The form as a workbook."""
    return _taken("xlsx", xlsx, SPREADSHEET)


def _taken(ending: str, draw: Callable[[RevenueDocument], bytes], kind: str) -> Response | tuple[str, int]:
    period = _period(local_date(utc_now()))
    stall, document = _document(period)
    if document is None:
        return _disagrees(stall)
    content = draw(document)
    with installation().database.writing() as writing:
        noted(writing, "revenue_taken", market_id=stall.market_id, stall_id=stall.id, report=str(period), format=ending)
    name = to_keep(f"{document.name}.{ending}")
    return Response(content, mimetype=kind, headers={"Content-Disposition": name})


@blueprint.get("/revenue/header")
def header() -> tuple[str, int]:
    """Type what stands above the book."""
    period = _period(local_date(utc_now()))
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        typed = household(reading, g.person.actor, stall.id)
    return _form(stall, asdict(typed), {}, period)


@blueprint.post("/revenue/header")
def kept() -> AnyResponse | tuple[str, int]:
    """Keep it, or nothing of it."""
    stall_id = named_stall(request.form.get("stall", type=int))
    period = _period(local_date(utc_now()))
    typed = {name: request.form.get(name, "") for name in FIELDS}
    wanted, problems = (HouseholdRow(), []) if request.form.get("delete") else check(typed)
    with installation().database.writing() as writing:
        stall = load_stall(writing, stall_id)
        if problems:
            return _form(stall, typed, _in_words(problems), period, 400)
        keep_household(writing, stall, wanted, now=utc_now())
        noted(writing, "household_changed", market_id=stall.market_id, stall_id=stall.id)
    flash(say("Đã xoá đầu sổ.") if wanted == HouseholdRow() else say("Đã ghi đầu sổ."))
    return redirect(url_for(".shown", period=period), 303)


def _form(
    stall: StallRow, typed: dict[str, str], errors: dict[str, str], period: Period, status: int = 200
) -> tuple[str, int]:
    return page("stall/revenue_header.html", stall, status, typed=typed, errors=errors, period=period)


def _in_words(problems: list[Problem]) -> dict[str, str]:
    errors: dict[str, str] = {}
    for problem in problems:
        field = problem.field or ""
        said = {
            "long": say("Dài quá, nhiều nhất {most} chữ. Viết ngắn lại.", most=LONGEST.get(field, 0)),
            "unprintable": say("Có ký tự không in được. Gõ lại bằng tay."),
            "tax_code": say(
                "Chưa phải mã số thuế. Mã có 10 hoặc 13 số, hoặc là 12 số trên căn cước. Để trống cũng được."
            ),
        }
        errors.setdefault(field, said[problem.kind])
    return errors


@blueprint.app_template_filter("law_said")
def law_said(law: str) -> str:
    """Nghị định 68/2026/NĐ-CP: what kind of law it is in the reader's language, its number as it is."""
    for kind in ("Nghị định", "được sửa đổi bởi"):
        law = law.replace(kind, say(kind))
    return law


@blueprint.app_template_filter("parts_said")
def parts_said(parts: list[tuple[str, int]]) -> str:
    """Ngân hàng báo 1.250.000 đ, tiền mặt 300.000 đ"""
    said = [
        f"{name[0].lower() if place else name[0]}{name[1:]} {money(amount)}"
        for place, (name, amount) in enumerate(parts)
    ]
    return ", ".join(said)
