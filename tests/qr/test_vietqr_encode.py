import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from qr import vietqr
from qr.errors import FieldError

HOME: dict[str, Any] = {"bin": "970436", "account": "0011012345678"}
ENCODERS: list[Callable[..., object]] = [vietqr.encode, vietqr.for_amounts]


def test_a_code_without_an_amount_is_static() -> None:
    assert vietqr.encode(**HOME) == (
        "00020101021138570010A00000072701270006970436011300110123456780208QRIBFTTA53037045802VN63047B64"
    )


def test_a_code_with_everything_writes_it_in_the_order_of_ids() -> None:
    payload = vietqr.encode(
        **HOME,
        amount=50_000,
        purpose="p",
        bill="b",
        store="s",
        reference="r",
        terminal="t",
        merchant_name="m",
        city="c",
        mcc="5411",
    )
    assert payload[73:-4] == (
        "5204541153037045405500005802VN5901m6001c6225" + "0101b" + "0301s" + "0501r" + "0701t" + "0801p" + "6304"
    )


def test_a_card_is_paid_by_the_card_service() -> None:
    assert vietqr.encode(bin="970403", account="9704031101234567", card=True) == (
        "00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC53037045802VN63044F52"
    )


def test_an_account_keeps_its_letters_their_case_and_leading_zeros() -> None:
    assert "01" + "12" + "00VQRQdalq1x" in vietqr.encode(bin="970422", account="00VQRQdalq1x")


@pytest.mark.parametrize("amount", [1, 9, 10, 999, 1_000, 99_999_999, 499_999_999])
def test_every_amount_within_the_limits_is_written_in_its_digits(amount: int) -> None:
    assert f"54{len(str(amount)):02}{amount}5802VN" in vietqr.encode(**HOME, amount=amount)


@pytest.mark.parametrize("amount", [0, -1, 500_000_000, True, False, 50_000.0, "50000", float("nan")])
def test_any_other_amount_is_refused(amount: Any) -> None:
    with pytest.raises(FieldError) as refused:
        vietqr.encode(**HOME, amount=amount)
    assert refused.value.field == "amount"


@pytest.mark.parametrize("amount", [0, -1, 500_000_000, True, 50_000.0, "50000", None])
def test_a_cached_code_refuses_the_same_amounts(amount: Any) -> None:
    till = vietqr.for_amounts(**HOME)
    with pytest.raises(FieldError, match="amount"):
        till(amount)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("bin", "97043", "'97043' is not six digits"),
        ("bin", "9704366", "'9704366' is not six digits"),
        ("bin", "97043a", "'97043a' is not six digits"),
        ("bin", "٩٧٠٤٣٦", "'٩٧٠٤٣٦' is not six digits"),
        ("bin", "", "'' is not six digits"),
        ("bin", 970436, "970436 is no text"),
        ("bin", None, "None is no text"),
        ("account", "", "'' is not letters and digits only"),
        ("account", "0011 0123", "'0011 0123' is not letters and digits only"),
        ("account", "0011-0123", "'0011-0123' is not letters and digits only"),
        ("account", "٠١٢", "'٠١٢' is not letters and digits only"),
        ("account", "x" * 20, "has 20 characters, 19 fit"),
        ("account", 11012345678, "11012345678 is no text"),
        ("purpose", "x" * 26, "has 26 characters, 25 fit; 95 fit with long_purpose"),
        ("bill", "x" * 26, "has 26 characters, 25 fit"),
        ("store", "x" * 26, "has 26 characters, 25 fit"),
        ("reference", "x" * 26, "has 26 characters, 25 fit"),
        ("terminal", "x" * 26, "has 26 characters, 25 fit"),
        ("merchant_name", "x" * 26, "has 26 characters, 25 fit"),
        ("city", "x" * 16, "has 16 characters, 15 fit"),
        ("mcc", "541", "'541' is not four digits"),
        ("mcc", "54111", "'54111' is not four digits"),
        ("mcc", "541a", "'541a' is not four digits"),
        ("mcc", 5411, "5411 is no text"),
        ("purpose", "", "is empty; leave it out"),
        ("purpose", "   ", "is empty; leave it out"),
        ("purpose", "cá 🙂🙂", "may not hold '🙂': only letters, digits and ASCII punctuation stand there"),
        ("store", "a\nb\tc", "may not hold '\\n\\t': only letters, digits and ASCII punctuation stand there"),
        ("city", "\x7f", "may not hold '\\x7f': only letters, digits and ASCII punctuation stand there"),
        ("bill", 7, "7 is no text"),
        ("bill", " !~é🙂~!", "may not hold '🙂': only letters, digits and ASCII punctuation stand there"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_name_of_its_field(
    encoder: Callable[..., object], field: str, value: object, message: str
) -> None:
    with pytest.raises(FieldError) as refused:
        encoder(**(HOME | {field: value}))
    assert (refused.value.field, refused.value.message) == (field, message)


@pytest.mark.parametrize("account", ["970403110123456", "97040311012345678", "1234567890", "9" * 19])
def test_a_card_number_has_ten_to_nineteen_digits(account: str) -> None:
    assert vietqr.encode(bin="970403", account=account, card=True)


@pytest.mark.parametrize("account", ["123456789", "970403110123456x"])
def test_anything_else_is_no_card_number(account: str) -> None:
    with pytest.raises(FieldError, match="is no card number: 10 to 19 digits"):
        vietqr.encode(bin="970403", account=account, card=True)


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("account", 19),
        ("purpose", 25),
        ("bill", 25),
        ("store", 25),
        ("reference", 25),
        ("terminal", 25),
        ("merchant_name", 25),
        ("city", 15),
    ],
)
def test_a_field_at_its_longest_fits(field: str, longest: int) -> None:
    payload = vietqr.encode(**(HOME | {field: "x" * longest}))
    assert f"{longest:02}" + "x" * longest in payload
    assert vietqr.decode(payload).warnings == ()


