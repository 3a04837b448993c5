"""The clips that the phone's voice is made of (docs/voice.md): small files, one a word, which a phone keeps."""

import base64
import hashlib
from functools import cache

from market.web.app import ROOT

FOLDER = ROOT / "market" / "static" / "voice"


@cache
def version() -> str:
    """A digest of all clips: who records one anew changes every address, so that no phone mixes two voices."""
    files = sorted(FOLDER.glob("*.mp3"))
    digest = hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).digest()
    return base64.b32encode(digest)[:10].decode().lower()


def addresses() -> list[str]:
    """Every clip's address, for what keeps them on the phone."""
    return [f"/static/voice/{file.name}?v={version()}" for file in sorted(FOLDER.glob("*.mp3"))]
