"""What stands behind `run.py`: makes `.venv` when it is missing or out of date, then hands over to the Python in it.

Standard library only, because it runs before anything is installed. An ordinary start compares one small file and
replaces the process; what only an installation needs is imported where it is used.

Two files belong to the door. `.venv/installed` names the Python that `.venv` stands on and the SHA-256 of every lock
installed in it. `.venv.lock` is locked while `.venv` is changed, and it is not empty from the first change until the
last has succeeded: whoever finds it so knows that somebody died half-way, and begins from nothing.
"""

import errno
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

WINDOWS = sys.platform == "win32"
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
INSTALLED = VENV / "installed"
GUARD = ROOT / ".venv.lock"
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"

# Told to the Python of `.venv` with -X, which, unlike the environment, its child processes do not inherit.
HANDED_OVER = "cho-handed-over"

# They would lead the Python of `.venv` past the locked packages, pip to another folder, or hide what pip does.
MISLEADING = {"PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "PIP_PREFIX", "PIP_QUIET", "PIP_TARGET", "PIP_USER"}

# Wheels only: building from source would fetch build tools that no hash vouches for, and ask for a compiler.
PIP_INSTALL = [
    *("-I", "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:", "--retries", "1", "--timeout", "15"),
    *("--progress-bar", "off", "--no-input", "--disable-pip-version-check"),
]

DISK_FULL = "the disk is full. Free 1 GB and run it again"

# What pip says before it has changed anything, and what that means for the person who waits.
REFUSALS = {
    "DO NOT MATCH THE HASHES": "a downloaded package is not the one the lock names, so nothing was installed. Try "
    "again from another network, and report it if it stays so",
    "connection broken|ConnectionError|Max retries exceeded|timed out|SSLError|ProxyError": "the package index cannot "
    "be reached. Connect this machine to the internet (HTTPS_PROXY names a proxy, PIP_INDEX_URL a mirror) and run it "
    "again",
    r"No matching distribution found for (\S+)": r"the package index has no \1 for this machine and Python. Run it "
    "with another Python (3.11 or later), or look where pip's configuration points",
}


class Closed(Exception):
    """The door stays shut. The message is one line: why, and the mend."""


def enter(arguments: Sequence[str]) -> int:
    """Run `run.py ARGUMENTS` and give its exit code; on POSIX the first call ends by replacing the process.

    Where `.venv` cannot be made the code is 1, as for any refused input, and stderr says why in one line.
    """
    try:
        if HANDED_OVER in sys._xoptions:
            return _run(arguments)
        if arguments[:1] == ["test"]:
            make_ready([RUNTIME, DEVELOPMENT])
            os.chdir(ROOT)
            return _hand_over(["-m", "pytest", *(arguments[1:] or _on_all_processors())])
        make_ready([RUNTIME])
        return _hand_over(["-X", HANDED_OVER, str(ROOT / "run.py"), *arguments])
    except Closed as reason:
        _tell(f"error: {reason}")
        return 1
    except KeyboardInterrupt:
        _tell("stopped")
        return 130


def make_ready(locks: Sequence[Path]) -> None:
    """See to it that `.venv` holds what `locks` name. Raises Closed."""
    try:
        wanted = [sha256(lock.read_bytes()).hexdigest() for lock in locks]
        if _is_installed(wanted):
            return
        with _alone() as guard:
            if not _is_installed(wanted):  # whoever held the guard before may have done it
                _install(locks, wanted, guard)
    except OSError as error:
        raise Closed(_explain(error)) from error


def _run(arguments: Sequence[str]) -> int:
    try:
        from market.cli import main
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in {"market", "merchants", "ledger", "qr"}:
            raise
        raise Closed(f"there is no module {error.name} in {VENV}. Delete that folder and run it again") from error
    return main(arguments)


def _on_all_processors() -> list[str]:
    return ["-n", str(min(os.cpu_count() or 1, 4))]


def _hand_over(arguments: Sequence[str]) -> int:
    command = [str(PYTHON), *arguments]
    try:
        if not WINDOWS:
            os.execve(PYTHON, command, _environment())  # noqa: S606

        import signal
        import subprocess

        # The console sends these to the child too, which answers them as it sees fit: its exit code is ours.
        for name in ("SIGINT", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda number, frame: None)
        return subprocess.run(command, env=_environment(), check=False).returncode
    except OSError as error:
        raise Closed(f"{PYTHON} does not start: {error.strerror}. Delete {VENV} and run it again") from error


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in MISLEADING}


def _is_installed(wanted: Sequence[str]) -> bool:
    try:
        if GUARD.exists() and GUARD.stat().st_size:
            return False
        python, *installed = INSTALLED.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        return python == _stands_on() and set(wanted) <= set(installed)
    except (OSError, ValueError):
        return False


def _stands_on() -> str:
    """The Python that `.venv` was made from, as it is on the disk now. Raises OSError when it is gone."""
    base = PYTHON
    if WINDOWS:  # where that is a launcher, and the configuration says what it starts
        configuration = (VENV / "pyvenv.cfg").read_text(encoding="utf-8")
        home = re.search(r"(?m)^home *= *(.*)$", configuration)
        base = Path(home[1].strip() if home else "", "python.exe")
    base = base.resolve(strict=True)
    state = base.stat()
    return f"{base} {state.st_size} {state.st_mtime_ns}"


