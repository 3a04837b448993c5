"""The stallholder's phone: today, an amount and its code, the stall's sign."""

from flask import Blueprint

blueprint = Blueprint("stall", __name__, url_prefix="/stall")
