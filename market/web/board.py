"""The board's pages: the month, the stalls, the signs, money to assign; and the province's."""

from flask import Blueprint

blueprint = Blueprint("board", __name__)
