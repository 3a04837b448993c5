"""What holds for every provider's reader and proof, whatever somebody posts."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.inbox.notice import Notice
from ledger.inbox.providers import PROOFS, READERS
from ledger.inbox.providers.fields import MOST_EVENTS
from tests.ledger.provider_bodies import SPEAKERS, Event, Speaker, generic_event

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECRET = "khoá của kênh"
every_speaker = pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: f"{speaker.provider}-{speaker.way}")
every_provider = pytest.mark.parametrize("provider", sorted(READERS))

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["in", "OUT", "50000", "-1", "2026-11-24 08:00:00", "2026-11-24", "0001-01-01T00:00:00-23:59", "\ud800"]
    ),
)
anything = st.recursive(plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner))


def _events(speaker: Speaker) -> dict[str, object]:
    """The fields of one event in a body of the speaker's, wherever they lie in it."""
    said: dict[str, object] = json.loads(speaker.call(Event(), SECRET, NOW)[0])
    inside = said.get("data", said.get("transactions", said))
    return inside[0] if isinstance(inside, list) else inside  # type: ignore[return-value]


def _wrapped(provider: str, event: object) -> object:
    return {
        "casso": {"error": 0, "data": [event]},
        "casso-v2": {"error": 0, "data": event},
        "payos": {"data": event, "signature": "00"},
        "pay2s": {"transactions": [event]},
    }.get(provider, event)


def _read_or_refused(provider: str, body: bytes) -> list[Notice]:
    try:
        return READERS[provider](body)
    except ValueError as error:
        assert str(error)
        return []


@every_speaker
def test_the_same_payment_reads_alike_from_every_provider(speaker: Speaker) -> None:
    (notice,) = READERS[speaker.provider](speaker.call(Event(), SECRET, NOW)[0])
    assert (notice.account_number, notice.amount, notice.direction) == ("0123499999", 50_000, "in")
    assert (notice.bank_reference, notice.memo) == ("FT26328000417", "Thanh toán 1/2 cân cá")
    assert (notice.at, notice.local_date, notice.test) == (NOW, date(2026, 11, 24), False)


@every_provider
@given(body=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(provider: str, body: bytes) -> None:
    assert _read_or_refused(provider, body) == []


@every_provider
@given(said=anything)
def test_any_json_is_read_or_refused(provider: str, said: object) -> None:
    _read_or_refused(provider, json.dumps(said).encode())


@every_speaker
@given(data=st.data())
def test_any_value_in_any_field_is_read_or_refused(speaker: Speaker, data: st.DataObject) -> None:
    event = dict(_events(speaker))
    for field in data.draw(st.lists(st.sampled_from(sorted(event)), min_size=1, max_size=3)):
        event[field] = data.draw(anything)
    for notice in _read_or_refused(speaker.provider, json.dumps(_wrapped(speaker.provider, event)).encode()):
        assert 0 < notice.amount < 10**15
        assert notice.event_id
        assert len(notice.event_id) <= 500


@every_provider
@given(body=st.one_of(st.binary(max_size=100), anything.map(lambda said: json.dumps(said).encode())))
def test_no_body_without_its_secret_proves_anything_or_fails(provider: str, body: bytes) -> None:
    for way in {speaker.way for speaker in SPEAKERS if speaker.provider == provider}:
        assert PROOFS[provider](lambda name: "", body, SECRET, way, NOW) is False


@every_speaker
@given(heading=st.text(alphabet=st.characters(max_codepoint=255), max_size=200))
def test_no_header_without_the_secret_proves_anything_or_fails(speaker: Speaker, heading: str) -> None:
    body, _ = speaker.call(Event(), "another key", NOW)
    assert PROOFS[speaker.provider](lambda name: heading, body, SECRET, speaker.way, NOW) is False


@every_provider
@pytest.mark.parametrize(
    "body",
    [b"[" * 65_000, b'{"data":' * 8_000, b'{"data":' + b"[" * 60_000, b'{"data":' + b"9" * 60_000 + b"}"],
    ids=["lists", "objects", "a list inside", "a number"],
)
def test_what_is_nested_deep_or_endless_is_refused_and_proves_nothing(provider: str, body: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        READERS[provider](body)
    ways = {speaker.way for speaker in SPEAKERS if speaker.provider == provider}
    signed = f"t={int(NOW.timestamp() * 1000)},v1={'0' * 128}"
    assert [PROOFS[provider](lambda name: signed, body, SECRET, way, NOW) for way in ways] == [False] * len(ways)


@every_provider
def test_a_number_that_json_does_not_have_is_refused(provider: str) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        READERS[provider](b'{"amount": NaN}')


def test_more_events_than_the_most_are_refused() -> None:
    def several(number: int) -> bytes:
        return json.dumps({"events": [generic_event(Event(each)) for each in range(number)]}).encode()

    assert len(READERS["generic"](several(MOST_EVENTS))) == MOST_EVENTS
    with pytest.raises(ValueError, match=f"events holds {MOST_EVENTS + 1} events"):
        READERS["generic"](several(MOST_EVENTS + 1))


@pytest.mark.parametrize(("provider", "field"), [("casso", "data"), ("pay2s", "transactions"), ("generic", "events")])
class TestAListOfEvents:
    def test_that_is_empty_holds_no_notice(self, provider: str, field: str) -> None:
        assert READERS[provider](json.dumps({field: []}).encode()) == []

    @pytest.mark.parametrize("said", [None, {}, "x", 1])
    def test_that_is_none_is_refused(self, provider: str, field: str, said: object) -> None:
        with pytest.raises(ValueError, match=f"{field} must be a list"):
            READERS[provider](json.dumps({field: said}).encode())

    def test_of_which_one_is_no_object_is_refused_with_its_place(self, provider: str, field: str) -> None:
        with pytest.raises(ValueError, match=rf"{field}\[0\] must be an object"):
            READERS[provider](json.dumps({field: [7]}).encode())


@pytest.mark.parametrize("provider", ["casso-v2", "payos"])
@pytest.mark.parametrize("said", [None, [], "x"])
def test_data_that_is_no_object_is_refused(provider: str, said: object) -> None:
    with pytest.raises(ValueError, match="data must be an object"):
        READERS[provider](json.dumps({"data": said}).encode())
