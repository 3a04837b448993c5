"""`sign print`: the codes on paper are the stalls' own, read back from the written PDF by another reader."""

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from market.db import Database
from market.signs import static_payload
from merchants.stalls import StallRow, find_stall, rename_account
from qr import scan, vietqr

IN_MARKET = ("--market", "ben-song")
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
pytestmark = on_sqlite


@pytest.fixture
def huong(database: Database, huong: StallRow) -> StallRow:
    """Chị Hương's stall with the name that her bank shows: no sign is printed without it."""
    return _named(database, huong, "LE THI HUONG")


@pytest.fixture
def tu(database: Database, tu: StallRow) -> StallRow:
    """Anh Tư's, likewise."""
    return _named(database, tu, "NGUYEN VAN TU")


def _named(database: Database, stall: StallRow, name: str) -> StallRow:
    with database.writing() as session:
        rename_account(session, stall.id, name)
        return find_stall(session, stall.market_id, stall.code)


def _codes(path: Path) -> list[str]:
    """Every code on the pages, as a camera that sees one page at a time reads them."""
    document = pypdfium2.PdfDocument(path)
    found = []
    for page in document:
        picture = BytesIO()
        page.render(scale=150 / 72).to_pil().save(picture, "PNG")
        found += scan.read(picture.getvalue())
    document.close()
    return found


def _words(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    words = " ".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return words


@pytest.mark.parametrize("layout", ["a4", "a5", "a6", "sheet"])
def test_every_stalls_code_is_on_the_paper(cho: Any, huong: StallRow, tu: StallRow, layout: str) -> None:
    path = cho.folder / "signs.pdf"
    said = cho.done("sign", "print", *IN_MARKET, "--layout", layout, "-o", path)
    assert (said.out, said.err) == ("", f"2 signs in {path}\n")
    assert sorted(_codes(path)) == sorted(static_payload(stall) for stall in (huong, tu))


def test_one_sign_is_one(cho: Any, huong: StallRow) -> None:
    path = cho.folder / "signs.pdf"
    assert cho.done("sign", "print", *IN_MARKET, "-o", path).err == f"1 sign in {path}\n"


def test_the_code_pays_the_registered_account_and_carries_the_reference(cho: Any, huong: StallRow) -> None:
    cho.done("sign", "print", *IN_MARKET, "-o", cho.folder / "signs.pdf")
    (payload,) = _codes(cho.folder / "signs.pdf")
    decoded = vietqr.decode(payload)
    assert (decoded.bin, decoded.account_number, decoded.purpose) == (huong.bin, huong.account_number, huong.reference)
    assert (decoded.initiation, decoded.amount) == ("static", None)
    assert cho.json("stall", "list", *IN_MARKET)[0]["reference"] == huong.reference


def test_people_can_read_whose_code_it_is(cho: Any, huong: StallRow) -> None:
    cho.done("sign", "print", *IN_MARKET, "-o", cho.folder / "signs.pdf")
    words = _words(cho.folder / "signs.pdf")
    told = ["Chợ Bến Sông", "Sạp C-01", "LE THI HUONG", "Vietcombank"]
    assert [text for text in told if text.casefold() in words.casefold()] == told


def test_a_sign_without_the_accounts_name_is_refused(cho: Any, huong: StallRow, database: Database) -> None:
    _named(database, huong, "")
    (line,) = cho.refused("sign", "print", *IN_MARKET, "-o", cho.folder / "signs.pdf")
    assert line == "error: stall 'C-01': holder is empty; fill it in before printing the sign"


def test_only_the_named_stalls_are_printed_each_once(cho: Any, huong: StallRow, tu: StallRow) -> None:
    cho.done("sign", "print", *IN_MARKET, "--stall", "G-02", "--stall", "G-02", "-o", cho.folder / "signs.pdf")
    assert _codes(cho.folder / "signs.pdf") == [static_payload(tu)]


def test_a_paused_stall_keeps_its_sign_and_a_closed_one_gets_none(cho: Any, huong: StallRow, tu: StallRow) -> None:
    path = cho.folder / "signs.pdf"
    cho.done("stall", "pause", "C-01", *IN_MARKET)
    cho.done("stall", "close", "G-02", *IN_MARKET, "--on", date(2026, 11, 20))
    cho.done("sign", "print", *IN_MARKET, "-o", path)
    assert _codes(path) == [static_payload(huong)]

    path.unlink()
    (line,) = cho.refused("sign", "print", *IN_MARKET, "--stall", "G-02", "-o", path)
    assert line == "error: stall: G-02 closed on 2026-11-20; a sign would pay nobody's stall"
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (IN_MARKET, "error: ben-song has no open stall to print; bring them in with stall import"),
        ((*IN_MARKET, "--stall", "X-9"), "error: stall: no stall has the code 'X-9'; `stall list` shows them"),
        (("--market", "x"), "error: market: there is no market 'x'; the markets are ben-song"),
    ],
)
def test_what_cannot_be_printed_is_refused(cho: Any, market_id: int, arguments: tuple[str, ...], message: str) -> None:
    assert cho.refused("sign", "print", *arguments, "-o", cho.folder / "signs.pdf") == [message]
    assert list(cho.folder.glob("*.pdf")) == []


def test_a_layout_that_is_not_there_is_wrong_usage(cho: Any, huong: StallRow) -> None:
    assert cho("sign", "print", *IN_MARKET, "--layout", "a3", "-o", cho.folder / "signs.pdf").code == 2


def test_a_sign_that_cannot_be_written_leaves_nothing(cho: Any, huong: StallRow) -> None:
    path = cho.folder / "none" / "signs.pdf"
    (line,) = cho.refused("sign", "print", *IN_MARKET, "-o", path)
    assert line.startswith(f"error: {path} cannot be written: ")
    assert not path.parent.exists()
