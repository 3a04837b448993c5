"""`report`: a market's month and year, the province's month, a stall's revenue."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.days import Month, utc_now
from ledger.refused import Problem, Refused
from market import closings, reports
from market.cli.noted import noted
from market.cli.numbers import NUMBER
from market.cli.opened import installation
from market.cli.output import print_json, print_table
from market.cli.report_revenue import revenue
from market.config import Settings
from market.gaps import gap_report
from market.markets import find_market
from market.shared_amounts import SharedMonth, shared_month
from merchants.takings import Actor

if TYPE_CHECKING:
    from market.report_pages import PrintedMonth


@click.group()
def command() -> None:
    """Reports of a month, a year, the province, a stall's revenue."""


command.add_command(revenue)


@command.command()
@click.argument("month")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--version", type=NUMBER, help="A closed version instead of the live month.")
@click.option("--amounts", is_flag=True, help="In the files, the amounts of the stalls that let their board see them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write a CSV file.")
@click.option("--xlsx", "xlsx_file", type=click.Path(path_type=Path), help="Write an Excel file.")
@click.option("--pdf", "pdf_file", type=click.Path(path_type=Path), help="Write the printed report.")
@click.pass_obj
def month(
    settings: Settings,
    month: str,
    market: str,
    version: int | None,
    amounts: bool,
    as_json: bool,
    csv_file: Path | None,
    xlsx_file: Path | None,
    pdf_file: Path | None,
) -> None:
    """The transactions of MONTH (YYYY-MM) by stall. Counts only: no amount of any stall, but for --amounts."""
    which = Month.parse(month)
    files = {kind: file for kind, file in (("csv", csv_file), ("xlsx", xlsx_file), ("pdf", pdf_file)) if file}
    if amounts and (version is not None or not files):
        raise click.UsageError("--amounts goes into files of the live month: name --csv, --xlsx or --pdf, no --version")
    database = installation(settings).database
    with database.reading() as session:
        row = find_market(session, market)
        if version is None:
            report = reports.month_report(session, row, which)
        else:
            report = reports.closed_report(session, row, which, version)
        closing = closings.latest(session, row.id, which) if version is None else None
        shared = shared_month(session, Actor(login_id=0, board_of=row.id), row.id, which) if amounts else None
        printed = None
        if pdf_file is not None:
            from market.report_print import printed_month

            printed = printed_month(session, row, which, report, utc_now(), shared)
    if shared is None:
        _write(files, report, row.name, printed, None)
    else:
        # No file without its lines, and no line without its file.
        with database.writing() as session:
            for stall, kind in product(shared.stalls, files):
                said: dict[str, Any] = {"month": str(which), "format": kind}
                noted(session, "amounts_downloaded", market_id=row.id, stall_id=stall.stall_id, **said)
            _write(files, report, row.name, printed, shared)
    if as_json:
        print_json(report.document())
    elif not files:
        print_table(
            ("code", "name", "section", "category", "transactions"),
            [(line.code, line.name, line.section, line.category, line.transactions) for line in report.stalls],
        )
        closed = f", closed as version {report.closed['version']}" if report.closed else ""
        click.echo(
            f"{report.month}: {report.transactions} transactions, {report.stalls_active} of {report.stalls_registered}"
            f" stalls active, {report.stalls_connected} connected, {report.unmatched} notices unmatched{closed}"
        )
        if closing is not None and closing.document != report.frozen():
            _print_differences(closing, report)


def _write(
    files: Mapping[str, Path],
    report: reports.MonthReport,
    name: str,
    printed: "PrintedMonth | None",
    shared: SharedMonth | None,
) -> None:
    """The files that were asked for, by format; `name` is the market's, `printed` what the PDF says."""
    if not files:
        return
    # Slow to import, and a report in JSON needs them not.
    from market.report_files import write_csv, write_xlsx
    from market.report_print import write_pdf

    for kind, file in files.items():
        if kind == "csv":
            write_csv(report, file, shared)
        elif kind == "xlsx":
            write_xlsx(report, name, file, shared)
        elif printed is not None:
            write_pdf(printed, file)


def _print_differences(closing: closings.ClosingRow, report: reports.MonthReport) -> None:
    """What came after the closing: it is in the live month, and in no version until the month is closed again."""
    was = closing.document["transactions"]
    click.echo(f"changed since version {closing.version}: {was} transactions then, {report.transactions} now")
    for each in closings.differences(closing.document["stalls"], report.frozen()["stalls"]):
        before, after = ("–" if count is None else count for count in (each.before, each.after))
        click.echo(f"  {each.code}: {before} then, {after} now")


@command.command()
@click.argument("year")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def year(settings: Settings, year: str, market: str, as_json: bool) -> None:
    """Twelve months of a market."""
    if not (year.isascii() and year.isdigit() and len(year) == 4 and year not in ("0000", "9999")):
        raise Refused(Problem(f"{year!r} is no year; write YYYY", field="year"))
    with installation(settings).database.reading() as session:
        document = reports.year_report(session, find_market(session, market), int(year))
    if as_json:
        print_json(document)
    else:
        print_table(("month", "transactions", "active"), [list(row.values()) for row in document["months"]])


@command.command()
@click.argument("month")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write a CSV file.")
@click.option("--xlsx", "xlsx_file", type=click.Path(path_type=Path), help="Write an Excel file.")
@click.option("--pdf", "pdf_file", type=click.Path(path_type=Path), help="Write the page to print.")
@click.pass_obj
def province(
    settings: Settings,
    month: str,
    as_json: bool,
    csv_file: Path | None,
    xlsx_file: Path | None,
    pdf_file: Path | None,
) -> None:
    """Every market's month, side by side. The files leave out markets of fewer than five stalls."""
    which = Month.parse(month)
    written = csv_file is not None or xlsx_file is not None or pdf_file is not None
    with installation(settings).database.reading() as session:
        document = reports.province_report(session, which)
        if written:
            from market import province as shown
            from market.day_counts import DayCounts

            look = shown.province(session, which, utc_now(), DayCounts())
    if written:
        from market.province_files import write_csv, write_pdf, write_xlsx

        for write, file in ((write_csv, csv_file), (write_xlsx, xlsx_file), (write_pdf, pdf_file)):
            if file is not None:
                write(look, file)
    if as_json:
        print_json(document)
    elif not written:
        head = ("slug", "name", "transactions", "active", "registered")
        print_table(head, [list(row.values()) for row in document["markets"]])


@command.command()
@click.argument("month")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def gaps(settings: Settings, month: str, market: str, as_json: bool) -> None:
    """The credits of MONTH (YYYY-MM) that a bank statement has and no webhook or poll told."""
    which = Month.parse(month)
    with installation(settings).database.reading() as session:
        report = gap_report(session, find_market(session, market), which)
    if as_json:
        print_json(report.document())
    else:
        print_table(
            ("stall", "account", "notices", "held", "days", "references"),
            [
                (
                    gap.stall,
                    gap.account_number,
                    gap.notices,
                    gap.held,
                    " ".join(f"{day:%d}" for day in gap.days),
                    " ".join(gap.bank_references),
                )
                for gap in report.gaps
            ],
        )
