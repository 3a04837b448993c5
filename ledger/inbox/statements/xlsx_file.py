"""A statement saved as XLSX (ISO/IEC 29500, Office Open XML): the values of its visible sheets, and nothing else.

A reader of our own, for what a general one gets wrong here: numbers are taken from the text that is stored, so that
no đồng is lost; the stated size of a sheet, which some banks' writers get wrong, is not looked at; and everything is
bounded before it is unpacked. Formulas count as the value they had when the bank saved them.
"""

import io
import re
import zipfile
import zlib
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.parsers import expat

from ledger.inbox.statements.sheet import MOST_COLUMNS, Bounds, Cell, Row, Sheet, clean
from ledger.refused import Problem, Refused

MOST_UNPACKED = 150_000_000
# Number formats 14 to 22 and 45 to 47 are dates and times, 27 to 36 and 50 to 58 those of East Asia (18.8.30).
_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_PLACE = re.compile("([A-Z]{1,3})[0-9]+")
_WHOLE = re.compile("-?[0-9]{1,30}")


def read(content: bytes, name: str) -> list[Sheet]:
    """The rows of every visible sheet, in the workbook's order. Raises Refused where the file is none, or too large."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return _Workbook(package, name).sheets()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, KeyError) as error:
        raise _damaged(name, str(error)) from None
    except expat.ExpatError as error:
        raise _damaged(name, f"its XML ends at {error.lineno}:{error.offset}") from None


def _damaged(name: str, why: str) -> Refused:
    return Refused(
        Problem(
            f"{name} is no Excel workbook that can be read ({why}); download it again, or open it and save it as .xlsx",
            kind="damaged",
        )
    )


class _Workbook:
    def __init__(self, package: zipfile.ZipFile, name: str) -> None:
        self.package = package
        self.name = name
        # Some writers use backslashes and capitals of their own in the names of parts.
        self.parts = {info.filename.replace("\\", "/").lower(): info for info in package.infolist()}
        self.unpacked = 0

    def sheets(self) -> list[Sheet]:
        book, targets = _Book(), _Targets()
        self.parse("xl/workbook.xml", book)
        self.parse("xl/_rels/workbook.xml.rels", targets)
        styles, strings = _Styles(), _Strings()
        for target, reader in (("styles", styles), ("sharedStrings", strings)):
            if path := targets.by_kind.get(target):
                self.parse(path, reader)
        bounds, found = Bounds(self.name), []
        for title, relation in book.visible:
            path = targets.by_id.get(relation, "")
            if "chartsheet" not in path and path.lower() in self.parts:
                rows = _Rows(strings.texts, styles.dates(), book.epoch, bounds)
                self.parse(path, rows)
                found.append(Sheet(title, rows.rows))
        return found

    def parse(self, path: str, reader: "_Reader") -> None:
        info = self.parts[path.lower()]
        self.unpacked += info.file_size
        if self.unpacked > MOST_UNPACKED:
            raise Refused(
                Problem(
                    f"{self.name} unpacks to more than {MOST_UNPACKED // 1_000_000} MB; no bank statement does:"
                    " download one month at a time",
                    kind="large",
                )
            )
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = lambda tag, said: reader.start(tag.rpartition("}")[2], said)
        parser.EndElementHandler = lambda tag: reader.end(tag.rpartition("}")[2])
        parser.CharacterDataHandler = reader.text
        parser.StartDoctypeDeclHandler = self._no_doctype
        with self.package.open(info) as part:
            parser.ParseFile(part)

    def _no_doctype(self, *_: Any) -> None:
        # No workbook has one; what has one means to make the parser fetch or multiply something.
        raise _damaged(self.name, "it declares a document type")


class _Reader:
    """Told of every element by its local name, so that any prefix and the strict namespaces do."""

    def start(self, tag: str, said: dict[str, str]) -> None:
        pass

    def end(self, tag: str) -> None:
        pass

    def text(self, data: str) -> None:
        pass


class _Book(_Reader):
    def __init__(self) -> None:
        self.visible: list[tuple[str, str]] = []
        self.epoch = datetime(1899, 12, 30)  # noqa: DTZ001 (a spreadsheet's dates have no zone)

    def start(self, tag: str, said: dict[str, str]) -> None:
        if tag == "sheet" and said.get("state", "visible") == "visible":
            relation = next((value for key, value in said.items() if key.endswith("}id")), "")
            self.visible.append((said.get("name", ""), relation))
        elif tag == "workbookPr" and said.get("date1904", "0") in ("1", "true"):
            self.epoch = datetime(1904, 1, 1)  # noqa: DTZ001


class _Targets(_Reader):
    def __init__(self) -> None:
        self.by_id: dict[str, str] = {}
        self.by_kind: dict[str, str] = {}

    def start(self, tag: str, said: dict[str, str]) -> None:
        if tag == "Relationship":
            target = said.get("Target", "").replace("\\", "/")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"
            self.by_id[said.get("Id", "")] = path
            self.by_kind[said.get("Type", "").rpartition("/")[2]] = path


class _Styles(_Reader):
    def __init__(self) -> None:
        self._custom: dict[str, str] = {}
        self._formats: list[str] = []
        self._inside = False

    def start(self, tag: str, said: dict[str, str]) -> None:
        if tag == "numFmt":
            self._custom[said.get("numFmtId", "")] = said.get("formatCode", "")
        elif tag == "cellXfs":
            self._inside = True
        elif tag == "xf" and self._inside:
            self._formats.append(said.get("numFmtId", "0"))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._inside = False

    def dates(self) -> list[bool]:
        """Which cell styles show a number as a date."""
        return [self._date(number) for number in self._formats]

    def _date(self, number: str) -> bool:
        code = self._custom.get(number)
        if code is None:
            return number.isdigit() and int(number) in _DATES
        # What stands in quotes or brackets, or after a backslash, is text, a colour or a currency.
        plain = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.', "", code)
        return re.search("[dmyh]", plain, re.IGNORECASE) is not None and "General" not in plain


class _Strings(_Reader):
    """The texts that cells share; what stands in `rPh` is a reading aid and no text."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._in_text = self._aside = False

    def start(self, tag: str, said: dict[str, str]) -> None:
        if tag == "si":
            self._parts = []
        elif tag == "rPh":
            self._aside = True
        elif tag == "t":
            self._in_text = not self._aside

    def end(self, tag: str) -> None:
        if tag == "si":
            self.texts.append(_text("".join(self._parts)))
        elif tag == "rPh":
            self._aside = False
        elif tag == "t":
            self._in_text = False

    def text(self, data: str) -> None:
        if self._in_text:
            self._parts.append(data)


