"""The audit trail: who did or looked at what, from which device, about which stall. Written once, never changed.

A line holds ids and codes only. Names are joined when the trail is shown, so that a person who asks to be forgotten
is forgotten here too, and no line need ever be deleted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select
from sqlmodel import Session

from market.access.model import AUDIT, DEVICE
from market.model import LOGIN, MARKET
from merchants.model import STALL

# What may be done with the amounts that a stall shares; its holder is shown who did.
LOOKS: Final = ("amounts_seen", "amounts_downloaded", "amounts_exported")
# What a board filters by → the acts of that kind.
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "signing_in": (
        "sign_in",
        "sign_in_wrong",
        "sign_out_everywhere",
        "password_changed",
        "password_given",
        "second_factor_on",
        "second_factor_off",
        "recovery_codes_made",
        "passkey_added",
        "passkey_removed",
        "passkey_refused",
        "passkey_copied",
        "second_factor_wrong",
        "pin_wrong",
        "pin_changed",
        "enrolment_made",
        "device_enrolled",
        "device_revoked",
    ),
    "people": ("person_added", "role_added", "role_ended", "login_ended"),
    "stalls": (
        "stall_added",
        "stall_changed",
        "stall_paused",
        "stall_opened",
        "stall_closed",
        "stalls_imported",
        "sign_printed",
        "account_asked",
        "account_stopped",
        "account_changed",
        "coded_only_on",
        "coded_only_off",
        "deletion_asked",
        "deletion_withdrawn",
        "stall_forgotten",
        "household_changed",
        "consent_given",
        "consent_withdrawn",
    ),
    "payments": (
        "payments_imported",
        "statement_looked_at",
        "statement_layout_learned",
        "notice_assigned",
        "notice_same",
        "notice_another",
        "notice_held",
        "notice_differs",
        "notice_tried_again",
        "entry_added",
        "entry_reversed",
        "entry_not_sale",
        "entry_sale",
        "entry_confirmed",
        "day_counted",
    ),
    "channels": (
        "channel_added",
        "channel_on",
        "channel_off",
        "channel_secret_renewed",
        "channel_token_set",
        "token_added",
        "token_ended",
    ),
    "months": ("month_closed", "ledger_verified"),
    "reading": ("report_downloaded", "revenue_taken", "ledger_exported", "stall_copied", *LOOKS),
    "settings": ("market_added", "backup_made", "backup_restored"),
}
ACTS: Final = frozenset(act for acts in KINDS.values() for act in acts)
# Everything that a line may say beside the stall: ids, codes, numbers of rows; never a name or an amount, and of an
# account (the former one and the other) its bank and last four figures only.
ABOUT: Final = frozenset(
    {
        "account",
        "account_change",
        "channel",
        "device",
        "enrolment",
        "entry",
        "file",
        "format",
        "former",
        "last",
        "login",
        "month",
        "notice",
        "passkey",
        "payment_code",
        "provider",
        "report",
        "role",
        "rows",
        "token",
        "version",
        "year",
    }
)
_LONGEST = 64


def note(
    session: Session,
    act: str,
    *,
    market_id: int | None,
    stall_id: int | None = None,
    about: Mapping[str, int | str] | None = None,
    login_id: int | None = None,
    device_id: int | None = None,
    token_id: int | None = None,
    at: datetime,
) -> None:
    """Write one line of the trail, in the transaction of what it tells of.

    `market_id` is None for what concerns the whole installation; neither login nor token: it was done at the
    computer itself. Raises ValueError for an act or a thing that is not listed above: a fault in the program.
    """
    told = dict(about or {})
    if act not in ACTS:
        raise ValueError(f"{act!r} is no act of the audit trail")
    if not told.keys() <= ABOUT or any(isinstance(value, str) and len(value) > _LONGEST for value in told.values()):
        raise ValueError(f"the audit trail takes only ids and codes, not {sorted(told)}")
    session.connection().execute(
        insert(AUDIT).values(
            market_id=market_id,
            stall_id=stall_id,
            at=at,
            login_id=login_id,
            device_id=device_id,
            token_id=token_id,
            act=act,
            about=_written(told),
        )
    )


def noted_since(
    session: Session, act: str, *, market_id: int, login_id: int, about: Mapping[str, int | str], since: datetime
) -> set[int]:
    """The stalls about which such a line of this login was written since then."""
    rows = session.connection().execute(
        select(AUDIT.c.stall_id).where(
            AUDIT.c.market_id == market_id,
            AUDIT.c.at >= since,
            AUDIT.c.login_id == login_id,
            AUDIT.c.act == act,
            AUDIT.c.about == _written(about),
        )
    )
    return set(rows.scalars())


def _written(about: Mapping[str, int | str]) -> str:
    return json.dumps(about, separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the trail as it is shown, with the names that its ids have now.

    `person` is None where nobody signed in did it; `device` and `stall` are None where there is none. `login` is the
    login that `about` names.
    """

    id: int
    at: datetime
    act: str
    about: dict[str, int | str]
    market: str | None
    stall: str | None
    person: str | None
    device: str | None
    token: int | None
    login: str | None


