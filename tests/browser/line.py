"""The line between a stall's phone and the server, which can be cut, and what a phone keeps for when it is."""

import gzip
import socketserver
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from playwright.sync_api import Page
from werkzeug.wsgi import ClosingIterator

PASSWORD = "hoa-phuong-do"
# The pages that are kept, by their addresses, those of another person marked; and nobody's pages while there are none.
KEPT = """async () => {
  const own = `data-person="${document.body.dataset.person}"`;
  const found = [];
  for (const name of await caches.keys()) {
    if (!name.startsWith("pages-")) continue;
    const pages = await caches.open(name);
    for (const each of await pages.keys()) {
      const html = await (await pages.match(each))?.text();
      found.push((html?.includes(own) ? "" : "another's ") + new URL(each.url).pathname);
    }
  }
  return found.sort();
}"""
# A till waits two and a half seconds for the server before it says that a sale waits to be sent, and the voice three
# for its clips. In a test, where one busy machine is the phone and the server, they have ten times as long.
PATIENT = """{
  const later = setTimeout;
  window.setTimeout = (act, pause, ...rest) => later(act, [2500, 3000].includes(pause) ? 10 * pause : pause, ...rest);
}"""
ALL_KEPT = ("/stall/", "/stall/made", "/stall/offline", "/stall/sign", "/stall/till")


class _Answers:
    """An application until it is closed: whoever is being answered then is waited for, and nobody else is answered, not
    even on a connection from before. What a browser asks at the end of a test would go to the database of the next."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._closed = False
        self._begun = 0
        self._change = threading.Condition()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._change:
            if self._closed:
                raise ConnectionAbortedError
            self._begun += 1
        try:
            with closing(ClosingIterator(self._app(environ, start_response))) as found:
                return [b"".join(found)]
        finally:
            with self._change:
                self._begun -= 1
                self._change.notify_all()

    def close(self) -> None:
        with self._change:
            self._closed = True
            assert self._change.wait_for(lambda: not self._begun, 60)


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """A thread a connection: a browser opens one ahead of time, and no request may wait for it."""

    daemon_threads = True
    # A browser asks for a page's files all at once; who finds the queue full tries again after a second.
    request_queue_size = 128

    def server_close(self) -> None:
        super().server_close()
        answers = self.get_app()
        assert isinstance(answers, _Answers)
        answers.close()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def server_of(app: Any, port: int = 0) -> WSGIServer:
    """A server of an application at a port, any free one without; to be served and closed."""
    return make_server("127.0.0.1", port, _Answers(app), _Server, _Quiet)


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
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def cut(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
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
    wait_until_it_gives(page, KEPT, list(paths))


def wait_until_today_is_kept_with(page: Page, text: str) -> None:
    """The phone's copy of Today says this."""
    wait_until_it_gives(page, f"async () => (await (await caches.match('/stall/')).text()).includes({text!r})", True)


def wait_until_sent(page: Page) -> None:
    """The server has said of every sale that waited on the phone what became of it, and the page says so."""
    wait_until_it_gives(page, "async () => (await unsent.all()).length", 0)
    page.wait_for_selector("#unsent", state="hidden")


def wait_until_it_gives(page: Page, script: str, expected: Any) -> None:
    """Wait for what a script gives. It is asked from here: the pages forbid what `page.wait_for_function` does."""
    end = time.monotonic() + 60
    while (given := page.evaluate(script)) != expected:
        assert time.monotonic() < end, given
        page.wait_for_timeout(50)
