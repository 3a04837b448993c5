"""The amounts that stalls let their board see: on its pages and in its files, of those stalls alone, and each look
written down."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from ledger.books.sums import takings_between
from ledger.days import Month, local_date, utc_now
from ledger.inbox.notice import Notice
from market.access.model import AUDIT
from market.access.rights import ENDPOINTS, OF_INSTALLATION, OF_MARKET, SIGNED_IN
from market.db import Database
from merchants.consents import VERSION, record_consent
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.market.web.two_markets import Side

NOW = utc_now()
MONTH = Month.of(local_date(NOW))
PAGE, ONE = "/board/ben-song/amounts", "/board/ben-song/stalls/C-01/amounts"
Told = Callable[..., Notice]


@pytest.fixture
def pay(database: Database, channel: Source, told: Told) -> Callable[..., None]:
    """Customers pay a stall: `pay(huong, 50_000)`, today unless it is said how many days ago."""

    def paid(stall: StallRow, amount: int, *, ago: int = 0) -> None:
        at = NOW - timedelta(days=ago)
        with database.writing() as session:
            take(session, channel, "hook", [(told(stall, amount, at=at), b"{}")], NOW)

    return paid


@pytest.fixture
def say(database: Database) -> Callable[..., None]:
    """A stall's holder says yes or no: `say(huong)`, `say(huong, given=False)`."""

    def said(stall: StallRow, *, given: bool = True, ago: int = 0) -> None:
        with database.writing() as session:
            record_consent(
                session,
                market_id=stall.market_id,
                stall_id=stall.id,
                given=given,
                text_version=VERSION,
                login_id=1,
                now=NOW - timedelta(days=ago),
            )

    return said


@pytest.fixture
def board(signed_in: Callable[..., FlaskClient], market_id: int) -> FlaskClient:
    """Their market's board."""
    return signed_in("board", market_id=market_id)


def looks(database: Database) -> list[tuple[str, int | None]]:
    """The act of each look at amounts, and the stall."""
    with database.reading() as session:
        rows = session.connection().execute(
            select(AUDIT.c.act, AUDIT.c.stall_id).where(AUDIT.c.act.startswith("amounts_")).order_by(AUDIT.c.id)
        )
        return [(row.act, row.stall_id) for row in rows]


def test_the_month_and_the_stall_lead_to_what_is_shared(
    board: FlaskClient, huong: StallRow, say: Callable[..., None]
) -> None:
    assert PAGE not in board.get("/board/ben-song/").text
    assert ONE not in board.get("/board/ben-song/stalls/C-01").text
    say(huong)
    assert f'{PAGE}?month={MONTH}">' in board.get("/board/ben-song/").text
    assert ONE in board.get("/board/ben-song/stalls/C-01").text


@pytest.mark.parametrize("role", ["administrator", "staff", "auditor"])
def test_nobody_of_the_desk_but_the_board_is_led_there(
    signed_in: Callable[..., FlaskClient], market_id: int, huong: StallRow, say: Callable[..., None], role: str
) -> None:
    say(huong)
    browser = signed_in(role, market_id=None if role == "administrator" else market_id)
    assert PAGE not in browser.get("/board/ben-song/").text
    for page in (PAGE, ONE, f"{PAGE}.csv"):
        assert browser.get(page).status_code == 404


def test_only_the_stalls_that_share_are_there(
    board: FlaskClient, huong: StallRow, tu: StallRow, pay: Callable[..., None], say: Callable[..., None]
) -> None:
    pay(huong, 51_000)
    pay(tu, 62_000)
    say(huong)
    page = board.get(PAGE).text
    assert "51.000\N{NO-BREAK SPACE}đ" in page
    assert "62.000" not in page
    assert "G-02" not in page
    assert "Sạp này không cho xem số tiền" in board.get("/board/ben-song/stalls/G-02/amounts").text


def test_one_stall_is_shown_by_day_from_the_day_of_its_consent(
    board: FlaskClient, huong: StallRow, pay: Callable[..., None], say: Callable[..., None]
) -> None:
    pay(huong, 51_000)
    pay(huong, 40_000, ago=1)
    say(huong)
    page = board.get(ONE).text
    assert f"tiền chuyển khoản từ {local_date(NOW):%d/%m/%Y}" in page
    assert page.count("51.000\N{NO-BREAK SPACE}đ") == 2
    assert "40.000" not in page
    assert "91.000" not in page


