"""Which payment schemes and wallets a payload speaks to, by name.

Sources: the GUIDs as they stand in payloads of the schemes (SGQR, PromptPay, Pix, QRIS, QR Ph, JPQR, Lao QR) and in
Vietnamese wallets' own; MoMo's and ZaloPay's virtual accounts at BVBank as vietnam-qr-pay 1.5.1 reads them.
"""

from typing import Final

from qr import banks
from qr.vietqr import Decoded

_GUIDS: Final = {
    "A000000727": "VietQR",
    "A000000775": "VNPay",
    "VN.MOMO": "MoMo",
    "VN.ZALOPAY": "ZaloPay",
    "VN.AIRPAY": "AirPay",
    "SG.PAYNOW": "PayNow",
    "SG.SGQR": "SGQR",
    "A000000677010111": "PromptPay",
    "A000000677010112": "PromptPay",
    "BR.GOV.BCB.PIX": "Pix",
    "ID.CO.QRIS.WWW": "QRIS",
    "COM.P2PQRPAY": "QR Ph",
    "JP.OR.PAYMENTSJAPAN": "JPQR",
    "A005266284662577": "Lao QR",
}
_VIRTUAL_ACCOUNTS: Final = {("970454", "99MM"): "MoMo", ("970454", "99ZP"): "ZaloPay"}


def names(decoded: Decoded) -> tuple[str, ...]:
    """The schemes of a payload's account templates (26 to 51) in their order, each once, then the wallet whose account
    a VietQR code pays. Empty where none of them is known.

    >>> from qr import vietqr
    >>> names(vietqr.decode(vietqr.encode(bin="970454", account="99MM24011M34875080")))
    ('VietQR', 'MoMo')
    """
    found: dict[str, None] = {}
    for item in decoded.data_objects:
        guid = next((child.value for child in item.children if child.id == "00"), "")
        if "26" <= item.id <= "51" and guid.upper() in _GUIDS:
            found[_GUIDS[guid.upper()]] = None
    if decoded.bin is not None and decoded.account_number is not None:
        wallet = _VIRTUAL_ACCOUNTS.get((decoded.bin, decoded.account_number[:4]))
        bank = banks.by_bin(decoded.bin)
        if wallet is None and bank is not None and bank.kind == "wallet":
            wallet = bank.short_name
        if wallet is not None:
            found[wallet] = None
    return tuple(found)
