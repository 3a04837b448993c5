"""Which kind of file it is, by its content: what a file is called says little."""

from ledger.inbox.statements import csv_file, workbook
from ledger.inbox.statements.sheet import MOST_BYTES, Sheet
from ledger.refused import Problem, Refused

_SAVE_AS = "open it in Excel or LibreOffice, choose Save As, Excel Workbook (.xlsx), and import that file"


def read_sheets(content: bytes, name: str) -> list[Sheet]:
    """The rows of a statement file; `name` is only for messages. Raises Refused for what is neither CSV nor a workbook,
    and for what is too large."""
    if len(content) > MOST_BYTES:
        message = f"{name} is larger than {MOST_BYTES // 1_000_000} MB; download one month at a time"
        raise Refused(Problem(message, kind="large"))
    if not content.strip():
        raise Refused(Problem(f"{name} is empty; download it from the bank again", kind="empty"))
    if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return workbook.read(content, name)
    if content.startswith(b"%PDF"):
        message = f"{name} is a PDF; download the statement as Excel or CSV from the bank's app or site"
        raise Refused(Problem(message, kind="pdf"))
    if content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise Refused(Problem(f"{name} is a web page named like a spreadsheet; {_SAVE_AS}", kind="xls"))
    return csv_file.read(content, name)
