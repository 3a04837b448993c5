"""Thousands of memos as banks and people mangle them: each leads to the right stall or to nobody, never to another."""

import random
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import combinations

import pytest
from sqlalchemy import select, update
from sqlmodel import Session

from ledger.books.model import ENTRY
from ledger.inbox.notice import Notice
from market.db import Database
from merchants.model import REFERENCE
from merchants.payments import Source, take
from merchants.references import ALPHABET, LENGTH, is_reference, make_reference, references_in
from merchants.stalls import StallRow, find_stall

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
BEFORE = (
    "",
    "MBVCB.4525077405.",
    "MBVCB.3278907687.013562.",
    "CK ",
    "SEVQR ",
    "IBFT ",
    "Chuyển tiền mua cá ",
    "Tra tien rau Chi Hương: ",
    "QR - ",
    "0905123456-",
    "NHAN TU 0123456789 TRACE 451122 ND ",
)
AFTER = (
    "",
    " CT tu 0123499999 NGUYEN VAN A toi 0456 TRAN THI HUONG tai VCB",
    ".CT tu 0123499999 NGUYEN VAN A toi 0456",
    "-CHUYEN TIEN-OQCH0001-MOMO",
    " mua cá 2 kg",
    ", cảm ơn chị",
    " FT26328012345678",
    "/0071000412041",
    ";1A2B3C4D5E",
)
JOINTS = (" ", ".", "-", "_", "/", "  ", "\n", " . ", "\u200b", "\u00a0")


def harmless(reference: str, source: random.Random) -> str:
    """What a bank may make of a reference without losing anything of it."""
    text = reference
    for _ in range(source.randrange(3)):
        place = source.randrange(1, len(text))
        text = text[:place] + source.choice(JOINTS) + text[place:]
    if source.random() < 0.3:
        text = text.lower()
    elif source.random() < 0.3:
        text = "".join(source.choice((letter, letter.lower())) for letter in text)
    if source.random() < 0.2:
        text = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)
    return text


def worn(reference: str, source: random.Random) -> str:
    """One mistake, as a person types it or a bank cuts it."""
    place = source.randrange(LENGTH)
    return source.choice(
        (
            lambda: reference[:place] + source.choice(ALPHABET + "01ILOĐÁ") + reference[place + 1 :],
            lambda: reference[:place] + reference[place + 1 :],
            lambda: reference[:place] + reference[place] * 2 + reference[place + 1 :],
            lambda: reference[: place + 1],
            lambda: reference[place:],
            lambda: reference[:place] + reference[place : place + 2][::-1] + reference[place + 2 :],
            lambda: "".join({"2": "Z", "Z": "2", "5": "S", "S": "5", "8": "B", "B": "8"}.get(c, c) for c in reference),
            lambda: reference.replace("Q", "O").replace("D", "0").replace("J", "I").replace("T", "1"),
            lambda: reference[:place] + "\u0301" + reference[place:],
        )
    )()


def memo(text: str, source: random.Random) -> str:
    """A memo with text around, composed or not, and sometimes cut off at the length a bank keeps."""
    whole = source.choice(BEFORE) + text + source.choice(AFTER)
    return unicodedata.normalize(source.choice(("NFC", "NFD")), whole)


def nearest_pair() -> tuple[str, str]:
    """Two references as much alike as two can be: they differ in two characters."""
    one = make_reference(random.Random(5))
    for first, second in combinations(range(1, LENGTH), 2):
        for letter in ALPHABET:
            for other in ALPHABET:
                near = [*one]
                near[first], near[second] = letter, other
                if "".join(near) != one and is_reference("".join(near)):
                    return one, "".join(near)
    raise AssertionError("every reference has one that differs in two characters")


OWN, ALIKE = nearest_pair()


@pytest.fixture
def many(thorough: bool) -> int:
    """How many memos are tried."""
    return 200_000 if thorough else 6_000


