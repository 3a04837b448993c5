"""A statement saved as CSV: UTF-8 or UTF-16, with a byte order mark or not, or Windows' cp1258; three delimiters."""

import codecs
import csv
import io
import re
import unicodedata

from ledger.inbox.statements.columns import HEAD
from ledger.inbox.statements.sheet import Bounds, Row, Sheet, clean
from ledger.refused import Problem, Refused

_GUARDED = re.compile(r'(?:="([^"]*)"|\'(.*))\s*', re.DOTALL)


def read(content: bytes, name: str) -> list[Sheet]:
    """The rows of a CSV file. Raises Refused where it is none."""
    text = _decoded(content, name)
    said = re.match(r"sep=(.)\r?\n", text)
    delimiter = said[1] if said else _delimiter(text)
    bounds = Bounds(name)
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    started = 1
    try:
        for raw in reader:
            line, started = started, reader.line_num + 1
            if line == 1 and said:
                continue
            cells = tuple(clean(_unguarded(cell)) for cell in raw)
            while cells and not cells[-1]:
                cells = cells[:-1]
            if cells:
                bounds.count(line, len(cells))
                rows.append(Row(line, cells))
    except csv.Error as error:
        raise Refused(
            Problem(f"{name} is no CSV file here: {error}; download it from the bank again", started, kind="no_csv")
        ) from None
    return [Sheet("", rows)]


def _unguarded(cell: str) -> str:
    """Banks keep a spreadsheet from shortening a number by writing `="0123"` or `'0123`."""
    guarded = _GUARDED.fullmatch(cell) if cell[:1] in ("=", "'") else None
    return cell if guarded is None else guarded[1] or guarded[2] or ""


def _decoded(content: bytes, name: str) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in content[:200]:
        # Without a byte order mark the digits and line ends, which are in every statement, show where the zeros are.
        encodings = ["utf-16-be" if content[:1] == b"\0" else "utf-16-le"]
    else:
        # Bytes that are no UTF-8 come from a Vietnamese Windows; bytes that are one are nothing else.
        encodings = ["utf-8-sig", "cp1258"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return unicodedata.normalize("NFC", text)
    raise Refused(
        Problem(
            f"{name} is no text in UTF-8, UTF-16 or Windows-1258; download it again, or save it as .xlsx",
            kind="no_text",
        )
    )


def _delimiter(text: str) -> str:
    """The headings decide, for amounts and names hold commas of their own: they are the line without a number that is
    cut into the most columns."""
    lines = [line[:10_000] for line in text.splitlines()[:HEAD] if not re.search("[0-9]{3}", line)]
    most = {mark: max((_columns(line, mark) for line in lines), default=0) for mark in (",", ";", "\t")}
    return max(most, key=lambda mark: most[mark])


def _columns(line: str, mark: str) -> int:
    return len(next(csv.reader([line], delimiter=mark), []))
