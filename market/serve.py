"""Serving: one worker process behind a supervisor that starts it again when it dies, on every system alike.

waitress reads a request whole before a thread takes it up, so that phones which stop in the middle of a body hold
nobody up. One process, because a market's database has one writer anyway. Where the settings name a certificate,
`market.tls` stands at the door and waitress has none of its own.
"""

import errno
import logging
import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sized
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType
from typing import Any

from ledger.refused import Problem, Refused
from market.config import Settings
from market.installation import Installation
from market.logs import log_to_file
from market.tls import Certificate, Terminator, listen

THREADS = 16
# Requests that wait for a thread; more than this and a phone is better told to come back.
MOST_WAITING = 200
CONNECTIONS = 1000
# Seconds from its first byte within which a request's head is here, and its body: one that comes no slower than a bad
# line brings it (bytes a second) gets the time that takes as well.
HEAD_WITHIN = 30.0
BODY_WITHIN = 120.0
SLOWEST = 5_000
FINISH_WITHIN = 10.0
STOP_WITHIN = 20.0
log = logging.getLogger("market")
Background = Callable[[Installation, threading.Event], None]


def serve(settings: Settings, background: Background | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; gives the exit code. `background` runs in a thread of the worker.

    Raises Refused where the port is taken or may not be listened on, or the certificate is of no use.
    """
    try_port(settings.host, settings.port)
    if settings.tls:
        Certificate(*settings.tls)
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    context = multiprocessing.get_context("spawn")
    # Said by an event, for Windows knows no signal that a worker could answer.
    ending = context.Event()
    while not stopping.is_set():
        worker = context.Process(target=work, args=(settings, background, ending), name="worker")
        worker.start()
        while worker.is_alive() and not stopping.is_set():
            worker.join(0.2)
        if stopping.is_set():
            ending.set()
            worker.join(STOP_WITHIN)
            if worker.is_alive():
                worker.kill()
                worker.join()
        else:
            log.error("the worker ended with %s; starting another", worker.exitcode)
            # Not at once: one that dies at its start would be started without end.
            stopping.wait(0.5)
    return 0


def work(settings: Settings, background: Background | None, told: Event) -> None:
    """The worker: the application, the sweep, the polling, and what else runs beside them, until it is `told` to end,
    gets SIGTERM, or its supervisor is gone."""
    from waitress.wasyncore import loop

    from market.background import poll_channels, sweep
    from market.web.app import create_app

    log_to_file(settings.data / "cho.log")
    _allow_open_files()
    installation = Installation(settings)
    shedding = _Shedding(create_app(installation))
    ending = threading.Event()
    sockets: dict[int, Any] = {}
    server = made_server(settings, shedding, sockets)
    terminator = _stand_at_the_door(settings.tls, settings, server, sockets) if settings.tls else None
    shedding.waiting = server.task_dispatcher.queue
    patience = _Patience(sockets, CONNECTIONS)

    def stop(number: int, frame: FrameType | None) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, stop)
    # Ctrl-C reaches the whole group of the terminal; the supervisor answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    polling = threading.Thread(target=poll_channels, args=(installation, ending), daemon=True)
    threads = [threading.Thread(target=sweep, args=(installation.database, ending, settings.keep_payers), daemon=True)]
    if background is not None:
        threads.append(threading.Thread(target=background, args=(installation, ending), daemon=True))
    for thread in (polling, *threads):
        thread.start()
    try:
        while not (ending.is_set() or told.is_set() or _orphaned()) and (terminator is None or terminator.stands()):
            loop(timeout=0.5, use_poll=True, map=sockets, count=1)
            patience.end()
        if terminator is not None:
            terminator.close_door()
        _finish(sockets)
        if terminator is not None:
            _hang_up(sockets)
            terminator.end()
    finally:
        ending.set()
        for thread in threads:
            thread.join(5.0)
        # If it waits for a provider's answer it is left behind; what it had not committed is asked for again.
        polling.join(0.5)
        installation.close()


def made_server(
    settings: Settings, app: Callable[..., Iterable[bytes]], sockets: dict[int, Any], most: int = CONNECTIONS
) -> Any:
    """waitress for at most so many `sockets`, with a door of its own only where plain http is served."""
    from waitress.server import create_server

    if settings.tls:
        # Nobody can come in here: it has an address, as waitress wants, and does not listen.
        shut = socket.socket()
        shut.bind(("127.0.0.1", 0))
        place: dict[str, Any] = {"sockets": [shut], "_start": False, "url_scheme": "https"}
    else:
        place = {"host": settings.host, "port": settings.port}
    return create_server(
        app,
        map=sockets,
        **place,
        threads=THREADS,
        connection_limit=most,
        channel_timeout=60,
        asyncore_use_poll=True,
        max_request_header_size=32_768,
        max_request_body_size=20_000_000,
        # The application does it, which knows whom to believe (market.proxies).
        clear_untrusted_proxy_headers=False,
        ident="",
    )


def _stand_at_the_door(
    files: tuple[Path, Path], settings: Settings, server: Any, sockets: dict[int, Any]
) -> Terminator:
    """TLS at the door; whoever comes in is taken to waitress, in the thread of waitress."""
    from waitress.channel import HTTPChannel

    def hand(connection: socket.socket, address: Any) -> None:
        server.trigger.pull_trigger(lambda: HTTPChannel(server, connection, address, server.adj, map=sockets))

    terminator = Terminator(listen(settings.host, settings.port), Certificate(*files), hand, most=CONNECTIONS)
    terminator.start()
    return terminator


def _hang_up(sockets: dict[int, Any]) -> None:
    from waitress.channel import HTTPChannel

    for channel in [each for each in sockets.values() if isinstance(each, HTTPChannel)]:
        channel.handle_close()


def _allow_open_files() -> None:
    """As many as the system lets us: a visitor by https needs three, and the usual limit is 1024."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(4 * CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _orphaned() -> bool:
    """Whether the supervisor was killed: then the port is left to the next one."""
    supervisor = multiprocessing.parent_process()
    return supervisor is not None and not supervisor.is_alive()


def _finish(sockets: dict[int, Any]) -> None:
    """Take nobody new, and answer those whose request is here; waitress itself would leave them without an answer."""
    from waitress.channel import HTTPChannel
    from waitress.wasyncore import dispatcher, loop

    for listener in [each for each in sockets.values() if getattr(each, "accepting", False)]:
        dispatcher.close(listener)
    began = time.monotonic()
    while time.monotonic() < began + FINISH_WITHIN:
        channels = [each for each in sockets.values() if isinstance(each, HTTPChannel)]
        for request in [request for channel in channels for request in list(channel.requests)]:
            # Answered as if its sender had asked for it: this answer, and then no more on this connection.
            request.headers["CONNECTION"] = "close"
        busy = any(channel.requests or channel.total_outbufs_len for channel in channels)
        # A request that was on its way when the door closed is still read.
        if not busy and time.monotonic() > began + 0.3:
            return
        loop(timeout=0.1, use_poll=True, map=sockets, count=1)


class _Patience:
    """Hangs up on those whose request does not become whole: waitress counts from the last byte it got, so that one
    byte a minute would hold a connection for ever, and a thousand such visitors all that there are."""

    def __init__(self, sockets: dict[int, Any], most: int) -> None:
        self._sockets = sockets
        self._most = most
        self._begun: dict[Any, tuple[Any, float]] = {}
        self._next = 0.0

    def end(self) -> None:
        """To be called after each turn of waitress' loop, in its thread."""
        from waitress.channel import HTTPChannel

        now = time.monotonic()
        crowded = len(self._sockets) > 0.9 * self._most
        if not crowded and now < self._next:
            return
        self._next = now + min(1.0, HEAD_WITHIN / 2)
        former, self._begun = self._begun, {}
        patient = []
        for channel in [each for each in self._sockets.values() if isinstance(each, HTTPChannel)]:
            request = channel.request
            if channel.requests or channel.total_outbufs_len:
                continue
            if request is None:
                patient.append((False, now - (time.time() - channel.last_activity), channel))
                continue
            known, since = former.get(channel, (None, now))
            self._begun[channel] = request, since = request, since if known is request else now
            if now - since > self._allowed(request):
                channel.handle_close()
            else:
                patient.append((request.headers_finished, since, channel))
        if crowded:
            # Who has waited longest goes first, and a file that is on its way last.
            patient.sort(key=lambda each: each[:2])
            for _, _, channel in patient[: len(self._sockets) - int(0.85 * self._most)]:
                channel.handle_close()

    @staticmethod
    def _allowed(request: Any) -> float:
        return BODY_WITHIN + request.body_bytes_received / SLOWEST if request.headers_finished else HEAD_WITHIN


class _Shedding:
    """Answers 503 with Retry-After at once when too many requests wait for a thread."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app
        self.waiting: Sized = ()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if len(self.waiting) > MOST_WAITING:
            start_response(
                "503 Service Unavailable", [("Retry-After", "5"), ("Content-Type", "text/plain; charset=utf-8")]
            )
            return ["Máy đang bận, thử lại sau ít giây.\n".encode()]
        return self.app(environ, start_response)


def try_port(host: str, port: int) -> None:
    """Raises Refused where another program listens on the port, or this user may not."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # A port that the last server left a moment ago is free; one that another listens on is not.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)):
            message = f"port {port} is in use; stop the other program, or name another port"
        elif error.errno in (errno.EACCES, getattr(errno, "WSAEACCES", errno.EACCES)):
            message = f"this user may not listen on port {port}; name one above 1023"
        else:
            raise Refused(Problem(f"{host!r} cannot be listened on: {error.strerror}", field="CHO_HOST")) from None
        raise Refused(Problem(message, field="CHO_PORT")) from None
