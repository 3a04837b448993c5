"""A certificate authority of the test's own, and servers' certificates by it."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

PLAIN = NoEncryption()


class Authority:
    """Signs for 127.0.0.1; `trusting` is what a visitor who knows it is given."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority")])
        self._certificate = self._sign(self._name, self._key, days=3650, authority=True)

    def trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self._certificate.public_bytes(Encoding.PEM).decode())
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context

    def issue(self, folder: Path, *, name: str = "127.0.0.1", days: int = 90, passphrase: bytes = b"") -> int:
        """Write `cert.pem` and `key.pem`, for `days` from now (ended already, where negative); gives the serial."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, days=days, authority=False
        )
        shut: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else PLAIN
        (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, shut))
        (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        return certificate.serial_number

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: int, authority: bool
    ) -> x509.Certificate:
        ends = datetime.now(UTC) + timedelta(days=days)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(ends, datetime.now(UTC)) - timedelta(days=2))
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]),
                critical=False,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, SHA256())
        )