def told_since(session: Session, act: str, *, market_id: int, login_id: int, since: datetime) -> list[dict[str, Any]]:
    """What each line of a person's that tells of this act in a market since then says about it. The trail is read from
    its newest line back to the first older one, by its index, and no further."""
    connection = session.connection()
    older = select(AUDIT.c.id).where(AUDIT.c.market_id == market_id, AUDIT.c.at < since)
    last = connection.execute(older.order_by(AUDIT.c.id.desc()).limit(1)).scalar_one_or_none() or 0
    newer = (AUDIT.c.market_id == market_id, AUDIT.c.id > last)
    rows = connection.execute(select(AUDIT.c.about).where(*newer, AUDIT.c.act == act, AUDIT.c.login_id == login_id))
    return [json.loads(about) for about in rows.scalars()]


def trail(
    session: Session,
    market_id: int | None,
    *,
    before: int | None = None,
    limit: int,
    stall_id: int | None = None,
    acts: tuple[str, ...] = (),
    since: datetime | None = None,
) -> list[Line]:
    """The lines of a market, the newest first: at most `limit`, those before the line `before` where it is given.

    `market_id` None reads what concerns the whole installation. `stall_id`, `acts` (none: all) and `since` narrow it.
    """
    wanted = (
        select(AUDIT, MARKET.c.slug, STALL.c.code, LOGIN.c.name, DEVICE.c.name.label("device"))
        .select_from(AUDIT)
        .outerjoin(MARKET, MARKET.c.id == AUDIT.c.market_id)
        .outerjoin(STALL, STALL.c.id == AUDIT.c.stall_id)
        .outerjoin(LOGIN, LOGIN.c.id == AUDIT.c.login_id)
        .outerjoin(DEVICE, DEVICE.c.id == AUDIT.c.device_id)
        .where(AUDIT.c.market_id.is_(None) if market_id is None else AUDIT.c.market_id == market_id)
        .order_by(AUDIT.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        wanted = wanted.where(AUDIT.c.id < before)
    if stall_id is not None:
        wanted = wanted.where(AUDIT.c.stall_id == stall_id)
    if acts:
        wanted = wanted.where(AUDIT.c.act.in_(acts))
    if since is not None:
        wanted = wanted.where(AUDIT.c.at >= since)
    connection = session.connection()
    rows = connection.execute(wanted).all()
    told = [json.loads(row.about) for row in rows]
    names = _names(connection, {about["login"] for about in told if "login" in about})
    return [
        Line(
            id=row.id,
            at=row.at,
            act=row.act,
            about=about,
            market=row.slug,
            stall=row.code,
            person=row.name,
            device=row.device,
            token=row.token_id,
            login=names.get(about.get("login")),
        )
        for row, about in zip(rows, told, strict=True)
    ]


def _names(connection: Connection, ids: set[int]) -> dict[int, str]:
    rows = connection.execute(select(LOGIN.c.id, LOGIN.c.name).where(LOGIN.c.id.in_(ids)))
    return {row.id: row.name for row in rows}
