"""Whether a stall lets its board see its amounts: what its holder agreed to, word for word, and every yes and no."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, select
from sqlmodel import Session

from ledger.days import local_date
from ledger.direct import Statement
from merchants.model import CONSENT

# What a holder reads and agrees to, by version and language. A published text never changes (a test holds its digest):
# other words are a new version, and a yes keeps the version that it was said to.
TEXTS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "1": {
        "vi": (
            "Đồng ý thì ban quản lý chợ thấy tiền khách chuyển khoản vào sạp: tổng từng ngày, tổng từng tháng, và số "
            "tiền từng khoản khi xuất sổ ra tệp.",
            "Chỉ thấy từ ngày đồng ý trở đi. Những ngày trước đó ban quản lý không thấy.",
            "Ban quản lý không thấy tiền mặt, khoản sạp tự ghi, tên khách, tài khoản của khách và lời chuyển tiền.",
            "Ban quản lý xem để theo dõi việc thu tiền bằng mã ở chợ và giúp sạp khi tiền chưa khớp. Nhân viên, tình "
            "nguyện viên, người kiểm tra, cấp tỉnh và người quản trị không được xem.",
            "Ai xem ngày nào, ai tải về lúc nào, trang này đều ghi lại.",
            "Sạp tự nguyện. Không đồng ý thì mọi việc khác vẫn như cũ.",
            "Sạp thôi cho xem lúc nào cũng được, bấm một lần là xong. Từ lúc đó ban quản lý không thấy số tiền nào của "
            "sạp nữa, kể cả của những ngày đã cho xem. Người đã đồng ý không còn là chủ sạp thì cũng tự thôi. Tệp đã "
            "tải về trước đó thì vẫn ở chỗ ban quản lý.",
        ),
        "en": (
            "If you agree, the market's board sees the money that customers transfer to the stall: each day's sum, "
            "each month's sum, and the amount of each payment when the books are taken out as a file.",
            "Only from the day you agree. The board does not see the days before.",
            "The board does not see cash, sales that the stall typed, customers' names, customers' accounts and the "
            "messages of their transfers.",
            "The board looks in order to follow how the market is paid by code and to help the stall when money does "
            "not match. Staff, volunteers, auditors, the province and administrators may not look.",
            "Who looks on which day, and who downloads when, is noted on this page.",
            "It is the stall's free choice. Without it everything else stays as it is.",
            "The stall can stop at any time, with one tap. From then on the board sees no amount of the stall any "
            "more, not even of the days it was allowed to see. It also ends when whoever agreed is no longer the "
            "stall's holder. Files that were downloaded before stay with the board.",
        ),
    },
}
VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Said:
    """One yes or no of a stall; `text_version` is the text of TEXTS that was read."""

    given: bool
    text_version: str
    login_id: int
    at: datetime


def record_consent(
    session: Session, *, market_id: int, stall_id: int, given: bool, text_version: str, login_id: int, now: datetime
) -> None:
    """A stall's holder lets the board see its amounts, or no longer; `text_version` says what was agreed to. Raises
    ValueError for a version that there is not."""
    if text_version not in TEXTS:
        raise ValueError(f"{text_version!r} is no version of the text")
    session.connection().execute(
        insert(CONSENT).values(
            market_id=market_id,
            stall_id=stall_id,
            given=given,
            text_version=text_version,
            login_id=login_id,
            at=now,
        )
    )


def end_consent(session: Session, *, market_id: int, stall_id: int, now: datetime, given_by: int | None = None) -> bool:
    """The stall has no holder any more who agreed; with `given_by`, only where it was this login's yes that held. Gives
    whether anything ended."""
    said = history(session, stall_id)
    if not said or not said[0].given or given_by not in (None, said[0].login_id):
        return False
    record_consent(
        session,
        market_id=market_id,
        stall_id=stall_id,
        given=False,
        text_version=said[0].text_version,
        login_id=said[0].login_id,
        now=now,
    )
    return True


def history(session: Session, stall_id: int) -> list[Said]:
    """Every yes and no of a stall, the newest first."""
    rows = session.connection().execute(
        select(CONSENT.c.given, CONSENT.c.text_version, CONSENT.c.login_id, CONSENT.c.at)
        .where(CONSENT.c.stall_id == stall_id)
        .order_by(CONSENT.c.id.desc())
    )
    return [Said(*row) for row in rows]


def shared_since(session: Session, stall_id: int) -> date | None:
    """The first local day whose amounts the stall lets its board see; None where it lets it see none."""
    rows = session.connection().execute(
        select(CONSENT.c.stall_id, CONSENT.c.given, CONSENT.c.at)
        .where(CONSENT.c.stall_id == stall_id)
        .order_by(CONSENT.c.id)
    )
    return _since(rows).get(stall_id)


def sharing_stalls(session: Session, market_id: int) -> dict[int, date]:
    """The stalls of a market that let its board see their amounts, each with the first local day of it."""
    return _since(_SAID_IN.rows(session, market=market_id))


_SAID_IN = Statement(
    select(CONSENT.c.stall_id, CONSENT.c.given, CONSENT.c.at)
    .where(CONSENT.c.market_id == bindparam("market"))
    .order_by(CONSENT.c.id)
)


def _since(rows: Iterable[Any]) -> dict[int, date]:
    """By stall the day of its first yes after its last no; `rows` come in the order in which they were said."""
    since: dict[int, date] = {}
    for stall_id, given, at in rows:
        if given:
            since.setdefault(stall_id, local_date(at))
        else:
            since.pop(stall_id, None)
    return since
