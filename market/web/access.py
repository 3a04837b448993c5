"""Signing in and out, the first administrator, the language."""

from flask import Blueprint

blueprint = Blueprint("access", __name__)
