"""The door, opened for real: a small checkout with wheels of its own, so that no network is needed."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BARE_PYTHON = str(getattr(sys, "_base_executable", sys.executable))

# Stands in for the program: says what it was given and by which Python, and ends as it is told.
PROGRAM = """
import json, os, signal, sys, time
import greeting

def main(arguments):
    said = {"arguments": arguments, "prefix": sys.prefix, "greeting": greeting.version, "folder": os.getcwd()}
    print(json.dumps(said), flush=True)
    if arguments == ["wait"]:
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(42))
        print("waiting", flush=True)
        time.sleep(60)
    return int(arguments[1]) if arguments[:1] == ["exit"] else 0
"""
PYTEST = "import json, os, sys, greeting; print(json.dumps([sys.argv[1:], os.getcwd(), greeting.version]))"


@dataclass(frozen=True)
class Checkout:
    """A folder with a `run.py`, and the wheels that its locks name."""

    root: Path
    wheels: Path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON", "CHO_"))}
        of_pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": self.wheels.as_uri()}
        return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **of_pip, **more}

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [BARE_PYTHON, str(self.root / "run.py"), *arguments],
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(
        self, *arguments: str, python: str = BARE_PYTHON, cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, str(self.root / "run.py"), *arguments],
            env=self.environment(**more),
            cwd=cwd,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def lock(self, version: str) -> None:
        """Write both locks for this version of the one package the program needs."""
        runtime = self._line("greeting", version)
        (self.root / "requirements.lock").write_text(runtime)
        (self.root / "requirements-dev.lock").write_text(runtime + self._line("pytest", "9.0"))

    def _line(self, name: str, version: str) -> str:
        wheel = self.wheels / f"{name}-{version}-py3-none-any.whl"
        return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def _make_wheel(folder: Path, name: str, version: str, source: str) -> None:
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": source,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, subprocess.CompletedProcess[str]]:
    """A fresh checkout after its first call, and what that call said."""
    base = tmp_path_factory.mktemp("door")
    checkout = Checkout(root=base / "Chợ Quảng Ngãi", wheels=base / "wheels")
    (checkout.root / "market" / "cli").mkdir(parents=True)
    checkout.wheels.mkdir()
    for name in ("run.py", "market/__init__.py", "market/door.py"):
        shutil.copy(ROOT / name, checkout.root / name)
    (checkout.root / "market" / "cli" / "__init__.py").write_text(PROGRAM)
    for version in ("1.0", "2.0"):
        _make_wheel(checkout.wheels, "greeting", version, f"version = {version!r}\n")
    _make_wheel(checkout.wheels, "pytest", "9.0", PYTEST)
    checkout.lock("1.0")
    return checkout, checkout.run("hello")


@pytest.fixture
def checkout(first: tuple[Checkout, subprocess.CompletedProcess[str]], tmp_path: Path) -> Checkout:
    """A checkout of this test's own, with its `.venv` made."""
    made, _ = first
    shutil.copytree(made.root, tmp_path / "chợ phiên", symlinks=True)
    return Checkout(root=tmp_path / "chợ phiên", wheels=made.wheels)


class _Index(ThreadingHTTPServer):
    """Serves a folder of wheels, but keeps everyone waiting until it is opened."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.asked = threading.Event()
        self.opened = threading.Event()
        self.folder = str(folder)
        super().__init__(("127.0.0.1", 0), _Shelf)

    @property
    def links(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no fault."""


