"""`payment import`: a file of any provider's bodies, one a line, taken as if each had been posted."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from merchants.stalls import StallRow
from tests.ledger.provider_bodies import SPEAKERS, Event, Speaker

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
NOTHING = {"recorded": 0, "duplicates": 0, "unmatched": 0, "held": 0, "ignored": 0, "rejected": []}
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
every_provider = pytest.mark.parametrize(
    "speaker", {speaker.provider: speaker for speaker in SPEAKERS}.values(), ids=lambda speaker: speaker.provider
)


def _bodies(speaker: Speaker, *events: Event) -> list[bytes]:
    return [speaker.call(event, "no secret is asked for here", NOW)[0] for event in events]


def _import(cho: Any, speaker: Speaker, path: Path) -> Any:
    known = [row["channel"] for row in cho.json("channel", "list")]
    channel = known or [cho.json("channel", "add", speaker.provider, "--market", "ben-song")["channel"]]
    return cho.json("payment", "import", path, "--channel", channel[0])


@on_sqlite
@every_provider
def test_a_file_of_bodies_is_recorded_and_a_second_time_nothing(
    cho: Any, huong: StallRow, write: Callable[..., Path], speaker: Speaker
) -> None:
    path = write(*_bodies(speaker, Event(1), Event(2, reference="FT2"), Event(3, account="999", reference="FT3")))
    assert _import(cho, speaker, path) == {**NOTHING, "read": 3, "recorded": 2, "unmatched": 1}
    assert _import(cho, speaker, path) == {**NOTHING, "read": 3, "duplicates": 3}


@on_sqlite
@every_provider
def test_money_out_and_tests_and_no_dong_are_ignored(
    cho: Any, huong: StallRow, write: Callable[..., Path], speaker: Speaker
) -> None:
    ignored = [Event(1, amount=0)] + [Event(3, out=True)] * speaker.tells_of_money_out
    ignored += [speaker.test] if speaker.test else []
    summary = _import(cho, speaker, write(*_bodies(speaker, Event(2, reference="FT2"), *ignored)))
    assert summary == {**NOTHING, "read": 1 + len(ignored), "recorded": 1, "ignored": len(ignored)}


@on_sqlite
@every_provider
def test_another_providers_body_is_refused_with_its_line(
    cho: Any, huong: StallRow, write: Callable[..., Path], speaker: Speaker
) -> None:
    other = SPEAKERS[-1] if speaker.provider == "sepay" else SPEAKERS[0]
    path = write(*_bodies(speaker, Event(1)), *_bodies(other, Event(2)))
    cho.json("channel", "add", speaker.provider, "--market", "ben-song")
    said = cho("payment", "import", path, "--channel", 1)
    assert said.code == 1
    assert said.err.startswith("error: line 2: ")
    assert cho.json("report", "month", "2026-11", "--market", "ben-song")["transactions"] == 0
