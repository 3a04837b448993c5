"""How long the signs of a whole market take, drawing and reading every code back: `python bench/signs.py [STALLS]`."""

import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from qr.sign import LAYOUTS, Sign, write_signs
from qr.vietqr import encode


def main(stalls: int) -> None:
    signs = [
        Sign(
            payload=encode(bin="970405", account=f"{1_000_000_000_000 + number}", purpose=f"CHO{number:05d}"),
            market="Chợ Quảng Ngãi",
            stall_name="Cá biển Hương",
            stall_code=f"C-{number}",
            holder="TRẦN THỊ HƯƠNG",
            bank="Agribank",
            account_number=f"{1_000_000_000_000 + number}",
            serial=f"C{number}-0001",
            version=1,
            phone="0255 000 0000",
            printed_on=date(2026, 11, 24),
        )
        for number in range(1, stalls + 1)
    ]
    for layout in LAYOUTS:
        drawn_at = 0.0

        def note(done: int) -> None:
            nonlocal drawn_at
            if done <= stalls // 2:
                drawn_at = time.perf_counter()

        start = time.perf_counter()
        pdf = write_signs(signs, layout, progress=note)
        end = time.perf_counter()
        print(
            f"{layout:6} {stalls} signs: {end - start:.2f} s, of which reading back {end - drawn_at:.2f} s; "
            f"{len(pdf) // 1000} kB"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
