"""`payment import`: a file of bodies is taken as if each had been posted, all of it or nothing, and once."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from market import deliveries
from merchants import payments
from merchants.payments import Source
from merchants.stalls import StallRow

IN_MARKET = ("--market", "ben-song")
NOTHING = {"read": 0, "recorded": 0, "duplicates": 0, "unmatched": 0, "held": 0, "ignored": 0, "rejected": []}
Body = Callable[..., bytes]
Write = Callable[..., Path]
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def take(cho: Any, huong: StallRow, tu: StallRow, channel: Source) -> Callable[..., dict[str, Any]]:
    """Imports a file into the market's channel and gives the summary: `take(path)`."""

    def import_(path: Path, *options: str) -> dict[str, Any]:
        summary: dict[str, Any] = cho.json("payment", "import", path, "--channel", channel.channel_id, *options)
        counts = (value for name, value in summary.items() if name not in ("read", "rejected"))
        assert summary["read"] == sum(counts) + len(summary["rejected"])
        return summary

    return import_


def _transactions(cho: Any) -> dict[str, int]:
    report = cho.json("report", "month", "2026-11", *IN_MARKET)
    return {row["code"]: row["transactions"] for row in report["stalls"]}


def test_every_kind_of_body_is_counted_as_what_became_of_it(
    cho: Any, take: Callable[..., dict[str, Any]], sepay_body: Body, write: Write
) -> None:
    path = write(
        sepay_body(id=1),
        sepay_body(id=2, accountNumber="0888800002", gateway="MBBank"),
        sepay_body(id=1),
        sepay_body(id=3, accountNumber="0000000000"),
        sepay_body(id=4, transferType="out"),
        sepay_body(id=0),
        sepay_body(id=5, transferAmount=0),
    )
    assert take(path) == NOTHING | {"read": 7, "recorded": 2, "duplicates": 1, "unmatched": 1, "ignored": 3}
    assert _transactions(cho) == {"C-01": 1, "G-02": 1}


def test_a_file_imported_twice_records_nothing_the_second_time(
    cho: Any, take: Callable[..., dict[str, Any]], sepay_body: Body, write: Write
) -> None:
    path = write(sepay_body(), sepay_body(accountNumber="0000000000"), sepay_body(transferType="out"))
    take(path)
    assert take(path) == NOTHING | {"read": 3, "duplicates": 3}
    assert _transactions(cho) == {"C-01": 1, "G-02": 0}


def test_a_dry_run_says_what_would_be_and_changes_nothing(
    cho: Any, take: Callable[..., dict[str, Any]], sepay_body: Body, write: Write
) -> None:
    path = write(sepay_body(), sepay_body(accountNumber="0000000000"))
    told = take(path, "--dry-run")
    assert (_transactions(cho), cho.json("payment", "unmatched", *IN_MARKET)) == ({"C-01": 0, "G-02": 0}, [])
    assert take(path) == told == NOTHING | {"read": 2, "recorded": 1, "unmatched": 1}


def test_a_dry_run_leaves_no_trace_of_a_channel_that_spoke(
    cho: Any, take: Callable[..., dict[str, Any]], sepay_body: Body, write: Write
) -> None:
    take(write(sepay_body()), "--dry-run")
    assert cho.json("channel", "list")[0]["last_heard_at"] is None
    take(write(sepay_body()))
    assert cho.json("channel", "list")[0]["last_heard_at"] == "2026-11-24T01:00:00+00:00"


def test_broken_lines_are_told_with_their_numbers_and_nothing_is_recorded(
    cho: Any, take: Callable[..., dict[str, Any]], channel: Source, sepay_body: Body, write: Write
) -> None:
    path = write(sepay_body(), b"{", b"", sepay_body(transferAmount="50.000"), b"\xff", sepay_body())
    said = cho("payment", "import", path, "--channel", channel.channel_id, "--json")
    assert said.code == 1
    summary = json.loads(said.out)
    assert [rejected["line"] for rejected in summary.pop("rejected")] == [2, 4, 5]
    assert summary | {"rejected": []} == NOTHING | {"read": 3}
    assert [line.split(":")[1] for line in said.err.splitlines()] == [" line 2", " line 4", " line 5"]
    assert 'transferAmount must be whole đồng, 0 or more, not "50.000"' in said.err
    assert _transactions(cho) == {"C-01": 0, "G-02": 0}
    assert cho.json("channel", "list")[0]["last_heard_at"] is None


@on_sqlite
def test_people_are_told_how_to_go_on_after_broken_lines(
    cho: Any, channel: Source, sepay_body: Body, write: Write
) -> None:
    lines = cho.refused("payment", "import", write(sepay_body(), b"[]"), "--channel", channel.channel_id)
    assert lines == [
        "error: line 2: not a JSON object; a body is what the provider posts, whole",
        "nothing was recorded: mend or remove the lines above and import the file again",
    ]


