"""What stands above a revenue book: typed or left out, checked, seen by its holder alone, deleted without a trace."""

import doctest
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlmodel import Session

from merchants import households
from merchants.households import HouseholdRow, check, household, is_tax_code, keep_household
from merchants.model import HOUSEHOLD
from merchants.stalls import StallRow
from merchants.takings import Actor, NotYours

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
HERS = HouseholdRow("Hộ kinh doanh Trần Thị Hương", "12 Nguyễn Nghiêm", "0100109106", "Sạp C-01, Chợ Bến Sông")


def test_what_is_kept_is_what_was_typed(session: Session, huong: StallRow, huong_herself: Actor) -> None:
    assert household(session, huong_herself, huong.id) == HouseholdRow()
    keep_household(session, huong, HERS, now=NOW)
    assert household(session, huong_herself, huong.id) == HERS


def test_the_newest_stands_in_place_of_what_was(session: Session, huong: StallRow, huong_herself: Actor) -> None:
    keep_household(session, huong, HERS, now=NOW)
    keep_household(session, huong, HouseholdRow(name="Trần Thị Hương"), now=NOW)
    assert household(session, huong_herself, huong.id) == HouseholdRow(name="Trần Thị Hương")


def test_all_of_it_empty_leaves_no_row(session: Session, huong: StallRow) -> None:
    keep_household(session, huong, HERS, now=NOW)
    keep_household(session, huong, HouseholdRow(), now=NOW)
    assert session.connection().execute(select(HOUSEHOLD)).all() == []


@pytest.mark.parametrize("who", ["tu_himself", "board", "stranger"])
def test_nobody_else_sees_it(request: pytest.FixtureRequest, session: Session, huong: StallRow, who: str) -> None:
    keep_household(session, huong, HERS, now=NOW)
    with pytest.raises(NotYours):
        household(session, request.getfixturevalue(who), huong.id)


def test_nothing_of_it_must_be_typed() -> None:
    assert check({}) == (HouseholdRow(), [])


def test_spaces_go_and_letters_are_composed() -> None:
    typed = {"name": "  Tra\u0302\u0300n   Thị Hương ", "tax_code": " 0100 109 106 "}
    assert check(typed) == (HouseholdRow(name="Trần Thị Hương", tax_code="0100109106"), [])


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("name", "x" * 81, "long"),
        ("address", "x" * 161, "long"),
        ("place", "x" * 161, "long"),
        ("name", "Hương\u202e", "unprintable"),
        ("address", "a\u0301\u0301\u0301\u0301", "unprintable"),
        ("tax_code", "0100109107", "tax_code"),
        ("tax_code", "chưa có", "tax_code"),
    ],
)
def test_what_cannot_stand_on_paper_is_named_and_kept_as_typed(field: str, value: str, kind: str) -> None:
    row, [problem] = check({field: value})
    assert (problem.field, problem.kind) == (field, kind)
    assert getattr(row, field)


@pytest.mark.parametrize("code", ["0100109106", "0100109106-001", "0100109106001", "051076001234"])
def test_what_may_be_a_tax_code(code: str) -> None:
    assert is_tax_code(code)


@pytest.mark.parametrize(
    "code", ["", "0100109107", "010010910", "01001091060", "0100109107-001", "０１００１０９１０６"]
)
def test_what_is_no_tax_code(code: str) -> None:
    assert not is_tax_code(code)


def test_the_examples_in_the_docstrings_hold() -> None:
    result = doctest.testmod(households)
    assert result.attempted
    assert not result.failed
