"""What is known of the stall and who sees it, on its holder's phone."""

from flask import Blueprint

from market.web.app import installation
from market.web.stall import chosen_stall, page
from merchants.stalls import load_stall

blueprint = Blueprint("stall_privacy", __name__, url_prefix="/stall/privacy")


@blueprint.get("")
def own() -> tuple[str, int]:
    """Who sees what of the stall, and what its holder may decide about it."""
    with installation().database.reading() as session:
        stall = load_stall(session, chosen_stall())
    return page("stall/privacy.html", stall, payers_days=installation().settings.keep_payers.days)
