"""Amounts in words, as they are said in Quảng Ngãi: a trader hears the same words that she reads."""

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
# Above a thousand million the same three steps begin again: một nghìn tỷ.
_STEPS = ("", " nghìn", " triệu")


def vnd_words(amount: int) -> str:
    """An amount of at least 0 đồng in Vietnamese words, without the unit.

    >>> vnd_words(1_015), vnd_words(1_001), vnd_words(75_000)
    ('một nghìn không trăm mười lăm', 'một nghìn không trăm linh một', 'bảy mươi lăm nghìn')
    """
    if amount == 0:
        return _DIGITS[0]
    above, rest = divmod(amount, 1_000_000_000)
    parts = [f"{vnd_words(above)} tỷ"] if above else []
    for step in (2, 1, 0):
        group = rest // 1000**step % 1000
        if group:
            parts.append(_group(group, whole=bool(parts)) + _STEPS[step])
    return " ".join(parts)


def _group(number: int, *, whole: bool) -> str:
    """Three figures in words; `whole` says all three places, as behind a larger group."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    words = []
    if hundreds or whole:
        words.append(f"{_DIGITS[hundreds]} trăm")
    if tens:
        words.append("mười" if tens == 1 else f"{_DIGITS[tens]} mươi")
    elif ones and words:
        words.append("linh")
    if ones:
        words.append(_last(tens, ones))
    return " ".join(words)


def _last(tens: int, ones: int) -> str:
    if ones == 1 and tens > 1:
        return "mốt"
    if ones == 5 and tens:
        return "lăm"
    return _DIGITS[ones]


_EN = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_STEPS = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))


def vnd_words_en(amount: int) -> str:
    """The same in English.

    >>> vnd_words_en(1_015), vnd_words_en(75_000)
    ('one thousand fifteen', 'seventy-five thousand')
    """
    if amount < 20:
        return _EN[amount]
    if amount < 100:
        tens, ones = divmod(amount, 10)
        return _EN_TENS[tens] + (f"-{_EN[ones]}" if ones else "")
    for size, name in (
        (10**12, "trillion"),
        (10**9, "billion"),
        (10**6, "million"),
        (1000, "thousand"),
        (100, "hundred"),
    ):
        if amount >= size:
            above, rest = divmod(amount, size)
            return f"{vnd_words_en(above)} {name}" + (f" {vnd_words_en(rest)}" if rest else "")
    raise AssertionError("unreachable")


def spoken(amount: int, language: str) -> str:
    """The amount in words with its unit, a capital first, in the reader's language."""
    words = f"{vnd_words_en(amount)} dong" if language == "en" else f"{vnd_words(amount)} đồng"
    return words[0].upper() + words[1:]
