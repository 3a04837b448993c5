"""The command line: one file a command group, imported only when that group is asked for."""

import importlib
import sys
import traceback
from collections.abc import Sequence

import click

from ledger.refused import Refused
from market.config import Settings

GROUPS = {
    "qr": "VietQR payloads: encode, decode, pictures.",
}


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
            formatter.write_dl(list(GROUPS.items()))


@click.command(cls=_Groups, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def cho(ctx: click.Context) -> None:
    """Chợ 4.0: the software under a cashless market."""
    ctx.obj = Settings.from_environment()


def main(arguments: Sequence[str]) -> int:
    """Run one command and give its exit code: 0 done, 1 refused, 2 wrong usage, 3 a fault of ours."""
    try:
        result = cho.main(args=list(arguments), prog_name="run.py", standalone_mode=False)
    except Refused as refused:
        for problem in refused.problems:
            click.echo(f"error: {problem}", err=True)
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
        traceback.print_exc()
        click.echo(f"fault: {type(error).__name__}", err=True)
        return 3
    return result if isinstance(result, int) else 0
