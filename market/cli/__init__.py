"""The command line: one file a command group, imported only when that group is asked for."""

import errno
import importlib
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from ledger.refused import Problem, Refused
from market.cli.output import print_problems
from market.config import Settings

GROUPS = {
    "market": "Markets: add, list.",
    "stall": "Stalls: import, list, connections, account, close, pause, open, coded, export, forget.",
    "qr": "VietQR payloads: encode, decode, image, read; banks: bank, banks.",
    "sign": "Signs with a stall's code, as PDF: print.",
    "channel": "Sources of bank news: add, list, secret, token, poll, off, on, replay.",
    "payment": "Payments: import, add, reverse, not-sale, sale, confirm; what waits: unmatched, assign, held, same, "
    "another, hold, parked, differing.",
    "month": "Months: close.",
    "report": "Reports: month, year, province, revenue, gaps.",
    "ledger": "The books: verify, seal, seals, export.",
    "user": "Logins: list, add, password, code, off.",
    "audit": "Who did or looked at what: list.",
    "token": "Tokens for the API: add, list, off.",
    "serve": "Serve this machine's markets in a browser.",
    "demo": "A sample province to look at.",
    "backup": "The whole installation as one file: create, restore.",
    "doctor": "What is wrong with this installation, and the mend.",
    "upgrade": "Back up, then migrate an older database.",
}
# The door's own: it runs them before the program is asked.
TEST = ("test", "Run the tests; what follows goes to pytest.")


class _Groups(click.Group):
    """Loads `market.cli.NAME` on demand, so that `qr encode` pays for neither the database nor the PDF library."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(GROUPS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in GROUPS:
            return None
        command = importlib.import_module(f"market.cli.{name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*GROUPS.items(), TEST])


@click.command(cls=_Groups, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def cho(ctx: click.Context) -> object:
    """Chợ 4.0: the software under a cashless market. Without a command it serves."""
    ctx.obj = Settings.from_environment()
    if ctx.invoked_subcommand is None:
        command = cho.get_command(ctx, "serve")
        assert command is not None
        return ctx.invoke(command)
    return None


def main(arguments: Sequence[str]) -> int:
    """Run one command and give its exit code: 0 done, 1 refused, 2 wrong usage, 3 a fault of ours."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A pipe on Windows has an encoding of its own, in which no Vietnamese name can be written.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        result = cho.main(args=list(arguments), prog_name="run.py", standalone_mode=False)
    except Refused as refused:
        print_problems(refused.problems)
        return 1
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:
        trouble = _trouble(error)
        if trouble is not None:
            if isinstance(error, OSError) and error.filename is None and sys.stdout is sys.__stdout__:
                # What could not be written would be tried again at the end, and make the exit code 120.
                sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            print_problems([Problem(trouble)])
            return 1
        return _fault(error)
    return result if isinstance(result, int) else 0


def _trouble(error: Exception) -> str | None:
    """A disk or a database that cannot be used is the operator's to mend, not a fault of the program."""
    if "sqlalchemy" in sys.modules:
        from sqlalchemy.exc import SQLAlchemyError

        from market.db import sqlite_driver, trouble

        if isinstance(error, (SQLAlchemyError, sqlite_driver().Error)):
            return trouble(error)
    if isinstance(error, UnicodeEncodeError):
        return f"{error.object!a} is not UTF-8; type it again"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; check the path, its rights and the space on its disk"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG):
        return "the disk is full; free some space and run the command again"
    return None


def _fault(error: Exception) -> int:
    """A fault of ours: one line to the user, the traceback to the log in the data folder, or where that cannot be
    written to a file of its own."""
    text = f"{datetime.now(UTC).isoformat()} {' '.join(sys.argv[1:2])}\n{traceback.format_exc()}\n"
    try:
        log = Settings.from_environment().data / "cho.log"
        with log.open("a", encoding="utf-8") as file:
            file.write(text)
        where = f"the traceback is in {log}"
    except (OSError, Refused):
        where = _kept_elsewhere(text)
    name = type(error).__name__
    click.echo(f"fault: {name} in the program itself; what was not finished was undone; {where}", err=True)
    return 3


def _kept_elsewhere(text: str) -> str:
    try:
        with tempfile.NamedTemporaryFile("w", prefix="cho-", suffix=".log", delete=False, encoding="utf-8") as file:
            file.write(text)
    except OSError:
        click.echo(text, err=True)
        return "the traceback stands above"
    return f"the traceback is in {file.name}"