def test_two_references_differ_in_two_characters_at_least() -> None:
    assert sum(a != b for a, b in zip(OWN, ALIKE, strict=True)) == 2


def test_a_reference_is_found_in_thousands_of_memos(many: int) -> None:
    for seed in range(many):
        source = random.Random(seed)
        reference = make_reference(source)
        said = memo(harmless(reference, source), source)
        assert reference in references_in(said), said


def test_one_mistake_never_makes_another_stalls_reference(many: int) -> None:
    lost = 0
    for seed in range(many):
        source = random.Random(seed)
        found = references_in(memo(worn(OWN, source), source))
        assert ALIKE not in found, seed
        lost += OWN not in found
    assert lost > many / 2


def test_a_memo_cut_off_anywhere_never_names_another(many: int) -> None:
    for seed in range(many):
        source = random.Random(seed)
        said = memo(harmless(OWN, source), source)
        cut = said[: source.randrange(len(said) + 1)]
        assert ALIKE not in references_in(cut + source.choice(("", "...", "~")) + source.choice(AFTER)), seed


# The whole path, where only the memo tells two stalls apart.


@pytest.fixture
def sharing(database: Database, add_stall: Callable[..., StallRow], market_id: int) -> tuple[StallRow, StallRow]:
    """Two stalls paid to one account, with references as much alike as two can be."""
    for code, reference in (("R-01", OWN), ("R-02", ALIKE)):
        stall = add_stall(market_id, code, "970436", "0777700001")
        own = REFERENCE.c.stall_id == stall.id
        with database.writing() as writing:
            writing.connection().execute(update(REFERENCE).where(own).values(reference=reference))
    with database.reading() as reading:
        return find_stall(reading, market_id, "R-01"), find_stall(reading, market_id, "R-02")


@pytest.fixture
def books_of(session: Session, channel: Source, told: Callable[..., Notice]) -> Callable[..., list[int | None]]:
    """Tells of a payment with each memo; gives the books they went into, None for nobody's."""

    def deliver(stall: StallRow, memos: list[str]) -> list[int | None]:
        notices = [(told(stall, 50_000)._replace(memo=said), b"{}") for said in memos]
        outcomes = take(session, channel, "hook", notices, NOW)
        assert {outcome.status for outcome in outcomes} <= {"recorded", "unmatched"}
        ids = [outcome.entry_id for outcome in outcomes if outcome.entry_id is not None]
        rows = session.connection().execute(select(ENTRY.c.id, ENTRY.c.book_id).where(ENTRY.c.id.in_(ids)))
        book: dict[int, int] = {row.id: row.book_id for row in rows}
        return [None if outcome.entry_id is None else book[outcome.entry_id] for outcome in outcomes]

    return deliver


BooksOf = Callable[..., list[int | None]]


def test_a_whole_reference_decides_between_stalls_that_share_an_account(
    sharing: tuple[StallRow, StallRow], books_of: BooksOf
) -> None:
    sources = [random.Random(seed) for seed in range(300)]
    for stall in sharing:
        memos = [memo(harmless(stall.reference, source), source) for source in sources]
        assert set(books_of(stall, memos)) == {stall.book_id}


def test_a_reference_with_a_mistake_leads_to_its_own_stall_or_to_nobody(
    sharing: tuple[StallRow, StallRow], books_of: BooksOf
) -> None:
    for stall in sharing:
        sources = [random.Random(seed) for seed in range(300)]
        found = books_of(stall, [memo(worn(stall.reference, source), source) for source in sources])
        assert set(found) == {stall.book_id, None}
        assert found.count(None) > 150


def test_a_memo_that_names_both_stalls_is_nobodys(sharing: tuple[StallRow, StallRow], books_of: BooksOf) -> None:
    one, other = sharing
    sources = [random.Random(seed) for seed in range(100)]
    both = [f"{harmless(one.reference, source)}, {harmless(other.reference, source)}" for source in sources]
    assert set(books_of(one, both)) == {None}
