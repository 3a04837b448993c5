"""A secret as a command is given it: in a file or on stdin, never among the arguments, where others could see it."""

import sys
from pathlib import Path

import click

from ledger.refused import Problem, Refused


class _Dash(click.ParamType[str]):
    """`-`, for stdin. What else is typed there is a secret, and not said again."""

    name = "-"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "-"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value != "-":
            name = param.opts[0] if param else ""
            self.fail(f"use {name}-file FILE or {name} -", param, ctx)
        return "-"


DASH = _Dash()


def secret_given(file: Path | None, typed: str | None, name: str) -> str | None:
    """The first line of the file of `--NAME-file FILE`, or of stdin for `--NAME -`, where a terminal is asked without
    showing it; None where neither is given. Raises Refused where there is nothing in it."""
    if file is not None and typed is not None:
        raise click.UsageError(f"give --{name}-file or --{name} -, not both")
    if file is not None:
        try:
            said = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(Problem(f"{file} cannot be read: {error}", field=f"{name}-file")) from None
    elif typed is not None and sys.stdin.isatty():
        said = str(click.prompt(name.capitalize(), hide_input=True, err=True))
    elif typed is not None:
        said = sys.stdin.readline()
    else:
        return None
    secret = said.strip().split("\n")[0].strip()
    if not secret:
        raise Refused(Problem("is empty; copy it from the provider's page", field=name))
    return secret
