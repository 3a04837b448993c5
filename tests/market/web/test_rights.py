"""Who may do what: every route for every role, at its own market and stall and at others', held against the table."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from market.access.rights import ANYBODY, ENDPOINTS, OF_MARKET, OF_STALL, RIGHTS, SIGNED_IN, TOKEN
from market.installation import Installation
from market.model import ROLES
from market.web.api_cursors import cursor_of
from market.web.app import ROOT
from market.web.gate import ASKED_BY_SCRIPT
from market.web.stall_cash import HEADER
from tests.market.web.two_markets import Side

# What a form must say so that what it is about is looked for.
FORMS: dict[str, dict[str, str]] = {
    "connect.status": {"status": "off"},
    "held.told": {"answer": "same"},
    "stalls.status": {"status": "paused"},
    "stall.choose": {},
    "stall.ask": {},
    "payments.sale": {"sale": "no", "day": "2026-11-24"},
    "payments.give_back": {},
    "payments.answer": {"answer": "no"},
    "stall_connect.begin_test": {},
    "stall_connect.coded": {"on": "yes"},
    "stall_account.asked": {},
    "stall_account.stopped": {},
    "stall_data.copy": {},
    "stall_data.asked": {},
    "stall_data.withdrawn": {},
    "cash.add": {},
    "closing.count": {"counted": "0"},
    "cash.take_back": {"reason": "amount"},
    "stall_revenue.kept": {},
    "stall_privacy.agreed": {},
    "stall_privacy.withdraw": {},
}
# Where the address alone does not say which stall: the pages of the stall that the person chose last.
OWN_ONLY = {"stall.today", "stall.till", "stall_sign.show", "stall_sign.pdf", "stall_sign.png", "stall.book"} | {
    "loa.box",
    "payments.day",
    "payments.ask_back",
    "stall_connect.guide",
    "stall_account.form",
    "find.amount",
    "closing.day",
    "week.days",
    "closing.slip",
    "stall_privacy.own",
    *(f"stall_revenue.{page}" for page in ("shown", "as_pdf", "as_xlsx", "header")),
    "kept.pages",
    "kept.made",
    "kept.offline",
    "stall_privacy.amounts",
    "stall_privacy.agree",
    "stall_privacy.text",
    "stall_data.own",
    "stall_data.explained",
}


@pytest.fixture
def browser_of(signed_in: Callable[..., FlaskClient], near: Side) -> Callable[[str], FlaskClient]:
    """The browser of somebody with one role, in the near market or at its stall where the role is for one."""

    def browser(role: str) -> FlaskClient:
        if role in ("stallholder", "helper"):
            return signed_in(role, stall=near.stall)
        return signed_in(role, market_id=None if role in ("administrator", "province") else near.market_id)

    return browser


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route with each of its methods, looks before acts."""
    for method in ("GET", "POST"):
        for rule in app.url_map.iter_rules():
            if method in (rule.methods or ()) and ENDPOINTS.get(rule.endpoint) in RIGHTS:
                yield rule, method


def ask(app: Flask, browser: FlaskClient, rule: Rule, method: str, side: Side) -> int:
    """The status of one request that names things of one market."""
    values = side.of(rule.endpoint)
    with app.test_request_context():
        address = app.url_map.bind("localhost").build(
            rule.endpoint, {name: values[name] for name in rule.arguments}, method
        )
    data: dict[str, object] = {}
    if rule.endpoint in FORMS:
        data = {"stall": side.stall.id, **FORMS[rule.endpoint]}
    if rule.endpoint == "unmatched.assign":
        data = {"stall": side.stall.code}
    if rule.endpoint == "cash.entries":
        return browser.post(address, json={"stall": side.stall.id}, headers={HEADER: "1"}).status_code
    query = {"stall": side.stall.id, "after": values["at"]} if rule.endpoint == "stall.payments" else {}
    return browser.open(address, method=method, data=data, query_string=query).status_code


def refused(status: int) -> bool:
    return status in (401, 403, 404)


