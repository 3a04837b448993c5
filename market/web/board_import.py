"""Bringing in a market's list of stalls from a spreadsheet: first what it would do, then doing it."""

import random
import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from markupsafe import Markup
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from ledger.refused import Problem, Refused
from market.comparisons import number
from market.connections import lacking
from market.markets import MarketRow
from market.web.app import installation
from market.web.desk import enter, page
from market.web.gate import signed_in
from market.web.noted import noted
from market.web.stall_words import field_name, in_words
from market.web.words import say
from merchants.stall_check import COLUMNS
from merchants.stall_file import StallList, as_csv, import_stalls

blueprint = Blueprint("stall_import", __name__, url_prefix="/board/<slug>/import")
# Ten thousand stalls are about 1.5 MB. The list travels with the page that asks whether it is right.
MOST_BYTES = 4_000_000
SHOWN = 200


@blueprint.url_value_preprocessor
def _room_for_a_list(endpoint: str | None, values: dict[str, Any] | None) -> None:
    request.max_form_memory_size = 2 * MOST_BYTES


@blueprint.route("", methods=["GET", "POST"])
def bring(slug: str) -> AnyResponse | str | tuple[str, int]:
    """Choose a file; see what it would do; confirm."""
    if request.method == "GET":
        with installation().database.reading() as session:
            return _form(session, enter(session, slug))
    confirmed = request.form.get("list")
    if confirmed is not None:
        return _take(slug, confirmed.encode())
    file = request.files.get("file")
    content = b""
    if file:
        with file.stream as stream:
            content = stream.read(MOST_BYTES + 1)
    with installation().database.reading() as session:
        market = enter(session, slug)
        values: dict[str, object] = {}
        if not content:
            values["problem"] = say("Chưa chọn tệp nào, hoặc tệp trống.")
        elif len(content) > MOST_BYTES:
            values["problem"] = say("Tệp lớn quá, không phải danh sách sạp.")
        else:
            result = _read(session, market.id, content, dry_run=True)
            if isinstance(result, Problem):
                values["problem"] = _described(result)
            elif result.errors:
                values |= _wrong_rows(result)
            else:
                text = as_csv(content, "")
                name = file.filename if file else ""
                return page(session, market, "stalls", "board/import_read.html", result=result, list=text, name=name)
        return _form(session, market, **values), 400


def _form(session: Session, market: MarketRow, **values: object) -> str:
    missing = lacking(session, market.id)
    return page(session, market, "stalls", "board/import.html", columns=COLUMNS, missing=missing, **values)


def _take(slug: str, content: bytes) -> AnyResponse | tuple[str, int]:
    with installation().database.writing() as session:
        market = enter(session, slug)
        result = _read(session, market.id, content, dry_run=False)
        if isinstance(result, Problem) or result.errors:
            # Somebody changed the stalls since the list was looked at.
            values = {"problem": _described(result)} if isinstance(result, Problem) else _wrong_rows(result)
            return _form(session, market, **values), 409
        noted(session, "stalls_imported", market_id=market.id, rows=result.created + result.updated)
    done = say(
        "Đã nhập: {created} sạp mới, {updated} sạp có sửa, {unchanged} sạp giữ nguyên.",
        created=number(result.created),
        updated=number(result.updated),
        unchanged=number(result.unchanged),
    )
    flash(Markup('{} <a href="{}">{}</a>').format(done, url_for("signs.choose", slug=slug), say("Sang in bảng mã")))
    return redirect(url_for("stalls.every", slug=slug), 303)


def _read(session: Session, market_id: int, content: bytes, *, dry_run: bool) -> StallList | Problem:
    """What the list does; a problem where it is no list at all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        path.write_bytes(content)
        try:
            result = import_stalls(
                session,
                market_id,
                path,
                source=random.SystemRandom(),
                now=utc_now(),
                dry_run=dry_run,
                may_share=signed_in().may("change_accounts", market_id=market_id),
            )
        except Refused as refused:
            return refused.problems[0]
    whole = [problem for problem in result.errors if problem.line is None]
    return whole[0] if whole else result


def _wrong_rows(result: StallList) -> dict[str, object]:
    rows = [
        (problem.line, field_name(problem.field) if problem.field else "", in_words(problem))
        for problem in result.errors[:SHOWN]
    ]
    return {"rows": rows, "wrong": len(result.errors), "read": result.read}


def _described(problem: Problem) -> str:
    where = [say("Dòng {line}", line=problem.line)] if problem.line and problem.line > 1 else []
    # A column is named as it stands in the file.
    where += [problem.field] if problem.field else []
    return f"{', '.join(where)}: {in_words(problem)}" if where else in_words(problem)
