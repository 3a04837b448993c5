"""Who paid is forgotten after a while; what waits keeps it, and the books do not notice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from ledger.books.verify import verify
from ledger.inbox import retention
from ledger.inbox.model import NOTICE, NOTICE_BODY
from ledger.inbox.retention import delete_bodies
from market.db import Database
from market.payers import forget_payers

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def bodies(database: Database) -> list[int]:
    with database.reading() as session:
        query = select(NOTICE_BODY.c.notice_id).order_by(NOTICE_BODY.c.notice_id)
        return list(session.connection().execute(query).scalars())


def waiting(database: Database) -> list[int]:
    with database.reading() as session:
        statuses = ("pending", "unmatched", "held", "parked")
        query = select(NOTICE.c.id).where(NOTICE.c.status.in_(statuses)).order_by(NOTICE.c.id)
        return list(session.connection().execute(query).scalars())


def test_old_bodies_go_and_the_books_stay_whole(kept: Database) -> None:
    assert len(bodies(kept)) > len(waiting(kept))
    forget_payers(kept, before=NOW + DAY)
    assert bodies(kept) == waiting(kept)
    with kept.reading() as session:
        assert verify(session).findings == []


@pytest.mark.parametrize("status", ["pending", "unmatched", "held", "parked"])
def test_what_waits_keeps_its_body(kept: Database, status: str) -> None:
    with kept.writing() as session:
        session.connection().execute(update(NOTICE).where(NOTICE.c.id == 2).values(status=status, same_as=None))
    forget_payers(kept, before=NOW + DAY)
    assert 2 in bodies(kept)


def test_younger_bodies_stay(kept: Database) -> None:
    before = bodies(kept)
    assert forget_payers(kept, before=NOW) == 0
    assert bodies(kept) == before


def test_a_younger_second_body_stays_while_the_old_one_goes(kept: Database) -> None:
    with kept.writing() as session:
        said = {"market_id": 1, "body": b"{}", "memo": "", "payer_name": "", "payer_account": ""}
        session.connection().execute(
            insert(NOTICE_BODY).values(notice_id=1, digest="f" * 64, received_at=NOW + 2 * DAY, **said)
        )
    forget_payers(kept, before=NOW + DAY)
    assert bodies(kept).count(1) == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_who_paid_is_gone_from_the_files_too(kept: Database, tmp_path: Path) -> None:
    def said() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.glob("*.sqlite*"))

    with kept.writing() as session:
        session.connection().execute(
            update(NOTICE_BODY).where(NOTICE_BODY.c.notice_id == 1).values(payer_name="PHAM QUOC VUONG")
        )
    assert b"PHAM QUOC VUONG" in said()
    forget_payers(kept, before=NOW + DAY)
    assert b"PHAM QUOC VUONG" not in said()


def test_many_are_deleted_a_batch_at_a_time(kept: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    with kept.writing() as session:
        deleted, after = delete_bodies(session, before=NOW + DAY, after=0)
    assert (deleted, after) == (2, 2)
    forget_payers(kept, before=NOW + DAY)
    assert bodies(kept) == waiting(kept)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_another_deleted_is_gone_from_the_files_too(kept: Database, tmp_path: Path) -> None:
    with kept.writing() as session:
        session.connection().execute(
            update(NOTICE_BODY).where(NOTICE_BODY.c.notice_id == 1).values(payer_name="PHAM QUOC VUONG")
        )
    with kept.writing() as session:
        session.connection().execute(update(NOTICE_BODY).where(NOTICE_BODY.c.notice_id == 1).values(payer_name=""))
    assert forget_payers(kept, before=NOW - 1000 * DAY) == 0
    assert b"PHAM QUOC VUONG" not in b"".join(path.read_bytes() for path in tmp_path.glob("*.sqlite*"))
