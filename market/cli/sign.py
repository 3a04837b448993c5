"""`sign`: what stalls hang up."""

from pathlib import Path

import click

from ledger.days import local_date, utc_now
from ledger.refused import Problem, Refused
from market.cli.noted import noted
from market.cli.opened import installation
from market.cli.output import progress
from market.config import Settings
from market.files import write_whole
from market.markets import find_market
from market.signs import mark_printed, market_signs
from qr.errors import PictureError
from qr.sign import LAYOUTS, SignError, write_signs


@click.group()
def command() -> None:
    """Signs with a stall's code, as PDF."""


@command.command("print")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--stall", "codes", multiple=True, help="A stall's code, again for more; without it, every open stall.")
@click.option("--layout", type=click.Choice(LAYOUTS), default="a5", show_default=True, help="sheet: twelve on an A4.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The PDF to write.")
@click.pass_obj
def print_(settings: Settings, market: str, codes: tuple[str, ...], layout: str, output: Path) -> None:
    """Print signs; every code is read back from its finished page before the file is written."""
    opened = installation(settings)
    with opened.database.reading() as session:
        row = find_market(session, market)
        signs = market_signs(session, row, codes, local_date(utc_now()))
    with progress("Printing signs", len(signs)) as step:
        try:
            # `write_signs` says how many are done so far.
            so_far = 0

            def told(done: int) -> None:
                nonlocal so_far
                step(done - so_far)
                so_far = done

            pdf = write_signs(signs, layout, progress=told)
        except SignError as error:
            raise Refused([Problem(problem) for problem in error.problems]) from None
        except PictureError as error:
            raise Refused(f"{error}; no file was written") from None
    write_whole(output, pdf)
    with opened.database.writing() as session:
        mark_printed(session, row.id, [sign.stall_code for sign in signs], utc_now())
        noted(session, "sign_printed", market_id=row.id, rows=len(signs))
    click.echo(f"{len(signs)} sign{'s' if len(signs) != 1 else ''} in {output}", err=True)
