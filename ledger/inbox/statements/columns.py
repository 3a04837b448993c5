"""The columns of a table whose headings nobody knows, as a person is shown them to say what they mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.inbox.statements.sheet import Sheet, text_of

# The headings stand among the first rows of a statement, under the bank's and the customer's names.
HEAD = 80
_UNDER = 3


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and what stands under it in the first rows."""

    heading: str
    samples: tuple[str, ...]


def likely_columns(sheets: Sequence[Sheet]) -> list[Column]:
    """The columns of the row that is most like headings of all in the first 80 rows: it has the most different texts
    without a number. Of two columns with one heading the first, for a heading names one column."""
    places = [(sheet, place) for sheet in sheets for place in range(min(len(sheet.rows), HEAD))]
    if not places:
        return []
    sheet, place = max(places, key=lambda found: _likeness(*found))
    head, *under = [[text_of(cell) for cell in row.cells] for row in sheet.rows[place : place + 1 + _UNDER]]
    columns: dict[str, Column] = {}
    for number, heading in enumerate(head):
        if heading:
            samples = tuple(row[number] for row in under if number < len(row) and row[number])
            columns.setdefault(heading, Column(heading, samples))
    return list(columns.values())


def _likeness(sheet: Sheet, place: int) -> int:
    texts = {text_of(cell) for cell in sheet.rows[place].cells}
    return len({text for text in texts if text and not re.search("[0-9]{3}", text)})