class _Rows(_Reader):
    def __init__(self, strings: list[str], dates: list[bool], epoch: datetime, bounds: Bounds) -> None:
        self.rows: list[Row] = []
        self._strings, self._dates, self._epoch, self._bounds = strings, dates, epoch, bounds
        self._line = self._column = 0
        self._cells: dict[int, Cell] = {}
        self._kind = self._style = ""
        self._parts: list[str] = []
        self._in_value = self._aside = False

    def start(self, tag: str, said: dict[str, str]) -> None:
        if tag == "c":
            place = _PLACE.fullmatch(said.get("r", ""))
            self._column = _column(place[1]) if place else self._column + 1
            self._kind, self._style, self._parts = said.get("t", "n"), said.get("s", "0"), []
        elif tag in ("v", "t"):
            self._in_value = not self._aside
        elif tag == "rPh":
            self._aside = True
        elif tag == "row":
            number = said.get("r", "")
            self._line = int(number) if re.fullmatch("[0-9]{1,7}", number) else self._line + 1
            self._column, self._cells = 0, {}

    def text(self, data: str) -> None:
        if self._in_value:
            self._parts.append(data)

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._in_value = False
        elif tag == "rPh":
            self._aside = False
        elif tag == "c":
            cell = self._cell("".join(self._parts))
            if cell != "":
                self._cells[self._column] = cell
        elif tag == "row" and self._cells:
            width = max(self._cells)
            self._bounds.count(self._line, min(width, MOST_COLUMNS + 1))
            self.rows.append(Row(self._line, tuple(self._cells.get(column, "") for column in range(1, width + 1))))

    def _cell(self, raw: str) -> Cell:
        if self._kind in ("str", "inlineStr", "d"):
            return _text(raw)
        if self._kind == "s":
            return self._strings[int(raw)] if raw.isdigit() and int(raw) < len(self._strings) else ""
        if self._kind != "n" or not raw.strip():
            return ""  # TRUE, FALSE and #REF! say nothing about money
        try:
            # What is no whole number was stored as a double's 17 digits; its shortest name is what was typed.
            number = Decimal(raw.strip()) if _WHOLE.fullmatch(raw.strip()) else Decimal(repr(float(raw)))
        except (InvalidOperation, ValueError):
            return clean(raw)
        if not number.is_finite():
            return clean(raw)
        if self._is_date() and 1 <= number < 2_958_466:
            return self._epoch + timedelta(seconds=round(float(number) * 86_400))
        return number

    def _is_date(self) -> bool:
        return self._style.isdigit() and int(self._style) < len(self._dates) and self._dates[int(self._style)]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _text(raw: str) -> str:
    return clean(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), raw) if "_x" in raw else raw)
