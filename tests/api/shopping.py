"""How the tests of the rewards speak to the API: as somebody on the street, with a fresh key for each new request."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.core import clock
from tests.ledger.rewards.street import Street, open_street
from tests.stories import Neighbour


class Shopping:
    """A street with a client in front of it."""

    def __init__(self, client: FlaskClient, street: Street) -> None:
        self.client = client
        self.street = street

    def get(self, who: Neighbour | None, path: str, **more: Any) -> TestResponse:
        return self.call("GET", who, path, **more)

    def post(self, who: Neighbour | None, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.call("POST", who, path, body, **more)

    def call(
        self,
        method: str,
        who: Neighbour | None,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """The answer; every write carries a key of its own unless one is given."""
        sent = {"Idempotency-Key": key or uuid.uuid4().hex} | (headers or {}) | (who.headers if who else {})
        return self.client.open(f"{self.street.place.url}{path}", method=method, json=body, headers=sent)

    def redeem(self, who: Neighbour, via: dict[str, Any], *, key: str | None = None, **more: Any) -> TestResponse:
        body = {"offer_id": self.street.loaf.id.hex, "via": via} | more
        return self.post(who, "/redemptions", body, key=key)


@contextmanager
def open_shopping(client: FlaskClient) -> Iterator[Shopping]:
    """The street of the ledger's tests, its clock standing at noon until the end."""
    try:
        yield Shopping(client, open_street())
    finally:
        clock.move_to(None)
