"""What a provider's own interface is asked, and a page of its answer: what every poll has in common."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.inbox.notice import Notice
from ledger.inbox.providers.fields import shown


@dataclass(frozen=True, slots=True)
class Question:
    """One GET: `path` with its query, after the address of the interface, and the headers that open it."""

    path: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its notices, each with its own record as the body, the records that cannot be read (the provider's id
    and why), the next page's number or None, and how many records there are in all."""

    deliveries: list[tuple[Notice, bytes]]
    unread: dict[str, str]
    next_page: int | None
    total: int


@dataclass(frozen=True, slots=True)
class Interface:
    """A provider's own interface: what to ask it (token, first day, number of the page from 1), and how its answer is
    read; `read` raises ValueError, naming the field."""

    question: Callable[[str, date, int], Question]
    read: Callable[[bytes], Page]


def page_of(
    records: Sequence[object], read: Callable[[dict[str, Any]], Notice | None], *, next_page: int | None, total: int
) -> Page:
    """Read each record by itself, so that one which cannot be read holds up no other. `read` raises ValueError, naming
    the field, and gives None where no money moved."""
    deliveries: list[tuple[Notice, bytes]] = []
    unread: dict[str, str] = {}
    for record in records:
        # A lone half of a surrogate pair is written as the escape it came as.
        body = json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace")
        try:
            if not isinstance(record, dict):
                raise ValueError(f"must be an object, not {shown(record)}")
            notice = read(record)
        except ValueError as error:
            unread[_name(record, body)] = str(error)
        else:
            if notice is not None:
                deliveries.append((notice, body))
    # A page without a record is the last one, whatever the count of pages says.
    return Page(deliveries, unread, next_page if records else None, total)


def _name(record: object, body: bytes) -> str:
    said = record.get("id") if isinstance(record, dict) else None
    if isinstance(said, (int, str)) and re.fullmatch(r"[0-9A-Za-z-]{1,64}", str(said)):
        return str(said)
    return f"sha256-{hashlib.sha256(body).hexdigest()[:12]}"


def count(said: dict[str, Any], field: str) -> int:
    """A whole number, 0 or more, that tells of pages or records. Raises ValueError, naming the field."""
    value = said.get(field)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{field} must be a whole number, not {shown(value)}")
    return value


def listed(said: dict[str, Any], field: str) -> list[object]:
    """The list in a field. Raises ValueError, naming the field."""
    value = said.get(field)
    if not isinstance(value, list):
        raise ValueError(f"{field} must be a list, not {shown(value)}")
    return value
