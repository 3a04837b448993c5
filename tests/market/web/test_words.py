"""The words: both languages complete, amounts said right, typed amounts read right or not at all."""

import ast
import doctest
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from market.web import spoken, typed, words
from market.web.app import ROOT
from market.web.spoken import vnd_words
from market.web.typed import parse_number, parse_vnd

MARKED = re.compile(r"""_\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
FILES = sorted(words.ENGLISH.glob("*.json"))


def marked_in_templates() -> set[str]:
    return {
        ast.literal_eval(text)
        for file in (ROOT / "templates").rglob("*.html")
        for text in MARKED.findall(file.read_text(encoding="utf-8"))
    }


def code() -> Iterator[ast.AST]:
    for file in (ROOT / "market" / "web").glob("*.py"):
        yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def marked_in_code() -> set[str]:
    return {
        str(node.args[0].value)
        for node in code()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"
        if isinstance(node.args[0], ast.Constant)
    }


def test_every_marked_text_has_its_english() -> None:
    marked = marked_in_templates() | marked_in_code()
    assert len(marked) > 100
    assert marked - words.english().keys() == set()


def test_every_english_text_is_still_said_somewhere() -> None:
    # A text may also stand in a table from which one is chosen.
    constants = {node.value for node in code() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert words.english().keys() - marked_in_templates() - constants == set()


def test_a_text_has_the_same_english_in_every_file() -> None:
    seen: dict[str, str] = {}
    for file in FILES:
        for text, english in json.loads(file.read_text(encoding="utf-8")).items():
            assert seen.setdefault(text, english) == english, text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_both_languages_have_the_same_values_to_fill_in(file: Path) -> None:
    for text, english in json.loads(file.read_text(encoding="utf-8")).items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english)), text


def test_traders_are_told_nothing_in_the_language_of_offices() -> None:
    table = json.loads((words.ENGLISH / "stall.json").read_text(encoding="utf-8"))
    for text in table:
        assert not re.search("giao dịch|hệ thống|đồng bộ|!", text), text


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "không"),
        (1, "một"),
        (5, "năm"),
        (10, "mười"),
        (11, "mười một"),
        (15, "mười lăm"),
        (20, "hai mươi"),
        (21, "hai mươi mốt"),
        (24, "hai mươi bốn"),
        (25, "hai mươi lăm"),
        (91, "chín mươi mốt"),
        (100, "một trăm"),
        (101, "một trăm linh một"),
        (105, "một trăm linh năm"),
        (110, "một trăm mười"),
        (115, "một trăm mười lăm"),
        (121, "một trăm hai mươi mốt"),
        (1_000, "một nghìn"),
        (1_001, "một nghìn không trăm linh một"),
        (1_015, "một nghìn không trăm mười lăm"),
        (1_200, "một nghìn hai trăm"),
        (45_500, "bốn mươi lăm nghìn năm trăm"),
        (75_000, "bảy mươi lăm nghìn"),
        (100_000, "một trăm nghìn"),
        (105_000, "một trăm linh năm nghìn"),
        (1_000_000, "một triệu"),
        (1_005_000, "một triệu không trăm linh năm nghìn"),
        (1_200_000, "một triệu hai trăm nghìn"),
        (12_500_000, "mười hai triệu năm trăm nghìn"),
        (1_000_000_000, "một tỷ"),
        (1_000_000_001, "một tỷ không trăm linh một"),
        (2_021_000_000, "hai tỷ không trăm hai mươi mốt triệu"),
        (1_000_000_000_000, "một nghìn tỷ"),
    ],
)
def test_an_amount_is_said_as_it_is_said_at_the_market(amount: int, said: str) -> None:
    assert vnd_words(amount) == said


def test_an_amount_is_said_with_its_unit_and_a_capital() -> None:
    assert spoken.spoken(75_000, "vi") == "Bảy mươi lăm nghìn đồng"
    assert spoken.spoken(75_000, "en") == "Seventy-five thousand dong"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("50000", 50_000),
        ("50.000", 50_000),
        ("50,000", 50_000),
        ("50 000", 50_000),
        ("50\N{NO-BREAK SPACE}000", 50_000),
        (" 50.000 đ ", 50_000),
        ("50.000đ", 50_000),
        ("50000 VND", 50_000),
        ("50k", 50_000),
        ("50 K", 50_000),
        ("1.200.000", 1_200_000),
        ("0", 0),
        ("007", 7),
    ],
)
def test_an_amount_is_read_as_it_is_typed(text: str, amount: int) -> None:
    assert parse_vnd(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        *("", "đ", "k", "50.5", "1.00", "50.00", "1.5k", "1.200k", "1.200,000", "1.20.000", "0.500", "50.000."),
        *("-5", "+5", "5e4", "0x5", "1_000", "٥٠", "５０", "½", "năm mươi", "50000 usd", "50\n000", "9" * 14),
    ],
)
def test_what_could_be_read_in_two_ways_is_not_read(text: str) -> None:
    assert parse_vnd(text) is None


def test_a_number_has_no_unit() -> None:
    assert parse_number("35.000") == 35_000
    assert parse_number("35k") is None


@pytest.mark.parametrize("module", [spoken, typed], ids=lambda module: module.__name__)
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted
    assert not result.failed
