"""What one person does at the counter, under keys of its own, until a server that may vanish has acknowledged it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.ledger.rewards.street import Street
from tests.serving import Server
from tests.stories import Neighbour

UNSURE = (0, 503)
"""No answer came, or the house lost its database: whether it happened is unknown, so it is asked for again."""


@dataclass
class Errand:
    """One loaf for one person: reserve and confirm, each under a key of its own, until both were acknowledged."""

    buyer: Neighbour
    number: int
    redemption_id: str | None = None
    confirmed: bool = False
    unheard: int = 0
    """Requests to which no answer came."""

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
        assert status in (*UNSURE, 200, 201), (status, answer)
        return status, answer
