import io
import re

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from qr import image, vietqr
from qr.errors import FieldError, PayloadError, PictureError
from qr.image import ErrorLevel

PAYLOAD = vietqr.encode(bin="970436", account="0011012345678", amount=50_000, purpose="Cá đối 2 kg")
LEVELS: tuple[ErrorLevel, ...] = ("L", "M", "Q", "H")


def _read(picture: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("scale", [1, 3, 10])
def test_a_png_reads_back(level: ErrorLevel, scale: int) -> None:
    with Image.open(io.BytesIO(image.png(PAYLOAD, scale=scale, error=level))) as picture:
        assert _read(picture.convert("L")) == [PAYLOAD]


def test_a_png_is_scale_pixels_a_module_with_four_modules_of_quiet_all_around() -> None:
    with Image.open(io.BytesIO(image.png(PAYLOAD, scale=3))) as picture:
        side = (len(image.matrix(PAYLOAD)) + 8) * 3
        assert picture.size == (side, side)
        dark = Image.eval(picture.convert("L"), lambda grey: 255 - grey)
        assert dark.getbbox() == (12, 12, side - 12, side - 12)


@pytest.mark.parametrize("level", LEVELS)
def test_a_pdf_reads_back_at_print_resolution(level: ErrorLevel) -> None:
    page = pypdfium2.PdfDocument(image.pdf(PAYLOAD, error=level))[0]
    assert _read(page.render(scale=300 / 72, grayscale=True).to_pil()) == [PAYLOAD]


def test_an_svg_draws_exactly_the_modules_of_the_symbol() -> None:
    rows = image.matrix(PAYLOAD)
    drawn = set()
    for left, top, width in re.findall(r"M(\d+) (\d+)\.5h(\d+)", image.svg(PAYLOAD)):
        drawn |= {(int(top) - 4, column - 4) for column in range(int(left), int(left) + int(width))}
    assert drawn == {(top, left) for top, row in enumerate(rows) for left, dark in enumerate(row) if dark}


def test_an_svg_has_its_size_in_pixels_and_its_view_box_in_modules() -> None:
    side = len(image.matrix(PAYLOAD)) + 8
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * 7}" height="{side * 7}" viewBox="0 0 {side} {side}"'
    assert image.svg(PAYLOAD, scale=7).startswith(head)


def test_the_same_payload_gives_the_same_bytes() -> None:
    assert image.svg(PAYLOAD) == image.svg(PAYLOAD)
    assert image.png(PAYLOAD) == image.png(PAYLOAD)
    assert image.pdf(PAYLOAD) == image.pdf(PAYLOAD)


def test_a_higher_level_makes_a_larger_symbol() -> None:
    sides = [len(image.matrix(PAYLOAD, level)) for level in LEVELS]
    assert sides == sorted(set(sides))


@pytest.mark.parametrize("maker", [image.svg, image.png, image.pdf])
def test_a_payload_that_does_not_decode_gets_no_picture(maker: type) -> None:
    with pytest.raises(PayloadError):
        maker(PAYLOAD[:-1] + "0")


@pytest.mark.parametrize("maker", [image.svg, image.png, image.pdf])
@pytest.mark.parametrize("scale", [0, 41, -1, True, 2.5])
def test_a_scale_outside_its_bounds_is_refused(maker: type, scale: object) -> None:
    with pytest.raises(FieldError, match="scale"):
        maker(PAYLOAD, scale=scale)


def test_a_text_no_symbol_holds_is_refused() -> None:
    with pytest.raises(PictureError):
        image.matrix("x" * 3000)


@pytest.mark.parametrize("maker", [image.svg, image.png, image.pdf])
def test_a_picture_of_another_payload_is_not_handed_out(maker: type, monkeypatch: pytest.MonkeyPatch) -> None:
    other = image.matrix(vietqr.encode(bin="970436", account="666"))
    monkeypatch.setattr(image, "matrix", lambda payload, error: other)
    with pytest.raises(PictureError, match="does not read back"):
        maker(PAYLOAD)


def test_a_spoilt_picture_does_not_read_back() -> None:
    picture = image.bitmap(image.matrix(PAYLOAD), 4).convert("L")
    assert image.read_back(picture, PAYLOAD)
    ImageDraw.Draw(picture).rectangle((60, 60, 130, 130), fill=255)
    assert not image.read_back(picture, PAYLOAD)
