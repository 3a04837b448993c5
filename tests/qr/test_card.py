import io
import unicodedata

import pytest
from PIL import Image, ImageDraw

from qr import card, image, scan, vietqr
from qr.errors import FieldError, PayloadError, PictureError

PAYLOAD = vietqr.encode(bin="970436", account="0011012345678", purpose="A7K2M9X4")
ALPHABET = "AÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬBCDĐEÈÉẺẼẸÊỀẾỂỄỆGHIÌÍỈĨỊKLMNOÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢPQRSTUÙÚỦŨỤƯỪỨỬỮỰVXYỲÝỶỸỴ"


def _disc(mode: str = "RGBA") -> bytes:
    out = io.BytesIO()
    disc = Image.new(mode, (300, 300))
    ImageDraw.Draw(disc).ellipse((0, 0, 299, 299), fill="red")
    disc.save(out, "PNG")
    return out.getvalue()


def _opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as picture:
        return picture.convert("RGB")


@pytest.mark.parametrize("art", [None, _disc(), _disc("RGB")])
def test_a_card_reads_back_with_and_without_art(art: bytes | None) -> None:
    made = card.card(PAYLOAD, "Cô Tám bánh đúc", lines=["NGUYỄN THỊ TÁM", "Vietcombank"], art=art)
    assert scan.read(made) == [PAYLOAD]


def test_a_card_is_as_wide_as_a_phones_screen_and_grows_with_its_lines() -> None:
    plain = _opened(card.card(PAYLOAD, "Cô Tám"))
    taller = _opened(card.card(PAYLOAD, "Cô Tám", lines=["một", "hai"]))
    assert plain.width == taller.width == 1080
    assert taller.height > plain.height


def test_the_name_stands_above_the_code_and_the_lines_below() -> None:
    made = _opened(card.card(PAYLOAD, "Cô Tám", lines=["Vietcombank"]))
    grey = made.convert("L").point(lambda value: 255 if value < 128 else 0)
    code = image.bitmap(image.matrix(PAYLOAD), 1080 // (len(image.matrix(PAYLOAD)) + 8))
    assert grey.crop((0, 0, 1080, 200)).getbbox() is not None
    assert grey.crop((0, made.height - 130, 1080, made.height)).getbbox() is not None
    assert made.height > code.height + 200


def test_art_raises_the_error_level() -> None:
    with_art, without = _opened(card.card(PAYLOAD, "Cô", art=_disc())), _opened(card.card(PAYLOAD, "Cô"))
    assert with_art.height != without.height


def test_both_spellings_of_a_name_give_the_same_card() -> None:
    composed, apart = (unicodedata.normalize(form, "Cô Tám bánh đúc") for form in ("NFC", "NFD"))
    assert card.card(PAYLOAD, composed) == card.card(PAYLOAD, apart)


@pytest.mark.parametrize("text", [ALPHABET, ALPHABET.lower(), "0123456789 .,-–()/&'“”"])
def test_both_fonts_have_a_sign_for_every_letter_of_vietnamese(text: str) -> None:
    words = [text[start : start + 12] for start in range(0, len(text), 12)]
    for word in words:
        assert card.card(PAYLOAD, word, lines=[word])


def test_a_long_name_takes_two_lines() -> None:
    short, long = "Cô Tám", "Cửa hàng rau củ quả sạch Đặng Thị Ngọc Ưu"
    assert _opened(card.card(PAYLOAD, long)).size != _opened(card.card(PAYLOAD, short)).size


@pytest.mark.parametrize(
    ("name", "lines", "field"),
    [
        ("", [], "name"),
        ("  ", [], "name"),
        ("x" * 200, [], "name"),
        ("Cô " * 60, [], "name"),
        ("Cô\u202eTám", [], "name"),
        ("Cô\nTám", [], "name"),
        ("Cô 🙂", [], "name"),
        ("北京", [], "name"),
        ("Cô Tám", [""], "lines"),
        ("Cô Tám", ["x" * 200], "lines"),
    ],
)
def test_a_text_that_cannot_stand_there_is_refused_by_its_field(name: str, lines: list[str], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        card.card(PAYLOAD, name, lines=lines)
    assert refused.value.field == field


def test_a_payload_that_does_not_decode_gets_no_card() -> None:
    with pytest.raises(PayloadError):
        card.card(PAYLOAD[:-1] + "x", "Cô Tám")


def test_art_that_is_no_picture_is_refused() -> None:
    with pytest.raises(PictureError, match="no picture"):
        card.card(PAYLOAD, "Cô Tám", art=b"<svg/>")


def test_art_that_brings_a_code_of_its_own_is_not_handed_out() -> None:
    other = vietqr.encode(bin="970436", account="666")
    with pytest.raises(PictureError, match="does not read back"):
        card.card(PAYLOAD, "Cô Tám", art=image.png(other, scale=5))


def test_a_card_of_another_payload_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    other = image.matrix(vietqr.encode(bin="970436", account="666"))
    monkeypatch.setattr(card, "matrix", lambda payload, level: other)
    with pytest.raises(PictureError, match="does not read back"):
        card.card(PAYLOAD, "Cô Tám")
