"""Who paid, as much of it as a stall is shown: enough to know a customer by, and no more."""

import re


def masked(name: str) -> str:
    """A payer's name, shortened.

    >>> masked("NGUYEN THI MAI"), masked("MAI"), masked("")
    ('NGUYEN T. M•••', 'M•••', '')
    """
    words = name.split()
    if len(words) < 2:
        return f"{words[0][0]}•••" if words else ""
    middle = "".join(f" {word[0]}." for word in words[1:-1])
    return f"{words[0]}{middle} {words[-1][0]}•••"


def masked_memo(memo: str, payer_name: str, payer_account: str) -> str:
    """A payment's message, with the payer's name and account shortened wherever it repeats them.

    >>> masked_memo("Nguyen Thi  Mai tra tien ca, tu 99887766554", "NGUYEN THI MAI", "99887766554")
    'NGUYEN T. M••• tra tien ca, tu •••6554'
    """
    words = payer_name.split()
    if words:
        named = r"\s+".join(re.escape(word) for word in words)
        shortened = masked(payer_name)
        # Not as a pattern's replacement: a backslash in a name means nothing.
        memo = re.sub(named, lambda _: shortened, memo, flags=re.IGNORECASE)
    if payer_account:
        memo = memo.replace(payer_account, f"•••{payer_account[-4:]}")
    return memo
