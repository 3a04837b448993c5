"""What stands in the place of a forgotten account number."""

from sqlmodel import Session

from merchants.bank_accounts import account_problem
from merchants.number_digests import digests_of, is_digest, number_digest


def test_a_digest_fits_the_column_and_is_no_number_that_a_bank_could_give(session: Session) -> None:
    for number in ("1", "0123499999", "9704366899999999999"):
        digest = number_digest(session, 1, number)
        assert len(digest) <= 19
        assert is_digest(digest)
        assert not is_digest(number)
        assert account_problem(digest) is not None


def test_a_number_has_one_digest_in_a_market_and_another_elsewhere(session: Session) -> None:
    here = number_digest(session, 1, "0123499999")
    assert number_digest(session, 1, "0123499999") == here
    assert len({here, number_digest(session, 2, "0123499999"), number_digest(session, 1, "0123499998")}) == 3


def test_what_is_forgotten_already_stays_as_it_is(session: Session) -> None:
    digest = number_digest(session, 1, "0123499999")
    assert number_digest(session, 1, digest) == digest


def test_many_numbers_are_told_apart_by_their_digests(session: Session) -> None:
    numbers = [f"{number:010}" for number in range(200)]
    found = digests_of(session, 1, numbers)
    assert sorted(found.values()) == numbers
