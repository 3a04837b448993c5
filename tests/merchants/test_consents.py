"""What a stall's holder agreed to, and every yes and no."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from merchants.consents import (
    TEXTS,
    VERSION,
    Said,
    end_consent,
    history,
    record_consent,
    shared_since,
    sharing_stalls,
)
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
# A published text never changes: whoever agreed must be able to read what it was. Other words are a new version.
PUBLISHED = {"1": "ba6299846a170f60"}


def consent(session: Session, stall: StallRow, given: bool, at: datetime = NOW) -> None:
    record_consent(
        session, market_id=stall.market_id, stall_id=stall.id, given=given, text_version=VERSION, login_id=1, now=at
    )


def test_no_published_text_has_changed() -> None:
    digests = {
        version: hashlib.sha256(json.dumps(text, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]
        for version, text in TEXTS.items()
    }
    assert digests == PUBLISHED


def test_the_text_in_force_is_the_newest_and_every_text_is_in_both_languages() -> None:
    assert list(TEXTS)[-1] == VERSION
    for text in TEXTS.values():
        assert len(text["vi"]) == len(text["en"])


def test_nobody_agrees_to_a_text_that_there_is_not(session: Session, huong: StallRow) -> None:
    with pytest.raises(ValueError, match="no version"):
        record_consent(
            session,
            market_id=huong.market_id,
            stall_id=huong.id,
            given=True,
            text_version="0",
            login_id=1,
            now=NOW,
        )


def test_a_stall_that_never_said_anything_shares_nothing(session: Session, huong: StallRow) -> None:
    assert shared_since(session, huong.id) is None
    assert sharing_stalls(session, huong.market_id) == {}


def test_consent_can_be_withdrawn_and_given_again(session: Session, huong: StallRow) -> None:
    said = []
    for days, given in enumerate((True, False, True, False)):
        consent(session, huong, given, NOW + timedelta(days=days))
        said.append(shared_since(session, huong.id))
    assert said == [date(2026, 11, 24), None, date(2026, 11, 26), None]


def test_a_yes_said_again_begins_nothing_anew(session: Session, huong: StallRow) -> None:
    consent(session, huong, given=True)
    consent(session, huong, given=True, at=NOW + timedelta(days=3))
    assert shared_since(session, huong.id) == date(2026, 11, 24)


def test_the_day_is_the_local_one(session: Session, huong: StallRow) -> None:
    consent(session, huong, given=True, at=datetime(2026, 11, 24, 17, 30, tzinfo=UTC))
    assert shared_since(session, huong.id) == date(2026, 11, 25)


def test_a_market_knows_which_of_its_stalls_share(session: Session, huong: StallRow, tu: StallRow) -> None:
    consent(session, huong, given=True)
    consent(session, tu, given=True)
    consent(session, tu, given=False)
    assert sharing_stalls(session, huong.market_id) == {huong.id: date(2026, 11, 24)}


def test_every_word_of_consent_is_kept_with_its_time_and_its_text(session: Session, huong: StallRow) -> None:
    consent(session, huong, given=True)
    consent(session, huong, given=False, at=NOW + timedelta(days=1))
    assert history(session, huong.id) == [
        Said(False, VERSION, 1, NOW + timedelta(days=1)),
        Said(True, VERSION, 1, NOW),
    ]


def test_it_ends_with_its_giver_or_with_the_stall_and_with_nobody_else(session: Session, huong: StallRow) -> None:
    consent(session, huong, given=True)

    def ended(login_id: int | None = None) -> bool:
        return end_consent(session, market_id=huong.market_id, stall_id=huong.id, given_by=login_id, now=NOW)

    assert not ended(2)
    assert shared_since(session, huong.id) is not None
    assert ended(1)
    assert shared_since(session, huong.id) is None
    assert not ended(1)
    consent(session, huong, given=True)
    assert ended()
    assert shared_since(session, huong.id) is None
