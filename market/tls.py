"""https without a second program: TLS ends here, and what was inside goes on to waitress, which knows none.

An asyncio loop in a thread of its own shakes hands and carries bytes. Waitress gets one end of a pair of sockets with
the visitor's address beside it, as if it had accepted the connection itself: there is no second port that others on
this machine could reach.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from cryptography import x509

from ledger.refused import Problem, Refused

log = logging.getLogger("market.tls")
# Seconds.
HANDSHAKE_WITHIN = 10.0
# Waitress closes what is idle for as long; this is for a visitor who does not take what is sent.
TAKEN_WITHIN = 60.0
LAST_WORDS_WITHIN = 10.0
CHUNK = 65_536
Hand = Callable[[socket.socket, Any], None]


class Certificate:
    """The certificate and its key as they are in their files at the moment: a renewed one is taken without a restart.

    Raises Refused where they cannot be read, do not fit together, or the certificate does not hold now.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = certificate, key
        self._seen = self._state()
        self._context = _load(certificate, key)

    def context(self) -> ssl.SSLContext:
        """The context for the next handshake. What cannot be used is logged once, and the former one stays."""
        state = self._state()
        if state != self._seen:
            self._seen = state
            try:
                # A new one, for a context keeps certificates of each kind of key beside each other.
                self._context = _load(*self._files)
                log.warning("the certificate was renewed from %s", self._files[0])
            except Refused as refused:
                log.error("the certificate stays as it was: %s", refused)
        return self._context

    def _state(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(path) for path in self._files]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _load(certificate: Path, key: Path) -> ssl.SSLContext:
    leaf = read_certificate(certificate)
    now = datetime.now(UTC)
    if now > leaf.not_valid_after_utc:
        message = f"{certificate} expired on {leaf.not_valid_after_utc:%Y-%m-%d}; renew it"
        raise Refused(Problem(message, field="CHO_TLS_CERT"))
    if now < leaf.not_valid_before_utc:
        message = f"{certificate} holds from {leaf.not_valid_before_utc:%Y-%m-%d} on; set this machine's clock"
        raise Refused(Problem(message, field="CHO_TLS_CERT"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            message = f"{key} is not the key of {certificate}; name the two that belong together"
        else:
            message = f"{key} holds no key, or not PEM; name the file that came with the certificate"
        raise Refused(Problem(message, field="CHO_TLS_KEY")) from None
    except OSError as error:
        raise Refused(Problem(f"{key} cannot be read: {error.strerror}", field="CHO_TLS_KEY")) from None
    return context


def _no_passphrase() -> NoReturn:
    # OpenSSL would ask for it on a terminal, at each renewal.
    raise Refused(Problem("lies under a passphrase; write it without one, readable by its owner", field="CHO_TLS_KEY"))


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate of a PEM file: the server's own. Raises Refused where there is none."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except OSError as error:
        raise Refused(Problem(f"{path} cannot be read: {error.strerror}", field="CHO_TLS_CERT")) from None
    except ValueError:
        raise Refused(Problem(f"{path} holds no certificate in PEM", field="CHO_TLS_CERT")) from None


def listen(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of the host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets = [
        socket.create_server(address[:2], family=family, backlog=1024)
        for family, address in dict.fromkeys((each[0], each[4]) for each in found)
    ]
    for each in sockets:
        each.setblocking(False)
    return sockets


class Terminator:
    """Takes visitors at `listeners`, at most `most` at a time, and hands each to `hand` with the visitor's address;
    `hand` is called in this thread."""

    def __init__(
        self, listeners: Sequence[socket.socket], certificate: Certificate, hand: Hand, *, most: int = 1000
    ) -> None:
        self._listeners = listeners
        self._certificate = certificate
        self._hand = hand
        self._most = most
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="tls", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self._begun.wait()

    def stands(self) -> bool:
        """Whether visitors are still taken."""
        return self._thread.is_alive()

    def close_door(self) -> None:
        """Take nobody new; whoever is in goes on."""
        self._tell(self._shut)

    def end(self) -> None:
        """Once the other end of every connection is closed: what is still to be sent goes out, then all is over."""
        self._tell(self._ending)
        self._thread.join(LAST_WORDS_WITHIN + 5)

    def _tell(self, event: asyncio.Event) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(event.set)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_note)
        self._shut, self._ending = asyncio.Event(), asyncio.Event()
        self._room = asyncio.Semaphore(self._most)
        self._visits: set[asyncio.Task[None]] = set()
        self._greeting: dict[asyncio.Task[None], None] = {}
        doors = [self._loop.create_task(self._accept(listener)) for listener in self._listeners]
        self._begun.set()
        shut = self._loop.create_task(self._shut.wait())
        await asyncio.wait([shut, *doors], return_when=asyncio.FIRST_COMPLETED)
        for door in doors:
            if door.done():
                # Nobody would come in any more: better that the worker ends and another begins.
                door.result()
            door.cancel()
        for listener in self._listeners:
            listener.close()
        await self._ending.wait()
        if self._visits:
            await asyncio.wait(self._visits, timeout=LAST_WORDS_WITHIN)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self._room.locked():
                # Those who were let in last begin.
                await asyncio.sleep(0)
                if len(self._greeting) > 1 + self._most / 10:
                    # Many come in and then say nothing: who has said nothing longest makes room.
                    next(iter(self._greeting)).cancel()
            await self._room.acquire()
            try:
                visitor, address = await loop.sock_accept(listener)
            except OSError as error:
                # Gone again already, or no more files may be open.
                self._room.release()
                log.warning("a visitor could not be taken: %s", error)
                await asyncio.sleep(0.2)
                continue
            visit = loop.create_task(self._visit(visitor, address))
            self._visits.add(visit)
            visit.add_done_callback(self._leave)

    def _leave(self, visit: "asyncio.Task[None]") -> None:
        self._visits.discard(visit)
        self._room.release()
        if not visit.cancelled() and (fault := visit.exception()) is not None:
            log.error("a visit ended in a fault", exc_info=fault)

    async def _visit(self, visitor: socket.socket, address: Any) -> None:
        visitor.setblocking(False)
        with contextlib.suppress(OSError):
            visitor.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        visit = asyncio.current_task()
        assert visit is not None
        self._greeting[visit] = None
        try:
            heard, say = await _greet(visitor, self._certificate.context())
        except (OSError, asyncio.CancelledError):
            # No TLS, nothing in common, a certificate not trusted, or silence: nothing that the operator could mend.
            visitor.close()
            return
        finally:
            del self._greeting[visit]
        if self._shut.is_set():
            say.transport.abort()
            return
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        answered, ask = await asyncio.open_connection(sock=ours, limit=CHUNK)
        self._hand(theirs, address)
        ways = [asyncio.create_task(_carry(heard, ask)), asyncio.create_task(_carry(answered, say))]
        # When either end hangs up, what it said last is still on its way to the other: closing sends it first.
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        ask.close()
        say.close()
        with contextlib.suppress(OSError):
            await say.wait_closed()


async def _greet(visitor: socket.socket, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Shake hands. Raises OSError, which a time-out and a fault of TLS are too."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=CHUNK)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol,
        visitor,
        ssl=context,
        ssl_handshake_timeout=HANDSHAKE_WITHIN,
        ssl_shutdown_timeout=TAKEN_WITHIN,
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _carry(heard: asyncio.StreamReader, say: asyncio.StreamWriter) -> None:
    """From one end to the other, until either hangs up or the other takes nothing for a minute."""
    try:
        while chunk := await heard.read(CHUNK):
            say.write(chunk)
            async with asyncio.timeout(TAKEN_WITHIN):
                await say.drain()
    except TimeoutError:
        say.transport.abort()
    except OSError:
        pass


def _note(loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
    """Lines that break are the visitors' business; the rest is a fault of ours."""
    if not isinstance(told.get("exception"), OSError):
        loop.default_exception_handler(told)
