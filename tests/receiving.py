"""A real receiver of webhooks on loopback: it reads the signature as the specification says, and fails as told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = int | str
"""A status, or "hang up": the connection is closed without a word."""


class Receiver:
    """What came, in the order it came, and what was taken, once for each id. `answer` decides about each call."""

    def __init__(self, answer: Callable[[int], Answer] = lambda _number: 204) -> None:
        self.calls: list[tuple[str, Answer]] = []
        self.taken: dict[str, dict[str, Any]] = {}
        self.secrets: list[str] = []
        self.answer = answer
        self.url = "http://127.0.0.1:9/nobody-listens"

    def take(self, headers: Any, body: bytes) -> Answer:
        answer = self.answer(len(self.calls))
        self.calls.append((headers["webhook-id"], answer))
        assert self.is_signed(headers, body), "somebody else sent this"
        if answer in (200, 204) and headers["webhook-id"] not in self.taken:
            self.taken[headers["webhook-id"]] = json.loads(body)
        return answer

    def is_signed(self, headers: Any, body: bytes) -> bool:
        """Standard Webhooks: HMAC-SHA256 of id.timestamp.body with the decoded secret, base64, after "v1,"."""
        message = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
        for secret in self.secrets:
            key = base64.b64decode(secret.removeprefix("whsec_"))
            good = "v1," + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
            if good in headers["webhook-signature"].split(" "):
                return True
        return False


@contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    """It listens at `receiver.url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = receiver.take(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            if isinstance(answer, str):
                self.close_connection = True
                return
            self.send_response(answer)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/in"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
