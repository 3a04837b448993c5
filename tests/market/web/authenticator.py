"""A keeper of passkeys in software, and what a browser with one does at our pages (WebAuthn level 3, 5.8.1 and 6)."""

import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from sqlalchemy import select
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

from market.access.model import AUDIT
from market.db import Database

PASSWORD = "hoa-phuong-do"

SITE = "http://localhost"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class Authenticator:
    """Keeps one passkey. Its attributes may be changed to have it, or the browser, lie."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.rp_id = ""
        self.flags = PRESENT | VERIFIED
        self.count = 0
        self.counts = True
        self.credential_id = secrets.token_bytes(32)
        self.user_handle = b""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any]) -> str:
        """A new passkey as `navigator.credentials.create` gives it, in JSON."""
        self.rp_id = self.rp_id or options["rp"]["id"]
        self.user_handle = base64url_to_bytes(options["user"]["id"])
        point = self._key.public_key().public_numbers()
        public_key = encode_cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + public_key
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(self.flags | ATTESTED) + attested}
        return self._told(
            clientDataJSON=self._client_data("webauthn.create", options), attestationObject=encode_cbor(attestation)
        )

    def get(self, options: dict[str, Any]) -> str:
        """The passkey shown, as `navigator.credentials.get` gives it, in JSON."""
        self.rp_id = self.rp_id or options["rpId"]
        self.count += self.counts
        client_data, data = self._client_data("webauthn.get", options), self._data(self.flags)
        signed = self._key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._told(
            clientDataJSON=client_data, authenticatorData=data, signature=signed, userHandle=self.user_handle
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _told(self, **response: bytes) -> str:
        named = bytes_to_base64url(self.credential_id)
        said = {name: bytes_to_base64url(value) for name, value in response.items()}
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": said})


def by_password(browser: FlaskClient, name: str) -> str:
    return browser.post("/signin", data={"login": name, "password": PASSWORD}).headers["Location"]


def asked(browser: FlaskClient, purpose: str) -> dict[str, Any]:
    answer = browser.post(f"/passkey/ask/{purpose}")
    assert answer.status_code == 200, purpose
    said: dict[str, Any] = answer.get_json()
    return said


def added(browser: FlaskClient, key: Authenticator, name: str = "Máy bàn") -> tuple[int, str]:
    """The status of adding a passkey, and what the page says."""
    answer = browser.post(
        "/security/passkeys/new", data={"name": name, "credential": key.create(asked(browser, "add"))}
    )
    return answer.status_code, answer.text


def shown(browser: FlaskClient, purpose: str, credential: str, back: str = "/board/ben-song/") -> tuple[int, str]:
    """The status of showing a passkey, and where it leads or else what the page says."""
    path = "/confirm/passkey" if purpose == "confirm" else "/signin/passkey"
    answer = browser.post(path, data={"purpose": purpose, "credential": credential, "next": back})
    return answer.status_code, answer.headers.get("Location", answer.text)


def signed_in_with(browser: FlaskClient, key: Authenticator) -> tuple[int, str]:
    return shown(browser, "sign_in", key.get(asked(browser, "sign_in")))


def acts(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.connection().execute(select(AUDIT.c.act).order_by(AUDIT.c.id)).scalars())
