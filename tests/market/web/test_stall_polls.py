"""What a stall's phone asks all day: what came in, its screen and its clips; the sound box's page; the till's chips."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from ledger.days import local_date
from market.web import stall as web
from market.web import stall_loa, voice
from market.web.spoken import vnd_words
from market.web.till_chips import chips
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
Pay = Callable[..., int]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (web, stall_loa):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)


@pytest.fixture
def helpers_phone(signed_in: Callable[..., FlaskClient], huong: StallRow) -> FlaskClient:
    """The phone of chị Hương's niece, who helps."""
    return signed_in("helper", stall=huong)


def test_the_poll_tells_what_came_after_a_number_the_oldest_first(
    phone: FlaskClient, huong: StallRow, pay: Pay
) -> None:
    for amount in (10_000, 20_000, 30_000):
        pay(huong, amount)
    told = phone.get("/stall/payments?after=1").get_json()
    assert [payment["amount"] for payment in told["payments"]] == [20_000, 30_000]
    assert told["next"] == "3"


def test_the_poll_says_which_code_was_answered_and_how(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    asked = phone.post("/stall/till", data={"stall": huong.id, "amount": "50000"})
    reference = asked.headers["Location"].removeprefix("/stall/code/")
    pay(huong, 20_000, memo=reference, payer_name="NGUYEN THI MAI")
    [payment] = phone.get("/stall/payments?after=0").get_json()["payments"]
    assert (payment["reference"], payment["verdict"]) == (reference, "short")
    assert payment["payer"] == "NGUYEN T. M•••"
    assert payment["url"] == f"/stall/received/{huong.id}/1"


@pytest.mark.parametrize("after", ["-1", str(2**31), "9" * 30])
def test_a_cursor_that_is_none_is_not_there(phone: FlaskClient, after: str) -> None:
    assert phone.get(f"/stall/payments?after={after}").status_code == 404


def test_a_poll_that_finds_nothing_new_is_an_empty_answer(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 10_000)
    answer = phone.get("/stall/payments?after=1")
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, "0")


def test_a_phone_that_is_ahead_of_a_restored_book_begins_again_at_its_end(
    phone: FlaskClient, huong: StallRow, pay: Pay
) -> None:
    pay(huong, 10_000)
    assert phone.get("/stall/payments?after=7").get_json() == {"payments": [], "next": "1"}


def test_the_poll_brings_the_screen_of_what_is_news(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 50_000, payer_name="NGUYEN THI MAI")
    pay(huong, 500)
    pay(huong, 60_000, at=NOW - timedelta(minutes=11))
    whole, small, old = phone.get("/stall/payments?after=0").get_json()["payments"]
    assert "Năm mươi nghìn đồng" in whole["screen"]
    assert "NGUYEN T. M•••" in whole["screen"]
    assert not whole["short"]
    assert "Rất ít tiền" in small["screen"]
    assert small["short"]
    assert old["screen"] is None


def test_what_a_bank_told_without_a_time_is_news_on_its_day_only(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 50_000, at=None)
    pay(huong, 60_000, at=None, local_date=local_date(NOW) - timedelta(days=1))
    today, before = phone.get("/stall/payments?after=0").get_json()["payments"]
    assert today["screen"] is not None
    assert before["screen"] is None


def test_a_helpers_phone_is_told_the_payment_and_no_number(
    phone: FlaskClient, helpers_phone: FlaskClient, huong: StallRow, pay: Pay
) -> None:
    after = re.findall(r'data-after="(.+?)"', helpers_phone.get("/stall/loa").text)[0]
    pay(huong, 50_000)
    told = helpers_phone.get("/stall/payments", query_string={"after": after}).get_json()
    [payment] = told["payments"]
    assert payment["amount"] == 50_000
    assert not payment["place"].isdigit()
    assert not told["next"].isdigit()


# The sound box.


def test_the_sound_box_shows_todays_payments_and_no_sum(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 50_000)
    pay(huong, 61_000)
    pay(huong, 70_000, at=NOW - timedelta(days=1))
    page = phone.get("/stall/loa").text
    assert "50.000" in page
    assert "61.000" in page
    assert "70.000" not in page
    assert "111.000" not in page


def test_every_word_of_an_amount_has_its_clip() -> None:
    script = (voice.FOLDER.parent / "voice.js").read_text("utf-8")
    clips = dict(re.findall(r'"([^"]+)": "([a-z0-9-]+)"', script))
    said = {
        word for amount in (*range(1_000), *(10**power for power in range(15))) for word in vnd_words(amount).split()
    }
    assert said | {"đồng", "đã nhận", "thiếu tiền"} == clips.keys()
    assert {f"{name}.mp3" for name in clips.values()} == {file.name for file in voice.FOLDER.glob("*.mp3")}


def test_the_clips_are_small_and_a_phone_keeps_them(phone: FlaskClient) -> None:
    weight = 0
    for address in voice.addresses():
        with phone.get(address) as answer:
            assert (answer.status_code, answer.mimetype) == (200, "audio/mpeg")
            assert "max-age=31536000" in answer.headers["Cache-Control"]
            weight += len(answer.data)
    assert weight < 100_000


# The till's chips.


def shown_chips(phone: FlaskClient) -> list[int]:
    return [int(amount) for amount in re.findall(r'data-note="(\d+)"', phone.get("/stall/till").text)]


def test_a_new_stalls_chips_are_the_banknotes(phone: FlaskClient) -> None:
    assert shown_chips(phone) == [10_000, 20_000, 50_000, 100_000, 200_000, 500_000]


def test_what_a_stall_asks_for_most_is_among_its_chips(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    for amount, times in ((25_000, 4), (35_000, 3), (50_000, 9), (45_000, 2)):
        for _ in range(times):
            pay(huong, amount)
    assert shown_chips(phone) == [10_000, 20_000, 25_000, 35_000, 50_000, 100_000]


def test_what_was_asked_for_long_ago_is_forgotten(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    for _ in range(3):
        pay(huong, 25_000, at=NOW - timedelta(days=31))
    assert 25_000 not in shown_chips(phone)


def test_half_of_the_chips_stay_banknotes() -> None:
    assert chips([15_000, 25_000, 35_000, 45_000]) == [15_000, 20_000, 25_000, 35_000, 50_000, 100_000]
