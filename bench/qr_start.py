"""How long `run.py qr encode` takes from the keyboard to the payload, against an empty Python and against a database's.

    python3 -m bench.qr_start [ROUNDS]

Called with the Python that calls the door; the runs take turns.
"""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "run.py qr encode": [sys.executable, "run.py", "qr", "encode", "--bank", "VCB", "--account", "0011012345678"],
    "python -c 'import sqlmodel'": [str(VENV), "-c", "import sqlmodel"],
    "run.py market list --help": [sys.executable, "run.py", "market", "list", "--help"],
}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    spent: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for command in COMMANDS.values():
        _time(command)
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            spent[name].append(_time(command))
    empty = median(spent["python -c pass"])
    for name, times in spent.items():
        print(f"{name:<30}{median(times) * 1000:>6.0f} ms, {median(times) / empty:>5.1f} times an empty Python")


def _time(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
