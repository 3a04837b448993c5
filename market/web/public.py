"""What anybody sees: a stall's page and its code."""

from flask import Blueprint

blueprint = Blueprint("public", __name__)
