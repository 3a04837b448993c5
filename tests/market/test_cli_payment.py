"""`payment`: what people type, correct and settle."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from merchants.payments import Source
from merchants.stalls import StallRow

IN_MARKET = ("--market", "ben-song")
TYPED = ("--market", "ben-song", "--stall", "C-01", "--amount", 50_000, "--key", "typed-0001")
WHY = ("--reason", "money went back")
Body = Callable[..., bytes]
Write = Callable[..., Path]
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def paid(cho: Any, huong: StallRow, tu: StallRow, channel: Source, sepay_body: Body, write: Write) -> int:
    """The entry of a payment of 50,000 đồng to chị Hương."""
    cho.done("payment", "import", write(sepay_body(id=1)), "--channel", channel.channel_id)
    return _entries(cho)[-1]


@pytest.fixture
def stray(cho: Any, huong: StallRow, tu: StallRow, channel: Source, sepay_body: Body, write: Write) -> int:
    """The notice of a payment of 70,000 đồng to an account that no stall has."""
    body = sepay_body(id=2, accountNumber="0555", gateway="ACB", transferAmount=70_000, content="tien ca")
    cho.done("payment", "import", write(body), "--channel", channel.channel_id)
    return int(cho.json("payment", "unmatched", *IN_MARKET)[0]["notice"])


@pytest.fixture
def held(cho: Any, paid: int, sepay_body: Body, write: Write) -> int:
    """The notice, by another channel, of what is probably the payment chị Hương has."""
    other = cho.json("channel", "add", "sepay", *IN_MARKET)["channel"]
    cho.done("payment", "import", write(sepay_body(id=3, referenceCode="")), "--channel", other)
    return int(cho.json("payment", "held", *IN_MARKET)[0]["notice"])


def _entries(cho: Any) -> list[int]:
    """Every entry there is, by way of the file that leaves the house."""
    path = Path(cho.folder) / "entries.csv"
    cho.done("ledger", "export", *IN_MARKET, "-o", path)
    return [int(line.split(",")[2]) for line in path.read_text().splitlines()[1:]]


def _transactions(cho: Any, code: str = "C-01") -> int:
    rows = cho.json("report", "month", "2026-11", *IN_MARKET)["stalls"]
    return int(next(row["transactions"] for row in rows if row["code"] == code))


def test_a_typed_sale_is_recorded_once_a_key_and_never_counted(cho: Any, huong: StallRow) -> None:
    first = cho.json("payment", "add", *TYPED)
    assert first == {"entry": first["entry"], "status": "recorded"}
    assert cho.json("payment", "add", *TYPED) == {"entry": first["entry"], "status": "duplicate"}
    assert _transactions(cho) == 0


def test_the_same_key_for_another_sale_is_refused(cho: Any, huong: StallRow) -> None:
    entry = cho.json("payment", "add", *TYPED)["entry"]
    for other in (("--amount", 60_000), ("--cash",), ("--at", "2026-11-23T08:00")):
        (line,) = cho.refused("payment", "add", *TYPED, *other)
        assert line.startswith(f"error: key: 'typed-0001' was used for entry {entry} with another kind, amount or time")


def test_a_sale_belongs_to_the_local_day_it_happened_on(cho: Any, huong: StallRow) -> None:
    cho.done("payment", "add", *TYPED, "--cash", "--at", "2026-10-31T23:30")
    assert _exported(cho, "2026-10") == [["cash", "2026-10-31", "2026-10-31T16:30:00.000000Z"]]
    assert _exported(cho, "2026-11") == []


def _exported(cho: Any, month: str) -> list[list[str]]:
    path = Path(cho.folder) / "month.csv"
    cho.done("ledger", "export", *IN_MARKET, "--month", month, "-o", path)
    return [line.split(",")[3:6] for line in path.read_text().splitlines()[1:]]


@on_sqlite
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--amount", "0"], "error: amount: must be between 1 and 999999999999 đồng"),
        (["--amount", "-5"], "error: amount: must be between 1 and 999999999999 đồng"),
        (["--amount", "1000000000000"], "error: amount: must be between 1 and 999999999999 đồng"),
        (["--key", "short"], "error: key: must be 8 to 64 of A-Z, a-z, 0-9, _ and -"),
        (["--key", "with a space"], "error: key: must be 8 to 64 of A-Z, a-z, 0-9, _ and -"),
        (["--key", "again-00000002"], "error: key: must not begin with 'again-', as the program's own do"),
        (["--at", "yesterday"], "error: at: 'yesterday' is no moment; write 2026-11-24T07:58"),
        (["--at", "2026-11-24T09:00"], "error: at: '2026-11-24T09:00' lies in the future; it is 2026-11-24 08:00 now"),
        (
            ["--at", "1999-01-01T00:00"],
            "error: at: '1999-01-01T00:00' lies before the year 2000; it is 2026-11-24 08:00 now",
        ),
        (["--at", "0001-01-01T00:00"], "error: at: '0001-01-01T00:00' is out of range"),
        (["--stall", "X-9"], "error: stall: no stall has the code 'X-9'; `stall list` shows them"),
    ],
)
def test_a_typed_sale_is_refused_with_the_field_and_the_mend(
    cho: Any, huong: StallRow, options: list[str], message: str
) -> None:
    assert cho.refused("payment", "add", *TYPED, *options) == [message]
    assert _entries(cho) == []


@on_sqlite
def test_a_sale_after_a_stall_has_closed_is_refused(cho: Any, huong: StallRow) -> None:
    cho.done("stall", "close", "C-01", *IN_MARKET, "--on", "2026-11-20")
    assert cho.refused("payment", "add", *TYPED) == ["error: at: is after C-01 had closed, on 2026-11-20"]


def test_an_amount_in_anything_but_digits_is_wrong_usage(cho: Any, huong: StallRow) -> None:
    assert [cho("payment", "add", *TYPED, "--amount", said).code for said in ("50k", "50.5", "5e4")] == [2, 2, 2]


def test_a_reversal_takes_the_payment_out_of_the_count_once(cho: Any, paid: int) -> None:
    reversal = cho.json("payment", "reverse", paid, *WHY)["entry"]
    assert _entries(cho) == [paid, reversal]
    assert _transactions(cho) == 0
    assert cho.json("payment", "unmatched", *IN_MARKET) == []
    assert cho.refused("payment", "reverse", paid, *WHY) == [f"error: entry: entry {paid} is reversed already"]


def test_a_reassigned_payment_waits_again_and_goes_to_another_stall(cho: Any, paid: int) -> None:
    cho.done("payment", "reverse", paid, "--reason", "anh Tư's", "--reassign")
    (waiting,) = cho.json("payment", "unmatched", *IN_MARKET)
    assert cho.refused("payment", "assign", waiting["notice"], "--stall", "G-02") == [
        "error: reason: is needed: the notice was booked before and reversed"
    ]
    said = cho.json("payment", "assign", waiting["notice"], "--stall", "G-02", "--reason", "anh Tư's")
    assert said["status"] == "recorded"
    assert (_transactions(cho, "C-01"), _transactions(cho, "G-02")) == (0, 1)
    assert cho.json("ledger", "verify")["ok"]


def test_money_that_was_no_sale_leaves_the_count_and_may_come_back(cho: Any, paid: int) -> None:
    counts = []
    for act in ("not-sale", "sale"):
        cho.done("payment", act, paid, "--reason", "a loan from a sister")
        counts.append(_transactions(cho))
    assert counts == [0, 1]


@on_sqlite
@pytest.mark.parametrize("act", ["reverse", "not-sale", "sale"])
def test_a_correction_needs_a_reason_and_an_entry(cho: Any, paid: int, act: str) -> None:
    assert cho("payment", act, paid).code == 2
    assert cho.refused("payment", act, paid, "--reason", " ") == [
        "error: reason: is needed: say in a few words why",
    ]
    assert cho.refused("payment", act, 999, *WHY) == ["error: entry: there is no entry 999"]
    assert _entries(cho) == [paid]


@on_sqlite
def test_corrections_that_make_no_sense_are_refused(cho: Any, paid: int) -> None:
    assert cho.refused("payment", "sale", paid, *WHY) == [f"error: entry: entry {paid} counts as a sale already"]
    loan = cho.json("payment", "not-sale", paid, *WHY)["entry"]
    assert cho.refused("payment", "not-sale", paid, *WHY) == [
        f"error: entry: entry {paid} is marked as no sale already"
    ]
    assert cho.refused("payment", "reverse", loan, *WHY) == [
        f"error: entry: entry {loan} is a not_sale of entry {paid}; name that one"
    ]
    cho.done("payment", "reverse", paid, *WHY)
    for act in ("sale", "not-sale"):
        assert cho.refused("payment", act, paid, *WHY) == [f"error: entry: entry {paid} is reversed"]


@on_sqlite
def test_what_was_typed_is_reversed_and_nothing_else(cho: Any, huong: StallRow) -> None:
    typed = cho.json("payment", "add", *TYPED)["entry"]
    (line,) = cho.refused("payment", "not-sale", typed, *WHY)
    assert line == f"error: entry: entry {typed} is no bank payment but a typed entry; reverse it instead"
    (line,) = cho.refused("payment", "reverse", typed, *WHY, "--reassign")
    assert line == f"error: entry: entry {typed} came from no bank notice; reverse it without --reassign"
    cho.done("payment", "reverse", typed, *WHY)


@on_sqlite
def test_a_payment_that_is_no_sale_confirms_nothing(cho: Any, paid: int) -> None:
    typed = cho.json("payment", "add", *TYPED)["entry"]
    cho.done("payment", "not-sale", paid, "--reason", "a loan from a sister")
    assert cho.refused("payment", "confirm", typed, paid) == [
        f"error: notice_entry: entry {paid} is marked as no sale; if it is one, run first: payment sale {paid}"
    ]


def test_unmatched_money_is_listed_with_its_moment_in_vietnam(cho: Any, stray: int) -> None:
    assert cho.json("payment", "unmatched", *IN_MARKET) == [
        {
            "notice": stray,
            "at": "2026-11-24T08:00:00+07:00",
            "bank": "ACB",
            "account_number": "0555",
            "amount": 70_000,
            "memo": "tien ca",
        }
    ]
    assert cho.json("payment", "held", *IN_MARKET) == []


def test_unmatched_money_is_assigned_to_a_stall_once(cho: Any, stray: int) -> None:
    said = cho.json("payment", "assign", stray, "--stall", "G-02")
    assert said == {"notice": stray, "status": "recorded", "entry": said["entry"]}
    assert _transactions(cho, "G-02") == 1
    assert cho.json("payment", "unmatched", *IN_MARKET) == []
    (line,) = cho.refused("payment", "assign", stray, "--stall", "C-01")
    assert line == f"error: notice: notice {stray} is recorded; reverse its entry with --reassign first"


@on_sqlite
def test_assigning_is_refused_where_notice_or_stall_are_not_there(cho: Any, stray: int) -> None:
    (line,) = cho.refused("payment", "assign", 999, "--stall", "C-01")
    assert line == "error: notice: there is no notice 999; `payment unmatched` lists them"
    (line,) = cho.refused("payment", "assign", stray, "--stall", "X-9")
    assert line == "error: stall: no stall has the code 'X-9'; `stall list` shows them"


def test_a_held_notice_is_not_unmatched_and_not_counted(cho: Any, held: int) -> None:
    assert cho.json("payment", "unmatched", *IN_MARKET) == []
    report = cho.json("report", "month", "2026-11", *IN_MARKET)
    assert (report["transactions"], report["unmatched"]) == (1, 0)


def test_a_held_notice_is_the_same_payment(cho: Any, held: int) -> None:
    assert cho.json("payment", "same", held) == [{"notice": held, "status": "duplicate", "entry": None}]
    assert (_transactions(cho), cho.json("payment", "held", *IN_MARKET)) == (1, [])


def test_a_held_notice_is_one_more_payment(cho: Any, held: int) -> None:
    ((outcome),) = cho.json("payment", "another", held)
    assert outcome == {"notice": held, "status": "recorded", "entry": outcome["entry"]}
    assert (_transactions(cho), cho.json("payment", "held", *IN_MARKET)) == (2, [])


@on_sqlite
def test_a_wrong_answer_is_taken_back(cho: Any, held: int) -> None:
    cho.json("payment", "another", held)
    assert cho.json("payment", "hold", held, "--reason", "told before")[0]["status"] == "held"
    cho.json("payment", "same", held)
    assert (_transactions(cho), cho.json("payment", "held", *IN_MARKET)) == (1, [])
    cho.json("payment", "hold", held, "--reason", "one more after all")
    cho.json("payment", "another", held)
    assert _transactions(cho) == 2


def test_only_what_is_held_can_be_called_the_same_or_another(cho: Any, held: int, stray: int) -> None:
    for act in ("same", "another"):
        (line,) = cho.refused("payment", act, held, stray)
        assert line == f"error: notice: notice {stray} is unmatched; only held ones can be settled this way"
    (line,) = cho.refused("payment", "assign", held, "--stall", "C-01")
    assert line.startswith(f"error: notice: notice {held} is held; say first whether it was told before")
    assert [row["notice"] for row in cho.json("payment", "held", *IN_MARKET)] == [held]


def test_a_typed_sale_gives_way_to_the_payment_it_was(cho: Any, paid: int) -> None:
    typed = cho.json("payment", "add", *TYPED)["entry"]
    reversal = cho.json("payment", "confirm", typed, paid)["entry"]
    assert _entries(cho) == [paid, typed, reversal]
    assert _transactions(cho) == 1
    assert cho.json("ledger", "verify")["ok"]


@on_sqlite
def test_a_payment_confirms_one_typed_sale_of_its_stall(cho: Any, paid: int) -> None:
    typed, cash, elsewhere, second = (
        cho.json("payment", "add", *TYPED, "--key", f"typed-000{number}", *options)["entry"]
        for number, options in enumerate([(), ("--cash",), ("--stall", "G-02"), ()])
    )
    refusals = {
        (cash, paid): f"error: entry: entry {cash} is no typed cashless sale",
        (paid, paid): f"error: entry: entry {paid} is no typed cashless sale",
        (elsewhere, paid): f"error: notice_entry: entry {paid} is no bank payment of the same stall",
        (typed, second): f"error: notice_entry: entry {second} is no bank payment of the same stall",
        (typed, 999): "error: notice_entry: entry 999 is no bank payment of the same stall",
    }
    assert {pair: cho.refused("payment", "confirm", *pair)[0] for pair in refusals} == refusals
    cho.done("payment", "confirm", typed, paid)
    (line,) = cho.refused("payment", "confirm", second, paid)
    assert line == f"error: notice_entry: entry {paid} confirms another typed sale already"


@on_sqlite
def test_a_reversed_payment_confirms_nothing(cho: Any, paid: int) -> None:
    typed = cho.json("payment", "add", *TYPED)["entry"]
    cho.done("payment", "reverse", paid, *WHY)
    assert cho.refused("payment", "confirm", typed, paid) == [f"error: notice_entry: entry {paid} is reversed"]


@on_sqlite
def test_people_read_plain_lines(cho: Any, stray: int) -> None:
    assert cho.done("payment", "add", *TYPED).out == "entry 1 recorded\n"
    assert cho.done("payment", "reverse", 1, *WHY).out == "entry 2\n"
    assert cho.done("payment", "assign", stray, "--stall", "C-01").out == f"notice {stray} recorded, entry 3\n"
    said = cho.done("payment", "unmatched", *IN_MARKET)
    assert (said.out, said.err) == ("", "none\n")
