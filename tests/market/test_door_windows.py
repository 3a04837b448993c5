"""The door as Windows opens it, tried on the others: no `fcntl`, no `exec`, the Python of `.venv` in `Scripts`."""

import errno
import importlib.util
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Stands in for the Python of `.venv`: it starts, its pip finds all installed, and the program ends with 5.
PYTHON = """#!/bin/sh
[ "$1" = -I ] && exit 0
printf '%s\\n' "$@"
exit 5
"""


class _Console:
    """`msvcrt` with a byte that somebody else holds for the first so many tries."""

    LK_NBLCK = 2

    def __init__(self, held_for: int) -> None:
        self.left = held_for
        self.positions: list[int] = []

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        self.positions.append(os.lseek(descriptor, 0, os.SEEK_CUR))
        self.left -= 1
        if self.left >= 0:
            raise PermissionError(errno.EACCES, "Permission denied")


@pytest.fixture
def console() -> _Console:
    return _Console(held_for=2)


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[int, Callable[[int, None], None]]:
    """What the door sets for each signal, which is kept from the tests themselves."""
    kept: dict[int, Callable[[int, None], None]] = {}
    monkeypatch.setattr(signal, "signal", kept.__setitem__)
    return kept


@pytest.fixture
def door(tmp_path: Path, console: _Console, handlers: object, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    if os.name == "nt":
        pytest.skip("on Windows the other tests of the door try this")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", console)
    for name in ("execv", "execve", "fork", "kill"):
        monkeypatch.delattr(os, name)
    (tmp_path / "market").mkdir()
    shutil.copy(ROOT / "market" / "door.py", tmp_path / "market" / "door.py")
    (tmp_path / "requirements.lock").write_text("greeting==1.0\n")
    spec = importlib.util.spec_from_file_location("door_of_windows", tmp_path / "market" / "door.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PYTHON.parent.mkdir(parents=True)
    module.PYTHON.write_text(PYTHON)
    module.PYTHON.chmod(0o755)
    (tmp_path / "python.exe").touch()
    (module.VENV / "pyvenv.cfg").write_text(f"include-system-site-packages = false\nhome = {tmp_path}\n")
    return module


def test_windows_hands_over_to_a_child_and_takes_its_exit_code(door: ModuleType) -> None:
    assert door.enter(["qr", "encode"]) == 5


def test_windows_gives_the_child_every_argument(door: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    door.enter(["market", "add", "--name", "Chợ Nghĩa Tân"])
    run = str(door.ROOT / "run.py")
    assert capfd.readouterr().out.splitlines() == [
        *("-X", door.HANDED_OVER, run),
        *("market", "add", "--name", "Chợ Nghĩa Tân"),
    ]


def test_windows_takes_the_python_in_scripts(door: ModuleType) -> None:
    assert door.PYTHON == door.VENV / "Scripts" / "python.exe"


def test_windows_waits_for_the_lock_of_another(door: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    door.enter(["qr"])
    assert capfd.readouterr().err.splitlines()[0] == "Another run.py is installing; waiting for it"


def test_windows_locks_a_byte_behind_the_content_of_the_file(door: ModuleType, console: _Console) -> None:
    door.enter(["qr"])
    assert console.positions == [1 << 20] * 3


def test_windows_marks_the_python_that_the_launcher_starts(door: ModuleType) -> None:
    door.enter(["qr"])
    assert door.INSTALLED.read_text().startswith(f"{door.ROOT / 'python.exe'} 0 ")


def test_windows_starts_at_once_when_all_is_installed(
    door: ModuleType, console: _Console, capfd: pytest.CaptureFixture[str]
) -> None:
    door.enter(["qr"])
    console.positions.clear()
    capfd.readouterr()
    door.enter(["qr"])
    assert (console.positions, capfd.readouterr().err) == ([], "")


def test_windows_leaves_ctrl_c_to_the_child(door: ModuleType, handlers: dict[int, Callable[[int, None], None]]) -> None:
    door.enter(["qr"])
    handlers[signal.SIGINT](signal.SIGINT, None)