class _Shelf(SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        assert isinstance(self.server, _Index)
        return str(Path(self.server.folder, path.lstrip("/")))

    def do_GET(self) -> None:
        assert isinstance(self.server, _Index)
        self.server.asked.set()
        self.server.opened.wait(60)
        super().do_GET()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def index(checkout: Checkout) -> Iterator[_Index]:
    with _Index(checkout.wheels) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.opened.set()
        server.shutdown()
        thread.join()


def _another_python() -> str | None:
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for minor in range(11, 20):
        name = f"python3.{minor}"
        found = next((str(path) for path in pyenv.glob(f"3.{minor}.*/bin/{name}")), None) or shutil.which(name)
        if found and minor != sys.version_info[1]:
            return found
    return None


def test_the_first_call_makes_the_environment_and_runs_the_command(
    first: tuple[Checkout, subprocess.CompletedProcess[str]],
) -> None:
    checkout, call = first
    assert json.loads(call.stdout)["prefix"] == str(checkout.root / ".venv")


def test_the_first_call_tells_a_pipe_what_it_does_in_three_lines(
    first: tuple[Checkout, subprocess.CompletedProcess[str]],
) -> None:
    assert first[1].stderr.splitlines() == [
        f"Making .venv with Python {sys.version.split()[0]}",
        "Installing 1 packages from requirements.lock, this once",
        "Installed",
    ]


def test_a_later_call_needs_no_pip_and_says_nothing(checkout: Checkout) -> None:
    for pip in (checkout.root / ".venv").rglob("pip"):
        shutil.rmtree(pip) if pip.is_dir() else pip.unlink()
    call = checkout.run("hello")
    assert (call.returncode, call.stderr) == (0, "")


def test_a_later_call_writes_nothing(checkout: Checkout) -> None:
    (checkout.root / ".venv.lock").unlink()
    before = {path: path.lstat().st_mtime_ns for path in checkout.root.rglob("*")}
    checkout.run("hello")
    assert {path: path.lstat().st_mtime_ns for path in checkout.root.rglob("*")} == before


def test_the_command_gets_every_argument_as_it_was_typed(checkout: Checkout) -> None:
    arguments = ["sign", "--name", "Chợ Nghĩa Tân", "", "--", "a b*"]
    assert json.loads(checkout.run(*arguments).stdout)["arguments"] == arguments


def test_the_exit_code_is_the_command_s_own(checkout: Checkout) -> None:
    assert checkout.run("exit", "3").returncode == 3


def test_the_command_runs_in_the_folder_it_was_called_from(checkout: Checkout, tmp_path: Path) -> None:
    call = checkout.run("hello", cwd=tmp_path)
    assert json.loads(call.stdout)["folder"] == str(tmp_path)


def test_the_caller_s_own_python_settings_do_not_reach_the_program(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "greeting.py").write_text("version = 'the wrong one'\n")
    call = checkout.run("hello", PYTHONPATH=str(tmp_path), PYTHONHOME=sys.base_prefix, VIRTUAL_ENV=str(tmp_path))
    assert json.loads(call.stdout)["greeting"] == "1.0"


def test_a_python_told_to_be_safe_finds_the_program_too(checkout: Checkout) -> None:
    assert checkout.run("hello", PYTHONSAFEPATH="1").returncode == 0


def test_another_python_uses_the_environment_there_is(checkout: Checkout) -> None:
    another = _another_python()
    if another is None:
        pytest.skip("this machine has no second Python from 3.11 on")
    call = checkout.run("hello", python=another)
    assert (call.returncode, call.stderr) == (0, "")


def test_the_python_of_the_environment_may_be_called_itself(checkout: Checkout) -> None:
    call = checkout.run("hello", python=str(next((checkout.root / ".venv").glob("[bS]*/python*"))))
    assert (call.returncode, call.stderr) == (0, "")


def test_a_changed_lock_is_installed_in_place(checkout: Checkout) -> None:
    kept = checkout.root / ".venv" / "kept"
    kept.touch()
    checkout.lock("2.0")
    assert json.loads(checkout.run("hello").stdout)["greeting"] == "2.0"
    assert kept.exists()


def test_the_tests_run_in_the_checkout_with_the_arguments_given(checkout: Checkout, tmp_path: Path) -> None:
    call = checkout.run("test", "-x", "tests/qr", cwd=tmp_path)
    assert json.loads(call.stdout) == [["-x", "tests/qr"], str(checkout.root), "1.0"]


def test_the_mark_of_the_tests_ends_when_another_runtime_is_installed(checkout: Checkout) -> None:
    checkout.run("test")
    checkout.lock("2.0")
    checkout.run("hello")
    checkout.lock("1.0")
    assert json.loads(checkout.run("test").stdout)[2] == "1.0"


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no symbolic link to the base Python")
def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout, tmp_path: Path) -> None:
    for python in (checkout.root / ".venv" / "bin").glob("python*"):
        python.unlink()
        python.symlink_to(tmp_path / "uninstalled")
    call = checkout.run("hello")
    assert (call.returncode, call.stderr.splitlines()[0][:12]) == (0, "Making .venv")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no symbolic link to the base Python")
