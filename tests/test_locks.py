"""The two locks: what `pyproject.toml` asks for is pinned, hashed, and the same in both."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME_ASKED = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["postgresql"]
DEVELOPMENT_ASKED = RUNTIME_ASKED + PROJECT["dependency-groups"]["dev"]

both = pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda lock: lock.name)


def _requirements(lock: Path) -> list[str]:
    """The logical lines: a pin with its marker and its hashes."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _pins(lock: Path) -> dict[str, str]:
    """Each package with its version and, where it has one, its marker."""
    return {
        line.partition("==")[0]: line.partition("==")[2].partition("--hash")[0].strip() for line in _requirements(lock)
    }


def _name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@pytest.mark.parametrize("requirement", RUNTIME_ASKED)
def test_what_the_program_asks_for_is_in_the_runtime_lock(requirement: str) -> None:
    assert _name(requirement) in _pins(RUNTIME)


@pytest.mark.parametrize("requirement", DEVELOPMENT_ASKED)
def test_what_the_workshop_asks_for_is_in_the_development_lock(requirement: str) -> None:
    assert _name(requirement) in _pins(DEVELOPMENT)


@pytest.mark.parametrize("requirement", [asked for asked in DEVELOPMENT_ASKED if ">=" in asked])
def test_a_pin_is_no_older_than_what_is_asked_for(requirement: str) -> None:
    least = re.split(r">=|;", requirement)[1].strip()
    pinned = _pins(DEVELOPMENT)[_name(requirement)].split()[0]
    assert _number(pinned) >= _number(least)


def test_both_locks_pin_the_same_versions() -> None:
    development = _pins(DEVELOPMENT)
    assert {name: development.get(name) for name in _pins(RUNTIME)} == _pins(RUNTIME)


def test_the_tools_of_the_workshop_are_not_installed_on_a_market_s_machine() -> None:
    tools = {_name(requirement) for requirement in PROJECT["dependency-groups"]["dev"]}
    assert tools & set(_pins(RUNTIME)) == set()


@both
def test_every_line_is_an_exact_pin_with_its_hashes(lock: Path) -> None:
    line = re.compile(r"[a-z0-9][a-z0-9.-]*==[\w.]+( ; [^\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [requirement for requirement in _requirements(lock) if not line.fullmatch(requirement)] == []


@both
def test_a_lock_names_no_address(lock: Path) -> None:
    assert "://" not in lock.read_text(encoding="utf-8")
