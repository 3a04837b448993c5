"""What the database itself refuses, on SQLite and PostgreSQL alike: one list of rules, two dialects made from it.

Each rule is a condition in the SQL that both databases share, with the message that is raised where it holds. The
guards are not part of a migration: `market.db` installs them after every one, so that they are always these, and
`ledger verify` compares the database with this file word for word.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

PERMANENT = ("entry", "posting", "cash_count", "seal", "closing", "consent", "audit")
_NOTICE_FIXED = (
    "id",
    "market_id",
    "channel_id",
    "feed",
    "event_id",
    "account_number",
    "bank",
    "amount",
    "direction",
    "bank_reference",
    "at",
    "local_date",
    "received_at",
    "digest",
    "virtual_account",
)

# (message, to which rows it applies, condition under which one is refused); NEW is the row to be written. The second is
# plain, so that PostgreSQL asks nothing more of a payment than what is about payments.
_ENTRY_RULES = (
    (
        "an entry needs two or more legs that sum to zero",
        "true",
        "(SELECT count(*) < 2 OR sum(amount) <> 0 FROM posting WHERE entry_id = NEW.id)",
    ),
    (
        "an entry takes the next number of its book and names the hash before it",
        "true",
        "NOT coalesce((SELECT NEW.number = number + 1 AND NEW.previous = hash FROM entry WHERE book_id = NEW.book_id"
        " ORDER BY number DESC LIMIT 1), NEW.number = 1 AND NEW.previous = '')",
    ),
    (
        "counted is minus the sign of the sales leg of a payment or its correction, else 0",
        "true",
        "NEW.counted <> CASE WHEN NEW.origin <> 'payment' THEN 0 ELSE coalesce("
        "(SELECT CASE WHEN amount < 0 THEN 1 ELSE -1 END FROM posting"
        " WHERE entry_id = NEW.id AND account = 'sales'), 0) END",
    ),
    ("the origin of a first entry is its kind", "true", "NEW.concerns IS NULL AND NEW.origin <> NEW.kind"),
    (
        "a correction concerns a first entry of the same book, day and origin",
        "NEW.concerns IS NOT NULL",
        "NOT EXISTS (SELECT 1 FROM entry WHERE id = NEW.concerns AND concerns IS NULL"
        " AND book_id = NEW.book_id AND booked_on = NEW.booked_on AND kind = NEW.origin)",
    ),
    (
        "corrections are numbered 1, 2, 3",
        "NEW.concerns IS NOT NULL",
        "NEW.step <> 1 + coalesce((SELECT max(step) FROM entry WHERE concerns = NEW.concerns), 0)",
    ),
    (
        "nothing follows a reversal",
        "NEW.concerns IS NOT NULL",
        "EXISTS (SELECT 1 FROM entry WHERE concerns = NEW.concerns AND kind = 'reversal')",
    ),
    (
        "a payment is marked no sale once, until it is marked a sale again",
        "NEW.kind IN ('not_sale', 'sale')",
        "(NEW.kind = 'not_sale' AND (NEW.origin <> 'payment' OR coalesce((SELECT kind FROM entry"
        " WHERE concerns = NEW.concerns ORDER BY step DESC LIMIT 1), 'sale') <> 'sale'))"
        " OR (NEW.kind = 'sale' AND coalesce((SELECT kind FROM entry"
        " WHERE concerns = NEW.concerns ORDER BY step DESC LIMIT 1), '') <> 'not_sale')",
    ),
    (
        "marking a payment moves its whole amount between sales and other",
        "NEW.kind IN ('not_sale', 'sale')",
        "(EXISTS (SELECT 1 FROM posting"
        " WHERE entry_id = NEW.id AND account NOT IN ('sales', 'other'))"
        " OR (SELECT coalesce(sum(amount), 0) FROM posting WHERE account ="
        " CASE NEW.kind WHEN 'sale' THEN 'other' ELSE 'sales' END AND (entry_id IN (NEW.id, NEW.concerns)"
        " OR entry_id IN (SELECT id FROM entry WHERE concerns = NEW.concerns))) <> 0)",
    ),
    (
        "a reversal leaves every account of the entry and its corrections at zero",
        "NEW.kind = 'reversal'",
        "EXISTS (SELECT 1 FROM posting WHERE entry_id IN (NEW.id, NEW.concerns)"
        " OR entry_id IN (SELECT id FROM entry WHERE concerns = NEW.concerns)"
        " GROUP BY account HAVING sum(amount) <> 0)",
    ),
    (
        "a notice is booked again only when its last turn is reversed",
        "NEW.turn IS NOT NULL",
        "CASE WHEN NEW.turn = 1 THEN"
        " EXISTS (SELECT 1 FROM entry WHERE notice_id = NEW.notice_id) ELSE NEW.turn <> 1 + coalesce("
        "(SELECT max(turn) FROM entry WHERE notice_id = NEW.notice_id), 0)"
        " OR EXISTS (SELECT 1 FROM entry AS earlier WHERE earlier.notice_id = NEW.notice_id AND NOT EXISTS"
        " (SELECT 1 FROM entry AS undone WHERE undone.concerns = earlier.id AND undone.kind = 'reversal')) END",
    ),
    (
        "only a typed or cash entry is confirmed, by a payment in the same book",
        "NEW.confirms IS NOT NULL",
        "(NEW.origin NOT IN ('typed', 'cash') OR NOT EXISTS (SELECT 1 FROM entry"
        " WHERE id = NEW.confirms AND kind = 'payment' AND book_id = NEW.book_id))",
    ),
)
_POSTING_RULES = (
    ("legs are written before their entry", "true", "EXISTS (SELECT 1 FROM entry WHERE id = NEW.entry_id)"),
)


@dataclass(frozen=True, slots=True)
class Guard:
    """One trigger. `body` is the whole statement on SQLite, the text of the trigger's function on PostgreSQL."""

    name: str
    table: str
    when: str
    body: str


