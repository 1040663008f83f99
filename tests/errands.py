"""What people do at the counter, under keys of their own, until a server that may vanish has acknowledged it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from ledger.book.checking import run_checks
from ledger.core.db import db
from ledger.rewards.models import Redemption, RedemptionState
from tests.ledger.rewards.street import Street
from tests.serving import Server
from tests.stories import Neighbour

UNSURE = (0, 503, 507)
"""No answer came, or the house lost its database: whether it happened is unknown, so it is asked for again.

So it is, too, where there was no room to write it.
"""


@dataclass
class Errand:
    """One loaf for one person: reserve and confirm, each under a key of its own, until both were acknowledged."""

    buyer: Neighbour
    number: int
    redemption_id: str | None = None
    confirmed: bool = False
    unheard: int = 0
    """Requests to which no answer came."""
    refused: list[int] = field(default_factory=list)
    """The statuses of those that were to be asked again."""

    def go(self, server: Server, street: Street, poster: str) -> None:
        """One try at whatever is not acknowledged yet; an answer that does not come is asked for again later."""
        if self.redemption_id is None:
            body = {"offer_id": street.loaf.id.hex, "quantity": 1, "via": {"merchant_code": poster}}
            status, answer = self._post(server, f"{street.place.url}/redemptions", body, "reserve")
            self.redemption_id = answer["id"] if status == 201 else None
        if self.redemption_id is not None and not self.confirmed:
            path = f"{street.place.url}/redemptions/{self.redemption_id}/confirm"
            status, _ = self._post(server, path, {}, "confirm")
            self.confirmed = status == 200

    def _post(self, server: Server, path: str, body: dict[str, Any], step: str) -> tuple[int, dict[str, Any]]:
        key = {"Idempotency-Key": f"{self.buyer.member_id}-{self.number}-{step}"}
        status, answer = server.call("POST", path, body, self.buyer.headers | key)
        self.unheard += status == 0
        if status in UNSURE:
            self.refused.append(status)
        else:
            assert status in (200, 201), (status, answer)
        return status, answer


class Customer:
    """Somebody who buys one loaf after another, and asks again for whatever was not acknowledged."""

    def __init__(self, street: Street, number: int) -> None:
        self._street = street
        self._buyer = street.volunteer(points=20_000, name=f"居民{number}")
        self.errands: list[Errand] = []
        self.acknowledged: list[float] = []
        self.unsure = 0

    def work(self, server: Server, poster: str, stopped: threading.Event) -> None:
        """Until told to stop; then the errand under way is brought to its end."""
        while not stopped.is_set():
            errand = Errand(self._buyer, len(self.errands))
            self.errands.append(errand)
            while True:
                errand.go(server, self._street, poster)
                time.sleep(0.2)
                if errand.confirmed:
                    self.acknowledged.append(time.monotonic())
                    break
                self.unsure += 1


def assert_each_bought_once(errands: Sequence[Errand]) -> None:
    """Every errand was acknowledged, there are exactly as many redemptions as errands, and the books are clean."""
    assert all(errand.confirmed for errand in errands)
    assert len({errand.redemption_id for errand in errands}) == len(errands)
    confirmed = select(func.count()).where(Redemption.state == RedemptionState.CONFIRMED)
    assert db.session.scalar(confirmed) == len(errands) == db.session.scalar(select(func.count(Redemption.id)))
    assert run_checks() == []
