"""What holds for every payload, tried on many."""

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qr import banks, emv, vietqr
from qr.errors import FieldError, PayloadError, QrError
from qr.text import fold

LETTERS = "abcxyzĐđƠơỨứẶặỹ0123456789 .-/"
texts = st.text(alphabet=LETTERS, min_size=1, max_size=25).filter(lambda text: text.strip() != "")
short = st.none() | texts.map(lambda text: text[:9]).filter(lambda text: text.strip() != "")
ascii_alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
transfers = st.fixed_dictionaries(
    {
        "bin": st.sampled_from([bank.bin for bank in banks.all_banks()]),
        "account": st.text(alphabet=ascii_alphanumerics, min_size=1, max_size=19),
        "amount": st.none() | st.integers(1, 499_999_999),
        "purpose": st.none() | texts,
        "bill": short,
        "store": short,
        "reference": short,
        "terminal": short,
        "merchant_name": st.none() | texts,
        "city": st.none() | texts.map(lambda text: text[:15]).filter(lambda text: text.strip() != ""),
        "mcc": st.none() | st.from_regex(r"[0-9]{4}", fullmatch=True),
    }
)


@given(transfers)
def test_what_is_written_is_read_back_without_a_warning(transfer: dict[str, Any]) -> None:
    decoded = vietqr.decode(vietqr.encode(**transfer))
    assert (decoded.bin, decoded.account_number, decoded.amount) == (
        transfer["bin"],
        transfer["account"],
        transfer["amount"],
    )
    for name in ("purpose", "bill", "store", "reference", "terminal", "merchant_name", "city", "mcc"):
        text = transfer[name]
        assert getattr(decoded, name) == (None if text is None else fold(text).strip())
    assert decoded.initiation == ("static" if transfer["amount"] is None else "dynamic")
    assert (decoded.scheme, decoded.service, decoded.warnings) == ("vietqr", "QRIBFTTA", ())


@given(transfers)
def test_the_data_objects_of_a_payload_make_it_again(transfer: dict[str, Any]) -> None:
    payload = vietqr.encode(**transfer)
    assert emv.encode(vietqr.decode(payload).data_objects) == payload


@given(transfers, st.data())
def test_one_changed_character_is_refused_or_warned_of(transfer: dict[str, Any], data: st.DataObject) -> None:
    payload = vietqr.encode(**transfer)
    place = data.draw(st.integers(0, len(payload) - 1))
    other = data.draw(st.characters(codec="utf-8") | st.sampled_from(ascii_alphanumerics))
    changed = payload[:place] + other + payload[place + 1 :]
    try:
        decoded = vietqr.decode(changed)
    except PayloadError:
        return
    assert changed == payload or decoded.warnings


def test_every_other_printable_character_at_every_place_is_refused_or_warned_of() -> None:
    payload = vietqr.encode(bin="970436", account="0011012345678", amount=50_000, purpose="A7K2M9X4", city="HUE")
    for place, character in itertools.product(range(len(payload)), map(chr, range(0x20, 0x7F))):
        changed = payload[:place] + character + payload[place + 1 :]
        try:
            decoded = vietqr.decode(changed)
        except PayloadError:
            continue
        assert changed == payload or decoded.warnings == ("the CRC is written in lower case",)


@given(transfers, st.data())
def test_a_payload_cut_short_is_refused(transfer: dict[str, Any], data: st.DataObject) -> None:
    payload = vietqr.encode(**transfer)
    cut = payload[: data.draw(st.integers(0, len(payload) - 1))]
    try:
        vietqr.decode(cut)
    except PayloadError as refused:
        assert refused.code in ("empty", "not_emv", "truncated", "missing")
    else:
        raise AssertionError(cut)


def _sealed(body: str) -> str:
    return f"{body}6304{emv.crc(body + '6304')}"


objects = st.tuples(
    st.integers(0, 99).map(lambda number: f"{number:02}") | st.sampled_from(["38", "62", "64", "54", "55", "53", "58"]),
    st.text(max_size=40) | st.sampled_from(["704", "VN", "0010A0000007270112", "0802ca", "11", "10.000"]),
).map(lambda item: f"{item[0]}{len(item[1].encode('utf-8', 'replace')):02}{item[1]}")


@given(
    st.text()
    | st.text(alphabet="0123456789AVN.", max_size=300).map(lambda text: "000201" + text)
    | st.lists(objects, max_size=8).map(lambda parts: "000201" + "".join(parts))
    | st.lists(objects, max_size=8).map(lambda parts: "0002015303704" + "5802VN" + "".join(parts))
)
def test_no_text_raises_anything_but_the_packages_own_error(text: str) -> None:
    encodable = text.encode("utf-8", "replace").decode()
    for payload in (text, _sealed(encodable)):
        try:
            decoded = vietqr.decode(payload)
        except PayloadError as refused:
            assert refused.code in PayloadError.CODES
            assert 0 <= refused.offset <= len(payload)
        else:
            assert emv.tree(emv.encode(decoded.data_objects))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_the_packages_own_error(octets: bytes) -> None:
    for text in (octets.decode("latin-1"), octets.decode("utf-8", "surrogateescape")):
        try:
            vietqr.decode("000201" + text)
        except PayloadError as refused:
            assert refused.code in PayloadError.CODES


@given(
    st.fixed_dictionaries(
        {"bin": st.text(max_size=8) | st.just("970436"), "account": st.text(max_size=22)},
        optional={
            name: st.text(max_size=30) for name in ("purpose", "bill", "store", "reference", "terminal", "city", "mcc")
        }
        | {"amount": st.integers() | st.floats() | st.booleans() | st.text(max_size=4)},
    )
)
def test_whatever_is_asked_for_is_written_readably_or_refused(fields: dict[str, Any]) -> None:
    try:
        payload = vietqr.encode(**fields)
    except FieldError as refused:
        assert refused.field in fields
    else:
        vietqr.decode(payload)


@given(st.text())
def test_no_name_of_a_bank_raises_anything_but_the_packages_own_error(name: str) -> None:
    try:
        assert banks.find(name).bin in banks.bins_named(name)
    except QrError:
        assert len(banks.bins_named(name)) != 1
