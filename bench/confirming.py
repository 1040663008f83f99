"""R1 and R4: confirming redemptions over HTTP, against the engine alone, and at one shop against many."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from bench import limits
from bench.houses import Call, Pace, RoundIsVoid, run_http, run_pgbench
from bench.neighbourhood import Place, Reserved
from bench.rounds import has_address
from ledger.book.accounts import fund_of, payable_to, takings_of, wallet_of
from ledger.core.db import db
from ledger.core.tenancy import within
from ledger.rewards.models import Redemption, RedemptionState

ADDRESS = "/redemptions/<id:redemption_id>/confirm"
BODY = "{}"
WARM_UP = 64
"""Calls before the clock runs, so that every worker has done its first work."""


def call_of(place: Place, reserved: Reserved) -> Call:
    """The confirmation as the member's phone sends it."""
    headers = {
        "Authorization": f"Bearer {reserved.volunteer.token}",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    return Call("POST", f"{place.url}/redemptions/{reserved.redemption.id.hex}/confirm", headers, BODY)


def confirm_over_http(place: Place, port: int, work: Sequence[Reserved], *, clients: int) -> Pace:
    calls = [call_of(place, one) for one in work]
    pace = run_http(port, calls, status=200, contains='"confirmed"', clients=clients)
    require_confirmed(place, work)
    return pace


def require_confirmed(place: Place, work: Sequence[Reserved]) -> None:
    """All of it, and nothing less: a fast server that answers without writing would not do."""
    query = select(func.count()).where(
        within(place.id, Redemption),
        Redemption.id.in_([one.redemption.id for one in work]),
        Redemption.state == RedemptionState.CONFIRMED,
    )
    confirmed = db.session.scalar(query)
    db.session.close()
    if confirmed != len(work):
        raise RoundIsVoid(f"{confirmed} of {len(work)} redemptions are confirmed")


def jobs(place: Place, work: Sequence[Reserved], answer: str) -> list[dict[str, Any]]:
    """What the limit's function is told of each redemption: what the house derives without asking the database."""
    rows = []
    for n, (volunteer, redemption) in enumerate(work):
        member_id = volunteer.actor.member_id
        assert member_id is not None
        path = f"{place.url}/redemptions/{redemption.id.hex}/confirm"
        rows.append(
            {
                "n": n,
                "community_id": place.id,
                "person_id": volunteer.actor.person_id,
                "redemption_id": redemption.id,
                "wallet_id": wallet_of(member_id).id_in(place.id),
                "takings_id": takings_of(redemption.merchant_id).id_in(place.id),
                "fund_account_id": fund_of(redemption.fund_id).id_in(place.id),
                "payable_id": payable_to(redemption.merchant_id).id_in(place.id),
                **limits.request_facts(volunteer.actor, path, BODY, answer),
            }
        )
    return rows


class ConfirmOverHttp:
    """R1."""

    number = "R1"
    path = "HTTP confirm of a redemption, c=8"
    limit = "SQL: one function, same rows (pgbench, c=8)"
    target = 0.30

    def __init__(self, place: Place, port: int, url: str, *, size: int) -> None:
        self._place, self._port, self._url, self._size = place, port, url, size

    def is_built(self, app: Flask) -> bool:
        return has_address(app, ADDRESS)

    def prepare(self) -> None:
        limits.install("confirm")
        warm_up = self._place.reserve(WARM_UP)
        confirm_over_http(self._place, self._port, warm_up, clients=16)
        self._ours = self._place.reserve(self._size)
        self._limit = self._place.reserve(self._size * 3)
        limits.give("bench_confirmations", jobs(self._place, self._limit, limits.last_answer(self._place.id)))

    def run_ours(self) -> Pace:
        return confirm_over_http(self._place, self._port, self._ours, clients=8)

    def run_limit(self) -> Pace:
        pace = run_pgbench(self._url, "SELECT bench_confirm(:n);", count=len(self._limit), first=0, clients=8)
        require_confirmed(self._place, self._limit)
        return pace


class OneHotShop:
    """R4: everybody at one shop and its fund, against the same people spread over all shops."""

    number = "R4"
    path = "HTTP confirm, all at one shop"
    limit = "the same, spread over all shops"
    target = 0.95

    def __init__(self, place: Place, port: int, *, size: int, clients: int) -> None:
        self._place, self._port, self._size, self._clients = place, port, size, clients
        self.path = f"{self.path}, c={clients}"

    def is_built(self, app: Flask) -> bool:
        return has_address(app, ADDRESS)

    def prepare(self) -> None:
        confirm_over_http(self._place, self._port, self._place.reserve(WARM_UP), clients=16)
        self._hot = self._place.reserve(self._size, shops=self._place.shops[:1])
        self._spread = self._place.reserve(self._size)

    def run_ours(self) -> Pace:
        return confirm_over_http(self._place, self._port, self._hot, clients=self._clients)

    def run_limit(self) -> Pace:
        return confirm_over_http(self._place, self._port, self._spread, clients=self._clients)
