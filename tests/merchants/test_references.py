"""References: a near miss is never taken for another, and a whole one is found in whatever a bank made of the memo."""

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import Session

from merchants.model import REFERENCE
from merchants.references import (
    ALPHABET,
    LENGTH,
    is_reference,
    make_reference,
    new_references,
    owners,
    references_in,
    stall_references,
)
from merchants.stalls import StallRow

references = st.integers(0, 2**32).map(lambda seed: make_reference(random.Random(seed)))
A_REFERENCE = make_reference(random.Random(1))


def test_a_reference_is_eight_characters_beginning_with_a_letter() -> None:
    source = random.Random(7)
    for _ in range(2000):
        assert re.fullmatch(r"[A-HJKMNP-Z][A-HJKMNP-Z2-9]{7}", make_reference(source))


def test_no_character_is_misread_for_another() -> None:
    assert not set("01ILO") & set(ALPHABET)
    assert len(set(ALPHABET)) == 31


@given(references)
def test_what_is_made_is_a_reference(reference: str) -> None:
    assert is_reference(reference)


@given(references)
def test_every_single_changed_character_breaks_it(reference: str) -> None:
    for place in range(LENGTH):
        for other in set(ALPHABET) - {reference[place]}:
            assert not is_reference(reference[:place] + other + reference[place + 1 :])


@given(references)
def test_every_two_swapped_characters_break_it(reference: str) -> None:
    for one in range(LENGTH):
        for two in range(one + 1, LENGTH):
            if reference[one] != reference[two]:
                swapped = list(reference)
                swapped[one], swapped[two] = reference[two], reference[one]
                assert not is_reference("".join(swapped))


@given(references)
def test_a_lost_or_doubled_character_breaks_it(reference: str) -> None:
    for place in range(LENGTH):
        assert not is_reference(reference[:place] + reference[place + 1 :])
        assert not is_reference(reference[: place + 1] + reference[place:])


@pytest.mark.parametrize("text", ["", "ABCDEFG", "ABCDEFGHJ", "2AAAAAAA", "ABCDEFG0", "abcdefgh", "ĐBCDEFGH"])
def test_what_has_not_the_form_is_no_reference(text: str) -> None:
    assert not is_reference(text)


@pytest.mark.parametrize(
    "memo",
    [
        "{}",
        " {} ",
        "MBVCB.4525077405.{}.CT tu 0123499999 LE THI toi 0888",
        "{} chuyen tien",
        "chuyen tien {}",
        "SEVQR {} -CHUYEN TIEN-OQCH0001",
        "tien_ca_{}_hom_nay",
        "Tiền cá ({}), cảm ơn!",
    ],
)
def test_a_whole_reference_is_found_with_text_around_it(memo: str) -> None:
    assert A_REFERENCE in references_in(memo.format(A_REFERENCE))


@pytest.mark.parametrize("joint", [" ", ".", "-", "_", "/", "  ", "\n", ". "])
@pytest.mark.parametrize("every", [1, 2, 3, 4])
def test_it_is_found_though_the_bank_broke_it_into_pieces(joint: str, every: int) -> None:
    pieces = [A_REFERENCE[start : start + every] for start in range(0, LENGTH, every)]
    assert A_REFERENCE in references_in(f"CK {joint.join(pieces)}")


def test_it_is_found_in_lower_case_and_in_wide_letters() -> None:
    assert A_REFERENCE in references_in(A_REFERENCE.lower())
    assert A_REFERENCE in references_in("".join(chr(ord(letter) + 0xFEE0) for letter in A_REFERENCE))


@given(references, st.text(max_size=20), st.text(max_size=20))
def test_it_is_found_whatever_stands_before_and_after(reference: str, before: str, after: str) -> None:
    assert reference in references_in(f"{before} {reference} {after}")


@given(references, st.text(alphabet=ALPHABET, max_size=10), st.text(alphabet=ALPHABET, max_size=10))
def test_it_is_found_glued_to_other_letters(reference: str, before: str, after: str) -> None:
    assert reference in references_in(before + reference + after)


@given(st.text(max_size=60))
def test_whatever_is_found_is_a_reference(memo: str) -> None:
    assert all(is_reference(found) for found in references_in(memo))


@given(st.text(alphabet=ALPHABET, max_size=40))
def test_all_that_stand_in_a_run_of_letters_are_found(memo: str) -> None:
    windows = [memo[start : start + LENGTH] for start in range(max(len(memo) - LENGTH + 1, 0))]
    assert references_in(memo) == [window for window in windows if is_reference(window)]


def test_a_reference_with_one_wrong_character_is_not_found() -> None:
    for place in range(LENGTH):
        for other in set(ALPHABET) - {A_REFERENCE[place]}:
            mistyped = A_REFERENCE[:place] + other + A_REFERENCE[place + 1 :]
            assert A_REFERENCE not in references_in(f"tien ca {mistyped}")


def test_a_long_memo_is_read_in_one_pass() -> None:
    began = time.process_time()
    assert A_REFERENCE in references_in("AB" * 30_000 + A_REFERENCE)
    # A hundredth of a second; each step over all that came before would be seconds.
    assert time.process_time() - began < 0.5


def test_new_references_are_those_nobody_has(session: Session, huong: StallRow) -> None:
    class Stuck(random.Random):
        """Makes chị Hương's own reference first."""

        first = True

        def choice(self, seq: object) -> str:  # type: ignore[override]
            if self.first:
                return huong.reference[0]
            return super().choice(ALPHABET[:23])

        def choices(self, *_: object, k: int = 1, **__: object) -> list[str]:  # type: ignore[override]
            if self.first:
                self.first = False
                return list(huong.reference[1 : LENGTH - 1])
            return super().choices(ALPHABET, k=k)

    [fresh] = new_references(session, 1, Stuck(2))
    assert fresh != huong.reference
    assert is_reference(fresh)


def test_as_many_as_asked_for_are_made_and_all_differ(session: Session) -> None:
    made = list(new_references(session, 500, random.Random(3)))
    assert len(set(made)) == 500


def test_the_owner_of_a_reference_is_found(session: Session, huong: StallRow, tu: StallRow) -> None:
    found = owners(session, [huong.reference, tu.reference, "AAAAAAAA"])
    assert found == {huong.reference: (huong.id, None), tu.reference: (tu.id, None)}
    assert owners(session, []) == {}


def test_a_stall_has_one_printed_reference(session: Session, huong: StallRow, tu: StallRow) -> None:
    assert stall_references(session, [huong.id]) == {huong.id: huong.reference}
    kept = session.connection().execute(select(REFERENCE.c.reference)).scalars().all()
    assert sorted(kept) == sorted([huong.reference, tu.reference])
