"""The migrations make what the models say, on both databases, and lose nothing on the way."""

from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Engine, inspect, text
from sqlmodel import SQLModel

from ledger import guards
from market.db import MIGRATIONS, migrate, open_database, open_engine, revisions

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def test_a_fresh_database_is_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_every_check_of_the_models_is_in_the_database(engine: Engine) -> None:
    found = inspect(engine)
    for table in SQLModel.metadata.tables.values():
        wanted = {str(each.name) for each in table.constraints if isinstance(each, CheckConstraint)}
        assert {str(check["name"]) for check in found.get_check_constraints(table.name)} == wanted


def test_every_table_but_the_market_itself_says_whose_market_it_is() -> None:
    assert {name for name, table in SQLModel.metadata.tables.items() if "market_id" not in table.c} == {"market"}


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_sqlite_tables_are_ordinary_ones(engine: Engine) -> None:
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM pragma_table_list WHERE wr OR strict")).scalars().all()
    assert tables == []


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_leg_may_come_before_its_entry_in_one_transaction(engine: Engine) -> None:
    with engine.connect() as connection:
        made = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'posting'")).scalar_one()
    assert "DEFERRABLE INITIALLY DEFERRED" in made


def test_revisions_are_numbered_without_a_gap() -> None:
    assert revisions() == [f"{number:04}" for number in range(1, len(revisions()) + 1)]


def test_every_migration_follows_the_one_before() -> None:
    for before, revision in zip([None, *revisions()], revisions(), strict=False):
        [path] = (MIGRATIONS / "versions").glob(f"{revision}_*.py")
        said: dict[str, Any] = {}
        exec(path.read_text(encoding="utf-8"), said)  # noqa: S102 - a migration of our own
        assert (said["revision"], said["down_revision"]) == (revision, before)


def rows(engine: Engine, table: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]


def test_an_upgrade_from_the_first_revision_keeps_what_was_there(empty_url: str) -> None:
    engine = open_engine(empty_url)
    migrate(engine, "0001")
    at = "'2026-11-24 01:00:00+00:00'"
    with engine.begin() as connection:
        for statement in (
            f"INSERT INTO market VALUES (1, 'ben-song', 'Chợ Bến Sông', '', '', '', 1000, {at})",
            "INSERT INTO book VALUES (1, 1, 1, 'abc')",
            "INSERT INTO notice VALUES (1, 1, 1, 'hook', 'x', '0123', '', 5, 'in', '',"
            f" {at}, '2026-11-24', {at}, 'def', 'recorded', NULL)",
            "INSERT INTO posting VALUES (1, 'bank', 1, 5), (1, 'sales', 1, -5)",
            "INSERT INTO entry VALUES (1, 1, 1, 1, 'payment', 'payment', 1, '2026-11-24',"
            f" {at}, {at}, 1, 1, NULL, NULL, NULL, NULL, NULL, 1, '', 'abc')",
        ):
            connection.exec_driver_sql(statement)
    tables = ("market", "book", "notice", "posting", "entry")
    before = {table: rows(engine, table) for table in tables}
    migrate(engine)
    for table in tables:
        # What a later revision adds to a table stands behind what it had.
        now = [row[: len(was)] for row, was in zip(rows(engine, table), before[table], strict=True)]
        assert now == before[table]
    with engine.connect() as connection:
        assert guards.missing(connection) == []
    engine.dispose()
    open_database(empty_url).engine.dispose()


def test_a_half_way_database_has_no_guards_of_tables_to_come(empty_url: str) -> None:
    engine = open_engine(empty_url)
    migrate(engine, "0001")
    with engine.connect() as connection:
        assert len(guards.missing(connection)) == len(guards.guards(engine.dialect.name))
    engine.dispose()


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ArithmeticError

    engine = open_engine(empty_url)
    migrate(engine, "0001")
    monkeypatch.setattr(guards, "install", fail)
    with pytest.raises(ArithmeticError):
        migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"
        assert not inspect(connection).has_table("login")
    engine.dispose()
