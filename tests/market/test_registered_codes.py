"""What a code in a photo is to the stalls of chị Hương and anh Tư."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from market.registered_codes import FoundCode, look_up
from merchants.stalls import NewStall, StallRow, change_account, close, find_stall, register
from qr import vietqr

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def _code(stall: StallRow, **changes: Any) -> str:
    return vietqr.encode(**({"bin": stall.bin, "account": stall.account_number, "purpose": stall.reference} | changes))


def _what(found: FoundCode) -> tuple[str | None, str | None, bool]:
    return found.stall, found.market, found.trusted


def test_a_stalls_own_sign_is_trusted(session: Session, huong: StallRow) -> None:
    found = look_up(session, _code(huong), NOW)
    assert _what(found) == ("C-01", "ben-song", True)
    assert found.reason == "account and reference are the stall's"


def test_a_code_of_the_stalls_account_is_trusted_without_a_reference(session: Session, huong: StallRow) -> None:
    found = look_up(session, _code(huong, purpose=None, amount=20_000), NOW)
    assert _what(found) == ("C-01", "ben-song", True)
    assert "no reference of ours" in found.reason


def test_a_strangers_account_is_no_stalls(session: Session, huong: StallRow) -> None:
    found = look_up(session, _code(huong, account="666", purpose=None), NOW)
    assert _what(found) == (None, None, False)
    assert found.reason == "account 666 at Vietcombank is no stall's"


def test_the_same_number_at_another_bank_is_no_stalls(session: Session, huong: StallRow) -> None:
    assert _what(look_up(session, _code(huong, bin="970422"), NOW)) == (None, None, False)


def test_a_sign_pasted_over_with_another_account_is_not_trusted_for_its_reference(
    session: Session, huong: StallRow
) -> None:
    found = look_up(session, _code(huong, account="666"), NOW)
    assert _what(found) == (None, None, False)
    assert "forged" in found.reason


def test_the_account_of_one_stall_with_the_reference_of_another_is_not_trusted(
    session: Session, huong: StallRow, tu: StallRow
) -> None:
    found = look_up(session, _code(huong, purpose=tu.reference), NOW)
    assert _what(found) == (None, None, False)
    assert "different stalls" in found.reason


def test_of_two_stalls_with_one_account_the_reference_tells(session: Session, huong: StallRow, tu: StallRow) -> None:
    account = {"bank_bin": huong.bin, "account_number": huong.account_number, "account_name": ""}
    change_account(session, tu, takes_effect=NOW - timedelta(days=1), **account)
    assert _what(look_up(session, _code(huong, purpose=tu.reference), NOW)) == ("G-02", "ben-song", True)
    found = look_up(session, _code(huong, purpose=None), NOW)
    assert _what(found) == (None, None, False)
    assert "C-01 (ben-song), G-02 (ben-song)" in found.reason


def test_a_former_account_is_the_stalls_and_not_trusted(session: Session, huong: StallRow) -> None:
    new = {"bank_bin": "970422", "account_number": "777", "account_name": ""}
    change_account(session, huong, takes_effect=NOW, **new)
    found = look_up(session, _code(huong), NOW)
    assert _what(found) == ("C-01", "ben-song", False)
    assert "printed anew" in found.reason
    assert _what(look_up(session, _code(huong, bin="970422", account="777"), NOW)) == ("C-01", "ben-song", True)


def test_the_code_of_a_closed_stall_is_not_trusted_after_its_last_day(session: Session, huong: StallRow) -> None:
    close(session, huong, date(2026, 11, 24), NOW)
    assert look_up(session, _code(huong), NOW).trusted
    found = look_up(session, _code(huong), NOW + timedelta(days=1))
    assert _what(found) == ("C-01", "ben-song", False)
    assert "closed" in found.reason


def test_a_stall_of_another_market_is_named_with_its_market(other_market_id: int, session: Session) -> None:
    stall = NewStall("X-09", "Sạp X-09", "", "", "", "", "970418", "31510000123456", "")
    register(session, other_market_id, [stall], source=random.Random(9), now=NOW)
    found = look_up(session, _code(find_stall(session, other_market_id, "X-09")), NOW)
    assert _what(found) == ("X-09", "chan-nui", True)


def test_another_schemes_code_is_valid_and_no_stalls(session: Session) -> None:
    promptpay = "00020101021129390016A00000067701011103150123456789012345802TH530376463049781"
    assert look_up(session, promptpay, NOW) == FoundCode(
        promptpay, True, None, None, False, "is of another scheme than VietQR"
    )


def test_what_is_no_payload_is_not_valid(session: Session) -> None:
    found = look_up(session, "https://example.com", NOW)
    assert (found.valid, found.reason) == (False, "not_emv: an EMV payload begins with 000201")
