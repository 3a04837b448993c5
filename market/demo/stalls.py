"""Invented stalls of a believable market: trades in their rows, names as traders give them, accounts at many banks.

Nobody here exists. The same seed gives the same stalls.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from merchants.bank_accounts import account_problem
from merchants.stalls import NewStall
from qr.text import fold


@dataclass(frozen=True, slots=True)
class Trade:
    """What a row of stalls sells: `share` of the market's stalls, `typical` amount of one sale in đồng, how `busy` a
    stall is beside others, and the goods its stalls are named for, each with its category."""

    row: str
    share: int
    typical: int
    busy: float
    goods: tuple[tuple[str, str], ...]


TRADES = (
    Trade(
        "A",
        14,
        38_000,
        1.3,
        (
            ("Rau sạch", "Rau củ"),
            ("Rau Nghĩa Dũng", "Rau củ"),
            ("Rau thơm", "Rau củ"),
            ("Củ quả Đà Lạt", "Rau củ"),
            ("Nấm tươi", "Rau củ"),
            ("Dưa cà", "Rau củ"),
            ("Bún mì lá", "Rau củ"),
        ),
    ),
    Trade(
        "B",
        13,
        95_000,
        1.4,
        (
            ("Thịt heo", "Thịt"),
            ("Thịt bò", "Thịt"),
            ("Gà ta", "Thịt"),
            ("Vịt cỏ", "Thịt"),
            ("Chả lụa", "Thịt"),
            ("Nem chợ Huyện", "Thịt"),
            ("Trứng gà vịt", "Thịt"),
        ),
    ),
    Trade(
        "C",
        15,
        85_000,
        1.5,
        (
            ("Cá biển", "Cá biển"),
            ("Cá đồng", "Cá đồng"),
            ("Cá bống sông Trà", "Cá đồng"),
            ("Mực ống", "Hải sản"),
            ("Tôm cua", "Hải sản"),
            ("Ốc đảo", "Hải sản"),
            ("Cá hấp", "Cá biển"),
            ("Cá ngừ", "Cá biển"),
        ),
    ),
    Trade(
        "D",
        9,
        120_000,
        0.8,
        (
            ("Tỏi Lý Sơn", "Đặc sản"),
            ("Kẹo gương", "Đặc sản"),
            ("Mạch nha Mộ Đức", "Đặc sản"),
            ("Quế Trà Bồng", "Đặc sản"),
            ("Đường phổi", "Đặc sản"),
            ("Bò khô", "Đặc sản"),
            ("Nước mắm Đức Lợi", "Đặc sản"),
        ),
    ),
    Trade(
        "E",
        11,
        65_000,
        1.2,
        (
            ("Trái cây", "Trái cây"),
            ("Dưa hấu", "Trái cây"),
            ("Chuối xoài", "Trái cây"),
            ("Bưởi cam", "Trái cây"),
            ("Trái cây nhập", "Trái cây"),
        ),
    ),
    Trade(
        "G",
        10,
        30_000,
        1.6,
        (
            ("Bánh bèo", "Ăn uống"),
            ("Don Cổ Lũy", "Ăn uống"),
            ("Bún riêu", "Ăn uống"),
            ("Ram bắp", "Ăn uống"),
            ("Bánh xèo", "Ăn uống"),
            ("Cháo lòng", "Ăn uống"),
            ("Cà phê", "Ăn uống"),
            ("Xôi chè", "Ăn uống"),
        ),
    ),
    Trade(
        "H",
        12,
        110_000,
        0.9,
        (
            ("Tạp hóa", "Tạp hóa"),
            ("Gạo", "Lương thực"),
            ("Gia vị", "Tạp hóa"),
            ("Hàng khô", "Tạp hóa"),
            ("Đồ nhựa", "Gia dụng"),
            ("Chén bát", "Gia dụng"),
            ("Nhang đèn", "Đồ cúng"),
        ),
    ),
    Trade(
        "K",
        12,
        210_000,
        0.5,
        (
            ("Quần áo", "May mặc"),
            ("Vải vóc", "May mặc"),
            ("Giày dép", "May mặc"),
            ("Đồ trẻ em", "May mặc"),
            ("Nón mũ", "May mặc"),
            ("Áo dài", "May mặc"),
        ),
    ),
    Trade(
        "L", 4, 75_000, 0.7, (("Hoa tươi", "Hoa"), ("Hoa cúng", "Hoa"), ("Cây kiểng", "Hoa"), ("Trầu cau", "Đồ cúng"))
    ),
)
_TYPICAL = {trade.row: trade.typical for trade in TRADES}
_BUSY = {trade.row: trade.busy for trade in TRADES}

_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Võ", "Huỳnh", "Bùi", "Đỗ", "Đặng", "Phan", "Đinh", "Trương", "Tạ", "Cao")
_FAMILY_WEIGHTS = (30, 11, 10, 9, 9, 7, 5, 4, 4, 3, 3, 2, 2, 1)
_WOMEN = (
    "Hương",
    "Lan",
    "Hoa",
    "Nga",
    "Thảo",
    "Liễu",
    "Phượng",
    "Yến",
    "Xuân",
    "Hạnh",
    "Tuyết",
    "Loan",
    "Nhàn",
    "Lài",
    "Sen",
    "Mai",
    "Cúc",
    "Thu",
    "Diệu",
    "Vân",
    "Trinh",
    "Kiều",
    "Oanh",
    "Nguyệt",
    "Hiền",
    "Thúy",
    "Bông",
    "Lựu",
    "Thơm",
    "Quyên",
)
_MEN = (
    "Tâm",
    "Đức",
    "Quý",
    "Hùng",
    "Dũng",
    "Sơn",
    "Hải",
    "Lâm",
    "Bình",
    "Thành",
    "Phúc",
    "Lộc",
    "Trung",
    "Khánh",
    "Vinh",
    "Toàn",
    "Nghĩa",
    "Cường",
    "Tín",
    "Châu",
)
_BY_PLACE = ("Hai", "Ba", "Tư", "Năm", "Sáu", "Bảy", "Tám", "Chín", "Mười", "Út")
_WOMENS_MIDDLE = ("Thị", "Thị", "Thị", "Thị Kim", "Thị Thu", "Thị Ngọc", "Thị Mỹ", "Ngọc", "Thanh")
_MENS_MIDDLE = ("Văn", "Văn", "Minh", "Hữu", "Thanh", "Ngọc", "Đình", "Quang")

# BIN, share among traders here, and how that bank's account numbers look: # is any digit.
_BANKS = (
    ("970405", 24, ("4500205######", "45002########", "4506205######")),
    ("970436", 18, ("0271000######", "10########", "00############")),
    ("970418", 14, ("5611000#######", "5710######", "5801######")),
    ("970415", 11, ("10#########", "1018########")),
    ("970422", 12, ("0905######", "0#########", "7270#########")),
    ("970403", 6, ("0400########", "0701########")),
    ("970416", 4, ("########", "2########")),
    ("970407", 4, ("1903########01", "19##########")),
    ("970423", 3, ("0########01", "0######0###")),
    ("970432", 2, ("2########", "1########")),
    ("970443", 1, ("10##########",)),
    ("970437", 1, ("0737040######",)),
)


def typical_amount(code: str) -> int:
    """What one sale of a stall usually comes to, in đồng, by its row."""
    return _TYPICAL[code[0]]


def busyness(code: str) -> float:
    """How busy the stalls of a row are; 1 is the market's middle."""
    return _BUSY[code[0]]


