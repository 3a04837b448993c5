"""Whether a stall's bank is heard: never, by statements only, lately, quiet, or silent since a day and why."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from ledger.inbox.notice import Feed as Way
from ledger.inbox.notice import Notice
from merchants.feeds import ChannelSigns, Feed, feeds, longest_pause
from merchants.payments import Source, take
from merchants.stalls import StallRow, change_account, close

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
OWN = 900
Told = Callable[..., Notice]


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def tell(session: Session, channel: Source, told: Told) -> Callable[..., None]:
    """The bank tells of a stall so many days ago: `tell(huong, 3)`, by a channel and a feed of its own."""

    def told_it(stall: StallRow, days: float, source: Source = channel, feed: Way = "hook", **changes: object) -> None:
        notice = told(stall, 50_000, at=ago(days), **changes)
        take(session, source, feed, [(notice, b"{}")], ago(days))

    return told_it


@pytest.fixture
def of(session: Session, market_id: int, channel: Source) -> Callable[..., Feed | None]:
    """The feed of a stall, where the market's channel was heard so many days ago: `of(huong, heard=0)`."""

    def asked(stall: StallRow, channels: dict[int, ChannelSigns] | None = None, *, heard: float = 0) -> Feed | None:
        signs = channels or {channel.channel_id: ChannelSigns(None, ago(heard))}
        return feeds(session, market_id, signs, NOW).get(stall.id)

    return asked


Tell = Callable[..., None]
Of = Callable[..., Feed]


def test_a_channel_that_was_heard_by_a_clock_far_ahead_is_not_alive_for_ever(
    of: Of, tell: Tell, huong: StallRow
) -> None:
    tell(huong, 3)
    assert of(huong, heard=-0.5) == Feed("quiet", TODAY - timedelta(days=3), channel_id=1)
    assert of(huong, heard=-30) == Feed("silent", TODAY, channel_id=1)


def test_an_account_that_no_notice_named_was_never_heard(of: Of, tell: Tell, huong: StallRow, tu: StallRow) -> None:
    tell(tu, 0)
    assert of(huong) == Feed("never")


@pytest.mark.parametrize("days", [0, 1])
def test_a_stall_told_of_today_or_yesterday_is_heard(
    of: Of, tell: Tell, huong: StallRow, channel: Source, days: int
) -> None:
    tell(huong, days)
    assert of(huong) == Feed("heard", TODAY - timedelta(days=days), channel_id=channel.channel_id)


def test_money_that_went_out_tells_of_the_account_as_well(of: Of, tell: Tell, huong: StallRow) -> None:
    tell(huong, 0, direction="out")
    assert of(huong).state == "heard"


def test_a_stall_that_sold_nothing_while_others_were_heard_is_quiet(
    of: Of, tell: Tell, huong: StallRow, tu: StallRow, channel: Source
) -> None:
    tell(huong, 30)
    tell(tu, 0)
    assert of(huong) == Feed("quiet", date(2026, 10, 25), channel_id=channel.channel_id)


def test_a_market_channel_that_was_heard_within_36_hours_lives(of: Of, tell: Tell, huong: StallRow) -> None:
    tell(huong, 5)
    assert of(huong, heard=1.5).state == "quiet"


def test_a_market_channel_that_heard_nothing_for_longer_makes_its_stalls_silent_since_its_last_word(
    of: Of, tell: Tell, huong: StallRow, channel: Source
) -> None:
    tell(huong, 5)
    assert of(huong, heard=1.51) == Feed("silent", date(2026, 11, 22), channel_id=channel.channel_id)


def test_a_silence_that_failing_polls_explain_says_so(of: Of, tell: Tell, huong: StallRow, channel: Source) -> None:
    tell(huong, 5)
    signs = {channel.channel_id: ChannelSigns(None, ago(3), "poll")}
    assert of(huong, signs) == Feed("silent", date(2026, 11, 21), "poll", channel.channel_id)


def test_failing_polls_beside_a_hook_that_is_heard_are_no_silence(
    of: Of, tell: Tell, huong: StallRow, channel: Source
) -> None:
    tell(huong, 5)
    assert of(huong, {channel.channel_id: ChannelSigns(None, ago(0), "poll")}).state == "quiet"


@pytest.mark.parametrize("trouble", ["off", "locked"])
def test_a_channel_that_takes_nothing_is_silent_at_once(
    of: Of, tell: Tell, huong: StallRow, channel: Source, trouble: str
) -> None:
    tell(huong, 0)
    signs = {channel.channel_id: ChannelSigns(None, NOW, trouble)}  # type: ignore[arg-type]
    assert of(huong, signs) == Feed("silent", TODAY, trouble, channel.channel_id)  # type: ignore[arg-type]


