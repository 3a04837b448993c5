"""Picture → payloads: every QR code in a photo, a scan or a screenshot.

Works on the grey values of the picture as it is and at smaller sizes, each made black and white by the light around
every spot; and once by one threshold for all of it, which reads what glare and moiré take from the first way.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import zxingcpp
from PIL import Image

from qr.errors import PictureError

MAX_PIXELS: Final = 24_000_000
"""A picture with more pixels is refused before any is unpacked."""
MAX_BYTES: Final = 100_000_000
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")

_QR_CODE = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
_SMALL = 2_000_000


class _Code(NamedTuple):
    """A code and its middle in the picture; `reach` is half its size, in pixels."""

    text: str
    x: float
    y: float
    reach: float


def read(picture: bytes) -> list[str]:
    """The text of every QR code in a picture file, row by row from the top; a code that stands there twice comes twice.

    Empty where there is no code that can be read. The text may be anything: `vietqr.decode` says whether it is a
    payload. Raises PictureError for what is no picture of `FORMATS`, is damaged, or has over 24 million pixels.
    """
    with open_picture(picture) as opened:
        grey = on_white(opened, "L")
    found: list[_Code] = []
    for view, scale, binarizer in _views(grey):
        for barcode in zxingcpp.read_barcodes(view, formats=_QR_CODE, binarizer=binarizer):
            code = _code(barcode, scale)
            if not any(_same(code, other) for other in found):
                found.append(code)
    return [code.text for code in _in_rows(found)]


def _code(barcode: zxingcpp.Barcode, scale: float) -> _Code:
    start, end = barcode.position.top_left, barcode.position.bottom_right
    size = max(abs(end.x - start.x), abs(end.y - start.y))
    return _Code(_text(barcode), (start.x + end.x) / 2 / scale, (start.y + end.y) / 2 / scale, size / 2 / scale)


def _same(one: _Code, other: _Code) -> bool:
    return one.text == other.text and abs(one.x - other.x) < other.reach and abs(one.y - other.y) < other.reach


def _in_rows(found: list[_Code]) -> list[_Code]:
    """From the top down, and from left to right those that stand less than half a code apart in height."""
    rows: list[list[_Code]] = []
    for code in sorted(found, key=lambda code: code.y):
        if rows and code.y - rows[-1][0].y < code.reach:
            rows[-1].append(code)
        else:
            rows.append([code])
    return [code for row in rows for code in sorted(row, key=lambda code: code.x)]


def _views(grey: Image.Image) -> Iterator[tuple[Image.Image, float, zxingcpp.Binarizer]]:
    """Pictures to look at, with their scale against the original, and the way to make them black and white."""
    local = zxingcpp.Binarizer.LocalAverage
    yield grey, 1, local
    yield grey, 1, zxingcpp.Binarizer.GlobalHistogram
    for factor in (2, 4):
        if min(grey.size) // factor >= 100:
            yield grey.reduce(factor), 1 / factor, local
    if grey.width * grey.height <= _SMALL:
        yield grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.BICUBIC), 2, local


def open_picture(content: bytes) -> Image.Image:
    """A picture file, opened and its size checked, nothing unpacked yet. Raises PictureError as `read` does."""
    if len(content) > MAX_BYTES:
        raise PictureError(f"the file has over {MAX_BYTES // 1_000_000} MB; make the picture smaller")
    try:
        with _without_warnings():
            opened = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise PictureError("the picture has too many pixels; make it smaller") from None
    except (OSError, ValueError):
        raise PictureError(f"this is no picture of a kind that can be read ({', '.join(FORMATS)})") from None
    if opened.width * opened.height > MAX_PIXELS:
        size = f"{opened.width} × {opened.height}"
        raise PictureError(f"the picture has {size} pixels, {MAX_PIXELS:,} are allowed; make it smaller")
    return opened


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Pillow warns of much that a damaged or odd file holds; what matters of it is an error here, or nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def on_white(opened: Image.Image, mode: str) -> Image.Image:
    """The pixels of an opened picture as "L" or "RGB", what is transparent on white. Raises PictureError where it is
    damaged."""
    try:
        with _without_warnings():
            opened.draft(mode, opened.size)
            if opened.has_transparency_data:
                white = Image.new("RGBA", opened.size, "white")
                return Image.alpha_composite(white, opened.convert("RGBA")).convert(mode)
            return opened.convert(mode)
    except Exception:  # Pillow raises many kinds for a file that is damaged.
        raise PictureError("the picture is damaged and cannot be read to its end") from None


def _text(code: zxingcpp.Barcode) -> str:
    try:
        return code.bytes.decode()
    except UnicodeDecodeError:
        return code.text
