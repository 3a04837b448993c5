"""What waits for a word of the board: notices that were perhaps told before, and those that could not be booked."""

from flask import Blueprint, abort, flash, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from ledger.inbox import waiting
from ledger.inbox.waiting import Held, HeldFile, Parked
from ledger.refused import Refused
from market.channels import find_channel, list_channels
from market.deliveries import BATCH
from market.web.app import installation
from market.web.board_unmatched import jobs_page
from market.web.desk import enter, one_page, page_number, pages_of
from market.web.gate import signed_in
from market.web.noted import noted
from market.web.typed import parse_number
from market.web.words import say
from merchants import settling
from merchants.payments import Outcome

blueprint = Blueprint("held", __name__, url_prefix="/board/<slug>")
PAGE = 20


@blueprint.get("/held")
def every(slug: str) -> str:
    """What was perhaps told before, file by file, each beside what it looks like."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        files = waiting.held_files(session, market.id)
        pages, at = pages_of(sum(file.count for file in files), PAGE, page_number(request.args.get("page")))
        shown = _shown(session, market.id, files, (at - 1) * PAGE)
        names = provider_names(session)
        return jobs_page(session, market, "held", "board/held.html", shown=shown, names=names, at=at, pages=pages)


def _shown(session: Session, market_id: int, files: list[HeldFile], skipped: int) -> list[tuple[HeldFile, list[Held]]]:
    """The page of held notices after so many, each with its file."""
    shown: list[tuple[HeldFile, list[Held]]] = []
    room = PAGE
    for file in files:
        if skipped < file.count and room:
            found = waiting.held(session, market_id, file, limit=room, offset=skipped)
            shown.append((file, found))
            room -= len(found)
        skipped = max(skipped - file.count, 0)
    return shown


def provider_names(session: Session) -> dict[int, str]:
    """The providers of the channels."""
    return {channel.id: channel.provider for channel in list_channels(session)}


@blueprint.post("/held/<int:notice_id>")
def told(slug: str, notice_id: int) -> AnyResponse:
    """A held notice is the one told before (`same`), or one more (`another`)."""
    answer = request.form.get("answer", "")
    if answer not in ("same", "another"):
        abort(400)
    try:
        with installation().database.writing() as session:
            market = enter(session, slug)
            if answer == "same":
                settling.same(session, market.id, [notice_id])
                said = say("Đã ghi là một khoản, không tính thêm.")
            else:
                [outcome] = settling.another(
                    session,
                    market.id,
                    [notice_id],
                    sources=[channel.source for channel in list_channels(session)],
                    login_id=signed_in().login_id,
                    now=utc_now(),
                )
                said = (
                    say("Đã ghi thêm khoản này.")
                    if outcome.status == "recorded"
                    else say("Là khoản khác, nhưng chưa rõ của sạp nào. Chọn sạp cho nó.")
                )
            noted(session, f"notice_{answer}", market_id=market.id, notice=notice_id)
    except Refused:
        said = say("Chưa làm được: không còn khoản nào trước đó để khớp, hoặc đã có người xử lý.")
    flash(said)
    return redirect(url_for(".every", slug=slug), 303)


@blueprint.post("/held/<int:notice_id>/file")
def told_file(slug: str, notice_id: int) -> AnyResponse:
    """All that came together with a notice was told before, as far as it was shown (`last`)."""
    last = parse_number(request.form.get("last", "")) or 0
    with installation().database.reading() as session:
        market = enter(session, slug)
        notices = waiting.held_with(session, market.id, notice_id, last)
    outcomes: list[Outcome] = []
    # A batch a transaction, so that what banks tell meanwhile never waits long.
    for start in range(0, len(notices), BATCH):
        try:
            with installation().database.writing() as session:
                done = settling.same_where_told(session, market.id, notices[start : start + BATCH])
                ids = [outcome.notice_id or 0 for outcome in done if outcome.status != "held"]
                if ids:
                    about = {"notice": min(ids), "last": max(ids), "rows": len(ids)}
                    noted(session, "notice_same", market_id=market.id, **about)
            outcomes += done
        except Refused:
            # Somebody else settled one of these in this very moment.
            break
    left = sum(outcome.status == "held" for outcome in outcomes)
    if not outcomes:
        flash(say("Khoản này đã có người xử lý."))
    else:
        flash(say("Đã ghi {count} khoản là đã báo rồi, không tính thêm.", count=len(outcomes) - left))
    if left:
        flash(say("{count} khoản không còn khoản nào trước đó để khớp. Xem từng khoản.", count=left))
    return redirect(url_for(".every", slug=slug), 303)


@blueprint.get("/parked")
def parked(slug: str) -> str:
    """What could not be booked, and what to do."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        found = waiting.parked(session, market.id)
        shown = one_page(found, PAGE, page_number(request.args.get("page")))
        return jobs_page(
            session, market, "parked", "board/parked.html", names=provider_names(session), in_words=_in_words, **shown
        )


def _in_words(parked: Parked) -> str:
    """What went wrong the last time: the database's refusals by name, all else as the program's own fault."""
    if parked.error.partition(":")[0] in ("IntegrityError", "DataError", "ProgrammingError", "InternalError"):
        return say("Sổ không nhận khoản này.")
    return say("Chương trình gặp lỗi khi ghi khoản này.")


@blueprint.post("/parked/<int:notice_id>")
def again(slug: str, notice_id: int) -> AnyResponse:
    """One more try at booking a parked notice."""
    with installation().database.writing() as session:
        market = enter(session, slug)
        found = [one.told for one in waiting.parked(session, market.id) if one.told.notice == notice_id]
        if not found:
            flash(say("Khoản này đã có người xử lý."))
        else:
            source = find_channel(session, found[0].channel_id).source
            try:
                [outcome] = settling.try_again(session, source, [notice_id], utc_now())
                noted(session, "notice_tried_again", market_id=market.id, notice=notice_id)
                flash(_became(outcome.status))
            except Refused:
                flash(say("Khoản này đã có người xử lý."))
    return redirect(url_for(".parked", slug=slug), 303)


def _became(status: str) -> str:
    if status == "parked":
        return say("Vẫn chưa ghi được. Gửi dòng lỗi cho người trông máy.")
    if status == "recorded":
        return say("Đã ghi được khoản này.")
    if status == "duplicate":
        return say("Khoản này đã được báo trước đó, nên không ghi thêm.")
    return say("Đã đọc được khoản này. Nó chờ ở mục khác của trang này.")
