"""How commands speak: one JSON document or a plain table on stdout, everything else on stderr."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

import click

from ledger.days import HO_CHI_MINH
from ledger.refused import Problem


def print_json(document: Any) -> None:
    """Exactly one JSON document."""
    click.echo(json.dumps(document, ensure_ascii=False))


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as they need to be; numbers stand to the right. A moment of ours is shown as a clock in Việt Nam
    says it: in JSON it is exact, for people `2026-11-24 08:00`."""
    if not rows:
        click.echo("none", err=True)
        return
    cells = [[_shown(name, cell) for name, cell in zip(head, row, strict=True)] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(head, *cells, strict=True)]
    right = [all(isinstance(row[place], int) for row in rows) for place in range(len(head))]
    for line in (list(head), *cells):
        padded = (
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def _shown(name: str, cell: object) -> str:
    text = str("" if cell is None else cell)
    # By the column's name, for what people and banks wrote stays as they wrote it.
    if not (_OF_MOMENTS.fullmatch(name) and "T" in text):
        return text
    return f"{datetime.fromisoformat(text).astimezone(HO_CHI_MINH):%Y-%m-%d %H:%M}"


_OF_MOMENTS = re.compile(r"at|\w+_(at|until)")


def print_rows(head: Sequence[str], rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Rows that all have the same names, as one JSON document or as a table below this head."""
    if as_json:
        print_json(rows)
    else:
        print_table(head, [list(row.values()) for row in rows])


def print_problems(problems: Sequence[Problem]) -> None:
    """One line a problem on stderr."""
    for problem in problems:
        click.echo(f"error: {problem}", err=True)


class Step(Protocol):
    """Told how many more are done."""

    def __call__(self, done: int) -> None: ...


@contextmanager
def progress(label: str, total: int) -> Iterator[Step]:
    """A progress bar on a terminal's stderr; nothing in a pipe."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=total, label=label, file=sys.stderr, hidden=hidden) as bar:
        yield lambda done: bar.update(done)
