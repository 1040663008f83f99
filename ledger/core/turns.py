"""Who waits to write on SQLite: first come, first served, which its own busy handler does not keep."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """First come, first served: one writing transaction of this process at a time on SQLite."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: list[threading.Lock] = []

    @contextmanager
    def turn(self) -> Iterator[None]:
        mine = threading.Lock()
        mine.acquire()
        with self._guard:
            self._waiting.append(mine)
            first = len(self._waiting) == 1
        if not first:
            mine.acquire()
        try:
            yield
        finally:
            with self._guard:
                self._waiting.pop(0)
                if self._waiting:
                    self._waiting[0].release()
