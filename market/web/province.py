"""The province's page: markets side by side, on screen and as files; and adding one."""

import tempfile
from pathlib import Path

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import local_date, utc_now
from ledger.refused import Refused
from market.comparisons import earlier
from market.markets import add_market, list_markets
from market.overview import fingerprint
from market.province import province
from market.web import charts
from market.web.app import installation
from market.web.desk import sent_file, wanted_month
from market.web.gate import signed_in
from market.web.kept import kept_counts, kept_parts
from market.web.noted import noted
from market.web.typed import parse_number
from market.web.words import say

blueprint = Blueprint("province", __name__, url_prefix="/province")


@blueprint.get("")
def month() -> str:
    """A month of every market, this one where none is named."""
    now = utc_now()
    which, today = wanted_month(request.args.get("month")), local_date(now)
    with installation().database.reading() as session:
        markets = list_markets(session)
        state = (today, tuple(markets), tuple(fingerprint(session, market.id) for market in markets))
        doors = frozenset(market.id for market in markets if signed_in().may("read_month", market_id=market.id))
        body = kept_parts().get(
            ("province", which, g.language, doors),
            state,
            lambda: Markup(  # noqa: S704 - a rendered template
                render_template(
                    "board/province_body.html",
                    look=province(session, which, now, kept_counts()),
                    doors=doors,
                    charts=charts,
                )
            ),
        )
    return render_template(
        "board/province.html",
        tab="province",
        month=which,
        before=earlier(which, 1),
        after=earlier(which, -1) if which.last < today else None,
        now=now,
        body=body,
    )


@blueprint.get("/report.<any(csv, xlsx, pdf):kind>")
def report(kind: str) -> Response:
    """The month of every market as a file."""
    # Slow to import, and no page needs them.
    from market.province_files import write_csv, write_pdf, write_xlsx

    which = wanted_month(request.args.get("month"))
    with installation().database.reading() as session, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"report.{kind}"
        look = province(session, which, utc_now(), kept_counts())
        {"csv": write_csv, "xlsx": write_xlsx, "pdf": write_pdf}[kind](look, file)
        content = file.read_bytes()
    with installation().database.writing() as session:
        noted(session, "report_downloaded", market_id=None, report="province", month=str(which), format=kind)
    return sent_file(content, kind, f"province-{which}")


@blueprint.route("/markets/new", methods=["GET", "POST"])
def new() -> AnyResponse | str | tuple[str, int]:
    """Add a market."""
    typed = {name: request.form.get(name, "").strip() for name in ("name", "slug", "city", "phone", "target")}
    if request.method == "GET":
        return render_template("board/market_new.html", tab="province", typed=typed, errors={})
    errors: dict[str, str] = {}
    target = parse_number(typed["target"])
    if typed["target"] and target is None:
        errors["target"] = say(_WRONG["target"])
    try:
        with installation().database.writing() as session:
            market = add_market(
                session,
                slug=typed["slug"],
                name=typed["name"],
                city=typed["city"],
                phone=typed["phone"],
                target=target,
                now=utc_now(),
            )
            if errors:
                raise Refused(())
            noted(session, "market_added", market_id=market.id)
    except Refused as refused:
        errors |= {problem.field or "": say(_WRONG[problem.field or ""], most=60) for problem in refused.problems}
        return render_template("board/market_new.html", tab="province", typed=typed, errors=errors), 400
    flash(say("Đã thêm {name}. Bây giờ đưa danh sách sạp vào.", name=market.name))
    return redirect(url_for("stall_import.bring", slug=market.slug), 303)


_WRONG = {
    "slug": "Ghi từ 1 đến 40 chữ thường không dấu, số và dấu -, chưa chợ nào dùng, ví dụ quang-ngai.",
    "name": "Ghi tên chợ, từ 1 đến 60 chữ, ví dụ Chợ Quảng Ngãi.",
    "city": "Dài quá, nhiều nhất {most} chữ. Viết ngắn lại.",
    "phone": "Dài quá, nhiều nhất {most} chữ. Viết ngắn lại.",
    "target": "Ghi một số từ 1 đến 10.000.000, hoặc để trống.",
}
