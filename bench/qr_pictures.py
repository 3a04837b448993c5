"""The codes of a market of 400 stalls as pictures, each read back, on one core.

    .venv/bin/python -m bench.qr_pictures

Best of five rounds; `symbol` is the share of segno in each picture.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from qr import image, scan, vietqr

STALLS = 400
ROUNDS = 5
Item = TypeVar("Item")


def main() -> None:
    payloads = [
        vietqr.encode(bin="970436", account=f"0011012{number:06}", purpose=f"A{number:03}K2M9")
        for number in range(STALLS)
    ]
    makers: dict[str, Callable[[str], object]] = {
        "symbol": image.matrix,
        "svg": image.svg,
        "png, 3 pixels a module": lambda payload: image.png(payload, scale=3),
        "png, 10 pixels a module": image.png,
        "pdf": image.pdf,
    }
    for name, maker in makers.items():
        print(f"{name:<26}{STALLS} in {_best(maker, payloads):.2f} s")
    picture = image.png(payloads[0])
    print(f"{'reading one png':<26}{1000 * _best(scan.read, [picture] * 20) / 20:.1f} ms")


def _best(work: Callable[[Item], object], items: list[Item]) -> float:
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for item in items:
            work(item)
        rounds.append(time.process_time() - start)
    return min(rounds)


if __name__ == "__main__":
    main()
