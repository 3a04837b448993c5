"""What the providers' bodies have in common, read strictly: every function raises ValueError, naming the field."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from ledger.days import HO_CHI_MINH
from ledger.inbox.notice import Direction, Notice

LARGEST = 10**15
MOST_EVENTS = 500
# Long enough for anything that is a number, a reference or a name of one; they stand in indexes.
LONGEST = 200


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is."""
    try:
        said = _JSON.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start + 1}") from None
    except (ValueError, RecursionError) as error:
        place = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"not JSON{place}; a body is what the provider posts, whole") from None
    if not isinstance(said, dict):
        raise ValueError("not a JSON object; a body is what the provider posts, whole")
    return said


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


def each(said: dict[str, Any], field: str, read_one: Callable[[dict[str, Any]], Notice]) -> list[Notice]:
    """Every notice of a list of objects; what is wrong with one is told with its place: `data[2].amount …`."""
    events = said.get(field)
    if not isinstance(events, list):
        raise ValueError(f"{field} must be a list, not {shown(events)}")
    if len(events) > MOST_EVENTS:
        raise ValueError(f"{field} holds {len(events)} events, and {MOST_EVENTS} are the most; send them in parts")
    notices: list[Notice] = []
    for place, event in enumerate(events):
        if not isinstance(event, dict):
            raise ValueError(f"{field}[{place}] must be an object, not {shown(event)}")
        try:
            notices.append(read_one(event))
        except ValueError as error:
            raise ValueError(f"{field}[{place}].{error}") from None
    return notices


def one(said: dict[str, Any], field: str) -> dict[str, Any]:
    """The object in a field."""
    event = said.get(field)
    if not isinstance(event, dict):
        raise ValueError(f"{field} must be an object, not {shown(event)}")
    return event


def text(said: dict[str, Any], field: str, *, longest: int | None = None) -> str:
    """The text in a field, without spaces around it; empty where it is absent or null."""
    value = said.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{field} must be text, not {shown(value)}")
    if not value.isascii() or "\0" in value:
        # Neither a NUL nor half a surrogate pair can be stored, and no bank means one.
        value = value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    value = value.strip()
    if longest is not None and len(value) > longest:
        raise ValueError(f"{field} has {len(value)} characters, and {longest} are the most")
    return value


def reference(said: dict[str, Any], field: str) -> str:
    """A bank's reference: text, or a whole number, which some write without quotes."""
    value = said.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return str(value)
    return text(said, field, longest=LONGEST)


def account(said: dict[str, Any], *fields: str, needed: bool = True) -> str:
    """An account's number from the first of the fields that has one, without spaces. A number written as one is
    refused: it has lost its leading zeros."""
    for field in fields:
        found = text(said, field, longest=LONGEST).replace(" ", "")
        if found:
            return found
    if needed:
        raise ValueError(f"{fields[0]} is missing or empty")
    return ""


def amount(said: dict[str, Any], field: str, *, signed: bool = False) -> int:
    """Whole đồng, as a number or in digits; negative only where it is `signed`.

    `"50.000"` is fifty thousand to a trader and fifty to a parser, so it is refused.
    """
    value = said.get(field)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}" if signed else r"[0-9]{1,15}", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    lowest = 1 - LARGEST if signed else 0
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value < LARGEST:
        raise ValueError(f"{field} must be whole đồng{'' if signed else ', 0 or more'}, not {shown(value)}")
    return value


def direction(said: dict[str, Any], field: str) -> Direction:
    """Whether money came in or went out, in any case."""
    value = said.get(field)
    lowered = value.lower() if isinstance(value, str) else ""
    if lowered == "in":
        return "in"
    if lowered == "out":
        return "out"
    raise ValueError(f'{field} must be "in" or "out", not {shown(value)}')


def sign(signed: int) -> Direction:
    """Which way money went whose amount is negative when it goes out."""
    return "out" if signed < 0 else "in"


def bank(said: dict[str, Any], *fields: str) -> str:
    """The bank as the first of the fields that names one names it; may be empty."""
    for field in fields:
        found = text(said, field, longest=LONGEST)
        if found:
            return found
    return ""


def moment(said: dict[str, Any], field: str) -> datetime:
    """A moment in UTC; without a zone it is Vietnamese time."""
    value = said.get(field)
    found = _moment(value)
    if found is None:
        raise ValueError(f'{field} must be "YYYY-MM-DD HH:MM:SS", not {shown(value)}')
    return found


def moment_or_day(said: dict[str, Any], field: str) -> tuple[datetime | None, date]:
    """A moment in UTC with its day in Asia/Ho_Chi_Minh, or None and the day where only that is told."""
    value = said.get(field)
    found = _moment(value)
    if found is not None:
        return found, found.astimezone(HO_CHI_MINH).date()
    try:
        if isinstance(value, str) and re.fullmatch(r"2[01][0-9]{2}-[0-9]{2}-[0-9]{2}", value.strip()):
            return None, date.fromisoformat(value.strip())
    except ValueError:
        pass
    raise ValueError(f'{field} must be "YYYY-MM-DD HH:MM:SS" or "YYYY-MM-DD", not {shown(value)}')


def _moment(value: object) -> datetime | None:
    # A day alone has neither; it is no moment.
    if not isinstance(value, str) or not ("T" in (said := value.strip().upper()) or ":" in said):
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    if not 2000 <= found.year < 2200:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=HO_CHI_MINH)
    return found.astimezone(UTC)


def whole_id(said: dict[str, Any], field: str) -> str:
    """The provider's own number of an event, the same as number and as text; empty where there is none."""
    value = said.get(field)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,20}", value.strip()):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return str(value)
    if value is not None and value != "":
        raise ValueError(f"{field} must be a whole number, not {shown(value)}")
    return ""


def movement(
    event_id: str,
    *,
    account_number: str,
    bank: str,
    amount: int,
    direction: Direction,
    bank_reference: str,
    at: datetime | None,
    day: date,
    memo: str,
    payer_name: str = "",
    payer_account: str = "",
    virtual_account: str = "",
    test: bool = False,
) -> Notice:
    """The notice of a movement, under an id of last resort where it has none."""
    return Notice(
        event_id=event_id
        or id_of_last_resort(
            account_number=account_number,
            bank_reference=bank_reference,
            direction=direction,
            amount=amount,
            at=at,
            day=day,
        ),
        account_number=account_number,
        bank=bank,
        amount=amount,
        direction=direction,
        bank_reference=bank_reference,
        at=at,
        local_date=day,
        memo=memo,
        payer_name=payer_name,
        payer_account=payer_account,
        virtual_account=virtual_account,
        test=test,
    )


def id_of_last_resort(
    *, account_number: str, bank_reference: str, direction: Direction, amount: int, at: datetime | None, day: date
) -> str:
    """An event id for a body that carries none: the digest of what SePay's pages name as the key of last resort.

    Raises ValueError where neither a reference nor a time tells two such payments of one day apart.
    """
    if at is None and not bank_reference:
        raise ValueError("id is missing, and neither a reference nor a time stands in for it")
    when = at.isoformat() if at is not None else day.isoformat()
    said = json.dumps([account_number, bank_reference, direction, amount, when])
    return "sha256:" + hashlib.sha256(said.encode()).hexdigest()


def shown(value: object) -> str:
    """A value as a message shows it: its JSON, cut."""
    try:
        return json.dumps(value)[:40]
    except RecursionError:
        return "something nested deep"