def make_stalls(count: int, seed: str) -> list[NewStall]:
    """`count` stalls. One in forty is a second stall of a holder, paid to the same account; one in a hundred has the
    account number of a stranger at another bank."""
    rng = random.Random(f"stalls {seed}")  # noqa: S311 (invented data, repeatable by seed)
    stalls: list[NewStall] = []
    used: set[tuple[str, str]] = set()
    names: set[str] = set()
    for trade, size in zip(TRADES, _row_sizes(count), strict=True):
        for place in range(1, size + 1):
            holder, called = _person(rng)
            good, category = rng.choice(trade.goods)
            bank, number = _account(rng)
            chance = rng.random()
            if stalls and chance < 0.025:
                partner = rng.choice(stalls)
                holder, bank, number = partner.holder, partner.bin, partner.account_number
                called = holder.split()[-1]
            else:
                if stalls and chance < 0.035:
                    number = rng.choice(stalls).account_number
                while (bank, number) in used or account_problem(number):
                    bank, number = _account(rng)
            used.add((bank, number))
            name = f"{good} {called}"
            while name in names:
                name = f"{good} {rng.choice(('cô', 'chị', 'dì', 'bà', 'anh', 'chú'))} {_person(rng)[1].split()[-1]}"
            names.add(name)
            stalls.append(
                NewStall(
                    code=f"{trade.row}-{place:02d}",
                    name=name,
                    category=category,
                    section=f"Dãy {trade.row}",
                    holder=holder,
                    phone=_phone(rng),
                    bin=bank,
                    account_number=number,
                    account_name=fold(holder).upper(),
                )
            )
    return stalls


def payer(rng: random.Random) -> str:
    """A shopper's name as banks write it."""
    return fold(_person(rng)[0]).upper()


def _row_sizes(count: int) -> Sequence[int]:
    sizes = [count * trade.share // 100 for trade in TRADES]
    for place in range(count - sum(sizes)):
        sizes[place % len(sizes)] += 1
    return sizes


def _person(rng: random.Random) -> tuple[str, str]:
    """A holder's full name, and what the market calls that person."""
    family = rng.choices(_FAMILY, _FAMILY_WEIGHTS)[0]
    woman = rng.random() < 0.72
    given = rng.choice(_BY_PLACE) if rng.random() < 0.2 else rng.choice(_WOMEN if woman else _MEN)
    full = f"{family} {rng.choice(_WOMENS_MIDDLE if woman else _MENS_MIDDLE)} {given}"
    address = rng.choices(
        ("", "cô ", "chị ", "dì ", "bà ", "Út ", "Bé ") if woman else ("", "anh ", "chú ", "ông "),
        (6, 3, 2, 2, 1, 1, 1) if woman else (6, 2, 3, 1),
    )[0]
    return full, address + given


def _account(rng: random.Random) -> tuple[str, str]:
    bank, _, shapes = rng.choices(_BANKS, [share for _, share, _ in _BANKS])[0]
    return bank, "".join(rng.choice("0123456789") if mark == "#" else mark for mark in rng.choice(shapes))


def _phone(rng: random.Random) -> str:
    start = rng.choice(("0905", "0914", "0935", "0977", "0983", "0364", "0389", "0772", "0833"))
    return start + f"{rng.randrange(1_000_000):06d}"
