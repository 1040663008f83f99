"""Somebody in front of the API who signs in, enrols and makes tokens; and staff whose phone is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyotp
from flask.testing import FlaskClient

from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.people import grants, members
from tests.stories import Neighbour, Neighbourhood, neighbour, next_phone
from tests.web.messages import code_for

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)

Answer = Any


class Caller:
    """Somebody in front of the API."""

    def __init__(self, client: FlaskClient, token: str = "") -> None:
        self.client, self.token = client, token

    def post(self, path: str, body: dict[str, Any] | None = None) -> Answer:
        return self.client.post(f"/api/v1{path}", json=body or {}, headers=self._headers())

    def get(self, path: str) -> Answer:
        return self.client.get(f"/api/v1{path}", headers=self._headers())

    def delete(self, path: str) -> Answer:
        return self.client.delete(f"/api/v1{path}", headers=self._headers())

    def sign_in(self, phone: str, **more: Any) -> Answer:
        """By code, unless `more` says how; the token is kept."""
        if "password" not in more:
            assert self.post("/sign-in/codes", {"phone": phone}).status_code == 202
            more["code"] = code_for(phone)
        answer = self.post("/sign-in", {"phone": phone, **more})
        self.token = answer.json.get("token", self.token)
        return answer

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def staff_member(place: Neighbourhood, role: Role) -> tuple[str, Neighbour]:
    phone = next_phone()
    member = members.add_member(place.admin.actor, "周同志", phone=phone)
    grants.give_role(place.admin.actor, member.id, role=role, unit_id=place.root.id)
    return phone, neighbour(place.id, "周同志", member.person_id, member.id)


def enrolled(call: Callable[..., Caller], phone: str) -> tuple[Caller, pyotp.TOTP, list[str]]:
    """Signed in and enrolled: the caller, the authenticator, the recovery codes; its first step is over."""
    caller = call()
    assert caller.sign_in(phone).status_code == 200
    made = caller.post("/me/totp")
    assert made.status_code == 201
    assert made.json["url"].startswith("otpauth://totp/")
    totp = pyotp.TOTP(made.json["secret"])
    confirmed = caller.post("/me/totp/confirm", {"totp": totp.at(clock.now())})
    assert confirmed.status_code == 200, confirmed.json
    clock.advance(seconds=30)
    return caller, totp, confirmed.json["recovery_codes"]
