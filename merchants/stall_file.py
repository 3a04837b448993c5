"""A market's list of stalls as a CSV file or a workbook: read whole, checked whole, and taken whole or not at all."""

import csv
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from sqlmodel import Session

from ledger.inbox.statements import workbook
from ledger.inbox.statements.sheet import Row, text_of
from ledger.refused import Problem, Refused
from merchants.look_alikes import seen_from_afar
from merchants.stall_check import COLUMNS, PLAIN, check_stall
from merchants.stalls import NewStall, StallRow, accounts_in_use, change, list_stalls, register, rename_account

# A market of Vietnam has hundreds of stalls, the largest a few thousand.
MOST_ROWS = 20_000
MOST_BYTES = 20_000_000


@dataclass(slots=True)
class StallList:
    """What an import did, or would do: rows read, and what became of them; with `errors`, nothing was done. `alike` are
    the codes of new or changed stalls whose name looks like another's, each with that other's."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[Problem] = field(default_factory=list)
    alike: list[tuple[str, str]] = field(default_factory=list, compare=False)


def import_stalls(
    session: Session,
    market_id: int,
    path: Path,
    *,
    source: random.Random,
    now: datetime,
    dry_run: bool,
    may_share: bool = True,
) -> StallList:
    """Bring a market's stalls in line with a file. What is wrong with the file or its rows is in the result's `errors`,
    every one with its line, and then nothing is changed. Unless it `may_share`, no new stall has another's account."""
    result = StallList()
    try:
        created, updated = _compare(session, market_id, path, result, now=now, may_share=may_share)
    except Refused as refused:
        result.errors += refused.problems
    if result.errors:
        result.unchanged = 0
        return result
    result.created, result.updated = len(created), len(updated)
    result.alike = _alike(session, market_id, [*created, *(stall for _, stall in updated)])
    if not dry_run:
        register(session, market_id, created, source=source, now=now)
        for before, stall in updated:
            change(session, before.id, **{name: getattr(stall, name) for name in PLAIN})
            if stall.account_name != before.account_name:
                rename_account(session, before.id, stall.account_name)
    return result


def _alike(session: Session, market_id: int, stalls: list[NewStall]) -> list[tuple[str, str]]:
    named = {row.code: row.name for row in list_stalls(session, market_id) if row.status != "closed"}
    named |= {stall.code: stall.name for stall in stalls}
    codes: dict[str, list[str]] = {}
    for code, name in named.items():
        codes.setdefault(seen_from_afar(name), []).append(code)
    shared = {stall.code: codes[seen_from_afar(stall.name)] for stall in stalls}
    return [(code, next(other for other in same if other != code)) for code, same in shared.items() if len(same) > 1]


def _compare(
    session: Session, market_id: int, path: Path, result: StallList, *, now: datetime, may_share: bool
) -> tuple[list[NewStall], list[tuple[StallRow, NewStall]]]:
    """The stalls a file adds and those it changes; the rest and every wrong row are noted in `result`. Raises Refused
    where the file cannot be read to its end."""
    known = {stall.code: stall for stall in list_stalls(session, market_id)}
    folded = {code.casefold(): code for code in known}
    in_use = {} if may_share else accounts_in_use(session, market_id, now)
    lines: dict[str, int] = {}
    created: list[NewStall] = []
    updated: list[tuple[StallRow, NewStall]] = []
    for line, row in _rows(path):
        result.read += 1
        if result.read > MOST_ROWS:
            raise Refused(
                Problem(
                    f"{path.name} has more than {MOST_ROWS} stalls; a file holds one market's list",
                    line=line,
                    kind="too_many",
                )
            )
        if isinstance(row, Problem):
            result.errors.append(row)
            continue
        stall, problems = check_stall(row, line)
        twice = lines.setdefault(stall.code.casefold(), line)
        if stall.code and twice != line:
            problems.append(Problem(f"{stall.code!r} stands on line {twice} too", line, "code", "twice"))
        before = known.get(stall.code)
        if before is None and stall.code.casefold() in folded:
            written = folded[stall.code.casefold()]
            problems.append(Problem(f"is registered as {written!r}; write it so", line, "code", "respelled"))
        if before is not None and before.forgotten:
            message = "was forgotten at its holder's wish; leave the row out, or register the stall under a new code"
            problems.append(Problem(message, line, "code", "forgotten"))
        if before is not None and not problems:
            problems += _account_change(before, stall, line)
        if before is None and (owner := in_use.get(stall.account_number)):
            problems.append(Problem(f"is the account of stall {owner}", line, "account_number", "shared"))
        if problems:
            result.errors += problems
        elif before is None:
            created.append(stall)
            if not may_share:
                in_use[stall.account_number] = stall.code
        elif _differs(before, stall):
            updated.append((before, stall))
        else:
            result.unchanged += 1
    return created, updated


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str] | Problem]]:
    """Line number and cells of every row that is not empty, or what is wrong with its shape."""
    text = as_csv(_content(path), path.name)
    if not text.strip():
        raise Refused(
            Problem(f"{path.name} is empty; the first line is the header {','.join(COLUMNS)}", line=1, kind="no_rows")
        )
    header_line = next(line for line in text.splitlines() if line.strip())
    delimiter = ";" if header_line.count(";") > header_line.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(row for row in reader if any(cell.strip() for cell in row))]
        missing = [column for column in COLUMNS if column not in header]
        if missing:
            raise Refused(
                Problem(
                    f"{path.name} has no column {', '.join(missing)}; the header is {','.join(COLUMNS)}",
                    line=1,
                    field=missing[0],
                    kind="no_column",
                )
            )
        double = sorted({column for column in COLUMNS if header.count(column) > 1})
        if double:
            raise Refused(
                Problem(
                    f"{path.name} has the column {double[0]} twice; keep one",
                    line=1,
                    field=double[0],
                    kind="column_twice",
                )
            )
        started = reader.line_num + 1
        for cells in reader:
            line, started = started, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                message = (
                    f"has {len(cells)} cells where the header has {len(header)};"
                    f" put a cell that holds a {delimiter!r} in double quotes"
                )
                yield line, Problem(message, line, kind="cells")
            else:
                yield line, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise Refused(
            Problem(
                f"{path.name} is no CSV file here: {error}; save it as CSV UTF-8", line=reader.line_num, kind="no_csv"
            )
        ) from None


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Refused(
                Problem(
                    f"{path.name} is larger than {MOST_BYTES // 1_000_000} MB; it is no list of stalls",
                    kind="too_large",
                )
            )
        return path.read_bytes()
    except OSError as error:
        raise Refused(Problem(f"{path} cannot be read: {error.strerror}")) from None


