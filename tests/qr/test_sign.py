"""What a printed sign must hold: a code that reads in its place, and every word of the stall's name whole."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pypdfium2
import pypdfium2.raw
import pytest
import zxingcpp
from PIL import Image

import qr.sign
from qr.errors import PictureError
from qr.fonts import HEADING, TEXT, fit, unprintable, width
from qr.image import QUIET, matrix
from qr.sign import LAYOUTS, Sign, SignError, write_signs

SIGN = Sign(
    payload="00020101021138570010A00000072701270006970405011300123456780000208QRIBFTTA53037045802VN62110807C17ABC3630498B0",
    market="Chợ Quảng Ngãi",
    stall_name="Cá biển Hương",
    stall_code="C-17",
    holder="Trần Thị Hương",
    bank="Agribank",
    account_number="0012345678000",
    serial="C17-0002",
    version=2,
    phone="0255 000 0000",
    printed_on=date(2026, 11, 24),
)
OTHER = "00020101021138570010A00000072701270006970405011300123456780010208QRIBFTTA53037045802VN62110807C17ABC363044C93"
LONG_HOLDER = "NGUYỄN THỊ ÁNH TUYẾT NGUYỆT"
LONG_NAME = "Quầy Hải Sản Tươi Sống Ánh Tuyết Sa Huỳnh"
COMPANY = "CÔNG TY TRÁCH NHIỆM HỮU HẠN MỘT THÀNH VIÊN THƯƠNG MẠI VÀ DỊCH VỤ ẨM THỰC QUẢNG NGÃI"
VOWELS = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵ"


def several(count: int) -> list[Sign]:
    return [
        replace(
            SIGN, stall_code=f"C-{n}", serial=f"C{n}-0001", payload=SIGN.payload.replace("5678000", f"56780{n:02d}")
        )
        for n in range(1, count + 1)
    ]


def rendered(pdf: bytes, dpi: int) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    pages = [page.render(scale=dpi / 72, grayscale=True).to_pil() for page in document]
    document.close()
    return pages


def texts(pdf: bytes) -> list[str]:
    """The text of each page as a reader would copy it, spaces single."""
    document = pypdfium2.PdfDocument(pdf)
    pages = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    document.close()
    return pages


def printed_size(pdf: bytes, text: str) -> int:
    """The size in points at which the first page prints a text."""
    document = pypdfium2.PdfDocument(pdf)
    page = document[0].get_textpage()
    place = page.get_text_range().index(text)
    size = float(pypdfium2.raw.FPDFText_GetFontSize(page, place))
    document.close()
    return round(size)


def codes(page: Image.Image) -> list[zxingcpp.Barcode]:
    return zxingcpp.read_barcodes(page)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_code_reads_back_from_its_own_page_at_150_dpi(layout: str) -> None:
    signs = several(13)
    pages = [{code.text for code in codes(page)} for page in rendered(write_signs(signs, layout), 150)]
    each = 12 if layout == "sheet" else 1
    assert pages == [{sign.payload for sign in signs[start : start + each]} for start in range(0, 13, each)]


def test_codes_are_printed_at_error_level_q() -> None:
    [page] = rendered(write_signs([SIGN], "a5"), 150)
    assert [code.ec_level for code in codes(page)] == ["Q"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_edge_of_a_module_falls_between_the_dots_of_a_300_dpi_printer(layout: str) -> None:
    [page] = rendered(write_signs([SIGN], layout), 300)
    greys = set(page.crop(square(page)).tobytes())
    assert greys <= {0, 1, 2, 253, 254, 255}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_four_modules_of_white_stand_around_a_code_under_the_longest_names(layout: str) -> None:
    sign = replace(SIGN, stall_name=LONG_NAME, holder="NGUYỄN THỊ ẨM ẪM ỄM ÁNH TUYẾT NGUYỆT QUỲNH")
    [page] = rendered(write_signs([sign], layout), 300)
    left, top, right, bottom = square(page)
    module = (right - left) // len(matrix(sign.payload, "Q"))
    quiet = QUIET * module
    around = page.crop((left - quiet, top - quiet, right + quiet, bottom + quiet))
    around.paste(255, (quiet, quiet, quiet + right - left, quiet + bottom - top))
    assert min(around.tobytes()) >= 253


def square(page: Image.Image) -> tuple[int, int, int, int]:
    """The ink of the one code of a page, in pixels."""
    [code] = codes(page)
    place = code.position
    outer = (place.top_left.x - 9, place.top_left.y - 9, place.bottom_right.x + 9, place.bottom_right.y + 9)
    found = page.crop(outer).point(lambda grey: 255 * (grey < 128)).getbbox()
    assert found is not None
    left, top, right, bottom = found
    return outer[0] + left, outer[1] + top, outer[0] + right, outer[1] + bottom


def test_an_a5_sign_says_all_its_words_with_their_diacritics() -> None:
    [text] = texts(write_signs([SIGN], "a5"))
    for words in (
        "Chợ Quảng Ngãi",
        "Cá biển Hương",
        "Sạp C-17",
        "TRẦN THỊ HƯƠNG",
        "Agribank, số cuối 8000",
        "Mở app ngân hàng, quét mã này",
        "Tên hiện ra phải đúng như trên",
        "Nhập số tiền rồi chuyển",
        "Scan with any Vietnamese banking app. Check the name above, then pay.",
        "Số C17-0002, bản 2",
        "In 24/11/2026",
        "Ban quản lý chợ: 0255 000 0000",
    ):
        assert words in text


def test_a_small_sign_names_stall_holder_bank_and_account() -> None:
    [text] = texts(write_signs([SIGN], "sheet"))
    for words in ("C-17", "Cá biển Hương", "TRẦN THỊ HƯƠNG", "Agribank, số cuối 8000", "Chợ Quảng Ngãi"):
        assert words in text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_account_number_is_never_printed_in_full(layout: str) -> None:
    [text] = texts(write_signs([SIGN], layout))
    assert "8000" in text
    assert "78000" not in text.replace(" ", "")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("holder", [LONG_HOLDER, COMPANY])
def test_long_names_are_printed_whole(layout: str, holder: str) -> None:
    [text] = texts(write_signs([replace(SIGN, stall_name=LONG_NAME, holder=holder)], layout))
    assert LONG_NAME in text
    assert holder in text


def test_a_holder_of_up_to_24_characters_is_printed_at_30_points() -> None:
    assert printed_size(write_signs([SIGN], "a5"), "TRẦN") == 30


def test_a_holder_of_more_than_24_characters_is_printed_at_24_points() -> None:
    assert printed_size(write_signs([replace(SIGN, holder=LONG_HOLDER)], "a5"), "NGUYỄN") == 24


def test_a_holder_too_wide_for_24_points_wraps_at_24_points() -> None:
    holder = "NGUYỄN THỊ ÁNH TUYẾT NGUYỆT QUỲNH"
    assert width(holder, HEADING, 24) > 132 * 72 / 25.4
    assert printed_size(write_signs([replace(SIGN, holder=holder)], "a5"), "NGUYỄN") == 24


def test_text_that_fits_at_no_size_has_no_lines() -> None:
    assert fit("một hai", TEXT, 10, ((12, 1), (12, 2))) is None


def test_a_name_too_long_for_the_layout_is_refused_and_not_cut() -> None:
    with pytest.raises(SignError, match="stall C-17: stall_name is too long"):
        write_signs([replace(SIGN, stall_name="Cá biển " * 30)], "a5")


def test_thirteen_small_signs_take_two_sheets() -> None:
    first, second = texts(write_signs(several(13), "sheet"))
    assert (first.count("TRẦN THỊ HƯƠNG"), second.count("TRẦN THỊ HƯƠNG")) == (12, 1)


def test_without_a_phone_the_sign_does_not_speak_of_one() -> None:
    [text] = texts(write_signs([replace(SIGN, phone=None)], "a5"))
    assert "Ban quản lý" not in text


def test_decomposed_names_are_printed_composed() -> None:
    [text] = texts(write_signs([replace(SIGN, holder=unicodedata.normalize("NFD", LONG_HOLDER))], "a5"))
    assert LONG_HOLDER in text


@pytest.mark.parametrize("font", [HEADING, TEXT])
def test_every_vietnamese_letter_has_a_glyph(font: str) -> None:
    assert unprintable(VOWELS + VOWELS.upper() + "đĐ0123456789 .,:;-–()&/'’", font) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Cá \u202eneib", "U\\+202E RIGHT-TO-LEFT OVERRIDE"),
        ("Cá\nbiển", "U\\+000A"),
        ("Cá\u200bbiển", "U\\+200B ZERO WIDTH SPACE"),
        ("Cá 🐟", "U\\+1F41F FISH"),
        ("海鲜", "U\\+6D77"),
        ("Ca\u0335 biển", "U\\+0335"),
    ],
)
@pytest.mark.parametrize("field", ["stall_name", "holder", "market"])
def test_characters_that_cannot_be_printed_are_refused_by_name(field: str, name: str, told: str) -> None:
    with pytest.raises(SignError, match=f"stall 'C-17': {field} .*{told}"):
        write_signs([replace(SIGN, **{field: name})], "a5")  # type: ignore[arg-type]


def test_every_stall_with_a_fault_is_told_at_once() -> None:
    bad = [replace(SIGN, stall_code="A1", holder=" "), SIGN, replace(SIGN, stall_code="B2", bank="\t")]
    with pytest.raises(SignError) as caught:
        write_signs(bad, "sheet")
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["stall 'A1'", "stall 'B2'", "stall 'B2'"]


Matrix = Callable[[str, str], tuple[bytes, ...]]


def hidden(payload: str, error: str) -> tuple[bytes, ...]:
    """The right code under a blot too large for its error correction."""
    rows = matrix(payload, "Q")
    middle = range(len(rows) // 5, len(rows) * 4 // 5)
    return tuple(
        bytes(1 if y in middle and x in middle else cell for x, cell in enumerate(row)) for y, row in enumerate(rows)
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("sabotaged", [hidden, lambda payload, error: matrix(OTHER, "Q")])
def test_a_sign_whose_code_does_not_read_as_its_payload_is_not_handed_out(
    monkeypatch: pytest.MonkeyPatch, layout: str, sabotaged: Matrix
) -> None:
    monkeypatch.setattr(qr.sign, "matrix", sabotaged)
    with pytest.raises(PictureError, match=r"stall C-17: .* page 1"):
        write_signs([SIGN], layout)


def test_two_codes_that_changed_places_on_a_sheet_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = several(2)
    swapped = {first.payload: second.payload, second.payload: first.payload}
    monkeypatch.setattr(qr.sign, "matrix", lambda payload, error: matrix(swapped[payload], "Q"))
    with pytest.raises(PictureError, match="stall C-1:"):
        write_signs([first, second], "sheet")


def test_the_same_signs_give_the_same_bytes() -> None:
    assert write_signs(several(3), "a5") == write_signs(several(3), "a5")


def test_no_font_is_left_to_the_printer() -> None:
    document = pypdfium2.PdfDocument(write_signs([SIGN], "a5"))
    fonts = {thing.get_font() for thing in document[0].get_objects([pypdfium2.raw.FPDF_PAGEOBJ_TEXT])}
    embedded = {font.get_base_name(): font.is_embedded for font in fonts}
    document.close()
    assert sorted(embedded.values()) == [True, True]


def test_progress_grows_to_the_number_of_signs() -> None:
    told: list[int] = []
    write_signs(several(13), "sheet", progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 13


def test_an_unknown_layout_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SignError, match="a4, a5, a6, sheet"):
        write_signs([SIGN], "a3")


def test_signs_for_no_stall_are_refused() -> None:
    with pytest.raises(SignError, match="no stall"):
        write_signs([], "a5")
