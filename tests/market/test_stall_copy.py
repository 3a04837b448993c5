"""A copy of everything about a stall: complete, of that stall alone, readable, and without secrets or others' names."""

import csv
import io
import json
from typing import Any
from zipfile import ZipFile

import pytest
from sqlmodel import SQLModel

from ledger.days import Month
from market.access import audit
from market.closings import versions
from market.db import Database
from market.forgetting import going
from market.stall_copy import DOCUMENT, LEFT_OUT, README, SECTIONS, write_copy
from market.web.log_words import in_vietnamese
from merchants.stalls import find_stall
from tests.market.forgettable import FORMER_NUMBER, NOW, NUMBER, OLD, PHONE, Forgettable, build

TABLES = SQLModel.metadata.tables
# Whoever has one of these in a row is told of it.
WHOSE = {"stall_id", "book_id", "login_id", "entry_id", "notice_id", "token_id"}


@pytest.fixture
def ngan(database: Database) -> Forgettable:
    """Chị Ngân's stall, with something of hers everywhere."""
    return build(database)


@pytest.fixture
def archive(database: Database, ngan: Forgettable) -> ZipFile:
    """The copy of her stall."""
    return copied(database, ngan)


def copied(database: Database, ngan: Forgettable, code: str = "C-17") -> ZipFile:
    file = io.BytesIO()
    with database.reading() as session:
        write_copy(session, find_stall(session, ngan.market_id, code), file, told=in_vietnamese, now=NOW)
    return ZipFile(file)


def document(archive: ZipFile) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(archive.read(DOCUMENT))
    return found


def table(archive: ZipFile, key: str) -> list[dict[str, str]]:
    [file] = [section.file for section in SECTIONS if section.key == key]
    return list(csv.DictReader(io.StringIO(archive.read(file).decode("utf-8-sig"), newline="")))


def test_every_table_is_copied_or_left_out_for_a_reason() -> None:
    told = {name for section in SECTIONS for name in section.tables}
    assert told | LEFT_OUT.keys() == set(TABLES)
    assert told & LEFT_OUT.keys() == set()


def test_what_is_left_out_says_nothing_of_a_stall_but_what_stands_elsewhere() -> None:
    named = {name for name in LEFT_OUT if WHOSE.intersection(TABLES[name].c.keys())}
    assert named == {"statement_layout", "notice_try", "api_write", "passkey_challenge"}


def test_every_section_of_a_stall_that_has_everything_has_rows(archive: ZipFile) -> None:
    assert {key for key, rows in document(archive).items() if rows == []} == set()


def test_whatever_would_be_forgotten_is_copied_first(archive: ZipFile) -> None:
    texts = archive.read(DOCUMENT).decode()
    missing = {which for which, text in OLD.items() if text not in texts}
    assert missing == {"payer", "payer account"}


def test_the_entries_are_there_with_their_amounts(archive: ZipFile, database: Database, ngan: Forgettable) -> None:
    entries = document(archive)["entries"]
    assert [(one["number"], one["kind"], one["bank"], one["cash"], one["sales"]) for one in entries] == [
        (1, "payment", 70_000, 0, -70_000),
        (2, "payment", 45_000, 0, -45_000),
        (3, "payment", 50_000, 0, -50_000),
        (4, "not_sale", 0, 0, 70_000),
        (5, "cash", 0, 20_000, -20_000),
    ]
    assert (entries[3]["concerns"], entries[3]["note"], entries[4]["login"]) == (1, OLD["note"], OLD["login"])


def test_payers_are_shortened_as_on_the_phone(archive: ZipFile) -> None:
    notices = document(archive)["notices"]
    assert {one["payer"] for one in notices} == {"PHAM Q. V•••"}
    assert "PHAM Q. V••• tra tien muc kho" in {one["memo"] for one in notices}
    assert {one["direction"] for one in notices} == {"in", "out"}


def test_nothing_of_the_neighbour_is_in_it(archive: ZipFile, database: Database, ngan: Forgettable) -> None:
    assert "0888800002" not in archive.read(DOCUMENT).decode()
    others = document(copied(database, ngan, "G-02"))
    assert others["stall"][0]["holder"] == "Trần Văn Tư"
    assert OLD["holder"] not in json.dumps(others, ensure_ascii=False)
    assert (others["entries"], others["notices"], others["logins"]) == ([], [], [])


def test_no_secret_is_in_it(archive: ZipFile) -> None:
    names = {key for rows in document(archive).values() if isinstance(rows, list) for row in rows for key in row}
    assert [name for name in names if "digest" in name or "secret" in name or "pin" in name or "password" in name] == []


def test_a_table_opens_in_a_spreadsheet_with_what_was_typed_as_text(archive: ZipFile) -> None:
    raw = archive.read("01-sap.csv")
    assert raw.startswith(b"\xef\xbb\xbf")
    [row] = table(archive, "stall")
    assert row["Tên sạp"] == OLD["stall"]
    assert row["Điện thoại"] == f"'{PHONE}"
    assert row["Đăng ký lúc"] == "2026-08-26 08:00:00"
    assert {one["Số tài khoản"] for one in table(archive, "bank_accounts")} == {f"'{NUMBER}", f"'{FORMER_NUMBER}"}
    assert [one["Loại"] for one in table(archive, "entries")][:1] == ["khách chuyển khoản"]


def test_what_would_be_a_formula_stays_text(database: Database, ngan: Forgettable) -> None:
    with database.writing() as session:
        ngan.pay(session, "formula", 5_000, memo="=HYPERLINK(1)")
    said = [row["Nội dung"] for row in table(copied(database, ngan), "notices")]
    assert "'=HYPERLINK(1)" in said


def test_the_trail_tells_what_was_done_in_words(archive: ZipFile) -> None:
    lines = table(archive, "audit")
    assert {line["Việc"] for line in lines} >= {"Xin đổi tài khoản của sạp"}
    assert {line["Ai"] for line in lines} == {"máy chủ"}


def test_the_trail_says_a_role_as_the_pages_do(database: Database, ngan: Forgettable) -> None:
    about: dict[str, int | str] = {"login": 0, "role": "stallholder"}
    with database.writing() as session:
        audit.note(session, "role_added", market_id=ngan.market_id, stall_id=ngan.stall.id, about=about, at=NOW)
    assert "Cho – làm chủ sạp" in [line["Việc"] for line in table(copied(database, ngan), "audit")]


def test_the_page_to_read_first_names_every_file(archive: ZipFile) -> None:
    page = archive.read(README).decode("utf-8-sig")
    assert page.startswith("MỌI DỮ LIỆU CỦA SẠP C-17")
    assert set(archive.namelist()) == {section.file for section in SECTIONS} | {README, DOCUMENT}
    assert all(f"{section.file}: {section.title}" in page for section in SECTIONS)


def test_a_copy_changes_nothing(database: Database, ngan: Forgettable) -> None:
    with database.reading() as session:
        before = going(session, ngan.stall)
    copied(database, ngan)
    with database.reading() as session:
        assert going(session, ngan.stall) == before
        assert len(versions(session, ngan.market_id, Month(2026, 10))) == 1
