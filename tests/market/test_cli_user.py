"""`user`: who may sign in, as what, where the password is and is not; and codes for phones."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from market.access import devices, passkeys, second_factor
from market.access.enrolment import find_enrolment, make_enrolment
from market.access.model import PASSKEY
from market.access.people import find_login
from market.access.sessions import check_password
from market.db import Database
from market.model import LOGIN, ROLE_GRANT, ROLES
from merchants.stalls import StallRow
from tests.market.conftest import NOW

IN_MARKET = ["--market", "ben-song"]
AT_STALL = [*IN_MARKET, "--stall", "C-01"]
KNOWN = "the markets are ben-song"
PLACES: dict[str, list[str]] = {
    "administrator": [],
    "province": [],
    "board": IN_MARKET,
    "staff": IN_MARKET,
    "auditor": IN_MARKET,
    "volunteer": IN_MARKET,
    "stallholder": AT_STALL,
    "helper": AT_STALL,
}
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@on_sqlite
def test_every_login_is_listed_with_its_roles(cho: Any, huong: StallRow) -> None:
    cho.done("user", "add", "ban-ben-song", "--role", "board", *IN_MARKET)
    cho.done("user", "add", "chi-huong", "--role", "stallholder", *AT_STALL)
    listed = {one["login"]: one for one in cho.json("user", "list")}
    assert listed["ban-ben-song"]["roles"] == [{"role": "board", "market": "ben-song", "stall": None}]
    assert listed["chi-huong"]["roles"] == [{"role": "stallholder", "market": "ben-song", "stall": "C-01"}]
    assert {(one["password"], one["phones"], one["passkeys"], one["ended_at"]) for one in listed.values()} == {
        (True, 0, 0, None)
    }
    assert "stallholder ben-song C-01" in cho.done("user", "list").out


@on_sqlite
def test_a_login_that_is_off_opens_nothing(cho: Any, database: Database, huong: StallRow) -> None:
    said = cho.json("user", "add", "ban-ben-song", "--role", "board", *IN_MARKET)
    for _ in range(2):
        cho.done("user", "off", "ban-ben-song")
    with database.reading() as session:
        assert check_password(session, "ban-ben-song", said["password"]) is None
        assert session.connection().execute(select(ROLE_GRANT.c.revoked_at)).scalar_one() is not None
    [listed] = cho.json("user", "list")
    assert (listed["roles"], listed["ended_at"] is None) == ([], False)


@on_sqlite
def test_the_last_administrator_cannot_be_ended(cho: Any, market_id: int) -> None:
    cho.done("user", "add", "quan-tri", "--role", "administrator")
    (line,) = cho.refused("user", "off", "quan-tri")
    assert line == "error: login: is the only administrator; add another one first: user add"
    cho.done("user", "add", "quan-tri-2", "--role", "administrator")
    cho.done("user", "off", "quan-tri")
    (line,) = cho.refused("user", "off", "quan-tri-2")
    assert "the only administrator" in line


@on_sqlite
def test_a_new_password_takes_the_place_of_the_old_one(cho: Any, database: Database, market_id: int) -> None:
    old = cho.json("user", "add", "ban-ben-song", "--role", "board", *IN_MARKET)["password"]
    new = cho.json("user", "password", "ban-ben-song")["password"]
    with database.reading() as session:
        assert check_password(session, "ban-ben-song", old) is None
        assert check_password(session, "ban-ben-song", new) is not None


@pytest.fixture
def ben(cho: Any, database: Database, market_id: int) -> int:
    """The login ban-ben-song, of the board, with a phone, a passkey on it, one of a browser, and an unused code."""
    cho.done("user", "add", "ban-ben-song", "--role", "board", *IN_MARKET)
    with database.writing() as session:
        login_id, _ = find_login(session, "ban-ben-song") or (0, None)
        phone = devices.add(session, market_id=market_id, login_id=login_id, name="Máy", pin="274918", now=NOW)
        for device_id in (None, phone):
            session.connection().execute(
                insert(PASSKEY).values(
                    market_id=market_id, login_id=login_id, device_id=device_id, rp_id="localhost", sign_count=0,
                    credential_id=f"khoá {device_id}".encode(), public_key=b"k", name="Khoá", added_at=NOW,
                )
            )  # fmt: skip
    return login_id


@on_sqlite
def test_with_a_new_password_goes_what_a_thief_of_the_old_one_may_have_added(
    cho: Any, database: Database, market_id: int, ben: int
) -> None:
    with database.writing() as session:
        code = make_enrolment(session, market_id=market_id, login_id=ben, made_by=ben, now=NOW)
    said = cho.done("user", "password", "ban-ben-song").err
    assert said == "ban-ben-song: passkeys removed: 2, phones ended: 1; it has no second step\n"
    with database.writing() as session:
        assert find_enrolment(session, code, NOW) is None
        assert (passkeys.passkeys_of(session, ben), devices.devices_of(session, ben)) == ([], [])
    acts = [line["act"] for line in cho.json("audit", "list", *IN_MARKET)]
    assert (acts.count("passkey_removed"), acts.count("device_revoked")) == (2, 1)


@on_sqlite
def test_the_six_digits_stay_with_a_new_password(cho: Any, database: Database, ben: int) -> None:
    with database.writing() as session:
        second_factor.turn_on(session, ben, b"sealed", 1)
    assert cho.done("user", "password", "ban-ben-song").err.endswith("; its second step stays, the six digits\n")
    with database.reading() as session:
        assert second_factor.has_digits(session, ben)


@on_sqlite
def test_the_passkeys_and_phones_of_a_login_are_counted(cho: Any, ben: int) -> None:
    [listed] = cho.json("user", "list")
    assert (listed["phones"], listed["passkeys"]) == (1, 2)
    assert "passkeys" in cho.done("user", "list").out.splitlines()[0]


@on_sqlite
@pytest.mark.parametrize("act", ["password", "code"])
def test_a_login_that_is_off_is_given_nothing_to_sign_in_with(cho: Any, market_id: int, act: str) -> None:
    cho.done("user", "add", "ban-ben-song", "--role", "board", *IN_MARKET)
    cho.done("user", "off", "ban-ben-song")
    (line,) = cho.refused("user", act, "ban-ben-song")
    assert line == "error: login: 'ban-ben-song' is off; add another login: user add"


@on_sqlite
def test_the_end_of_a_login_without_a_role_is_in_the_trail_once(cho: Any, database: Database, market_id: int) -> None:
    cho.done("user", "add", "ban-ben-song", "--role", "board", *IN_MARKET)
    with database.writing() as session:
        session.connection().execute(update(ROLE_GRANT).values(revoked_at=NOW))
    for _ in range(2):
        cho.done("user", "off", "ban-ben-song")
    acts = [line["act"] for line in cho.json("audit", "list", *IN_MARKET)]
    assert acts == ["login_ended", "person_added"]


@on_sqlite
@pytest.mark.parametrize("act", ["off", "password", "code"])
def test_a_login_that_there_is_not_is_refused(cho: Any, market_id: int, act: str) -> None:
    (line,) = cho.refused("user", act, "nobody")
    assert line == "error: login: there is no login 'nobody'; `user list` shows them"


def _logins(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.connection().execute(select(LOGIN.c.name)).scalars())


@on_sqlite
def test_every_role_can_be_given_in_its_place(cho: Any, database: Database, huong: StallRow) -> None:
    assert set(PLACES) == set(ROLES)
    for role, place in PLACES.items():
        added = cho.json("user", "add", f"chi.{role}", "--role", role, *place)
        assert (added["login"], added["role"]) == (f"chi.{role}", role)
    with database.reading() as session:
        granted = session.connection().execute(
            select(LOGIN.c.name, ROLE_GRANT.c.role, ROLE_GRANT.c.market_id, ROLE_GRANT.c.stall_id)
            .join(ROLE_GRANT, ROLE_GRANT.c.login_id == LOGIN.c.id)
            .order_by(LOGIN.c.id)
        )
        assert [tuple(row) for row in granted] == [
            (
                f"chi.{role}",
                role,
                huong.market_id if place else None,
                huong.id if "--stall" in place else None,
            )
            for role, place in PLACES.items()
        ]


def test_the_password_that_is_shown_once_signs_in(cho: Any, database: Database) -> None:
    password = cho.json("user", "add", "chi.lan", "--role", "administrator")["password"]
    with database.reading() as session:
        assert check_password(session, "chi.lan", password) is not None
        assert check_password(session, "chi.lan", password[:-1]) is None


def test_only_an_argon2_hash_of_the_password_is_kept(cho: Any, database: Database) -> None:
    password = cho.json("user", "add", "chi.lan", "--role", "administrator")["password"]
    with database.reading() as session:
        (row,) = session.connection().execute(select(LOGIN))
    assert row.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password not in str(tuple(row))


@on_sqlite
def test_no_two_passwords_are_alike_and_none_has_a_letter_to_misread(cho: Any) -> None:
    passwords = {cho.json("user", "add", f"user{n}", "--role", "province")["password"] for n in range(5)}
    assert len(passwords) == 5
    assert {(len(password), password.count("-")) for password in passwords} == {(19, 3)}
    assert not set("".join(passwords)) & set("01ilo")


@on_sqlite
def test_people_are_told_that_the_password_is_shown_only_now(cho: Any) -> None:
    said = cho.done("user", "add", "chi.lan", "--role", "administrator").out
    assert said.startswith("chi.lan may sign in with the password ")
    assert said.endswith("(it is shown only now)\n")


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["Lan", "--role", "province"], ["error: login: 'Lan' is no login; use 2 to 64 of a-z, 0-9, '.', '-' and '_'"]),
        (["x", "--role", "province"], ["error: login: 'x' is no login; use 2 to 64 of a-z, 0-9, '.', '-' and '_'"]),
        (["lan", "--role", "boss"], [f"error: role: 'boss' is no role; the roles are {', '.join(ROLES)}"]),
        (["lan", "--role", "board"], ["error: market: the role board needs --market"]),
        (["lan", "--role", "province", *IN_MARKET], ["error: market: the role province takes no --market"]),
        (["lan", "--role", "helper", *IN_MARKET], ["error: stall: the role helper needs --stall"]),
        (["lan", "--role", "board", *AT_STALL], ["error: stall: the role board takes no --stall"]),
        (
            ["lan", "--role", "board", "--market", "x"],
            ["error: market: there is no market 'x'; the markets are ben-song"],
        ),
        (
            ["Lan", "--role", "administrator", *AT_STALL],
            [
                "error: login: 'Lan' is no login; use 2 to 64 of a-z, 0-9, '.', '-' and '_'",
                "error: market: the role administrator takes no --market",
                "error: stall: the role administrator takes no --stall",
            ],
        ),
    ],
)
def test_a_login_is_refused_with_every_wrong_field(
    cho: Any, database: Database, huong: StallRow, arguments: list[str], messages: list[str]
) -> None:
    assert cho.refused("user", "add", *arguments) == messages
    assert _logins(database) == []


@on_sqlite
def test_a_login_that_is_taken_is_refused(cho: Any, database: Database) -> None:
    cho.done("user", "add", "lan", "--role", "province")
    (line,) = cho.refused("user", "add", "lan", "--role", "administrator")
    assert line == "error: login: 'lan' is taken; choose another"
    assert _logins(database) == ["lan"]


@on_sqlite
def test_a_stall_without_its_market_is_wrong_usage(cho: Any, huong: StallRow) -> None:
    assert cho("user", "add", "lan", "--role", "helper", "--stall", "C-01").code == 2


def test_a_code_for_a_phone_is_the_logins_own(cho: Any, database: Database, huong: StallRow) -> None:
    cho.done("user", "add", "chi.huong", "--role", "stallholder", *AT_STALL)
    made = cho.json("user", "code", "chi.huong")
    assert made["url"] == f"http://127.0.0.1:8000/enrol?code={made['code']}"
    with database.writing() as session:
        found = find_enrolment(session, made["code"], NOW + timedelta(minutes=9))
        assert found is not None
        assert found.market_id == huong.market_id


@on_sqlite
def test_no_code_opens_what_belongs_to_no_market(cho: Any) -> None:
    cho.done("user", "add", "chi.lan", "--role", "administrator")
    assert "signs in by password only" in cho.refused("user", "code", "chi.lan")[0]
