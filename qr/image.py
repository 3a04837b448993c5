"""Payload → picture: SVG, PNG or PDF. Every picture is read back before it is handed out.

Sizes: a symbol is square, its side counted in modules; `scale` is the side of one module, in pixels (SVG, PNG) or
points (PDF). The quiet zone of four modules (ISO/IEC 18004:2015, section 6.3.8) is part of every picture.
"""

import io
import re
import zlib
from typing import Final, Literal

import pypdfium2
import segno
import zxingcpp
from PIL import Image

from qr import vietqr
from qr.errors import FieldError, PictureError

ErrorLevel = Literal["L", "M", "Q", "H"]
"""How much of a symbol may be hidden: about 7, 15, 25 or 30 % of its codewords."""

QUIET: Final = 4
MAX_SCALE: Final = 40

# Choosing the mask anew is four fifths of the work of making a symbol. Over VietQR payloads mask 0 has the lowest mean
# penalty of the eight, about a tenth above the best one for each, and readers do not mind.
_MASK: Final = 0
_QR_CODE = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
_RUN = re.compile("1+")
_SVG_RUN = re.compile(r"M([0-9]+) ([0-9]+)\.5h([0-9]+)")


def matrix(payload: str, error: ErrorLevel = "M") -> tuple[bytes, ...]:
    """The symbol of `payload` (any text): rows from the top, one byte a module, 1 for dark; no quiet zone.

    Raises PictureError for a text no symbol holds.
    """
    try:
        symbol = segno.make_qr(payload, error=error, boost_error=False, mask=_MASK)
    except (segno.DataOverflowError, UnicodeEncodeError):
        raise PictureError(f"no symbol of level {error} holds {len(payload)} characters of this kind") from None
    return tuple(bytes(row) for row in symbol.matrix)


def svg(payload: str, *, scale: int = 10, error: ErrorLevel = "M") -> str:
    """The payload as an SVG document, black on white.

    Raises PayloadError for a payload that does not decode, FieldError for a scale outside 1 to 40, PictureError for a
    picture that does not read back.
    """
    rows = _checked(payload, scale, error)
    side = len(rows) + 2 * QUIET
    path = "".join(f"M{left + QUIET} {top + QUIET}.5h{width}" for top, left, width in _runs(rows))
    document = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * scale}" height="{side * scale}" '
        f'viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path stroke="#000" d="{path}"/></svg>\n'
    )
    _check(_drawn(document, side), payload)
    return document


def png(payload: str, *, scale: int = 10, error: ErrorLevel = "M") -> bytes:
    """The payload as a PNG file, one bit a pixel. Raises as `svg` does."""
    rows = _checked(payload, scale, error)
    out = io.BytesIO()
    bitmap(rows, scale).save(out, "PNG")
    side = 2 * (len(rows) + 2 * QUIET)
    with Image.open(io.BytesIO(out.getvalue())) as written:
        _check(written.resize((side, side), Image.Resampling.NEAREST).convert("L"), payload)
    return out.getvalue()


def pdf(payload: str, *, scale: int = 4, error: ErrorLevel = "M") -> bytes:
    """The payload as a PDF file of one page, in vectors. Raises as `svg` does."""
    rows = _checked(payload, scale, error)
    side = len(rows) + 2 * QUIET
    # PDF counts upwards from the bottom; all modules are one path, so that no seams show between them.
    path = "".join(f"{left + QUIET} {side - QUIET - top - 1} {width} 1 re\n" for top, left, width in _runs(rows))
    content = zlib.compress(f"{scale} 0 0 {scale} 0 0 cm\n1 g 0 0 {side} {side} re f\n0 g\n{path}f\n".encode())
    document = _pdf_file(side * scale, content)
    page = pypdfium2.PdfDocument(document)[0]
    _check(page.render(scale=3 / scale, grayscale=True).to_pil(), payload)
    return document


def bitmap(rows: tuple[bytes, ...], scale: int) -> Image.Image:
    """The symbol with its quiet zone as a picture of one bit a pixel."""
    side = len(rows) + 2 * QUIET
    symbol = Image.frombytes("L", (len(rows), len(rows)), b"".join(rows).translate(_GREY))
    whole = Image.new("1", (side, side), 1)
    whole.paste(symbol.convert("1", dither=Image.Dither.NONE), (QUIET, QUIET))
    return whole.resize((side * scale, side * scale), Image.Resampling.NEAREST)


_GREY = bytes([255, 0]) + bytes(254)


def read_back(picture: Image.Image, text: str) -> bool:
    """Whether exactly one code is found in `picture`, and it says `text`."""
    found = zxingcpp.read_barcodes(picture, formats=_QR_CODE, try_rotate=False, try_invert=False)
    return [code.text for code in found] == [text]


def _checked(payload: str, scale: int, error: ErrorLevel) -> tuple[bytes, ...]:
    vietqr.decode(payload)
    if type(scale) is not int or not 1 <= scale <= MAX_SCALE:
        raise FieldError("scale", f"{scale!r} is not between 1 and {MAX_SCALE}")
    return matrix(payload, error)


def _check(picture: Image.Image, payload: str) -> None:
    if not read_back(picture, payload):
        raise PictureError("the finished picture does not read back as its payload; it is not handed out")


def _runs(rows: tuple[bytes, ...]) -> list[tuple[int, int, int]]:
    """Runs of dark modules, as (row, first column, length)."""
    return [
        (top, run.start(), run.end() - run.start())
        for top, row in enumerate(rows)
        for run in _RUN.finditer(row.translate(_DIGITS).decode())
    ]


_DIGITS = b"01" + bytes(254)


def _drawn(document: str, side: int) -> Image.Image:
    """The picture an SVG document made here draws, two pixels a module, from its text alone."""
    pixels = bytearray(b"\xff" * (side * side))
    for left, top, width in _SVG_RUN.findall(document):
        start = int(top) * side + int(left)
        pixels[start : start + int(width)] = bytes(int(width))
    small = Image.frombytes("L", (side, side), bytes(pixels))
    return small.resize((2 * side, 2 * side), Image.Resampling.NEAREST)


def _pdf_file(side: int, content: bytes) -> bytes:
    """A PDF 1.4 file (ISO 32000-1, section 7.5) of one square page of `side` points with deflated `content`."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Resources<<>>/Contents 4 0 R>>" % (side, side),
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(content), content),
    )
    document = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(document))
        document += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = len(document)
    document += b"xref\n0 5\n0000000000 65535 f \n" + table
    document += b"trailer\n<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % end
    return bytes(document)
