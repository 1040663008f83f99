"""The load: a process of its own that sends prepared requests over persistent connections and times the answers.

Read from standard input: where, how many connections, the requests as they go over the wire, what each answer must
be. One thread over plain sockets, because a client that works hard would take the server's cores away.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import deque
from typing import Any

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


class Connection:
    """One connection that stays open from answer to answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open()

    def _open(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._arrived = b""

    def send(self, request: bytes) -> None:
        self._request, self.sent_at = request, time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """The answer once it is complete; None while it is not."""
        some = self.socket.recv(65536)
        if not some:
            raise ConnectionError(f"the server hung up after {self._arrived[:100]!r}")
        self._arrived += some
        head, end, body = self._arrived.partition(END_OF_HEAD)
        if not end or len(body) < _length_of(head):
            return None
        answer, self._arrived = self._arrived, b""
        return answer


def _length_of(head: bytes) -> int:
    fields = head.lower().split(b"\r\n")
    return next(int(field.removeprefix(LENGTH)) for field in fields if field.startswith(LENGTH))


def run(plan: dict[str, Any]) -> dict[str, float]:
    """Send everything; the seconds it took, and the longest answer."""
    waiting = deque(call.encode() for call in plan["calls"])
    status, contains = str(plan["status"]).encode(), plan["contains"].encode()
    ready, longest = selectors.DefaultSelector(), 0.0
    for _ in range(min(plan["clients"], len(waiting))):
        connection = Connection(plan["port"])
        ready.register(connection.socket, selectors.EVENT_READ, connection)
    started = time.perf_counter()
    for key in list(ready.get_map().values()):
        key.data.send(waiting.popleft())
    while ready.get_map():
        for key, _ in ready.select(timeout=60):
            connection = key.data
            answer = connection.receive()
            if answer is None:
                continue
            longest = max(longest, time.perf_counter() - connection.sent_at)
            if answer[9:12] != status or contains not in answer:
                raise SystemExit(f"unexpected answer: {' '.join(answer.decode(errors='replace').split())[:600]}")
            if waiting:
                connection.send(waiting.popleft())
            else:
                ready.unregister(connection.socket)
                connection.socket.close()
    return {"seconds": time.perf_counter() - started, "longest": longest}


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
