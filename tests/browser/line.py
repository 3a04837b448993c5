"""The line between a stall's phone and the server, which can be cut, and what a phone keeps for when it is."""

import gzip
import socketserver
import threading
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from playwright.sync_api import Page
from werkzeug.wsgi import ClosingIterator

PASSWORD = "hoa-phuong-do"
# The pages that are kept, by their addresses; and nobody's pages while there are none.
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    if (name.startsWith("pages-"))
      found.push(...(await (await caches.open(name)).keys()).map((each) => new URL(each.url).pathname));
  return found.sort();
}"""
ALL_KEPT = ("/stall/", "/stall/made", "/stall/offline", "/stall/sign", "/stall/till")


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """A thread a connection: a browser opens one ahead of time, and no request may wait for it."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def server_of(app: Any, port: int = 0) -> WSGIServer:
    """A server of an application at a port, any free one without; to be served and closed."""
    return make_server("127.0.0.1", port, app, _Server, _Quiet)


class Line:
    """A server whose line to the phone can be cut: then nothing answers at its address.

    `asked` are the paths that were asked for, `sent` the bytes of each answer as it goes out compressed.
    While it is `hung`, the server does what is asked below /stall/cash, but
    its answer never leaves: `heard` is set, and the connection ends when the line is `released`. So long the page at
    the path `held` is kept waiting.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self.asked: list[str] = []
        self.sent: list[tuple[str, int]] = []
        self.hung = False
        self.held = ""
        self.heard = threading.Event()
        self.released = threading.Event()
        self.port = 0
        self.mend()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        self._server = server_of(self._answer, self.port)
        self._whole = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def cut(self) -> None:
        self._whole = False
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not self._whole:
            # What the browser asks on a connection from before the cut.
            raise ConnectionAbortedError
        path = environ["PATH_INFO"]
        self.asked.append(path)
        if path == self.held:
            self.released.wait(30)
        found: Iterable[bytes] = self._app(environ, start_response)
        if self.hung and path.startswith("/stall/cash"):
            self.hung = False
            self.heard.set()
            self.released.wait(30)
            raise ConnectionAbortedError
        with closing(ClosingIterator(found)):
            body = b"".join(found)
        self.sent.append((path, len(gzip.compress(body))))
        return [body]


def sign_in(page: Page, line: Line, login: str) -> None:
    page.goto(f"{line.address}/signin")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("form.sign button")
    page.wait_for_url("**/stall/")


def wait_until_kept(page: Page, paths: Sequence[str] = ALL_KEPT) -> None:
    for _ in range(200):
        kept = page.evaluate(KEPT)
        if kept == list(paths):
            return
        page.wait_for_timeout(50)
    raise AssertionError(kept)