def test_withdrawn_it_is_gone_at_the_next_request(
    board: FlaskClient, huong: StallRow, pay: Callable[..., None], say: Callable[..., None], database: Database
) -> None:
    pay(huong, 51_000)
    say(huong)
    assert "51.000" in board.get(ONE).text
    say(huong, given=False)
    said = looks(database)
    for page in (PAGE, ONE, f"{PAGE}.csv", "/board/ben-song/"):
        assert "51.000" not in board.get(page).text
        assert "51000" not in board.get(page).text
    assert looks(database) == said


@pytest.mark.parametrize(
    ("stalls", "words", "total"), [(4, "Dưới 5 sạp cho xem", ""), (5, "Cộng 5 sạp cho xem", 5_005)]
)
def test_fewer_than_five_stalls_have_no_sum_on_the_page_and_in_the_file(
    board: FlaskClient,
    add_stall: Callable[..., StallRow],
    market_id: int,
    pay: Callable[..., None],
    say: Callable[..., None],
    stalls: int,
    words: str,
    total: object,
) -> None:
    for number in range(stalls):
        stall = add_stall(market_id, f"D-{number}", "970436", f"012360000{number}")
        pay(stall, 1_001)
        say(stall)
    page = board.get(PAGE).text
    assert words in page
    assert ("5.005" in page) == bool(total)
    assert "4.004" not in page
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(board.get(f"{PAGE}.xlsx").data))
    assert workbook.get_sheet_by_name("Từng sạp").to_python()[-1][-1] == total
    assert words in text_of(board.get(f"{PAGE}.pdf").data)


# Who looked.


def test_a_look_is_a_line_that_the_stalls_holder_sees(
    board: FlaskClient, phone: FlaskClient, huong: StallRow, say: Callable[..., None], database: Database
) -> None:
    say(huong)
    board.get(ONE)
    assert looks(database) == [("amounts_seen", huong.id)]
    page = phone.get("/stall/privacy/amounts").text
    assert "<b>board1</b>" in page
    assert f"Xem số tiền tháng {MONTH.first:%m/%Y} mà sạp tự cho xem" in page


def test_several_looks_of_a_day_are_one_line_and_each_months_its_own(
    board: FlaskClient, huong: StallRow, tu: StallRow, say: Callable[..., None], database: Database
) -> None:
    say(huong, ago=40)
    for page in (PAGE, PAGE, ONE):
        board.get(page)
    assert looks(database) == [("amounts_seen", huong.id)]
    before = Month.of(MONTH.first - timedelta(days=1))
    board.get(f"{ONE}?month={before}")
    assert looks(database) == [("amounts_seen", huong.id)] * 2


def test_each_of_the_board_has_a_line(
    board: FlaskClient,
    signed_in: Callable[..., FlaskClient],
    huong: StallRow,
    say: Callable[..., None],
    database: Database,
) -> None:
    say(huong)
    board.get(PAGE)
    signed_in("board", market_id=huong.market_id).get(PAGE)
    assert len(looks(database)) == 2


def test_a_stall_that_shares_nothing_of_the_month_has_no_line(
    board: FlaskClient, huong: StallRow, say: Callable[..., None], database: Database
) -> None:
    say(huong)
    before = Month.of(MONTH.first - timedelta(days=1))
    assert "Tháng này sạp chưa cho xem." in board.get(f"{ONE}?month={before}").text
    board.get(f"{PAGE}?month={before}")
    assert looks(database) == []


# The month's report with them.


def text_of(pdf: bytes) -> str:
    return "\n".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf))