_Rules = Iterable[tuple[str, str, str]]


def _sqlite(name: str, table: str, when: str, rules: _Rules) -> Guard:
    checks = "".join(
        f" SELECT RAISE(ABORT, '{message}') WHERE {applies} AND ({condition});" for message, applies, condition in rules
    )
    return Guard(name, table, when, f"CREATE TRIGGER {name} {when} ON {table} BEGIN{checks} END")


def _postgresql(name: str, table: str, when: str, rules: _Rules, row: str) -> Guard:
    checks = "".join(
        f" IF {applies} THEN IF ({condition}) THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation';"
        " END IF; END IF;"
        for message, applies, condition in rules
    )
    return Guard(name, table, when, f"BEGIN{checks} RETURN {row}; END")


def guards(dialect: str) -> list[Guard]:
    """Every trigger that must stand on this dialect (`sqlite` or `postgresql`)."""
    moved = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _NOTICE_FIXED)
    plan: list[tuple[str, str, str, _Rules]] = [
        ("entry_insert", "entry", "BEFORE INSERT", _ENTRY_RULES),
        ("posting_insert", "posting", "BEFORE INSERT", _POSTING_RULES),
        ("notice_update", "notice", "BEFORE UPDATE", (("only status and same_as of a notice move", "true", moved),)),
        ("notice_delete", "notice", "BEFORE DELETE", (("notice is permanent", "true", "true"),)),
    ]
    for table in PERMANENT:
        for verb in ("UPDATE", "DELETE"):
            plan.append(
                (f"{table}_{verb.lower()}", table, f"BEFORE {verb}", ((f"{table} is permanent", "true", "true"),))
            )
    if dialect == "sqlite":
        return [_sqlite(*step) for step in plan]
    found = [_postgresql(*step, "OLD" if "DELETE" in step[2] else "NEW") for step in plan]
    for table in ("notice", *PERMANENT):
        refusal = ((f"{table} is permanent", "true", "true"),)
        found.append(_postgresql(f"{table}_truncate", table, "BEFORE TRUNCATE", refusal, "NULL"))
    return found


def install(connection: Connection) -> None:
    """Put every guard in place, in the caller's transaction; a guard that stands already is replaced."""
    dialect = connection.dialect.name
    for guard in guards(dialect):
        if dialect == "sqlite":
            connection.execute(text(f"DROP TRIGGER IF EXISTS {guard.name}"))
            connection.exec_driver_sql(guard.body)
            continue
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION {guard.name}() RETURNS trigger LANGUAGE plpgsql AS $guard${guard.body}$guard$"
        )
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {guard.name} ON {guard.table}")
        connection.exec_driver_sql(_trigger(guard))


def _trigger(guard: Guard) -> str:
    """What makes a guard's trigger on PostgreSQL, in the very words in which the server gives it back."""
    level = "STATEMENT" if "TRUNCATE" in guard.when else "ROW"
    return f"CREATE TRIGGER {guard.name} {guard.when} ON {guard.table} FOR EACH {level} EXECUTE FUNCTION {guard.name}()"


def missing(connection: Connection) -> list[str]:
    """The names of guards that are gone, switched off or altered in this database."""
    dialect = connection.dialect.name
    if dialect == "sqlite":
        standing = {
            (row.name, row.sql)
            for row in connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        }
        return [guard.name for guard in guards(dialect) if (guard.name, guard.body) not in standing]
    standing = {
        (row.trigger, row.body)
        for row in connection.execute(
            text(
                "SELECT pg_get_triggerdef(t.oid, true) AS trigger, p.prosrc AS body"
                " FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
                " AND c.relnamespace = current_schema()::regnamespace AND pg_table_is_visible(c.oid)"
            )
        )
    }
    return [guard.name for guard in guards(dialect) if (_trigger(guard), guard.body) not in standing]
