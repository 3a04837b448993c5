"""Photos of codes as phones take them, made here: turned, tilted, dim, partly shaded, several in one."""

import io
import math
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qr import image, scan, vietqr
from qr.errors import PictureError

PAYLOADS = [vietqr.encode(bin="970436", account=f"001101234567{n}", purpose=f"A7K2M9X{n}") for n in range(6)]
Point = tuple[float, float]


def _coefficients(quad: Sequence[Point], side: int) -> list[float]:
    """What Pillow's perspective transform needs to lay a square picture into `quad`: eight linear equations."""
    rows = []
    for (x, y), (u, v) in zip(quad, [(0, 0), (side, 0), (side, side), (0, side)], strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]]
    for i in range(8):
        pivot = max(range(i, 8), key=lambda row, i=i: abs(rows[row][i]))  # type: ignore[misc]
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for other in range(8):
            if other != i:
                rows[other] = [a - rows[other][i] * b for a, b in zip(rows[other], rows[i], strict=True)]
    return [row[8] for row in rows]


def _seen_from_the_side(side: float, centre: Point, turn: float, yaw: float) -> list[Point]:
    """The corners of a square of `side` pixels, photographed at `yaw` degrees from twice its side away."""
    corners = []
    for dx, dy in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
        near = 2 * side / (2 + dx * math.sin(math.radians(yaw)))
        x, y = dx * math.cos(math.radians(yaw)) * near, dy * near
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        corners.append((centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos))
    return corners


