"""A server that speaks SePay's and Casso's own interfaces, and what a test asks of the database afterwards."""

import json
from collections.abc import Callable
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import insert, select

from ledger.inbox.model import NOTICE
from ledger.inbox.providers import READERS
from market.channels import ChannelRow, find_channel
from market.db import Database
from market.model import CHANNEL
from market.secret_key import seal
from merchants.payments import take
from tests.conftest import NOW

TOKEN = "tok_9fK2"
KEY = "k" * 32
TODAY = date(2026, 11, 24)
Answer = tuple[int, dict[str, str], bytes]


class Provider:
    """A server that speaks SePay's and Casso's interface, three transactions a page, and can be told to misbehave."""

    PER_PAGE = 3

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.asked: list[str] = []
        # What to do instead of answering, by how many questions came before.
        self.faults: dict[int, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.newest_first = False

    def address(self, server: ThreadingHTTPServer) -> str:
        return f"http://127.0.0.1:{server.server_address[1]}"

    def paid(self, amount: int, *, day: date = TODAY, hour: int = 8, **changes: object) -> dict[str, Any]:
        """A payment to chị Hương that the bank told the provider, as SePay's interface tells it."""
        number = len(self.records) + 1
        record = {
            "id": f"07ad3dc9-0000-4000-8000-{number:012}",
            "transaction_date": f"{day.isoformat()} {hour:02}:00:{number % 60:02}",
            "account_number": "0123499999",
            "va": "",
            "transfer_type": "in",
            "amount_in": amount,
            "amount_out": 0,
            "transaction_content": "mua ca",
            "reference_number": f"FT{number:06}",
            "bank_brand_name": "Vietcombank",
            **changes,
        }
        self.records.append(record)
        return record

    def answer(self, path: str, headers: Any) -> Answer:
        """What a question gets."""
        address = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        assert address.path == "/transactions"
        casso = "pageSize" in query
        if headers["Authorization"] != (f"Apikey {TOKEN}" if casso else f"Bearer {TOKEN}"):
            return 401, {}, b'{"status": "error"}'
        since = query["fromDate"] if casso else query["transaction_date_from"]
        assert query["sort"] == "ASC" if casso else query["transaction_date_sort"] == "asc"
        found = sorted(
            (record for record in self.records if record["transaction_date"] >= since),
            key=lambda record: str(record["transaction_date"]),
            reverse=self.newest_first,
        )
        page = int(query["page"])
        shown = found[self.PER_PAGE * (page - 1) : self.PER_PAGE * page]
        pages = -(-len(found) // self.PER_PAGE)
        if casso:
            paged = {"page": page, "totalPages": pages, "totalRecords": len(found)}
            document: dict[str, Any] = {"error": 0, "data": {**paged, "records": [_casso(each) for each in shown]}}
        else:
            paged = {"total": len(found), "current_page": page, "last_page": pages, "has_more": page < pages}
            document = {"status": "success", "data": shown, "meta": {"pagination": paged}}
        return 200, {}, json.dumps(document).encode()


def _casso(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": int(str(record["id"])[-12:]),
        "tid": record["reference_number"],
        "description": record["transaction_content"],
        "amount": record["amount_in"] or -record["amount_out"],
        "when": f"{str(record['transaction_date'])[:10]}T00:00:00",
        "bankSubAccId": record["account_number"],
        "bankCodeName": "vcb_digi",
    }


def says(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """A fault: another answer than the one that was asked for; `Retry_After="7"` is a header."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def cuts(handler: BaseHTTPRequestHandler) -> None:
    """A fault: the line is cut in the middle of an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"status": "success", "data": [')


def channel(database: Database, market_id: int, provider: str, token: str | None = TOKEN) -> ChannelRow:
    """A channel of the market, with a token unless it is None."""
    with database.writing() as session:
        channel_id: int = (
            session.connection()
            .execute(
                insert(CHANNEL)
                .values(
                    market_id=market_id,
                    provider=provider,
                    auth="",
                    status="on",
                    created_at=NOW,
                    poll_secret=None if token is None else seal(KEY, token),
                )
                .returning(CHANNEL.c.id)
            )
            .scalar_one()
        )
        return find_channel(session, channel_id)


def kept(database: Database, channel: ChannelRow) -> tuple[str | None, datetime | None, str]:
    """A channel's cursor, when it was polled, and its trouble."""
    with database.reading() as session:
        row = session.connection().execute(select(CHANNEL).where(CHANNEL.c.id == channel.id)).one()
    return row.cursor, row.polled_at, row.poll_trouble


def notices(database: Database) -> list[tuple[str, int, str]]:
    """Every notice: its feed, its amount, its status."""
    with database.reading() as session:
        rows = session.connection().execute(select(NOTICE).order_by(NOTICE.c.amount, NOTICE.c.id)).all()
    return [(row.feed, row.amount, row.status) for row in rows]


def recorded(database: Database) -> list[int]:
    """The amounts that are in the books."""
    return [amount for _, amount, status in notices(database) if status == "recorded"]


def hook(database: Database, channel: ChannelRow, record: dict[str, Any], number: int) -> None:
    """The webhook of a payment, as SePay posts it: another id, the same money."""
    body = {
        "id": number,
        "gateway": record["bank_brand_name"],
        "transactionDate": record["transaction_date"],
        "accountNumber": record["account_number"],
        "content": record["transaction_content"],
        "transferType": "in",
        "transferAmount": record["amount_in"],
        "referenceCode": record["reference_number"],
    }
    raw = json.dumps(body).encode()
    with database.writing() as session:
        take(session, channel.source, "hook", [(notice, raw) for notice in READERS["sepay"](raw)], NOW)