def test_an_upgraded_python_that_still_finds_its_packages_keeps_them(checkout: Checkout) -> None:
    installed = checkout.root / ".venv" / "installed"
    python, *locks = installed.read_text().splitlines()
    installed.write_text("\n".join([python + "0", *locks]))
    call = checkout.run("hello")
    assert (call.returncode, call.stderr.splitlines()[0][:12]) == (0, "Installing 1")
    assert installed.read_text().splitlines() == [python, *locks]


def test_who_finds_an_installation_broken_off_begins_anew(checkout: Checkout) -> None:
    (checkout.root / ".venv.lock").write_text("unfinished\n")
    call = checkout.run("hello")
    assert (call.returncode, call.stderr.splitlines()[0][:12]) == (0, "Making .venv")


@pytest.mark.skipif(os.name == "nt", reason="pip outlives its killed caller there")
def test_a_call_after_one_that_was_killed_mends_what_it_left(checkout: Checkout, index: _Index) -> None:
    checkout.lock("2.0")
    with checkout.start("hello", PIP_FIND_LINKS=index.links) as killed:
        assert index.asked.wait(60)
        killed.kill()
        index.opened.set()
    assert json.loads(checkout.run("hello").stdout)["greeting"] == "2.0"


def test_of_two_calls_at_once_one_installs_and_the_other_waits(checkout: Checkout, index: _Index) -> None:
    checkout.lock("2.0")
    with checkout.start("one", PIP_FIND_LINKS=index.links) as one:
        assert index.asked.wait(60)
        with checkout.start("two", PIP_FIND_LINKS=index.links) as two:
            assert two.stderr is not None
            assert two.stderr.readline() == "Another run.py is installing; waiting for it\n"
            index.opened.set()
            output, errors = two.communicate()
        one.communicate()
    assert (one.returncode, two.returncode, errors, json.loads(output)["greeting"]) == (0, 0, "", "2.0")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals between processes")
def test_a_signal_reaches_the_program(checkout: Checkout) -> None:
    with checkout.start("wait") as call:
        assert call.stdout is not None
        while call.stdout.readline() != "waiting\n":
            assert call.poll() is None
        call.send_signal(signal.SIGTERM)
        assert call.wait() == 42


def test_a_package_taken_out_of_the_environment_is_named(checkout: Checkout) -> None:
    for module in (checkout.root / ".venv").rglob("greeting.py"):
        module.unlink()
    call = checkout.run("hello")
    folder = checkout.root / ".venv"
    assert (call.returncode, call.stderr) == (
        1,
        f"error: there is no module greeting in {folder}. Delete that folder and run it again\n",
    )


@pytest.mark.skipif(os.name == "nt", reason="the standard library opens no pseudo-terminal there")
def test_a_terminal_sees_each_package_come(checkout: Checkout) -> None:
    checkout.lock("2.0")
    ours, theirs = os.openpty()
    subprocess.run(
        [BARE_PYTHON, str(checkout.root / "run.py"), "hello"],
        env=checkout.environment(COLUMNS="60"),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert f"\r{'Installing: 1 of 1 greeting…':59}\r" in shown
