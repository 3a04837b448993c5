"""Names that trick the eye, a spreadsheet or a header: refused, or harmless wherever they go."""

import csv
import doctest
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable
from email.message import Message
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from ledger.inbox.notice import Notice
from ledger.refused import Refused
from market.access.logins import add_login
from market.db import Database
from market.model import MARKET
from market.web.file_names import to_keep
from merchants import look_alikes
from merchants.model import STALL
from merchants.payments import Source, take
from merchants.stall_check import COLUMNS, check_stall
from merchants.stalls import StallRow
from tests.conftest import NOW

FORMULA = '=HYPERLINK("http://evil.example")'
MARKUP = "\"><script>alert(1)</script><b a='"
STALL_TYPED = dict.fromkeys(COLUMNS, "") | {"code": "C-09", "holder": "Chị Hương", "bank": "VCB"}
STALL_TYPED |= {"account_number": "0123499999", "account_name": "NGUYEN THI HUONG"}


def _kinds(name: str) -> list[str | None]:
    return [problem.kind for problem in check_stall({**STALL_TYPED, "name": name})[1]]


@pytest.mark.parametrize(
    "name",
    [
        "Cá \u202egnourH",
        "Cá\u200bHương",
        "Cá\u2066Hương",
        "Cá\ufeffHương",
        "Cá\x1b[31m",
        "Cá\x00",
        "Cá\ue000",
        "Cá\ud800",
        "Cá\u0378",
        "C" + "\u0301" * 50,
    ],
)
def test_a_name_that_tricks_the_eye_is_refused(name: str) -> None:
    assert _kinds(name) == ["unprintable"]


def test_a_name_is_kept_composed_however_it_was_typed() -> None:
    name = "Bánh đúc Thuỷ Ưu"
    assert check_stall({**STALL_TYPED, "name": unicodedata.normalize("NFD", name)})[0].name == name


def test_spaces_of_every_kind_are_one_space() -> None:
    assert check_stall({**STALL_TYPED, "name": "\u3000Cá \u00a0 \u2003Hương\u2028"})[0].name == "Cá Hương"


def test_of_a_name_sixty_characters_are_taken_and_not_one_more() -> None:
    assert _kinds("ữ" * 60) == []
    assert _kinds(unicodedata.normalize("NFD", "ữ" * 60)) == []
    assert _kinds("ữ" * 61) == ["long"]


@pytest.fixture
def named(database: Database, huong: StallRow, channel: Source, told: Callable[..., Notice]) -> Callable[[str], None]:
    """Gives the market and the stall, which sold something, such names as an old program may have let in."""

    def name(text: str) -> None:
        with database.writing() as session:
            take(session, channel, "hook", [(told(huong, 50_000), b"{}")], NOW)
            session.connection().execute(update(MARKET).values(name=text, city=text))
            session.connection().execute(update(STALL).values(name=text, category=text, section=text, holder=text))

    return name


@pytest.mark.parametrize("path", ["/board/ben-song/report.csv", "/province/report.csv", "/board/ben-song/gaps.csv"])
def test_no_cell_of_an_export_is_a_formula(
    path: str, named: Callable[[str], None], administrator: FlaskClient, huong: StallRow
) -> None:
    named(FORMULA)
    answer = administrator.get(path, query_string={"month": "2026-11"})
    assert answer.content_type == "text/csv; charset=utf-8"
    cells = [cell for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))) for cell in row]
    assert [cell for cell in cells if re.match(r"\s*[=+\-@\t\r＝＋－＠]", cell)] == []


@pytest.mark.parametrize("path", ["/board/ben-song/report.xlsx", "/province/report.xlsx"])
def test_no_cell_of_a_workbook_is_a_formula_or_a_link(
    path: str, named: Callable[[str], None], administrator: FlaskClient, huong: StallRow
) -> None:
    named(FORMULA)
    answer = administrator.get(path, query_string={"month": "2026-11"})
    with zipfile.ZipFile(io.BytesIO(answer.data)) as workbook:
        sheets = [workbook.read(name).decode() for name in workbook.namelist() if "worksheets/" in name]
    assert sheets
    assert not [sheet for sheet in sheets if "<f>" in sheet or "<hyperlink" in sheet]


@pytest.mark.parametrize(
    "path",
    [
        "/province",
        "/board/ben-song/",
        "/board/ben-song/stalls",
        "/board/ben-song/stalls/C-01",
        "/board/ben-song/stalls/C-01/edit",
        "/board/ben-song/connections",
        "/board/ben-song/signs",
        "/s/ben-song/C-01",
        "/signin",
    ],
)
def test_markup_in_a_name_is_text_on_every_page(
    path: str, named: Callable[[str], None], administrator: FlaskClient, client: FlaskClient, huong: StallRow
) -> None:
    named(MARKUP)
    answer = (client if path == "/signin" else administrator).get(path)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("C-01.png", "C-01.png"),
        ("Cá-01.png", "Ca-01.png"),
        ('a"; filename=evil.exe', "a---filename-evil.exe"),
        ("a\r\nSet-Cookie: a=b", "a--Set-Cookie--a-b"),
        ("鱼/..\\x.png", "--..-x.png"),
    ],
)
def test_a_file_name_is_told_whole_and_in_ascii(name: str, plain: str) -> None:
    header = to_keep(name)
    assert header.isascii()
    assert header.isprintable()
    told = Message()
    told["Content-Disposition"] = header
    assert (told.get_content_disposition(), header.split('"')[1]) == ("attachment", plain)
    assert unquote(header.partition("filename*=UTF-8''")[2]) == name


