"""Whatever is typed into an address or a form, and wherever: the answer is never a fault of ours."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from merchants.stalls import StallRow

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"
NASTY = (
    """'; DROP TABLE entry; -- "*" NEAR - ( ^ %s{0}{{7*7}}${x}""",
    "a\0b",
    "9" * 40,
    "\u202eevil\u200b\ufeff" + "x" * 200,
)
NUMBERS = (0, 2**31, 2**63, 10**30)
# Every name that a form or an address of ours gives a value to.
FIELDS = sorted(
    {name for path in TEMPLATES.rglob("*.html") for name in re.findall(r'name="([a-z_]+)"', path.read_text("utf-8"))}
    | {"q", "month", "page", "state", "sort", "stall", "after", "before", "amount", "version", "layout", "which", "day"}
)


def _rules(app: Flask, method: str) -> list[Rule]:
    ours = (rule for rule in app.url_map.iter_rules() if method in (rule.methods or ()))
    return sorted((rule for rule in ours if rule.endpoint != "static"), key=lambda rule: rule.rule)


def _paths(app: Flask, rule: Rule, huong: StallRow, nasty: str) -> Iterator[str]:
    """The page of what there is, and of what a stranger makes up."""
    known = {"slug": "ben-song", "market": "ben-song", "code": huong.code, "kind": "csv"}
    adapter = app.url_map.bind("localhost")
    for number in NUMBERS:
        made_up = {name: number if name in _numbered(rule) else nasty for name in rule.arguments}
        for values in ({**made_up, **{name: known[name] for name in rule.arguments if name in known}}, made_up):
            try:
                yield adapter.build(rule.endpoint, values, method=None)
            except (LookupError, ValueError, UnicodeError):
                # Not even an address can be made of it.
                continue
        if not _numbered(rule):
            return


def _numbered(rule: Rule) -> set[str]:
    return set(re.findall(r"<int(?:\([^)]*\))?:(\w+)>", rule.rule))


@pytest.fixture(params=["administrator", "stallholder"])
def browser(
    request: pytest.FixtureRequest, signed_in: Callable[..., FlaskClient], huong: StallRow, administrator: FlaskClient
) -> FlaskClient:
    """The browser of somebody who gets past the gate."""
    return administrator if request.param == "administrator" else signed_in("stallholder", stall=huong)


@pytest.mark.parametrize("nasty", NASTY)
def test_no_address_makes_a_page_fail(app: Flask, browser: FlaskClient, huong: StallRow, nasty: str) -> None:
    app.config.update(PROPAGATE_EXCEPTIONS=False, TESTING=False)
    failed = []
    for rule in _rules(app, "GET"):
        for path in dict.fromkeys(_paths(app, rule, huong, nasty)):
            status = browser.get(path, query_string=dict.fromkeys(FIELDS, nasty)).status_code
            if status >= 500:
                failed.append((status, path))
    assert failed == []


@pytest.mark.parametrize("nasty", NASTY)
def test_no_form_makes_a_page_fail(app: Flask, browser: FlaskClient, huong: StallRow, nasty: str) -> None:
    app.config.update(PROPAGATE_EXCEPTIONS=False, TESTING=False)
    failed = []
    for rule in _rules(app, "POST"):
        for path in dict.fromkeys(_paths(app, rule, huong, nasty)):
            status = browser.post(path, data=dict.fromkeys(FIELDS, nasty)).status_code
            if status >= 500:
                failed.append((status, path))
    assert failed == []
