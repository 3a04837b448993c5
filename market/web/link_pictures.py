"""A link as a QR code in the page, for the camera of a phone that is held before the screen."""

import segno
from markupsafe import Markup


def link_picture(link: str) -> Markup:
    """The code as SVG, black on nothing: it stands on a white card."""
    return Markup(segno.make_qr(link, error="m").svg_inline(border=4, omitsize=True))  # noqa: S704 - figures only, made here
