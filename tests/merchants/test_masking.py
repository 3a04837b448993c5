"""Who paid is shown shortened, in the message too."""

import doctest

import pytest

from merchants import masking
from merchants.masking import masked_memo


def test_what_the_texts_show_is_so() -> None:
    assert doctest.testmod(masking).failed == 0


@pytest.mark.parametrize("memo", ["LE VAN BA (x+y) tra", "le van  ba (x+y) tra", "Le Van Ba (x+y) tra"])
def test_a_name_is_found_however_it_is_spelled_and_whatever_signs_it_has(memo: str) -> None:
    assert masked_memo(memo, "LE VAN BA (x+y)", "") == "LE V. B. (••• tra"


def test_a_message_of_somebody_whom_the_bank_does_not_name_stays() -> None:
    assert masked_memo("tra tien ca", "", "") == "tra tien ca"


def test_a_backslash_in_a_name_means_nothing() -> None:
    assert masked_memo(r"LE \1 BA tra", r"LE \1 BA", "") == r"LE \. B••• tra"
