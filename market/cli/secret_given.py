"""A secret as a command is given it: in a file or on stdin, never among the arguments, where others could see it."""

import sys
from pathlib import Path

import click

from ledger.refused import Problem, Refused


def secret_given(file: Path | None, typed: str | None, name: str) -> str | None:
    """The first line of the file of `--NAME-file FILE`, or of stdin for `--NAME -`; None where neither is given.
    Raises Refused where there is nothing in it."""
    if file is not None and typed is not None:
        raise click.UsageError(f"give --{name}-file or --{name} -, not both")
    if file is not None:
        try:
            said = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(Problem(f"{file} cannot be read: {error}", field=f"{name}-file")) from None
    elif typed is not None:
        said = sys.stdin.readline()
    else:
        return None
    secret = said.strip().split("\n")[0].strip()
    if not secret:
        raise Refused(Problem("is empty; copy it from the provider's page", field=name))
    return secret
