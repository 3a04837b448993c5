"""Payments that come in while the sample is served, so that its pages move."""

import json
import random
import threading
from datetime import datetime

from ledger.days import HO_CHI_MINH, utc_now
from ledger.inbox.providers import READERS
from market.channels import heard
from market.demo.build import source_of
from market.demo.plan import SAMPLES
from market.installation import Installation
from market.markets import find_market
from merchants.payments import take
from merchants.stalls import StallRow, list_stalls
from qr import banks

_AMOUNTS = (10_000, 15_000, 20_000, 25_000, 30_000, 50_000, 70_000, 120_000, 200_000)
_SHARES = (8, 2, 1)


def play(installation: Installation, ending: threading.Event) -> None:
    """A payment every few seconds until `ending`, at one of the markets, most often the first; its stalls are as busy
    as their places in the list, so that the sample logins' own stalls see some."""
    source = random.Random()  # noqa: S311
    database = installation.database
    with database.reading() as session:
        stalls = {
            sample.slug: [s for s in list_stalls(session, find_market(session, sample.slug).id) if s.status == "open"]
            for sample in SAMPLES
        }
    while not ending.wait(source.uniform(2.0, 8.0)):
        sample = source.choices(SAMPLES, _SHARES)[0]
        rows = stalls[sample.slug]
        stall = source.choices(rows, [1 / (place + 5) for place in range(len(rows))])[0]
        now = utc_now()
        body = _body(stall, source, now)
        with database.writing() as session:
            channel = source_of(session, sample)
            take(session, channel, "hook", [(notice, body) for notice in READERS["sepay"](body)], now)
            heard(session, channel.channel_id, now)


def _body(stall: StallRow, source: random.Random, now: datetime) -> bytes:
    bank = banks.by_bin(stall.bin)
    said = {
        # Above every number of the sample's own months.
        "id": 10**15 + int(now.timestamp() * 1_000_000),
        "gateway": bank.short_name if bank else "",
        "transactionDate": f"{now.astimezone(HO_CHI_MINH):%Y-%m-%d %H:%M:%S}",
        "accountNumber": stall.account_number,
        "content": f"{stall.reference} chuyen tien",
        "transferType": "in",
        "transferAmount": source.choice(_AMOUNTS),
        "referenceCode": f"FT{source.randrange(10**12, 10**13)}",
    }
    return json.dumps(said).encode()