def _photo(
    payloads: Sequence[str], *, size: tuple[int, int] = (1600, 1200), side: int = 420, turn: float = 7, yaw: float = 0
) -> Image.Image:
    """A grey wall with the codes side by side on it."""
    wall = Image.effect_noise((size[0] // 8, size[1] // 8), 60).resize(size).point(lambda grey: int(grey * 0.6 + 60))
    for number, payload in enumerate(payloads):
        sign = image.bitmap(image.matrix(payload), 12).convert("L")
        centre = (size[0] * (number + 0.5) / len(payloads), size[1] / 2)
        to_wall = _coefficients(_seen_from_the_side(side, centre, turn, yaw), sign.width)
        laid = sign.transform(size, Image.Transform.PERSPECTIVE, to_wall, Image.Resampling.BILINEAR)
        mask = Image.new("L", sign.size, 255).transform(size, Image.Transform.PERSPECTIVE, to_wall)
        wall.paste(laid, (0, 0), mask)
    return wall.filter(ImageFilter.GaussianBlur(1))


def _half_in_shade(photo: Image.Image) -> Image.Image:
    shade = Image.new("L", photo.size, 255)
    edge = [(0, 0), (photo.width * 0.55, 0), (photo.width * 0.4, photo.height), (0, photo.height)]
    ImageDraw.Draw(shade).polygon(edge, fill=80)
    return ImageChops.multiply(photo, shade.filter(ImageFilter.GaussianBlur(15)))


def _file(picture: Image.Image, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_code_is_read_from_every_kind_of_picture(kind: str) -> None:
    assert scan.read(_file(_photo(PAYLOADS[:1]), kind)) == PAYLOADS[:1]


@pytest.mark.parametrize("turn", range(0, 360, 45))
def test_a_code_is_read_however_the_phone_is_turned(turn: int) -> None:
    assert scan.read(_file(_photo(PAYLOADS[:1], turn=turn))) == PAYLOADS[:1]


@pytest.mark.parametrize("turn", [0, 30, 80])
@pytest.mark.parametrize("yaw", [30, 45, 60])
def test_a_code_is_read_from_the_side(turn: int, yaw: int) -> None:
    assert scan.read(_file(_photo(PAYLOADS[:1], side=600, turn=turn, yaw=yaw))) == PAYLOADS[:1]


@pytest.mark.parametrize("count", [2, 3])
def test_all_codes_of_a_photo_are_read_from_left_to_right(count: int) -> None:
    assert scan.read(_file(_photo(PAYLOADS[:count]))) == PAYLOADS[:count]


def test_codes_of_a_sheet_are_read_row_by_row() -> None:
    sheet = Image.new("L", (900, 1300), 255)
    for number, payload in enumerate(PAYLOADS):
        code = image.bitmap(image.matrix(payload), 7)
        # Cut out by hand: no two stand at quite the same height.
        sheet.paste(code, (60 + 430 * (number % 2), 30 + 420 * (number // 2) + (40 if number % 2 == 0 else 0)))
    assert scan.read(_file(sheet, "PNG")) == PAYLOADS


def test_six_small_codes_of_a_large_photo_are_read() -> None:
    photo = _photo(PAYLOADS, size=(4000, 3000), side=460)
    assert sorted(scan.read(_file(photo))) == PAYLOADS


def test_the_same_code_twice_comes_twice() -> None:
    assert scan.read(_file(_photo([PAYLOADS[0], PAYLOADS[0]]))) == [PAYLOADS[0], PAYLOADS[0]]


@pytest.mark.parametrize("light", [0.5, 0.25, 0.12])
def test_a_code_is_read_in_the_dark(light: float) -> None:
    photo = _photo(PAYLOADS[:2]).point(lambda grey: int(grey * light + 8))
    assert scan.read(_file(photo)) == PAYLOADS[:2]


def test_codes_are_read_across_a_shadows_edge() -> None:
    assert scan.read(_file(_half_in_shade(_photo(PAYLOADS[:3])))) == PAYLOADS[:3]


def test_a_grainy_photo_is_read() -> None:
    photo = _photo(PAYLOADS[:1])
    grainy = ImageChops.add(photo, Image.effect_noise(photo.size, 30), 1, -128)
    assert scan.read(_file(grainy)) == PAYLOADS[:1]


@pytest.mark.parametrize("scale", [1, 2])
def test_a_screenshot_with_a_pixel_or_two_a_module_is_read(scale: int) -> None:
    assert scan.read(image.png(PAYLOADS[0], scale=scale)) == PAYLOADS[:1]


def test_a_code_on_a_transparent_ground_is_read_as_on_white() -> None:
    black = image.bitmap(image.matrix(PAYLOADS[0]), 6).convert("L")
    picture = Image.new("RGBA", black.size, (0, 0, 0, 255))
    picture.putalpha(ImageChops.invert(black))
    assert scan.read(_file(picture, "PNG")) == PAYLOADS[:1]


def test_a_light_code_on_a_dark_ground_is_read() -> None:
    black = image.bitmap(image.matrix(PAYLOADS[0]), 6).convert("L")
    assert scan.read(_file(ImageChops.invert(black), "PNG")) == PAYLOADS[:1]


def test_a_code_that_is_no_payload_is_read_as_its_text() -> None:
    picture = image.bitmap(image.matrix("Chợ Bến Sông"), 6)
    assert scan.read(_file(picture, "PNG")) == ["Chợ Bến Sông"]


def test_a_picture_without_a_code_has_none() -> None:
    assert scan.read(_file(_photo([]))) == []


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n" + bytes(50), b"<svg/>"])
def test_a_file_that_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(PictureError, match="no picture"):
        scan.read(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_cut_off_is_refused(kind: str) -> None:
    whole = _file(_photo(PAYLOADS[:1]), kind)
    with pytest.raises(PictureError, match="damaged"):
        scan.read(whole[: len(whole) // 2])


def _png_of_nothing(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + b"\x01\x00\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [4_900, 10_000, 20_000, 100_000])
def test_a_picture_that_would_unpack_to_too_much_is_refused_unread(side: int) -> None:
    with pytest.raises(PictureError, match="pixels"):
        scan.read(_png_of_nothing(side, side))


def test_a_file_of_too_many_bytes_is_refused() -> None:
    with pytest.raises(PictureError, match="over 100 MB"):
        scan.read(bytes(scan.MAX_BYTES + 1))


def test_a_picture_at_the_limit_is_read() -> None:
    picture = Image.new("1", (6_000, 4_000), 1)
    picture.paste(image.bitmap(image.matrix(PAYLOADS[0]), 6), (2_000, 2_000))
    assert scan.read(_file(picture, "PNG")) == PAYLOADS[:1]


@given(st.data())
def test_a_spoilt_file_raises_nothing_but_the_packages_own_error(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"]))
    content = bytearray(_SMALL_FILES[kind])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    try:
        texts = scan.read(bytes(content))
    except PictureError:
        return
    assert all(isinstance(text, str) for text in texts)


_SMALL_FILES = {
    kind: _file(image.bitmap(image.matrix(PAYLOADS[0]), 3).convert("L"), kind)
    for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
}