def test_a_stall_whose_last_channel_is_off_is_heard_by_another_that_told_of_it(
    of: Of, tell: Tell, huong: StallRow, market_id: int, channel: Source
) -> None:
    other = Source(OWN, market_id)
    tell(huong, 3, other)
    tell(huong, 1)
    signs = {channel.channel_id: ChannelSigns(None, ago(1), "off"), OWN: ChannelSigns(None, ago(0.5))}
    assert of(huong, signs) == Feed("quiet", date(2026, 11, 21), channel_id=OWN)


def test_a_channel_that_lives_and_never_told_of_the_stall_is_not_its_feed(
    of: Of, tell: Tell, huong: StallRow, tu: StallRow, market_id: int, channel: Source
) -> None:
    tell(huong, 1)
    tell(tu, 0, Source(OWN, market_id))
    signs = {channel.channel_id: ChannelSigns(None, ago(1), "off"), OWN: ChannelSigns(None, NOW)}
    assert of(huong, signs).state == "silent"


@pytest.fixture
def own(huong: StallRow, market_id: int) -> Source:
    """A channel of chị Hương's stall alone."""
    return Source(OWN, market_id, huong.id)


@pytest.mark.parametrize(("days", "state"), [(3, "quiet"), (3.1, "silent")])
def test_the_channel_of_one_stall_may_pause_three_days(
    of: Of, tell: Tell, huong: StallRow, own: Source, days: float, state: str
) -> None:
    tell(huong, days, own)
    assert of(huong, {OWN: ChannelSigns(huong.id, ago(days))}).state == state


@pytest.mark.parametrize(("days", "state"), [(10, "quiet"), (11, "silent")])
def test_it_may_pause_as_long_as_its_stall_did_in_the_sixty_days_before(
    of: Of, tell: Tell, huong: StallRow, own: Source, days: int, state: str
) -> None:
    for earlier in (days + 70, days + 20, days + 10, days):
        tell(huong, earlier, own)
    assert of(huong, {OWN: ChannelSigns(huong.id, ago(days))}).state == state


def test_a_test_event_keeps_the_channel_of_one_stall_alive(of: Of, tell: Tell, huong: StallRow, own: Source) -> None:
    tell(huong, 20, own)
    assert of(huong, {OWN: ChannelSigns(huong.id, ago(1))}) == Feed("quiet", date(2026, 11, 4), channel_id=OWN)


def test_a_stall_told_of_by_statements_only_says_their_last_day(
    of: Of, tell: Tell, huong: StallRow, channel: Source
) -> None:
    tell(huong, 12, feed="statement")
    tell(huong, 5, feed="statement")
    assert of(huong) == Feed("statements", date(2026, 11, 19), channel_id=channel.channel_id)


def test_a_statement_beside_a_channel_does_not_hide_it(of: Of, tell: Tell, huong: StallRow) -> None:
    tell(huong, 9)
    tell(huong, 5, feed="statement")
    assert of(huong, heard=7).state == "silent"


def test_after_sixty_days_of_statements_alone_the_stall_is_on_statements(of: Of, tell: Tell, huong: StallRow) -> None:
    tell(huong, 61)
    tell(huong, 5, feed="statement")
    assert of(huong).state == "statements"


def test_a_new_account_was_never_heard(of: Of, tell: Tell, session: Session, huong: StallRow) -> None:
    tell(huong, 1)
    change_account(
        session, huong, bank_bin="970436", account_number="0555500005", account_name="", takes_effect=ago(0.5)
    )
    assert of(huong) == Feed("never")


def test_until_a_new_account_takes_effect_the_one_before_counts(
    of: Of, tell: Tell, session: Session, huong: StallRow
) -> None:
    tell(huong, 1)
    change_account(
        session, huong, bank_bin="970436", account_number="0555500005", account_name="", takes_effect=ago(-1)
    )
    assert of(huong).state == "heard"


def test_a_stall_that_prints_a_virtual_number_is_heard_by_it(of: Of, tell: Tell, huong: StallRow) -> None:
    tell(huong, 1, account_number="19990001", virtual_account=huong.account_number)
    assert of(huong).state == "heard"


def test_a_closed_stall_has_no_feed(of: Of, tell: Tell, session: Session, huong: StallRow) -> None:
    tell(huong, 1)
    close(session, huong, TODAY - timedelta(days=1), NOW)
    assert of(huong) is None


def test_one_stall_is_looked_at_alone(
    session: Session, tell: Tell, huong: StallRow, tu: StallRow, market_id: int, channel: Source
) -> None:
    tell(huong, 0)
    tell(tu, 0)
    found = feeds(session, market_id, {channel.channel_id: ChannelSigns(None, NOW)}, NOW, stall_id=huong.id)
    assert list(found) == [huong.id]


def test_the_longest_pause_lies_between_two_days_that_follow_each_other() -> None:
    days = [TODAY, TODAY - timedelta(days=9), TODAY - timedelta(days=4)]
    assert longest_pause(days) == timedelta(days=5)
    assert longest_pause(days[:1]) == timedelta()
