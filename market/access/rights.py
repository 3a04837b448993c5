"""Who may do what: the one table. A right is held in a place (the whole installation, a market, a stall) by the roles
that are named beside it; every page names the one right that it asks for."""

from typing import Final

# What is open to strangers, to whoever is signed in, and to programs by their token.
ANYBODY: Final = "anybody"
SIGNED_IN: Final = "signed_in"
TOKEN: Final = "token"  # noqa: S105 - the name of a right

_DESK: Final = ("administrator", "board", "staff")
_BOARD: Final = ("administrator", "board")

# In the whole installation.
OF_INSTALLATION: Final[dict[str, tuple[str, ...]]] = {
    "read_province": ("administrator", "province"),
    "add_market": ("administrator",),
    "read_installation_log": ("administrator",),
}
# In a market. An administrator holds them in every market, but for what is a stall's own.
OF_MARKET: Final[dict[str, tuple[str, ...]]] = {
    "read_month": (*_DESK, "auditor"),
    "close_month": _BOARD,
    "run_stalls": _DESK,
    "settle": _DESK,
    "change_channels": _BOARD,
    "change_accounts": _BOARD,
    "change_people": _BOARD,
    "enrol": (*_BOARD, "volunteer"),
    "read_log": (*_BOARD, "auditor"),
    "verify": (*_BOARD, "auditor"),
    # With the stall's dated consent only: `merchants.takings` asks for it.
    "read_shared_amounts": ("board",),
}
# At a stall: its own people and nobody else.
OF_STALL: Final[dict[str, tuple[str, ...]]] = {
    "own_stall": ("stallholder",),
    "use_till": ("stallholder", "helper"),
}
RIGHTS: Final[dict[str, tuple[str, ...]]] = OF_INSTALLATION | OF_MARKET | OF_STALL

# Flask endpoint → the right that it asks for. What is not listed here is refused to everybody.
ENDPOINTS: Final[dict[str, str]] = {
    "static": ANYBODY,
    "access.home": ANYBODY,
    "access.sign_in": ANYBODY,
    "access.sign_out": ANYBODY,
    "access.language": ANYBODY,
    "access.first_run": ANYBODY,
    "access.second": ANYBODY,
    "confirm.show": SIGNED_IN,
    "enrol.phone": ANYBODY,
    "people.every": "enrol",
    "people.new": "enrol",
    "people.one": "enrol",
    "people.code": "enrol",
    "people.lost": "enrol",
    "people.stall": "change_people",
    "people.end": "change_people",
    "hooks.receive": ANYBODY,
    "api.markets": TOKEN,
    "api.stalls": TOKEN,
    "api.month": TOKEN,
    "api.payments": TOKEN,
    "api.payment_code": TOKEN,
    "api.payment": TOKEN,
    "api.payment_code_picture": ANYBODY,
    "api.openapi": ANYBODY,
    "api.docs": ANYBODY,
    "public.stall": ANYBODY,
    "public.qr_svg": ANYBODY,
    "public.qr_png": ANYBODY,
    "public.healthz": ANYBODY,
    "public.readyz": ANYBODY,
    "province.month": "read_province",
    "province.report": "read_province",
    "province.new": "add_market",
    "board.month": "read_month",
    "board.report": "read_month",
    "board.closed": "read_month",
    "board.close": "close_month",
    "stalls.every": "run_stalls",
    "stalls.one": "run_stalls",
    "stalls.status": "run_stalls",
    "stalls.close": "run_stalls",
    "accounts.change": "change_accounts",
    "accounts.stopped": "run_stalls",
    "stall_forms.new": "run_stalls",
    "stall_forms.edit": "run_stalls",
    "stall_import.bring": "run_stalls",
    "signs.choose": "run_stalls",
    "signs.printed": "run_stalls",
    "unmatched.waiting": "settle",
    "unmatched.one": "settle",
    "unmatched.assign": "settle",
    "unmatched.assigned": "settle",
    "unmatched.ask_back": "settle",
    "unmatched.take_back": "settle",
    "log.every": "read_log",
    "log.check": "verify",
    "log.of_installation": "read_installation_log",
    "statements.choose": "settle",
    "statements.read": "settle",
    "statements.columns": "settle",
    "statements.take": "settle",
    "gaps.month": "read_month",
    "gaps.listed": "read_month",
    "held.every": "settle",
    "held.told": "settle",
    "held.told_file": "settle",
    "held.parked": "settle",
    "held.again": "settle",
    "connect.every": "run_stalls",
    "connect.guide": "run_stalls",
    "connect.listed": "run_stalls",
    "connect.one": "run_stalls",
    "connect.new": "change_channels",
    "connect.add": "change_channels",
    "connect.status": "change_channels",
    "connect.renew": "change_channels",
    "stall.today": "use_till",
    "stall.choose": "use_till",
    "stall.till": "use_till",
    "stall.ask": "use_till",
    "stall.code": "use_till",
    "stall.received": "use_till",
    "stall.payments": "use_till",
    "stall.sign": "use_till",
    "stall.sign_pdf": "use_till",
    "stall.sign_png": "use_till",
    "stall.book": "own_stall",
    "payments.day": "own_stall",
    "payments.sale": "own_stall",
    "payments.ask_back": "own_stall",
    "payments.give_back": "own_stall",
    "payments.answer": "own_stall",
    "stall_account.form": "own_stall",
    "stall_account.asked": "own_stall",
    "stall_account.stopped": "own_stall",
    "stall_connect.guide": "own_stall",
    "stall_connect.begin_test": "own_stall",
    "stall_connect.test": "own_stall",
    "stall_connect.coded": "own_stall",
}
