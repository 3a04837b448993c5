"""The audit trail: what a line may say, and who reads which lines with which names."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from market.access import devices
from market.access.audit import ACTS, KINDS, note, told_since, trail
from market.access.logins import add_login
from market.access.model import AUDIT
from market.db import Database
from market.model import LOGIN

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def add(database: Database, market_id: int, act: str = "sign_in", **said: Any) -> None:
    with database.writing() as session:
        note(session, act, market_id=market_id, **{"at": NOW, **said})


def person(database: Database, name: str, market_id: int) -> int:
    with database.writing() as session:
        return add_login(
            session,
            name=name,
            role="board",
            market_id=market_id,
            stall_id=None,
            password="hoa-phuong-do",
            now=NOW,
        )


def test_the_newest_line_comes_first_and_the_rest_after_it(database: Database, market_id: int) -> None:
    for month in ("2026-08", "2026-09", "2026-10"):
        add(database, market_id, "month_closed", about={"month": month})
    with database.reading() as session:
        newest = trail(session, market_id, limit=2)
        rest = trail(session, market_id, before=newest[-1].id, limit=2)
    assert [line.about["month"] for line in newest + rest] == ["2026-10", "2026-09", "2026-08"]


def test_a_line_is_read_in_its_own_market_only(database: Database, market_id: int, other_market_id: int) -> None:
    add(database, market_id)
    with database.reading() as session:
        assert trail(session, other_market_id, limit=9) == []


def test_a_line_of_the_whole_installation_is_no_markets(database: Database, market_id: int) -> None:
    add(database, None, "backup_made")  # type: ignore[arg-type]
    with database.reading() as session:
        assert trail(session, market_id, limit=9) == []
        assert [line.act for line in trail(session, None, limit=9)] == ["backup_made"]


def test_a_line_shows_the_name_and_the_device_as_they_are_called_now(database: Database, market_id: int) -> None:
    thu = person(database, "thuha", market_id)
    with database.writing() as session:
        device_id = devices.add(session, market_id=market_id, login_id=thu, name="Oppo", pin="274918", now=NOW)
    add(database, market_id, login_id=thu, device_id=device_id)
    with database.writing() as session:
        session.connection().execute(update(LOGIN).where(LOGIN.c.id == thu).values(name="ha"))
    with database.reading() as session:
        [line] = trail(session, market_id, limit=9)
    assert (line.person, line.device) == ("ha", "Oppo")


def test_a_line_about_a_login_shows_its_name(database: Database, market_id: int) -> None:
    add(database, market_id, "person_added", about={"login": person(database, "thuha", market_id)})
    with database.reading() as session:
        assert [line.login for line in trail(session, market_id, limit=9)] == ["thuha"]


def test_the_names_are_not_in_the_table(database: Database, market_id: int) -> None:
    thu = person(database, "thuha", market_id)
    add(database, market_id, "person_added", login_id=thu, about={"login": thu})
    with database.reading() as session:
        assert "thuha" not in str(session.connection().execute(select(AUDIT)).all())


def test_only_some_kinds_of_lines_are_read_where_they_are_asked_for(database: Database, market_id: int) -> None:
    add(database, market_id, "sign_in")
    add(database, market_id, "month_closed", about={"month": "2026-10"})
    with database.reading() as session:
        assert [line.act for line in trail(session, market_id, limit=9, acts=KINDS["months"])] == ["month_closed"]


def test_what_a_person_did_in_a_market_of_late_is_told(
    database: Database, market_id: int, other_market_id: int
) -> None:
    thu, other = person(database, "thuha", market_id), person(database, "khac", market_id)
    looked, day = "statement_looked_at", timedelta(days=1)
    add(database, market_id, looked, login_id=thu, about={"rows": 1}, at=NOW - day - timedelta(seconds=1))
    for rows in (2, 3):
        add(database, market_id, looked, login_id=thu, about={"rows": rows}, at=NOW - day)
    add(database, market_id, looked, login_id=other, about={"rows": 4})
    add(database, other_market_id, looked, login_id=thu, about={"rows": 5})
    add(database, market_id, login_id=thu)
    with database.reading() as session:
        told = told_since(session, looked, market_id=market_id, login_id=thu, since=NOW - day)
    assert [about["rows"] for about in told] == [2, 3]


def test_an_act_that_is_not_listed_is_refused(database: Database, market_id: int) -> None:
    with pytest.raises(ValueError, match="no act"):
        add(database, market_id, "sold")


@pytest.mark.parametrize("about", [{"amount": 50_000}, {"name": "Hà"}, {"file": "x" * 65}])
def test_a_line_takes_neither_amounts_nor_names_nor_long_texts(
    database: Database, market_id: int, about: dict[str, int | str]
) -> None:
    with pytest.raises(ValueError, match="only ids and codes"):
        add(database, market_id, about=about)


def test_every_act_is_of_one_kind_and_fits_its_column() -> None:
    listed = [act for acts in KINDS.values() for act in acts]
    assert len(listed) == len(ACTS)
    assert max(map(len, listed)) <= 40