def test_every_route_is_listed_and_nothing_else(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == ENDPOINTS.keys()


def test_every_page_asks_for_a_right_that_there_is() -> None:
    assert set(ENDPOINTS.values()) <= RIGHTS.keys() | {ANYBODY, SIGNED_IN, TOKEN}


def test_every_role_has_some_right_and_no_right_has_another_role() -> None:
    assert {role for roles in RIGHTS.values() for role in roles} == set(ROLES)


def test_an_administrator_holds_every_right_but_those_of_a_stall_and_what_it_shows_its_board() -> None:
    others = {right for right, roles in RIGHTS.items() if "administrator" not in roles}
    assert others == OF_STALL.keys() | {"see_shared_amounts"}


def test_an_unlisted_route_is_refused_to_everybody(
    app: Flask, browser_of: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(ENDPOINTS, "province.month")
    assert browser_of("administrator").get("/province").status_code == 404


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_the_table_says_and_nothing_else(
    app: Flask,
    installation: Installation,
    browser_of: Callable[[str], FlaskClient],
    near: Side,
    far: Side,
    role: str,
) -> None:
    browser = browser_of(role)
    if role == "helper":
        key = installation.key
        for side in (near, far):
            for name in ("at", "sale"):
                side.values[name] = cursor_of(int(str(side.values[name])), key, side.stall.id)
    wrong = []
    for rule, method in routes(app):
        right = ENDPOINTS[rule.endpoint]
        for side in (near, far):
            allowed = role in RIGHTS[right]
            if side is far and right in OF_MARKET:
                allowed = allowed and role == "administrator"
            if side is far and right in OF_STALL and rule.endpoint not in OWN_ONLY:
                allowed = False
            status = ask(app, browser, rule, method, side)
            if refused(status) == allowed or status >= 500:
                wrong.append(f"{method} {rule.rule} at {side.values['slug']}: {status}")
    assert "\n".join(wrong) == ""


def test_a_stranger_is_asked_to_sign_in_everywhere(
    app: Flask, client: FlaskClient, administrator: FlaskClient, near: Side
) -> None:
    wrong = []
    for rule, method in routes(app):
        status = ask(app, client, rule, method, near)
        if status != (401 if rule.endpoint in ASKED_BY_SCRIPT else 302):
            wrong.append(f"{method} {rule.rule}: {status}")
    assert "\n".join(wrong) == ""


def test_a_program_without_a_token_opens_nothing(
    app: Flask, browser_of: Callable[[str], FlaskClient], near: Side
) -> None:
    browser = browser_of("administrator")
    asked = [rule for rule in app.url_map.iter_rules() if ENDPOINTS[rule.endpoint] == TOKEN]
    assert asked
    for rule in asked:
        method = "POST" if "POST" in (rule.methods or ()) else "GET"
        assert ask(app, browser, rule, method, near) == 401, rule


# What a page shows to whom.


def test_a_helper_sees_what_came_in_and_no_sum_and_no_count(
    browser_of: Callable[[str], FlaskClient], near: Side
) -> None:
    page = browser_of("helper").get("/stall/").text
    assert "10.001\N{NO-BREAK SPACE}đ" in page
    assert "10.003\N{NO-BREAK SPACE}đ" in page
    assert "20.004" not in page
    assert "lượt khách" not in page
    assert "/stall/book" not in page
    assert "/stall/day" not in page


def test_a_helpers_places_in_the_book_tell_no_number(browser_of: Callable[[str], FlaskClient], near: Side) -> None:
    helper = browser_of("helper")
    assert 'data-after="2"' not in helper.get("/stall/").text
    assert helper.get("/stall/payments?after=0").status_code == 404
    assert helper.get(f"/stall/received/{near.stall.id}/1").status_code == 404


def test_a_helpers_phone_follows_what_comes_in(browser_of: Callable[[str], FlaskClient], near: Side) -> None:
    helper = browser_of("helper")
    after = helper.get("/stall/").text.partition('data-after="')[2].partition('"')[0]
    assert helper.get("/stall/payments", query_string={"after": after}).data == b""


def test_an_auditor_reads_the_month_without_a_button_that_changes_it(
    browser_of: Callable[[str], FlaskClient], near: Side
) -> None:
    page = browser_of("auditor").get("/board/gan/").text
    assert "/board/gan/report.pdf" in page
    assert "/board/gan/closed" in page
    assert "/board/gan/close?" not in page
    assert "/board/gan/stalls" not in page
    assert "/board/gan/unmatched" not in page


def test_staff_sees_a_channel_without_its_secrets(browser_of: Callable[[str], FlaskClient], near: Side) -> None:
    staff = browser_of("staff")
    channel = f"/board/gan/channels/{near.values['channel_id']}"
    assert f"{channel}/secret" in browser_of("board").get(channel).text
    assert f"{channel}/secret" not in staff.get(channel).text
    assert "/channels/new" not in staff.get("/board/gan/channels").text
    assert "/board/gan/close?" not in staff.get("/board/gan/").text


def test_the_table_in_the_docs_is_the_table_in_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", (ROOT / "docs" / "roles.md").read_text("utf-8"), re.M)
    assert {right: set(roles.split(", ")) for right, roles in rows} == {
        right: set(roles) for right, roles in RIGHTS.items()
    }