@contextmanager
def _alone() -> Iterator[IO[bytes]]:
    """Hold the guard, waiting for whoever holds it; a dying process lets go of it."""
    import time

    with GUARD.open("ab") as guard:
        told = False
        while not _lock(guard.fileno()):
            if not told:
                _tell("Another run.py is installing; waiting for it")
                told = True
            time.sleep(0.1)
        yield guard


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # far from the content, which a lock there would hide
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _install(locks: Sequence[Path], wanted: Sequence[str], guard: IO[bytes]) -> None:
    anew = os.fstat(guard.fileno()).st_size > 0 or not _works()
    if anew:
        _require_venv()
    guard.write(b"unfinished\n")
    guard.flush()
    if anew:
        _tell(f"Making .venv with Python {sys.version.split()[0]}")
        # This Python may be the very one that has to go: take the one it stands on.
        base = getattr(sys, "_base_executable", sys.executable)
        code, said = _call([base, "-I", "-m", "venv", "--clear", str(VENV)], guard)
        if code:
            why = said[-1] if said else f"exit code {code}"
            raise Closed(f"Python could not make {VENV} ({why}). Delete that folder and run it again")
    _install_packages(locks, guard)
    INSTALLED.write_text("\n".join([_stands_on(), *wanted, ""]), encoding="utf-8", errors="surrogateescape")
    guard.truncate(0)


def _works() -> bool:
    """Whether `.venv` can be mended in place: its Python starts, is new enough, and has its pip."""
    import subprocess

    test = "import sys, pip; sys.exit(sys.version_info < (3, 11) or sys.prefix == sys.base_prefix)"
    try:
        return subprocess.run([str(PYTHON), "-I", "-c", test], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _require_venv() -> None:
    import importlib.util

    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise Closed(
                f"this Python has no module {module}. On Debian and Ubuntu install it with `sudo apt install "
                f"python3-venv` (or python{sys.version_info[0]}.{sys.version_info[1]}-venv), elsewhere take Python "
                "from https://www.python.org/downloads/; then run it again"
            )


def _install_packages(locks: Sequence[Path], guard: IO[bytes]) -> None:
    names = {name for lock in locks for name in re.findall(r"(?m)^\w[\w.-]*", lock.read_text(encoding="utf-8"))}
    files = " and ".join(lock.name for lock in locks)
    _tell(f"Installing {len(names)} packages from {files}, this once")
    seen: set[str] = set()

    def follow(line: str) -> None:
        taken = re.match(r"(?:Ignoring|Collecting|Processing|Requirement already satisfied:) (?:\S*[/\\])?(\S+)", line)
        if taken:
            name = re.split(r"==|:|-\d", taken[1])[0]
            seen.add(name)
            _tell(f"Installing: {min(len(seen), len(names))} of {len(names)} {name}…", passing=True)
        elif line.startswith("Installing collected packages"):
            _tell("Installing: unpacking, a minute on a slow machine…", passing=True)

    code, said = _call(
        [str(PYTHON), *PIP_INSTALL, *(part for lock in locks for part in ("-r", str(lock)))], guard, follow
    )
    if not code:
        _tell("Installed")
        return
    text = "\n".join(said)
    for sign, meaning in REFUSALS.items():
        if found := re.search(sign, text):
            guard.truncate(0)
            raise Closed(found.expand(meaning))
    log = VENV / "install.log"
    log.write_text(text, encoding="utf-8")
    errors = [line for line in said if line.startswith("ERROR")] or said or [f"exit code {code}"]
    raise Closed(f"pip could not install the packages ({errors[-1]}). The whole story is in {log}")


def _call(
    command: Sequence[str], guard: IO[bytes], follow: Callable[[str], None] = lambda line: None
) -> tuple[int, list[str]]:
    """Run `command`, give each line it says to `follow`, and return its exit code and the lines.

    On POSIX the child inherits the guard: if this process is killed, others still wait until the child has ended too.
    """
    import subprocess

    said = []
    with subprocess.Popen(
        command,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        pass_fds=() if WINDOWS else (guard.fileno(),),
    ) as process:
        try:
            for line in process.stdout or ():
                said.append(line.rstrip())
                follow(said[-1])
                if "No space left on device" in line:
                    raise Closed(DISK_FULL)
            return process.wait(), said
        finally:
            process.kill()


def _tell(text: str, *, passing: bool = False) -> None:
    """Say `text` on stderr; a passing line is for a terminal only, where the next one takes its place."""
    if sys.stderr.isatty():
        import shutil

        width = shutil.get_terminal_size().columns - 1
        text = f"\r{text[:width]:{width}}" if passing else f"\r{text:{width}}\n"
    elif passing:
        return
    else:
        text += "\n"
    sys.stderr.write(text)
    sys.stderr.flush()


def _explain(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    where = error.filename or ROOT
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"cannot write {where}: {error.strerror}. Let this user write in {ROOT}, or copy the program to a folder "
            "where it may"
        )
    return f"{where}: {error.strerror}. Mend that, or fetch the program again, and run it again"