def test_a_stall_keeps_its_code_under_its_own_name(
    signed_in: Callable[..., FlaskClient], huong: StallRow, database: Database, administrator: FlaskClient
) -> None:
    with database.writing() as session:
        session.connection().execute(update(STALL).where(STALL.c.id == huong.id).values(code="Cá-01"))
    header = signed_in("stallholder", stall=huong).get("/stall/sign.png").headers["Content-Disposition"]
    assert header == "attachment; filename=\"Ca-01.png\"; filename*=UTF-8''C%C3%A1-01.png"


@pytest.mark.parametrize(
    "name",
    [
        "B\N{CYRILLIC SMALL LETTER A} Tư",
        "C\N{GREEK SMALL LETTER ALPHA} Hương",
        "\N{CYRILLIC CAPITAL LETTER ES}\N{CYRILLIC CAPITAL LETTER A} BIEN",
        "\N{FULLWIDTH LATIN CAPITAL LETTER C}á Hương",
        "\N{MATHEMATICAL BOLD CAPITAL C}á Hương",
    ],
    ids=ascii,
)
def test_a_letter_that_only_looks_like_one_of_ours_is_refused(name: str) -> None:
    assert _kinds(name) == ["look_alike"]
    for field in ("code", "holder", "account_name", "section"):
        problems = check_stall({**STALL_TYPED, "name": "Cá", field: name})[1]
        assert [(problem.field, problem.kind) for problem in problems] == [(field, "look_alike")]
        assert "only looks like a letter of ours" in problems[0].message


@pytest.mark.parametrize("name", ["Bánh đúc Thuỷ Ưu", "Café Ñandú", "Mì Quảng 廣南", "Phở 24h & Cô Ba’s"])
def test_other_letters_are_names_too(name: str) -> None:
    assert _kinds(name) == []


def test_a_board_is_told_of_a_letter_that_only_looks_like_ours(board_browser: FlaskClient) -> None:
    typed = {**STALL_TYPED, "name": "C\N{CYRILLIC SMALL LETTER A} Hương"}
    answer = board_browser.post("/board/ben-song/stalls/new", data=typed)
    assert answer.status_code == 400
    assert "trông như chữ mình" in answer.text
    answer = board_browser.post("/board/ben-song/people/new", data={"role": "staff", "name": typed["name"]})
    assert answer.status_code == 400
    assert "trông như chữ mình" in answer.text


@pytest.mark.parametrize("name", ["Cá biển Hương", "CA BIEN HUONG", "Cá  biển – Hương"])
def test_a_board_is_warned_of_a_name_that_looks_like_another_stalls(
    board_browser: FlaskClient, huong: StallRow, database: Database, name: str
) -> None:
    with database.writing() as session:
        session.connection().execute(update(STALL).where(STALL.c.id == huong.id).values(name="Cá biển Hương"))
    page = board_browser.post("/board/ben-song/stalls/new", data={**STALL_TYPED, "name": name}).text
    assert f"Chợ đã có sạp {huong.code} tên Cá biển Hương" in page


def test_a_list_names_what_looks_like_another_stall(board_browser: FlaskClient, huong: StallRow) -> None:
    cells = {**STALL_TYPED, "name": huong.name.upper()}
    text = f"{','.join(COLUMNS)}\n{','.join(cells.values())}\n"
    page = board_browser.post("/board/ben-song/import", data={"file": (io.BytesIO(text.encode()), "sap.csv")}).text
    assert "Tên dễ nhầm với sạp khác" in page
    assert "C-09 với C-01" in page


@pytest.fixture
def board_browser(signed_in: Callable[..., FlaskClient], market_id: int) -> FlaskClient:
    """A board's browser."""
    return signed_in("board", market_id=market_id)


def test_a_login_with_a_letter_that_only_looks_like_ours_is_refused(database: Database) -> None:
    name = "qu\N{CYRILLIC SMALL LETTER A}n-tri"
    with database.writing() as session, pytest.raises(Refused, match="Cyrillic small letter a"):
        add_login(session, name=name, role="administrator", market_id=None, stall_id=None, password="", now=NOW)


def test_the_examples_in_the_docstrings_hold() -> None:
    result = doctest.testmod(look_alikes)
    assert result.attempted
    assert not result.failed