def test_the_files_have_the_amounts_and_every_download_is_a_line(
    board: FlaskClient,
    huong: StallRow,
    tu: StallRow,
    pay: Callable[..., None],
    say: Callable[..., None],
    database: Database,
) -> None:
    pay(huong, 51_000)
    pay(tu, 62_000)
    say(huong)
    rows = list(csv.DictReader(io.StringIO(board.get(f"{PAGE}.csv").data.decode("utf-8-sig"))))
    since = local_date(NOW).isoformat()
    assert [(row["code"], row["shared_since"], row["shared_amount"]) for row in rows] == [
        ("C-01", since, "51000"),
        ("G-02", "", ""),
    ]
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(board.get(f"{PAGE}.xlsx").data))
    _, head, first, second, total = workbook.get_sheet_by_name("Từng sạp").to_python()
    assert head[-2:] == ["Cho xem từ", "Tiền chuyển khoản, sạp tự cho xem"]
    assert (first[-1], second[-1], total[-1]) == (51_000, "", "")
    printed = text_of(board.get(f"{PAGE}.pdf").data)
    # Signed before the page that is left out where the report is handed on.
    assert printed.index("(ký, ghi rõ họ tên)") < printed.index("Số tiền sạp tự cho xem")
    assert "Số tiền sạp tự cho xem" in printed
    assert "51.000" in printed
    assert "62.000" not in printed
    assert looks(database) == [("amounts_downloaded", huong.id)] * 3


def test_the_ordinary_report_has_none_whoever_shares(
    board: FlaskClient, huong: StallRow, pay: Callable[..., None], say: Callable[..., None]
) -> None:
    pay(huong, 51_000)
    say(huong)
    report = "/board/ben-song/report"
    assert board.get(f"{report}.csv").data.decode("utf-8-sig").splitlines()[0] == (
        "code,name,section,category,transactions"
    )
    assert "51.000" not in text_of(board.get(f"{report}.pdf").data)


def test_where_nobody_shares_the_files_are_the_ordinary_ones(board: FlaskClient, huong: StallRow) -> None:
    assert board.get(f"{PAGE}.csv").data == board.get("/board/ben-song/report.csv").data
    assert "Số tiền sạp tự cho xem" not in text_of(board.get(f"{PAGE}.pdf").data)


# Whoever never got a consent sees no amount anywhere.


def pages(app: Flask, side: Side) -> Iterator[str]:
    """Every page that somebody with a desk, or of the province, may open without changing anything."""
    opened = OF_MARKET.keys() | OF_INSTALLATION.keys() | {SIGNED_IN}
    address = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or ENDPOINTS[rule.endpoint] not in opened:
            continue
        for kind in ("csv", "xlsx", "pdf") if "kind" in rule.arguments else ("",):
            values = side.of(rule.endpoint) | ({"kind": kind} if kind else {})
            yield address.build(rule.endpoint, {name: values[name] for name in rule.arguments})


def read(data: bytes, mimetype: str) -> str:
    """What a person reads in an answer, amounts without their dots and spaces."""
    if mimetype == "application/pdf":
        text = text_of(data)
    elif "spreadsheet" in mimetype:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        text = repr([workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names])
    else:
        text = data.decode()
    return text.replace(".", "").replace(",", "").replace("\N{NO-BREAK SPACE}", "")


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", range(2))
def test_a_board_that_never_got_a_consent_sees_no_amount_in_any_page_or_file(
    app: Flask, database: Database, signed_in: Callable[..., FlaskClient], near: Side, seed: int
) -> None:
    with database.writing() as session:
        record_consent(
            session,
            market_id=near.market_id,
            stall_id=near.stall.id,
            given=False,
            text_version=VERSION,
            login_id=1,
            now=NOW,
        )
    chance = Random(seed)
    amounts = [chance.randrange(10**7, 10**8) for _ in range(4)]
    source = Source(int(str(near.values["channel_id"])), near.market_id)
    for number, amount in enumerate(amounts):
        notice = Notice(
            event_id=f"seen{number}",
            account_number=near.stall.account_number,
            bank=near.stall.bin,
            amount=amount,
            direction="in",
            bank_reference=f"FTSEEN{number}",
            at=NOW,
            local_date=local_date(NOW),
        )
        with database.writing() as session:
            take(session, source, "hook", [(notice, b"{}")], NOW)
    with database.reading() as session:
        sums = {
            takings_between(session, near.stall.book_id, first, MONTH.last).cashless
            for first in (MONTH.first, local_date(NOW))
        }
    wanted = {str(amount) for amount in (*amounts, *sums)}
    seen = 0
    for role in ("administrator", "province", "board", "staff", "auditor", "volunteer"):
        browser = signed_in(role, market_id=None if role in ("administrator", "province") else near.market_id)
        for page in pages(app, near):
            answer = browser.get(page)
            if answer.status_code == 200:
                seen += 1
                text = read(answer.data, answer.mimetype or "")
                assert [amount for amount in wanted if amount in text] == [], (role, page)
    assert seen > 100