def test_a_long_purpose_fits_when_asked_for() -> None:
    payload = vietqr.encode(**HOME, purpose="x" * 95, long_purpose=True)
    assert vietqr.decode(payload).purpose == "x" * 95


def test_a_purpose_of_ninety_six_characters_never_fits() -> None:
    with pytest.raises(FieldError) as refused:
        vietqr.encode(**HOME, purpose="x" * 96, long_purpose=True)
    assert str(refused.value) == "purpose: has 96 characters, 95 fit"


def test_the_texts_of_the_additional_data_share_ninety_nine_characters() -> None:
    payload = vietqr.encode(**HOME, bill="b" * 25, store="s" * 25, reference="r" * 25, terminal="t" * 8)
    assert "6299" in payload
    with pytest.raises(FieldError) as refused:
        vietqr.encode(**HOME, bill="b" * 24, store="s" * 25, reference="r" * 25, terminal="t" * 10)
    assert refused.value.field == "store"
    assert refused.value.message == (
        "bill, store, reference, terminal need 100 characters together, 99 fit; shorten this"
    )


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_vietnamese_is_folded_before_it_is_measured(form: Any) -> None:
    purpose = unicodedata.normalize(form, "Đặng thị Ngọc ướp đá, 2 kg")
    payload = vietqr.encode(**HOME, purpose=purpose[:-1], merchant_name=unicodedata.normalize(form, "Cô Tám"))
    decoded = vietqr.decode(payload)
    assert (decoded.purpose, decoded.merchant_name) == ("Dang thi Ngoc uop da, 2 k", "Co Tam")


def test_space_around_a_value_is_taken_off() -> None:
    trimmed = vietqr.encode(bin=" 970436 ", account="\t0011012345678\n", purpose=" ca ", mcc=" 5411 ")
    assert trimmed == vietqr.encode(**HOME, purpose="ca", mcc="5411")


def test_all_printable_ascii_may_stand_in_a_text() -> None:
    signs = "".join(map(chr, range(0x21, 0x7F)))
    assert vietqr.decode(vietqr.encode(**HOME, purpose=signs, long_purpose=True)).purpose == signs


def test_a_cached_code_pays_to_an_account_as_encode_does() -> None:
    assert vietqr.for_amounts(**HOME)(50_000) == vietqr.encode(**HOME, amount=50_000)


@pytest.mark.parametrize("amount", [1, 2, 35_000, 499_999_998, 499_999_999])
def test_a_cached_code_gives_what_encode_gives(amount: int) -> None:
    options: dict[str, Any] = HOME | {"purpose": "Cá", "merchant_name": "Cô Tám", "mcc": "5411", "card": True}
    assert vietqr.for_amounts(**options)(amount) == vietqr.encode(**options, amount=amount)
