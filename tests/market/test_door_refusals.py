"""What the door says when it cannot open: one line, with the mend, and exit code 1."""

import ast
import errno
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "run.py"
OLD_PYTHONS = ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10"]

# Stands in for the Python of `.venv`: it starts, and its pip ends as the test wants.
PYTHON = """#!/bin/sh
case "$*" in *" -c "*) exit 0 ;; esac
cat "$0.says"
exit 1
"""


@pytest.fixture
def door(tmp_path: Path) -> ModuleType:
    """`market.door` of a checkout that has nothing but two locks, naming one package."""
    (tmp_path / "market").mkdir()
    shutil.copy(ROOT / "market" / "door.py", tmp_path / "market" / "door.py")
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_text(f"greeting==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    spec = importlib.util.spec_from_file_location("door_of_a_checkout", tmp_path / "market" / "door.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def refusal(door: ModuleType, capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Calls the door, and gives the one line it refuses with."""

    def call() -> str:
        assert door.enter(["qr"]) == 1
        output, errors = capfd.readouterr()
        *progress, line = errors.splitlines()
        assert output == ""
        assert all(told.startswith(("Making .venv with", "Installing 1 packages")) for told in progress)
        return line

    return call


def _let_pip_say(door: ModuleType, says: str) -> None:
    if os.name == "nt":
        pytest.skip("Windows does not start a script as a program")
    door.PYTHON.parent.mkdir(parents=True)
    door.PYTHON.write_text(PYTHON)
    door.PYTHON.with_name("python.says").write_text(says)
    door.PYTHON.chmod(0o755)


def _old_python(version: str) -> str | None:
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    name = f"python{version}"
    return next((str(path) for path in pyenv.glob(f"{version}.*/bin/{name}")), None) or shutil.which(name)


@pytest.mark.parametrize("version", OLD_PYTHONS)
def test_an_old_python_is_turned_away_with_one_line(version: str) -> None:
    python = _old_python(version)
    if python is None:
        pytest.skip(f"this machine has no Python {version}")
    call = subprocess.run([python, str(RUN)], capture_output=True, encoding="ascii", check=False)
    assert (call.returncode, call.stdout, call.stderr.count("\n")) == (1, "", 1)
    assert call.stderr.startswith(f"error: Cho 4.0 needs Python 3.11 or later; this is {version}.")


def test_run_py_is_written_in_characters_that_python_2_reads() -> None:
    assert RUN.read_bytes().isascii()


def test_run_py_is_written_in_the_grammar_of_python_3_4() -> None:
    ast.parse(RUN.read_text(), feature_version=(3, 4))


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_what_to_install(
    module: str, refusal: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else object())
    assert refusal().startswith(f"error: this Python has no module {module}. On Debian and Ubuntu install it with")


def test_a_python_without_venv_leaves_no_trace(
    door: ModuleType, refusal: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    refusal()
    assert door.GUARD.read_bytes() == b""


def _refuse_to_write(door: ModuleType, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse() -> None:
        raise OSError(number, os.strerror(number), str(door.GUARD))

    monkeypatch.setattr(door, "_alone", refuse)


def test_a_folder_that_cannot_be_written_is_named(
    door: ModuleType, refusal: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse_to_write(door, monkeypatch, errno.EACCES)
    assert refusal().startswith(f"error: cannot write {door.GUARD}: Permission denied. Let this user write in")


def test_a_full_disk_is_called_full(
    door: ModuleType, refusal: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse_to_write(door, monkeypatch, errno.ENOSPC)
    assert refusal() == "error: the disk is full. Free 1 GB and run it again"


def test_a_disk_that_fills_up_under_pip_is_called_full(door: ModuleType, refusal: Callable[[], str]) -> None:
    _let_pip_say(door, "ERROR: Could not install packages: [Errno 28] No space left on device")
    assert refusal() == "error: the disk is full. Free 1 GB and run it again"


def test_a_missing_lock_is_named(door: ModuleType, refusal: Callable[[], str]) -> None:
    door.RUNTIME.unlink()
    assert refusal().startswith(f"error: {door.RUNTIME}: No such file or directory. Mend that, or fetch")


def test_an_index_out_of_reach_is_told_from_what_pip_says(door: ModuleType, refusal: Callable[[], str]) -> None:
    _let_pip_say(
        door,
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n"
        "ERROR: No matching distribution found for greeting==1.0",
    )
    assert refusal().startswith("error: the package index cannot be reached. Connect this machine to the internet")


def test_a_package_with_another_hash_is_refused(door: ModuleType, refusal: Callable[[], str]) -> None:
    _let_pip_say(door, "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.")
    assert refusal().startswith("error: a downloaded package is not the one the lock names, so nothing was installed.")


def test_a_package_that_has_no_wheel_for_this_machine_is_named(door: ModuleType, refusal: Callable[[], str]) -> None:
    _let_pip_say(door, "ERROR: No matching distribution found for greeting==1.0")
    assert refusal().startswith("error: the package index has no greeting==1.0 for this machine and Python.")


def test_a_refusal_before_anything_changed_leaves_the_environment_standing(
    door: ModuleType, refusal: Callable[[], str]
) -> None:
    _let_pip_say(door, "ERROR: No matching distribution found for greeting==1.0")
    refusal()
    assert door.GUARD.read_bytes() == b""


def test_an_unknown_failure_of_pip_leaves_the_environment_to_be_made_anew(
    door: ModuleType, refusal: Callable[[], str]
) -> None:
    _let_pip_say(door, "ERROR: the wheel is bent")
    refusal()
    assert door.GUARD.read_bytes() == b"unfinished\n"


def test_an_unknown_failure_of_pip_is_kept_whole_in_a_file(door: ModuleType, refusal: Callable[[], str]) -> None:
    _let_pip_say(door, "first\nERROR: the wheel is bent")
    log = door.VENV / "install.log"
    assert (
        refusal()
        == f"error: pip could not install the packages (ERROR: the wheel is bent). The whole story is in {log}"
    )
    assert log.read_text() == "first\nERROR: the wheel is bent"


def test_an_interrupted_call_ends_as_interrupted_programs_do(
    door: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(locks: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(door, "make_ready", interrupt)
    assert (door.enter(["qr"]), capfd.readouterr().err) == (130, "stopped\n")
