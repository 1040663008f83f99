"""What happened, in order of time: the clock stands at each event's moment while it happens."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from datetime import datetime
from itertools import count
from uuid import UUID

from ledger.core import clock
from ledger.core.db import db

Event = Callable[[], object]


PATIENCE_SECONDS = 60
"""How long other transactions of the server are waited for; what is left then `tick` does."""


def settle(step: Callable[[UUID], object], waiting: Callable[[UUID], int], community_id: UUID) -> None:
    """The step leaves nothing waiting that an older transaction of the same server kept back."""
    patience = time.monotonic() + PATIENCE_SECONDS
    step(community_id)
    while waiting(community_id) and time.monotonic() < patience:
        db.session.remove()
        time.sleep(0.1)
        step(community_id)


class Story:
    """Events in order of their moments; events of the same moment in the order they were told."""

    def __init__(self) -> None:
        self._events: list[tuple[datetime, int, Event]] = []
        self._order = count()

    def tell(self, moment: datetime, event: Event) -> None:
        heapq.heappush(self._events, (moment, next(self._order), event))

    def play(self, until: datetime) -> None:
        """Everything up to `until` happens; what is told meanwhile takes its place in the order."""
        while self._events and self._events[0][0] <= until:
            moment, _, event = heapq.heappop(self._events)
            clock.move_to(max(moment, clock.now()))
            event()
        clock.move_to(until)
