"""Encode and decode against the two peers that do both: `vietnam-qr-pay` of PyPI and of npm.

    .venv/bin/python -m bench.qr_codec [--no-peers]

The same 2,000 transfers for everyone, the runs taking turns, the best of five rounds each. A peer is installed into a
temporary folder, and left out with a line that says so where that fails.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

from qr import vietqr

TRANSFERS = 2_000
ROUNDS = 5

PYTHON_PEER = """
import json, sys, time
from vietnam_qr_pay import QRPay
rows = json.load(open(sys.argv[1]))
def encode():
    return [QRPay.init_viet_qr(r["bin"], r["account"], r["amount"], r["purpose"]).build() for r in rows]
def decode():
    for r in rows:
        QRPay(r["payload"])
assert encode() == [r["payload"] for r in rows]
assert all(QRPay(r["payload"]).is_valid for r in rows)
for work in (encode, decode):
    start = time.perf_counter(); work(); print(len(rows) / (time.perf_counter() - start))
"""
NODE_PEER = """
const { QRPay } = require("vietnam-qr-pay");
const rows = JSON.parse(require("fs").readFileSync(process.argv[2], "utf8"));
const build = r => QRPay.initVietQR(
  { bankBin: r.bin, bankNumber: r.account, amount: r.amount, purpose: r.purpose }).build();
const encode = () => rows.map(build);
const decode = () => rows.filter(r => new QRPay(r.payload).isValid);
if (!rows.every(r => build(r) === r.payload)) throw new Error("another payload");
if (decode().length !== rows.length) throw new Error("not valid");
for (let i = 0; i < 50; i++) { encode(); decode(); }
for (const work of [encode, decode]) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < 20; i++) work();
  console.log(20 * rows.length / (Number(process.hrtime.bigint() - start) / 1e9));
}
"""


def main() -> None:
    rows = _rows()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.json"
        data.write_text(json.dumps(rows))
        peers = {} if "--no-peers" in sys.argv else _peers(Path(folder), data)
        speeds: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for name, speed in _ours(rows).items():
                speeds.setdefault(name, []).append(speed)
            for peer, command in peers.items():
                lines = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout.split()
                for work, line in zip(("encode", "decode"), lines, strict=True):
                    speeds.setdefault(f"{work}, {peer}", []).append(float(line))
    best = {name: max(values) for name, values in speeds.items()}
    for name, value in best.items():
        print(f"{name:<32}{value:>12,.0f}/s")
    for ours, work in (("encode, ours", "encode"), ("decode, ours", "decode"), ("one stall, amounts", "encode")):
        for peer in peers:
            print(f"{ours} : {peer}".ljust(44) + f"{best[ours] / best[f'{work}, {peer}']:.2f}")


def _rows() -> list[dict[str, str]]:
    random.seed(4)
    rows = []
    for _ in range(TRANSFERS):
        bank_bin = random.choice(["970436", "970422", "970418", "970415", "970405"])
        account = "".join(random.choices("0123456789", k=random.randint(9, 14)))
        amount, purpose = random.randrange(1_000, 2_000_000, 500), f"DON{random.randrange(10**6):06} ca bien tuoi"
        payload = vietqr.encode(bin=bank_bin, account=account, amount=amount, purpose=purpose)
        rows.append(
            {"bin": bank_bin, "account": account, "amount": str(amount), "purpose": purpose, "payload": payload}
        )
    return rows


def _ours(rows: list[dict[str, str]]) -> dict[str, float]:
    inputs = [(row["bin"], row["account"], int(row["amount"]), row["purpose"]) for row in rows]
    payloads = [row["payload"] for row in rows]
    stall = vietqr.for_amounts(bin="970436", account="0011012345678", purpose="DON123456 ca bien tuoi")

    def encode() -> None:
        for bank_bin, account, amount, purpose in inputs:
            vietqr.encode(bin=bank_bin, account=account, amount=amount, purpose=purpose)

    def decode() -> None:
        for payload in payloads:
            vietqr.decode(payload)

    def amounts() -> None:
        for _, _, amount, _ in inputs:
            stall(amount)

    works = {"encode, ours": encode, "decode, ours": decode, "one stall, amounts": amounts}
    return {name: _speed(work) for name, work in works.items()}


def _speed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return TRANSFERS / (time.perf_counter() - start)


def _peers(folder: Path, data: Path) -> dict[str, list[str]]:
    peers = {}
    try:
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        _run([str(python), "-m", "pip", "install", "-q", "--retries", "1", "vietnam-qr-pay"], folder)
        (folder / "peer.py").write_text(PYTHON_PEER)
        peers["PyPI"] = [str(python), str(folder / "peer.py"), str(data)]
    except (OSError, subprocess.SubprocessError) as error:
        print(f"skipped: vietnam-qr-pay of PyPI cannot be installed ({error})")
    try:
        _run(["npm", "install", "--silent", "--prefix", str(folder), "vietnam-qr-pay"], folder)
        (folder / "peer.js").write_text(NODE_PEER)
        peers["npm"] = ["node", str(folder / "peer.js"), str(data)]
    except (OSError, subprocess.SubprocessError) as error:
        print(f"skipped: vietnam-qr-pay of npm cannot be installed ({error})")
    return peers


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, capture_output=True, check=True, timeout=120, cwd=folder)


if __name__ == "__main__":
    main()
