"""A stall's code as a picture for a phone's screen: its name above, what else is to be said below.

No mark of a bank, of NAPAS or of VietQR is drawn; who may use one gives it as `art`. Sizes are in pixels.
"""

import io
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final

import fontpkg  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageFont

from qr import vietqr
from qr.errors import FieldError, PictureError
from qr.image import QUIET, ErrorLevel, bitmap, matrix, read_back
from qr.scan import on_white, open_picture

WIDTH: Final = 1080
_MARGIN: Final = 60
_INK: Final = (17, 24, 32)
# The part of the symbol's side that art may cover: a fifth, 4 % of the area, where level Q mends 25 % of codewords.
_ART: Final = 0.2
_NAME_SIZES: Final = (120, 104, 88, 76, 64, 56)
_LINE_SIZES: Final = (52, 46, 40, 36)


def card(payload: str, name: str, *, lines: Sequence[str] = (), art: bytes | None = None) -> bytes:
    """A PNG file 1080 wide: `name`, the code, and the `lines` below it.

    A text is made smaller, `name` also broken into two lines, until it fits; nothing is cut. `art` (a picture file) is
    laid over the middle of the code, which then has error level Q instead of M. The finished picture is read back, as
    it is and at a third of its size.

    Raises PayloadError for a payload that does not decode, FieldError ("name", "lines") for a text that does not fit
    or that the fonts cannot show, PictureError for art that is no picture and for a card that does not read back.
    """
    vietqr.decode(payload)
    level: ErrorLevel = "M" if art is None else "Q"
    rows = matrix(payload, level)
    code = bitmap(rows, WIDTH // (len(rows) + 2 * QUIET)).convert("RGB")
    if art is not None:
        _lay_over(code, art, code.width // (len(rows) + 2 * QUIET))
    head = _fitted("name", name, "Barlow Semi Condensed", 600, _NAME_SIZES, (1, 2))
    below = [part for line in lines for part in _fitted("lines", line, "Roboto", 400, _LINE_SIZES, (1,))]
    heights = [_height(font) for _, font in (*head, *below)]
    picture = Image.new("RGB", (WIDTH, 2 * _MARGIN + sum(heights) + code.height), "white")
    draw = ImageDraw.Draw(picture)
    top = _MARGIN
    for number, ((text, font), height) in enumerate(zip((*head, *below), heights, strict=True)):
        if number == len(head):
            top += code.height
        draw.text((WIDTH / 2, top + height / 2), text, _INK, font, anchor="mm")
        top += height
    picture.paste(code, ((WIDTH - code.width) // 2, _MARGIN + sum(heights[: len(head)])))
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    with Image.open(io.BytesIO(out.getvalue())) as written:
        grey = written.convert("L")
    if not (read_back(grey, payload) and read_back(grey.reduce(3), payload)):
        raise PictureError("the finished picture does not read back as its payload; it is not handed out")
    return out.getvalue()


def _lay_over(code: Image.Image, art: bytes, module: int) -> None:
    """Art in the middle of a code, on a white ground one module wider than it is."""
    with open_picture(art) as opened:
        laid = on_white(opened, "RGB")
    side = int((code.width - 2 * QUIET * module) * _ART) - 2 * module
    laid.thumbnail((side, side), Image.Resampling.LANCZOS)
    ground = Image.new("RGB", (laid.width + 2 * module, laid.height + 2 * module), "white")
    ground.paste(laid, (module, module))
    code.paste(ground, ((code.width - ground.width) // 2, (code.height - ground.height) // 2))


def _fitted(
    field: str, text: str, family: str, weight: int, sizes: Sequence[int], counts: Sequence[int]
) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """The text in as few lines of `counts` as hold it, and in them as large as it fits."""
    text = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    if not text:
        raise FieldError(field, "is empty")
    _check_characters(field, text, _font(family, weight, sizes[0]))
    for count in counts:
        for size in sizes:
            font = _font(family, weight, size)
            lines = _broken(text, count, font)
            if max(font.getlength(line) for line in lines) <= WIDTH - 2 * _MARGIN:
                return [(line, font) for line in lines]
    raise FieldError(field, f"is too long for the card: {text!r}; shorten it")


def _broken(text: str, count: int, font: ImageFont.FreeTypeFont) -> list[str]:
    words = text.split()
    if count == 1 or len(words) == 1:
        return [text]
    ways = [[" ".join(words[:place]), " ".join(words[place:])] for place in range(1, len(words))]
    return min(ways, key=lambda lines: max(font.getlength(line) for line in lines))


def _check_characters(field: str, text: str, font: ImageFont.FreeTypeFont) -> None:
    """Control and format characters could hide or turn a name about; what the font lacks would be an empty box."""
    missing = bytes(font.getmask("\U0010ffff"))
    for character in text:
        if unicodedata.category(character)[0] in "CMZ" and character != " ":
            raise FieldError(field, f"may not hold U+{ord(character):04X}")
        if bytes(font.getmask(character)) == missing:
            raise FieldError(field, f"holds {character!r}, for which the font has no sign")


def _height(font: ImageFont.FreeTypeFont) -> int:
    """One line, with room for the stacked marks of Ễ and the dot of ự."""
    return int(font.size * 1.3)


@cache
def _font(family: str, weight: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(fontpkg.path(family, weight), size, layout_engine=ImageFont.Layout.BASIC)
