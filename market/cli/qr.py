"""`qr`: payloads and pictures on the command line. What a subcommand does not need, it does not import."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.refused import Problem, Refused
from market.cli.output import print_json, print_table
from market.config import Settings
from market.files import write_whole
from qr import bank_list, banks, schemes, vietqr
from qr.errors import FieldError, PayloadError, PictureError
from qr.tlv import DataObject

if TYPE_CHECKING:
    from qr.image import ErrorLevel

_AMOUNT = re.compile(r"[0-9]{1,13}").fullmatch
_TEXTS = ("purpose", "bill", "store", "reference", "terminal", "merchant_name", "city", "mcc")
_FLAGS = ("card", "long_purpose")
_FIELDS = [field.name for field in fields(vietqr.Decoded) if field.name not in ("warnings", "payload")]
_REFRESH = "Take over a copy of api.vietqr.io/v2/banks."
_FILES = "A file that ends in .svg, .png or .pdf."
_LEVELS = "How much may be hidden: 7, 15 (the usual), 25 or 30 %."
_KEYS = frozenset(("bank", "account", "amount", *_TEXTS, *_FLAGS))


@click.group()
def command() -> None:
    """VietQR payloads: encode, decode, make pictures, read photos."""


@command.command()
@click.argument("lines", metavar="[-]", required=False, type=click.Choice(["-"]))
@click.option("--bank", help="BIN, short code or name.")
@click.option("--account", help="Account number, or the card's with --card.")
@click.option("--card", is_flag=True, help="ACCOUNT is a card number.")
@click.option("--amount", help="Đồng, digits only. Without it the code is static.")
@click.option("--purpose", help="What is paid for, at most 25 characters.")
@click.option("--long-purpose", is_flag=True, help="Allow a purpose of up to 95 characters.")
@click.option("--bill", help="Bill number.")
@click.option("--store", help="Store label.")
@click.option("--reference", help="Reference label.")
@click.option("--terminal", help="Terminal label.")
@click.option("--merchant-name", help="At most 25 characters.")
@click.option("--city", help="At most 15 characters.")
@click.option("--mcc", help="Merchant category, four digits.")
def encode(lines: str | None, **options: Any) -> int:
    """Print the payload of a transfer, or with "-" one payload for each JSON object a line on stdin."""
    given = {name: value for name, value in options.items() if value not in (None, False)}
    if lines is None:
        for name in ("bank", "account"):
            if name not in given:
                raise click.UsageError(f"Missing option '--{name}'.")
        try:
            click.echo(_encode(given))
        except FieldError as error:
            raise Refused(Problem(error.message, field=error.field)) from None
        return 0
    if given:
        raise click.UsageError("With '-' everything comes from stdin; give no options.")
    code = 0
    for line in _lines():
        try:
            click.echo(_encode(_read_object(line)))
        except FieldError as error:
            click.echo(f"error: {error}")
            code = 1
    return code


@command.command()
@click.argument("payload")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def decode(payload: str, as_json: bool) -> int:
    """Print what PAYLOAD says, or with "-" one JSON document for each payload a line on stdin."""
    if payload == "-":
        code = 0
        for line in _lines():
            document = _decode(line)
            code = code if document["valid"] else 1
            _echo_json(document)
        return code
    if as_json:
        document = _decode(payload)
        _echo_json(document)
        return 0 if document["valid"] else 1
    try:
        _echo_fields(vietqr.decode(payload))
    except PayloadError as error:
        raise _refused(error) from None
    return 0


@command.command()
@click.argument("payload")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help=_FILES)
@click.option("--scale", type=click.IntRange(1, 40), help="Side of a module: pixels (10), or points in a PDF (4).")
@click.option("--error", type=click.Choice(["L", "M", "Q", "H"]), help=_LEVELS)
@click.option("--name", help="Draw a card for a screen with this name above the code (.png).")
@click.option("--line", "lines", multiple=True, help="A line below the code of a card, again for more.")
@click.option("--art", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A picture for its middle.")
def image(
    payload: str,
    output: Path,
    scale: int | None,
    error: "ErrorLevel | None",
    name: str | None,
    lines: tuple[str, ...],
    art: Path | None,
) -> None:
    """Make a picture of PAYLOAD and read it back before it is written to FILE."""
    suffix = output.suffix.lower()
    if suffix not in (".svg", ".png", ".pdf"):
        raise click.UsageError(f"'{output}' must end in .svg, .png or .pdf.")
    if name is None and (lines or art):
        raise click.UsageError("--line and --art belong to a card; give --name too.")
    if name is not None and (suffix != ".png" or scale or error):
        raise click.UsageError("A card (--name) is a .png and has neither --scale nor --error.")
    try:
        if name is not None:
            from qr import card

            made = card.card(payload, name, lines=lines, art=art.read_bytes() if art else None)
        else:
            made = _picture(suffix, payload, {"scale": scale, "error": error})
    except PayloadError as refused:
        raise _refused(refused) from None
    except FieldError as refused:
        raise Refused(Problem(refused.message, field=refused.field)) from None
    except PictureError as refused:
        raise Refused(str(refused)) from None
    write_whole(output, made)


def _picture(suffix: str, payload: str, options: dict[str, Any]) -> bytes:
    from qr import image as pictures

    given = {name: value for name, value in options.items() if value is not None}
    if suffix == ".svg":
        return pictures.svg(payload, **given).encode()
    return pictures.png(payload, **given) if suffix == ".png" else pictures.pdf(payload, **given)


@command.command()
@click.argument("picture", metavar="IMAGE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def read(settings: Settings, picture: Path, as_json: bool) -> None:
    """Print every QR code in a photo or scan, and the stall it is registered to."""
    from ledger.days import utc_now
    from market.cli.opened import installation
    from market.registered_codes import look_up
    from qr import scan

    try:
        with picture.open("rb") as file:
            # One byte more than is allowed is enough to be refused, however large the file.
            payloads = scan.read(file.read(scan.MAX_BYTES + 1))
    except PictureError as refused:
        raise Refused(f"{picture}: {refused}") from None
    with installation(settings).database.reading() as session:
        found = [look_up(session, payload, utc_now()) for payload in payloads]
    if as_json:
        _echo_json([asdict(code) for code in found])
        return
    for code in found:
        stall = f"stall {code.stall} of {code.market}" if code.stall else "no stall"
        click.echo(f"{'trusted' if code.trusted else 'NOT TRUSTED'}, {stall}: {code.reason}\n  {code.payload}")
    if not found:
        click.echo("no QR code was found; take the photo nearer and in better light", err=True)


@command.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def bank(name: str, as_json: bool) -> None:
    """Print every bank that NAME (a BIN, short code or name) may mean."""
    bins = banks.bins_named(name)
    if not bins:
        raise Refused(Problem(f"{name!r} is no bank in the list of {banks.list_date()}", field="bank"))
    _echo_banks([row for row in banks.all_banks() if row.bin in bins], as_json)


@command.command("banks")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--refresh", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_REFRESH)
@click.option("--date", "copied_on", type=click.DateTime(["%Y-%m-%d"]), help="The day that copy was made.")
@click.option("--dry-run", is_flag=True, help="With --refresh: tell what would change, and change nothing.")
def banks_(as_json: bool, refresh: Path | None, copied_on: datetime | None, dry_run: bool) -> None:
    """Print the banks that have a BIN, or take over a newer list of them."""
    if refresh is None:
        if copied_on or dry_run:
            raise click.UsageError("--date and --dry-run go with --refresh.")
        _echo_banks(banks.all_banks(), as_json)
    elif as_json or copied_on is None:
        raise click.UsageError("--refresh FILE goes with --date DAY.")
    else:
        _refresh(refresh, copied_on.date(), dry_run)


def _echo_banks(chosen: Sequence[banks.Bank], as_json: bool) -> None:
    rows = [asdict(bank) | {"receives": bank.receives} for bank in chosen]
    if as_json:
        print_json(rows)
        return
    shown = ("bin", "code", "short_name", "receives", "can_scan", "name")
    words = {True: "yes", False: "no", None: "?"}
    print_table(shown, [[words.get(row[name], row[name]) for name in shown] for row in rows])


def _refresh(file: Path, copied_on: date, dry_run: bool) -> None:
    try:
        document, changes = bank_list.refresh(banks.read_document(), json.loads(file.read_bytes()), copied_on)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(f"{file} is no JSON") from None
    except FieldError as error:
        raise Refused(Problem(error.message, field=error.field)) from None
    for what, bins in (("added", changes.added), ("changed", changes.changed), ("not in the file", changes.absent)):
        click.echo(f"{what:<16}{len(bins):>3}  {' '.join(bins)}".rstrip())
    if not dry_run:
        write_whole(banks.FILE, banks.document_text(document).encode())


def _refused(error: PayloadError) -> Refused:
    return Refused(f"{error.code}: {error.message} (character {error.offset})")


def _lines() -> Iterator[str]:
    """The lines of stdin as text. Bytes that are no UTF-8 become lone surrogates, which the codec refuses."""
    for number, line in enumerate(sys.stdin.buffer):
        text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
        yield text.removeprefix("\ufeff") if number == 0 else text


def _encode(options: dict[str, Any]) -> str:
    """The payload for options named as `qr encode -` names its keys. Raises FieldError."""
    for name in ("bank", "account"):
        if name not in options:
            raise FieldError(name, "is missing")
    for name in ("bank", "account", *_TEXTS):
        if not isinstance(options.get(name, ""), str):
            raise FieldError(name, "must be text, in quotes")
    for name in _FLAGS:
        if not isinstance(options.get(name, False), bool):
            raise FieldError(name, "must be true or false")
    arguments = {name: value for name, value in options.items() if name != "bank"}
    amount = options.get("amount")
    if isinstance(amount, str):
        if not _AMOUNT(amount):
            raise FieldError("amount", f"{amount!r} is no whole number of đồng; write digits only, as 50000")
        arguments["amount"] = int(amount)
    return vietqr.encode(bin=banks.find(options["bank"]).bin, **arguments)


def _read_object(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line, object_pairs_hook=_without_repeats)
    except (json.JSONDecodeError, RecursionError):
        raise FieldError("line", "is no JSON object") from None
    if not isinstance(document, dict):
        raise FieldError("line", "is no JSON object")
    for name in document:
        if name not in _KEYS:
            raise FieldError(name, f"is no key; the keys are {', '.join(sorted(_KEYS))}")
    return {name: value for name, value in document.items() if value is not None}


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        raise FieldError(next(name for name in names if names.count(name) > 1), "stands twice in the line")
    return document


def _decode(payload: str) -> dict[str, Any]:
    try:
        decoded = vietqr.decode(payload)
    except PayloadError as error:
        return {"valid": False, "error": {"code": error.code, "message": error.message, "offset": error.offset}}
    document = {name: getattr(decoded, name) for name in _FIELDS}
    objects = [_object(item) for item in decoded.data_objects]
    return {"valid": True} | document | {"data_objects": objects, "warnings": decoded.warnings}


def _object(item: DataObject) -> dict[str, Any]:
    return {"id": item.id, "value": item.value, "children": [_object(child) for child in item.children]}


def _echo_json(document: object) -> None:
    # As bytes, so that a terminal or pipe of another encoding cannot stop it.
    click.echo(json.dumps(document, ensure_ascii=False).encode())


def _echo_fields(decoded: vietqr.Decoded) -> None:
    for name in _FIELDS:
        if getattr(decoded, name) is not None:
            click.echo(f"{name:<15}{getattr(decoded, name)}")
    bank = banks.by_bin(decoded.bin or "")
    if bank is not None:
        click.echo(f"{'bank':<15}{bank.short_name}")
    known = schemes.names(decoded)
    if known:
        click.echo(f"{'schemes':<15}{', '.join(known)}")
    for warning in decoded.warnings:
        click.echo(f"{'warning':<15}{warning}")
