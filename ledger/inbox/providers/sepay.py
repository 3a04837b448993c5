"""SePay: one transaction a POST, `application/json`.

Source: SePay's developer pages "tích hợp webhook", and the field list of its official Laravel package. Amounts are
đồng; `transactionDate` carries no zone and means Asia/Ho_Chi_Minh.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ledger.days import HO_CHI_MINH
from ledger.inbox.notice import Direction, Notice

LARGEST = 10**15


def read(body: bytes) -> list[Notice]:
    """The notices in one body; raises ValueError, saying which field is wrong, when it is not SePay's."""
    try:
        said = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start + 1}") from None
    except (json.JSONDecodeError, RecursionError) as error:
        place = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"not JSON{place}; every line is one body as SePay posts it") from None
    if not isinstance(said, dict):
        raise ValueError("not a JSON object; every line is one body as SePay posts it")
    amount = _amount(said.get("transferAmount"))
    direction = _direction(said.get("transferType"))
    account = _text(said, "accountNumber").replace(" ", "")
    if not account:
        raise ValueError("accountNumber is missing or empty")
    reference = _text(said, "referenceCode")
    moment = _moment(said.get("transactionDate"))
    memo = _text(said, "content") or _text(said, "description")
    event_id = _event_id(said.get("id"), account, reference, direction, amount, moment)
    return [
        Notice(
            event_id=event_id,
            account_number=account,
            bank=_text(said, "gateway"),
            amount=amount,
            direction=direction,
            bank_reference=reference,
            at=moment,
            local_date=moment.astimezone(HO_CHI_MINH).date(),
            memo=memo,
            # The dashboard's "send a test" numbers its made-up transaction 0; real ones begin at 1.
            test=event_id == "0",
        )
    ]


def _text(said: dict[str, Any], field: str) -> str:
    value = said.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{field} must be text, not {json.dumps(value)[:40]}")
    if value.isascii() and "\0" not in value:
        return value.strip()
    # Neither a NUL nor half a surrogate pair can be stored, and no bank means one.
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8").strip()


def _amount(value: object) -> int:
    """Digits only: `"50.000"` is fifty thousand to a trader and fifty to a parser, so it is refused."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < LARGEST:
        raise ValueError(f"transferAmount must be whole đồng above 0, not {json.dumps(value)[:40]}")
    return value


def _direction(value: object) -> Direction:
    lowered = value.lower() if isinstance(value, str) else ""
    if lowered == "in":
        return "in"
    if lowered == "out":
        return "out"
    raise ValueError(f'transferType must be "in" or "out", not {json.dumps(value)[:40]}')


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            pass
        else:
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=HO_CHI_MINH)
            if 2000 <= moment.year < 2200 and ":" in value:
                return moment.astimezone(UTC)
    raise ValueError(f'transactionDate must be "YYYY-MM-DD HH:MM:SS", not {json.dumps(value)[:40]}')


def _event_id(value: object, account: str, reference: str, direction: str, amount: int, moment: datetime) -> str:
    """SePay's own id; for a body without one, what SePay's pages name as the key of last resort."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,20}", value.strip()):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return str(value)
    if value is not None and value != "":
        raise ValueError(f"id must be a whole number, not {json.dumps(value)[:40]}")
    said = json.dumps([account, reference, direction, amount, moment.isoformat()])
    return "sha256:" + hashlib.sha256(said.encode()).hexdigest()


def proves(header: Callable[[str], str], body: bytes, secret: str, way: str, now: datetime) -> bool:
    """Whether a call is SePay's own: by its key (`apikey`), or by the signature over time and raw body (`hmac`), which
    holds for five minutes either way. Compared in constant time. `header` gives a header by name, empty where there
    is none."""
    if way == "apikey":
        return hmac.compare_digest(header("Authorization").encode("latin-1", "replace"), f"Apikey {secret}".encode())
    stamped = header("X-SePay-Timestamp")
    if not re.fullmatch(r"[0-9]{1,12}", stamped) or abs(now.timestamp() - int(stamped)) > 300:
        return False
    signed = hmac.new(secret.encode(), stamped.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(header("X-SePay-Signature").encode("latin-1", "replace"), f"sha256={signed}".encode())
