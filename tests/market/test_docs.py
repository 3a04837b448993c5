"""What README.md and docs/ say of commands, settings and exit codes is what the program has, and all of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from market.cli import cho as program
from market.config import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}
# The door's own: it runs the tests before the program is asked.
AT_THE_DOOR = {"test"}


def _commands(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, *path, name)
    else:
        yield " ".join(path), command


COMMANDS = dict(_commands(program))


def _calls(text: str) -> Iterator[str]:
    """Everything that is written as a call: after `python3 run.py`, or as code that begins with a command's name."""
    groups = {name.split()[0] for name in COMMANDS} | AT_THE_DOOR
    for line in text.splitlines():
        for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", line) + re.findall(r"^ {4,}(python3? .+)$", line):
            said = re.sub(r"^(python3|py) run\.py ?", "", code)
            if said != code or said in COMMANDS or (said.split()[0] in groups and " " in said):
                yield said.replace("\\|", "|")


CALLS = sorted({(page, call) for page, text in PAGES.items() for call in _calls(text)})


def _named(call: str) -> tuple[str, click.Command | None]:
    """The command that a call names, and the command itself; None for the door's own and for no command at all."""
    words = call.split()
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in COMMANDS:
            return name, COMMANDS[name]
    return (words[0] if words else ""), None


@pytest.mark.parametrize(("page", "call"), CALLS)
def test_every_command_and_option_that_is_written_exists(page: str, call: str) -> None:
    name, command = _named(call)
    if command is None:
        assert name in {"", "COMMAND", "…"} | AT_THE_DOOR
        return
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", call)) <= known


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_written_of(name: str) -> None:
    assert name in {_named(call)[0] for _, call in CALLS}


def test_the_calls_are_found() -> None:
    assert len(CALLS) > len(COMMANDS)


def _section(title: str) -> str:
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


def test_the_settings_are_exactly_those_of_the_program() -> None:
    rows = [line for line in _section("Settings").splitlines() if line.startswith("| `CHO_")]
    assert sorted(name for row in rows for name in re.findall("`(CHO_[A-Z_]+)`", row.split("|")[1])) == sorted(SETTINGS)


def test_no_page_names_a_setting_that_is_not_there() -> None:
    named = {name for text in PAGES.values() for name in re.findall("CHO_[A-Z_]*[A-Z]", text)}
    assert named == set(SETTINGS)


def test_the_exit_codes_are_told() -> None:
    said = README.split("Exit codes: ")[1].split("\n\n")[0].replace("\n", " ")
    assert [code for code, _ in re.findall(r"(?:^|; )([0-9]) (\w+)", said)] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_leads_to_a_file(page: str) -> None:
    folder = ROOT if page == "README.md" else ROOT / "docs"
    links = re.findall(r"\]\((?!https?:)([^)#]+)", PAGES[page])
    assert [link for link in links if not (folder / link).exists()] == []
