"""A stall whose holder left words, names and numbers wherever the program keeps any: told apart from all else."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, update
from sqlmodel import Session, SQLModel

from ledger import books
from ledger.books.cash_counts import count_cash
from ledger.books.seals import seal_books
from ledger.days import Month, local_date
from ledger.inbox.notice import Notice
from market.access import audit, devices, enrolment, roster, sessions
from market.access.api_writes import keep_answer
from market.access.model import PASSKEY
from market.access.tokens import add_token, find_bearer
from market.channels import add_channel
from market.db import Database
from market.markets import add_market
from market.model import CHANNEL, LOGIN
from market.reports import close
from merchants import account_changes, deletion_requests, households, settling
from merchants.consents import record_consent
from merchants.payment_codes import make_payment_code
from merchants.payments import Outcome, Source, take
from merchants.stalls import NewStall, StallRow, change_account, find_stall, load_stall, register

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
OCTOBER = Month(2026, 10)
NUMBER, FORMER_NUMBER, ASKED_NUMBER = "0123498765", "0777711223", "0555544332"
PHONE = "0905123456"
# What stands for the holder, for whoever pays, and for what either wrote. None of it is anybody else's.
OLD = {
    "stall": "Hải sản Tám Ngân",
    "holder": "Lê Thị Kim Ngân",
    "phone": PHONE,
    "account": NUMBER,
    "former account": FORMER_NUMBER,
    "asked account": ASKED_NUMBER,
    "account name": "LE THI KIM NGAN",
    "login": "le-thi-kim-ngan",
    "device": "May Oppo cua Ngan",
    "passkey": "Vân tay của Ngân",
    "payer": "PHAM QUOC VUONG",
    "payer account": "99887766554",
    "memo": "tra tien muc kho",
    "note": "hàng trả lại, gói hơi hở",
    "purpose": "hai ký mực một nắng",
    "tax code": "0100109106",
    "address": "Tổ 9, Gò Đu Đủ",
}


@dataclass(frozen=True, slots=True)
class Forgettable:
    """The stall, its market, the channel of the whole market, the holder's login and one payment's entry."""

    stall: StallRow
    market_id: int
    channel: Source
    login_id: int
    entry_id: int

    def told(self, event: str, amount: int, **said: object) -> Notice:
        """What the bank tells of a payment to the stall."""
        at = NOW - timedelta(hours=1)
        notice = Notice(
            event_id=event,
            account_number=NUMBER,
            bank="970436",
            amount=amount,
            direction="in",
            bank_reference=f"FT{event}",
            at=at,
            local_date=local_date(at),
            memo=f"{OLD['payer']} {OLD['memo']}",
            payer_name=OLD["payer"],
            payer_account=OLD["payer account"],
        )
        return notice._replace(**said)  # type: ignore[arg-type]

    def pay(self, session: Session, event: str, amount: int, **said: object) -> Outcome:
        """The bank tells of it."""
        notice = self.told(event, amount, **said)
        body = f'{{"from": "{notice.payer_name}", "to": "{OLD["account name"]}", "memo": "{notice.memo}"}}'.encode()
        [outcome] = take(session, self.channel, "hook", [(notice, body)], NOW)
        return outcome


def build(database: Database) -> Forgettable:
    """A stall with something in every table that a stall can have something in, and a neighbour to be left alone."""
    with database.writing() as session:
        market = add_market(session, slug="ben-song", name="Chợ Bến Sông", target=None, now=NOW)
        new = NewStall(
            "C-17", OLD["stall"], "Hải sản", "Dãy C", OLD["holder"], PHONE, "970436", FORMER_NUMBER, OLD["account name"]
        )
        other = NewStall("G-02", "Gạo Anh Tư", "", "", "Trần Văn Tư", "", "970422", "0888800002", "TRAN VAN TU")
        register(session, market.id, [new, other], source=random.Random(4), now=NOW - timedelta(days=90))
        stall = find_stall(session, market.id, "C-17")
        change_account(
            session,
            stall,
            bank_bin="970436",
            account_number=NUMBER,
            account_name=OLD["account name"],
            takes_effect=NOW - timedelta(days=60),
        )
        stall = load_stall(session, stall.id)
        channel_id = add_channel(
            session, provider="sepay", market_id=market.id, stall_id=None, auth=None, sealed_secret=None, now=NOW
        )
        add_channel(
            session, provider="sepay", market_id=market.id, stall_id=stall.id, auth=None, sealed_secret=b"s", now=NOW
        )
        login_id = roster.add_member(
            session, market_id=market.id, called=OLD["holder"], role="stallholder", stall_id=stall.id, now=NOW
        )
        roster.add_member(session, market_id=market.id, called="Be Na", role="helper", stall_id=stall.id, now=NOW)
        made = Forgettable(stall, market.id, Source(channel_id, market.id), login_id, 0)
        made = replace(made, entry_id=_fill(session, made))
        close(session, market, OCTOBER, login_id=None, now=NOW)
    return made


def _fill(session: Session, made: Forgettable) -> int:
    stall, by = made.stall, {"login_id": made.login_id, "now": NOW}
    month_ago = NOW - timedelta(days=30)
    paid = made.pay(session, "old", 70_000, account_number=FORMER_NUMBER)
    made.pay(session, "october", 45_000, at=month_ago, local_date=local_date(month_ago))
    made.pay(session, "out", 30_000, direction="out")
    reference = make_payment_code(
        session,
        market_id=made.market_id,
        stall_id=stall.id,
        amount=50_000,
        purpose=OLD["purpose"],
        expires_at=NOW + timedelta(minutes=15),
        now=NOW,
        source=random.Random(5),
    )
    answered = made.pay(session, "code", 50_000, memo=f"{OLD['payer']} {reference} {OLD['memo']}")
    # The same payment once more, by the bank's statement.
    [twin] = take(
        session, made.channel, "poll", [(made.told("twin", 50_000, bank_reference="FTcode"), b"PHAM QUOC VUONG")], NOW
    )
    assert (answered.status, twin.status) == ("recorded", "duplicate")
    assert paid.entry_id is not None
    settling.mark_not_sale(session, None, paid.entry_id, reason=OLD["note"], **by)  # type: ignore[arg-type]
    books.enter_sale(
        session,
        book_id=stall.book_id,
        amount=20_000,
        cash=True,
        occurred_at=NOW,
        client_key="phone-0001",
        login_id=made.login_id,
        memo=OLD["note"],
        now=NOW,
    )
    account_changes.ask(
        session, stall, bank="VCB", number=ASKED_NUMBER, name=OLD["account name"], login_id=made.login_id, now=NOW
    )
    record_consent(
        session,
        market_id=made.market_id,
        stall_id=stall.id,
        given=True,
        text_version="1",
        login_id=made.login_id,
        now=NOW,
    )
    count_cash(
        session,
        book_id=stall.book_id,
        day=local_date(NOW),
        counted=20_000,
        float_amount=0,
        found="",
        seen=20_000,
        reason="",
        login_id=made.login_id,
        now=NOW,
    )
    seal_books(session, made.market_id, now=NOW + timedelta(days=1))
    kept = households.HouseholdRow(OLD["holder"], OLD["address"], OLD["tax code"], OLD["address"])
    households.keep_household(session, stall, kept, now=NOW)
    deletion_requests.ask(session, stall, login_id=made.login_id, now=NOW)
    _sign_in(session, made)
    return paid.entry_id


def _sign_in(session: Session, made: Forgettable) -> None:
    about = {"market_id": made.market_id, "login_id": made.login_id}
    phone = devices.add(session, name=OLD["device"], pin="274918", now=NOW, **about)
    sessions.sign_in(session, made.login_id, NOW, device_id=phone)
    session.connection().execute(
        insert(PASSKEY).values(
            device_id=phone,
            rp_id="cho.example",
            credential_id=b"k",
            public_key=b"k",
            sign_count=0,
            name=OLD["passkey"],
            added_at=NOW,
            **about,
        )
    )
    enrolment.make_enrolment(session, made_by=None, now=NOW, **about)
    for device_id in (phone, None):
        held = {"rp_id": "cho.example.vn", "public_key": b"", "sign_count": 0, "name": OLD["device"], "added_at": NOW}
        credential_id = f"{made.login_id} {device_id}".encode()
        session.connection().execute(
            insert(PASSKEY).values(**about, **held, device_id=device_id, credential_id=credential_id)
        )
    where = {"market_id": made.market_id, "stall_id": made.stall.id}
    token = add_token(session, role="stallholder", now=NOW, **where)
    bearer = find_bearer(session, token, NOW)
    assert bearer is not None
    keep_answer(
        session,
        token_id=bearer[0].token_id,
        market_id=made.market_id,
        key="k",
        asked=OLD["purpose"],
        status=201,
        answer=f'{{"payload": "{NUMBER}"}}',
        now=NOW,
    )
    audit.note(session, "account_asked", about={"account": f"970436 {ASKED_NUMBER[-4:]}"}, at=NOW, **where)
    session.connection().execute(update(LOGIN).where(LOGIN.c.id == made.login_id).values(recovery="a b"))
    session.connection().execute(
        insert(CHANNEL).values(
            market_id=made.market_id,
            stall_id=made.stall.id,
            provider="casso",
            auth="token",
            secret=b"s",
            poll_secret=b"p",
            status="on",
            created_at=NOW,
        )
    )


def places(session: Session, texts: dict[str, str]) -> set[tuple[str, str, str]]:
    """Where any of these texts stands, whatever its case: table, column, which."""
    found = set()
    for table in SQLModel.metadata.tables.values():
        for row in session.connection().execute(table.select()).mappings():
            for column, kept in row.items():
                if not isinstance(kept, str | bytes):
                    continue
                said = kept.decode("utf-8", "replace") if isinstance(kept, bytes) else kept
                found |= {
                    (table.name, str(column), which)
                    for which, text in texts.items()
                    if text.casefold() in said.casefold()
                }
    return found
