import unicodedata
from typing import Literal

import pytest

from qr.text import fold

ALPHABET = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
FOLDED = "aaaaaaaaaaaaaaaaaabcddeeeeeeeeeeeeghiiiiiiklmnoooooooooooooooooopqrstuuuuuuuuuuuuvxyyyyyy"


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_the_whole_alphabet_folds_in_every_normal_form(form: Literal["NFC", "NFD", "NFKC", "NFKD"]) -> None:
    both = unicodedata.normalize(form, ALPHABET + ALPHABET.upper())
    assert fold(both) == FOLDED + FOLDED.upper()


def test_ascii_stays_as_it_is() -> None:
    everything = "".join(map(chr, range(128)))
    assert fold(everything) == everything


def test_the_block_of_combining_marks_is_taken_off_and_nothing_beside_it() -> None:
    assert fold("a\u0300\u036fb") == "ab"
    assert fold("a\u02ff\u0370b") == "a\u02ff\u0370b"


def test_a_no_break_space_becomes_a_space() -> None:
    assert fold("50.000\u00a0đ") == "50.000 d"


@pytest.mark.parametrize("text", ["🙂", "ß", "Ω", "北京", "“", "–", "①"])
def test_what_is_no_marked_latin_letter_stays_to_be_refused_by_name(text: str) -> None:
    assert fold(text) == text
