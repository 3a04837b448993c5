"""Which numbers may be a stall's account, and whose account a number is at a moment."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from merchants.bank_accounts import Holding, account_problem, holdings, looks_like_card, mark_heard
from merchants.model import BANK_ACCOUNT
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def with_check_digit(body: str) -> str:
    """The body with the digit that makes its Luhn sum right, worked out by trying all ten."""

    def total(number: str) -> int:
        doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
        return sum(value - 9 if value > 9 else value for value in doubled)

    return next(body + digit for digit in "0123456789" if total(body + digit) % 10 == 0)


@pytest.mark.parametrize("number", ["1", "0123499999", "0" * 19, "19036789012345678", "VQRQABCDE1234", "mb0905123456"])
def test_what_a_bank_app_shows_is_an_account_number(number: str) -> None:
    assert account_problem(number) is None


@pytest.mark.parametrize("number", ["", "0" * 20, "0123 499", "0123-499", "số 5", "１２３", "0123499999\n", "12.5"])
def test_anything_else_is_no_account_number(number: str) -> None:
    assert "is no account number; write 1 to 19 letters and digits" in str(account_problem(number))


@pytest.mark.parametrize("number", ["1.23457E+11", "1.2E+15", "1,23457E+11", "1.23457e11"])
def test_a_number_that_a_spreadsheet_shortened_is_told_apart(number: str) -> None:
    assert "a spreadsheet has shortened; format the column as text" in str(account_problem(number))


# The standing example numbers of the networks, and a NAPAS card of each length.
CARDS = [
    "4111111111111111",
    "5500005555555559",
    "2223003122003222",
    "3530111333300000",
    "6011000990139424",
    with_check_digit("970436000000123"),
    with_check_digit("970436000000000123"),
]


@pytest.mark.parametrize("number", CARDS)
def test_a_payment_card_is_no_stalls_account(number: str) -> None:
    assert looks_like_card(number)
    assert "is the number of a payment card" in str(account_problem(number))


@pytest.mark.parametrize("number", CARDS)
def test_the_refusal_of_a_card_does_not_repeat_its_number(number: str) -> None:
    assert number not in str(account_problem(number))


@pytest.mark.parametrize("number", CARDS)
def test_a_wrong_check_digit_makes_it_no_card(number: str) -> None:
    assert not looks_like_card(number[:-1] + str((int(number[-1]) + 1) % 10))


@pytest.mark.parametrize(
    "number",
    [
        with_check_digit("0" * 15),
        with_check_digit("190367890123456"),
        with_check_digit("97043600000012"),
        with_check_digit("9704360000001234"),
        "411111111111111A",
    ],
)
def test_an_account_number_of_another_prefix_or_length_is_no_card(number: str) -> None:
    assert not looks_like_card(number)


@pytest.mark.parametrize(
    ("since", "until", "in_force", "before"),
    [
        (None, None, True, False),
        (NOW, None, True, False),
        (NOW + SECOND, None, False, False),
        (None, NOW, False, True),
        (None, NOW + SECOND, True, False),
        (NOW - SECOND, NOW, False, True),
    ],
)
def test_an_account_is_in_force_from_its_first_moment_until_before_its_last(
    since: datetime | None, until: datetime | None, in_force: bool, before: bool
) -> None:
    holding = Holding(1, 1, 1, "970436", since, until, coded_only=False, heard=False)
    assert (holding.in_force(NOW), holding.before(NOW)) == (in_force, before)


def test_every_stall_that_has_a_number_is_found_whatever_the_bank(
    session: Session, huong: StallRow, tu: StallRow, market_id: int
) -> None:
    found = holdings(session, market_id, [huong.account_number, tu.account_number, "1"])
    assert {number: [holding.stall_id for holding in held] for number, held in found.items()} == {
        huong.account_number: [huong.id],
        tu.account_number: [tu.id],
    }


def test_an_account_of_another_market_is_not_found(session: Session, huong: StallRow, other_market_id: int) -> None:
    assert holdings(session, other_market_id, [huong.account_number]) == {}


def test_a_stall_is_connected_from_the_first_notice_on(session: Session, huong: StallRow, market_id: int) -> None:
    [holding] = holdings(session, market_id, [huong.account_number])[huong.account_number]
    assert not holding.heard
    mark_heard(session, [holding.account_id], NOW)
    mark_heard(session, [holding.account_id], NOW + SECOND)
    heard = select(BANK_ACCOUNT.c.heard_at).where(BANK_ACCOUNT.c.id == holding.account_id)
    assert session.connection().execute(heard).scalar_one() == NOW