@on_sqlite
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda raw: b"\xef\xbb\xbf" + raw, id="byte order mark"),
        pytest.param(lambda raw: raw.replace(b"\n", b"\r\n"), id="Windows line ends"),
        pytest.param(lambda raw: b"\n\n" + raw + b"\n  \n", id="empty lines"),
        pytest.param(lambda raw: raw.rstrip(b"\n"), id="no line end at the end"),
    ],
)
def test_a_file_is_read_however_it_was_saved(
    take: Callable[..., dict[str, Any]], sepay_body: Body, write: Write, spoil: Callable[[bytes], bytes]
) -> None:
    path = write(sepay_body(), sepay_body())
    path.write_bytes(spoil(path.read_bytes()))
    assert take(path) == NOTHING | {"read": 2, "recorded": 2}


@on_sqlite
def test_an_empty_file_is_no_error(take: Callable[..., dict[str, Any]], write: Write) -> None:
    assert take(write()) == NOTHING


@on_sqlite
def test_a_line_longer_than_any_body_is_refused(cho: Any, channel: Source, sepay_body: Body, write: Write) -> None:
    path = write(sepay_body(), sepay_body(description="x" * 65_536))
    line, _ = cho.refused("payment", "import", path, "--channel", channel.channel_id)
    assert line == "error: line 2: is longer than 64 KiB, as no body is"


@on_sqlite
def test_a_file_or_channel_that_is_not_there_is_refused(cho: Any, channel: Source, tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        (line,) = cho.refused("payment", "import", path, "--channel", channel.channel_id)
        assert line.startswith(f"error: {path} cannot be read: ")
    (line,) = cho.refused("payment", "import", tmp_path, "--channel", 99)
    assert line == "error: channel: there is no channel 99; `channel list` shows them"


def test_a_run_stopped_between_batches_goes_on_where_it_ended(
    cho: Any,
    take: Callable[..., dict[str, Any]],
    channel: Source,
    sepay_body: Body,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deliveries, "BATCH", 2)
    path = write(*(sepay_body() for _ in range(5)))
    batches: Iterator[Callable[..., Any]] = iter([payments.take, payments.take, lambda *_: 1 / 0])
    with monkeypatch.context() as stopping:
        stopping.setattr(deliveries, "take", lambda *arguments: next(batches)(*arguments))
        assert cho("payment", "import", path, "--channel", channel.channel_id).code == 3
    assert _transactions(cho)["C-01"] == 4
    assert take(path) == NOTHING | {"read": 5, "recorded": 1, "duplicates": 4}
    assert _transactions(cho)["C-01"] == 5


def test_an_event_told_again_with_another_amount_is_kept_and_never_booked(
    cho: Any, take: Callable[..., dict[str, Any]], sepay_body: Body, write: Write
) -> None:
    path = write(sepay_body(id=7, transferAmount=50_000), sepay_body(id=7, transferAmount=90_000))
    assert take(path) == NOTHING | {"read": 2, "recorded": 1, "duplicates": 1}
    assert cho.done("ledger", "verify").code == 0
    assert _transactions(cho)["C-01"] == 1


def test_the_same_payment_by_another_channel_is_a_duplicate_and_a_probable_one_is_held(
    cho: Any, take: Callable[..., dict[str, Any]], sepay_body: Body, write: Write
) -> None:
    take(write(sepay_body(referenceCode="FT1"), sepay_body(referenceCode="", transferAmount=70_000)))
    other = cho.json("channel", "add", "sepay", *IN_MARKET)["channel"]
    path = write(
        sepay_body(referenceCode="FT1"),
        sepay_body(referenceCode="", transferAmount=70_000),
        sepay_body(referenceCode="FT2"),
    )
    summary = cho.json("payment", "import", path, "--channel", other)
    assert summary == NOTHING | {"read": 3, "recorded": 1, "duplicates": 1, "held": 1}
    assert _transactions(cho)["C-01"] == 3


@on_sqlite
def test_a_channel_of_one_stall_credits_that_stall_only(
    cho: Any, huong: StallRow, tu: StallRow, sepay_body: Body, write: Write
) -> None:
    channel = cho.json("channel", "add", "sepay", *IN_MARKET, "--stall", "C-01")["channel"]
    path = write(sepay_body(), sepay_body(accountNumber=tu.account_number, gateway="MBBank"))
    assert cho.json("payment", "import", path, "--channel", channel) == NOTHING | {
        "read": 2,
        "recorded": 1,
        "unmatched": 1,
    }