def as_csv(raw: bytes, name: str) -> str:
    """A list as the text of a CSV file, each row on the line that it has in its file; a workbook's first sheet with
    anything in it. Raises Refused for what is neither text nor a workbook."""
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _sheet_as_csv(raw, name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Refused(
            Problem(
                f"{name} is not UTF-8 (byte 0x{raw[error.start]:02x}); save it as CSV UTF-8 in the spreadsheet",
                line=line,
                kind="not_utf8",
            )
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Refused(
            Problem(f"{name} is no text file; save it as CSV UTF-8 in the spreadsheet", line=line, kind="no_csv")
        )
    return text


def _sheet_as_csv(raw: bytes, name: str) -> str:
    try:
        sheets = workbook.read(raw, name)
    except Refused:
        raise Refused(
            Problem(f"{name} is no workbook that can be read here; save it as CSV UTF-8", kind="no_workbook")
        ) from None
    rows = next((sheet.rows for sheet in sheets if sheet.rows), [])
    if not rows:
        return ""
    header = [text_of(cell).lower() for cell in rows[0].cells]
    problems = [problem for row in rows[1:] for problem in _odd_cells(header, row)]
    if problems:
        raise Refused(problems)
    text = io.StringIO()
    written = csv.writer(text, lineterminator="\n")
    line = 1
    for row in rows:
        text.write("\n" * (row.line - line))
        cells = [text_of(cell) for cell in row.cells]
        written.writerow(cells + [""] * (len(header) - len(cells)))
        line = row.line + 1
    return text.getvalue()


def _odd_cells(header: Sequence[str], row: Row) -> Iterator[Problem]:
    """What a sheet made of a cell on its own, and what stands beside the table."""
    for column, cell in zip(header, row.cells, strict=False):
        if isinstance(cell, datetime):
            yield Problem("is a date in the sheet; make the column text and type it again", row.line, column, "date")
        elif isinstance(cell, Decimal) and column in ("account_number", "phone"):
            message = "is a number, which may have lost its first 0s; make the column text and type it again"
            yield Problem(message, row.line, column, "number")
    if any(cell != "" for cell in row.cells[len(header) :]):
        yield Problem("has something beside the table; delete it, or give it a column", row.line, kind="beside")


def _account_change(before: StallRow, stall: NewStall, line: int) -> Iterator[Problem]:
    if (stall.bin, stall.account_number) != (before.bin, before.account_number):
        yield Problem(
            f"{before.code} is registered with account ending {before.account_number[-4:]} at bank {before.bin};"
            f" a list of stalls does not change a bank account; use: stall account {before.code} --market …",
            line,
            "account_number",
            "account_change",
        )


def _differs(before: StallRow, stall: NewStall) -> bool:
    return any(getattr(before, name) != getattr(stall, name) for name in (*PLAIN, "account_name"))
