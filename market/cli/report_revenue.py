"""`report revenue`: a stall's revenue book for the tax office, by whoever may read the database anyway."""

from pathlib import Path

import click

from ledger.days import local_date, utc_now
from ledger.refused import Problem, Refused
from market.cli.noted import noted
from market.cli.opened import installation
from market.cli.output import print_json, print_table
from market.config import Settings
from market.files import write_whole
from market.markets import find_market
from merchants.periods import Period
from merchants.revenue import ORIGINS
from merchants.stalls import find_stall
from merchants.takings import Actor


@click.command()
@click.argument("period")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--stall", required=True, help="The stall's code.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--pdf", "pdf_file", type=click.Path(path_type=Path), help="Write the form, ready to sign.")
@click.option("--xlsx", "xlsx_file", type=click.Path(path_type=Path), help="Write it as an Excel file.")
@click.pass_obj
def revenue(
    settings: Settings,
    period: str,
    market: str,
    stall: str,
    as_json: bool,
    pdf_file: Path | None,
    xlsx_file: Path | None,
) -> None:
    """A stall's revenue book (form S1a-HKD) of PERIOD: YYYY-MM, YYYY-Qn or YYYY. These are its amounts: hand them to
    nobody else."""
    from market.revenue_document import revenue_document

    which, now = Period.parse(period), utc_now()
    if which.first > local_date(now):
        raise Refused(Problem(f"{which} has not begun; name a period that has", field="period"))
    forms = {"pdf": pdf_file, "xlsx": xlsx_file}
    written = [name for name, file in forms.items() if file is not None]
    database = installation(settings).database
    with database.reading() as session:
        row = find_stall(session, find_market(session, market).id, stall)
        document = revenue_document(session, Actor(0, frozenset({row.id})), row, which, now)
    if pdf_file is not None:
        from market.revenue_paper import pdf

        write_whole(pdf_file, pdf(document))
    if xlsx_file is not None:
        from market.revenue_sheet import xlsx

        write_whole(xlsx_file, xlsx(document))
    taken = "+".join([*written, *(["json"] if as_json else [])]) or "text"
    with database.writing() as session:
        noted(session, "revenue_taken", market_id=row.market_id, stall_id=row.id, report=str(which), format=taken)
    if as_json:
        print_json(document.document())
    elif not written:
        print_table(
            ("day", "amount", *ORIGINS),
            [(f"{line.day}", line.amount, *(line.of(origin) for origin in ORIGINS)) for line in document.book.lines],
        )
        click.echo(
            f"{which}: {document.book.total} đồng, up to entry {document.book.entries};"
            f" {document.year.total} đồng in {document.year.year}"
        )
