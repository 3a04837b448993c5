"""The file of a backup: a zip of parts with a manifest that names each with its size and digest, and the key, sealed.

A file that comes from elsewhere is read with suspicion: nothing is unpacked that the manifest does not name, under no
other name than this program gives, and not a byte more than it says.
"""

import base64
import errno
import hashlib
import json
import re
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ledger.refused import Problem, Refused
from market.copies import Contents

FORMAT = "cho-backup-1"
MANIFEST = "manifest.json"
CHUNK = 1 << 20
LARGEST_MANIFEST = 64 << 20
SHORTEST_PASSPHRASE = 8
# scrypt (RFC 7914): 64 MiB and about a quarter of a second a try.
COST, BLOCKS, LANES = 1 << 16, 8, 1
# What a part may be called; no step of a photo's path begins with a dot, so none leads upwards.
NAMED = re.compile(r"database\.(sqlite|dump)|photos(/(?!\.)[^/\\:\x00-\x1f]{1,120}){1,8}")
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Part:
    """A file inside: its name, its size in bytes, its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `made_at` is UTC in ISO 8601, `database` its dialect, `key` the sealed key."""

    made_at: str
    database: str
    contents: Contents
    parts: tuple[Part, ...]
    key: dict[str, str]

    def part(self, kind: str) -> list[Part]:
        """The parts whose names begin so."""
        return [part for part in self.parts if part.name.startswith(kind)]


def _bound(made_at: str, database: str, contents: Contents, parts: tuple[Part, ...]) -> bytes:
    """What the key is sealed together with: under the right passphrase it opens beside these very parts only."""
    said = [FORMAT, made_at, database, asdict(contents), [asdict(part) for part in parts]]
    return json.dumps(said, separators=(",", ":"), sort_keys=True).encode()


def write_backup(
    path: Path,
    files: list[tuple[str, Path]],
    *,
    made_at: str,
    database: str,
    contents: Contents,
    key: str,
    passphrase: str,
    progress: Progress,
) -> Manifest:
    """Write the files, each under its name, with a manifest, to a new file that only its owner reads."""
    parts = []
    path.touch(mode=0o600, exist_ok=False)
    with path.open("r+b") as raw, zipfile.ZipFile(raw, "w") as archive:
        for name, file in files:
            if not NAMED.fullmatch(name):
                raise Refused(f"{file} cannot be backed up under the name {name!r}; rename it")
            packed = zipfile.ZipInfo(name)
            # Dumps and photos are compressed already.
            packed.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".sqlite") else zipfile.ZIP_STORED
            with file.open("rb") as source, archive.open(packed, "w", force_zip64=True) as target:
                parts.append(_through(name, source, target, progress))
        made = tuple(parts)
        sealed = _seal(key, passphrase, _bound(made_at, database, contents, made))
        manifest = Manifest(made_at, database, contents, made, sealed)
        archive.writestr(MANIFEST, json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1))
    return manifest


def _through(name: str, source: IO[bytes], target: IO[bytes] | None, progress: Progress) -> Part:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        if target is not None:
            target.write(chunk)
        digest.update(chunk)
        size += len(chunk)
        progress(len(chunk))
    return Part(name, size, digest.hexdigest())


@contextmanager
def opened_backup(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """A backup and its manifest. Raises Refused where the file is none, or is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, _read_manifest(path, archive)
    except FileNotFoundError:
        raise Refused(f"{path} is not there; name the file that `backup create` wrote") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError, OSError) as error:
        # A changed directory may point to where no file can be read.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        _refuse_bare_copy(path)
        raise Refused(f"{path} is no backup of this program, or it is damaged ({error}); take another one") from None


def _refuse_bare_copy(path: Path) -> None:
    with path.open("rb") as file:
        begins = file.read(16)
    if begins.startswith((b"SQLite format 3\0", b"PGDMP")):
        message = f"{path} is a copy of the database alone, as `upgrade` makes it first, and no backup"
        raise Refused(f"{message}; docs/backup.md says how to go back to it") from None


def _read_manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    foreign = Refused(f"{path} is no backup of this program; name the file that `backup create` wrote")
    names = archive.namelist()
    ways = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if any(each.flag_bits & 1 or each.compress_type not in ways for each in archive.infolist()):
        raise foreign
    if MANIFEST not in names or archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
        raise foreign
    with archive.open(MANIFEST) as file:
        text = file.read(LARGEST_MANIFEST)
    try:
        said: dict[str, Any] = json.loads(text)
        if said["format"] != FORMAT:
            raise foreign
        manifest = Manifest(
            str(said["made_at"]),
            str(said["database"]),
            Contents(**said["contents"]),
            tuple(Part(**part) for part in said["parts"]),
            {name: str(said["key"][name]) for name in ("salt", "nonce", "sealed")},
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise foreign from None
    if sorted(names) != sorted([MANIFEST, *(part.name for part in manifest.parts)]):
        raise Refused(f"{path} holds other files than its manifest names; take another backup")
    if any(not NAMED.fullmatch(part.name) for part in manifest.parts) or len(manifest.part("database.")) != 1:
        raise Refused(f"{path} names files that this program never writes; take another backup")
    return manifest


def check_part(archive: zipfile.ZipFile, part: Part, target: Path | None, progress: Progress) -> None:
    """Read a part, into `target` where one is given, and compare it with what the manifest says. Raises Refused."""
    damaged = Refused(f"{part.name} in the backup is damaged; take another backup")
    # Said by the zip itself; reading stops there, so a part never unpacks to more.
    if archive.getinfo(part.name).file_size != part.size:
        raise damaged
    with archive.open(part.name) as source:
        if target is None:
            found = _through(part.name, source, None, progress)
        else:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.touch(mode=0o600, exist_ok=False)
            with target.open("r+b") as file:
                found = _through(part.name, source, file, progress)
    if found != part:
        raise damaged


def _seal(key: str, passphrase: str, bound: bytes) -> dict[str, str]:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_derive(passphrase, salt)).encrypt(nonce, key.encode(), bound)
    named = {"salt": salt, "nonce": nonce, "sealed": sealed}
    return {name: base64.b64encode(value).decode() for name, value in named.items()}


def open_key(manifest: Manifest, passphrase: str) -> str:
    """The installation's key. Raises Refused under another passphrase, or where the manifest was changed."""
    bound = _bound(manifest.made_at, manifest.database, manifest.contents, manifest.parts)
    try:
        salt, nonce, sealed = (base64.b64decode(manifest.key[name]) for name in ("salt", "nonce", "sealed"))
        return AESGCM(_derive(passphrase, salt)).decrypt(nonce, sealed, bound).decode()
    except (InvalidTag, ValueError):
        message = "is not the passphrase of this backup, or somebody changed the file; nothing was restored"
        raise Refused(Problem(message, field="passphrase")) from None


def _derive(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=COST, r=BLOCKS, p=LANES).derive(passphrase.encode())
