"""A stage for scenarios: a town whose ids and clock are set, and everything that an outsider could see of its end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from ledger.book.accounts import AccountKey
from ledger.book.balances import account_balance, member_balance
from ledger.book.checkpoints import list_checkpoints
from ledger.book.codes import Kind, Unit
from ledger.book.models import Account, Cohort, Draw, Hold, Rollup, Transfer
from ledger.book.tree import GrowingTree, size_of
from ledger.core import clock, ids
from ledger.core.db import atomic, db
from ledger.core.errors import Refused
from ledger.core.tenancy import scoped
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.town import Town, open_town

BEGIN = datetime(2026, 11, 20, 4, tzinfo=UTC)
MEMBERS = 3

Outcome = dict[str, Any]


@dataclass
class Scene:
    """The town of one scenario, and what each call was answered."""

    town: Town
    answers: list[str] = field(default_factory=list)

    @property
    def members(self) -> list[UUID]:
        return self.town.member_ids

    def ask(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What the call returns; its refusal is the answer "code {facts}" and the scenario goes on."""
        try:
            result = call(*args, **kwargs)
        except Refused as refusal:
            facts = json.dumps(refusal.facts, sort_keys=True)
            self.answers.append(refusal.code if facts == "{}" else f"{refusal.code} {facts}")
            return None
        self.answers.append("done")
        return result


Scenario = Callable[[Scene], None]

SCENARIOS: dict[str, Scenario] = {}


def scenario(played: Scenario) -> Scenario:
    """A function of this name is a scenario of the suite."""
    SCENARIOS[played.__name__] = played
    return played


def play(scenario: Scenario, *, seed: int) -> Outcome:
    """The scenario on a new town, and its outcome. Ids and clock are set: nothing in it is by chance."""
    with clock.set_to(BEGIN), ids.seeded(seed):
        scene = Scene(open_town(members=MEMBERS))
        scenario(scene)
        return {"answers": scene.answers} | atomic(_read)(scene.town)


def _read(town: Town) -> Outcome:
    return {name: reading(town) for name, reading in READINGS.items()}


def _balances(town: Town) -> dict[str, int]:
    """Every account's balance that is not 0."""
    found = {}
    for account in db.session.scalars(scoped(town.id, Account)):
        key = AccountKey(Kind(account.kind), Unit(account.unit), account.owner_id)
        if balance := account_balance(town.id, key):
            found[_name(town, key)] = balance
    return dict(sorted(found.items()))


def _name(town: Town, key: AccountKey) -> str:
    whose = {member_id: f" {place}" for place, member_id in enumerate(town.member_ids)}
    return f"{key.kind}{whose.get(key.owner_id, '')} ({key.unit})"


def _figures(town: Town) -> dict[str, str]:
    """What the members' pages show, without what is 0 or empty."""
    found = {}
    for place, member_id in enumerate(town.member_ids):
        figures = asdict(member_balance(town.id, member_id))
        figures["expiring"] = ", ".join(f"{one.points} on {one.expires_on}" for one in figures["expiring"])
        if shown := ", ".join(f"{name} {figure}" for name, figure in figures.items() if figure):
            found[f"member {place}"] = shown
    return found


def _holds(town: Town) -> dict[str, int]:
    """What was held, by how it ended."""
    found: dict[str, int] = {}
    for state, amount in db.session.execute(scoped(town.id, Hold.state, Hold.amount)):
        found[state] = found.get(state, 0) + amount
    return dict(sorted(found.items()))


def _rows_of(model: Any, *order: Any) -> Callable[[Town], str]:
    """How many rows there are, and the SHA-256 of every column of all of them, in this order."""

    def read(town: Town) -> str:
        digest, count = hashlib.sha256(), 0
        for found in db.session.scalars(scoped(town.id, model).order_by(*order)):
            row = {column.key: _plain(getattr(found, column.key)) for column in model.__table__.columns}
            digest.update(json.dumps(row, sort_keys=True).encode() + b"\n")
            count += 1
        return f"{count} {digest.hexdigest()}"

    return read


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | UUID):
        return value.hex if isinstance(value, UUID) else value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _root(town: Town) -> str:
    """How many leaves the tree has once everything is sealed, and its root; checkpoints by their digests."""
    seal_all(town.id)
    size = size_of(town.id)
    checkpoints = [checkpoint.digest.hex() for checkpoint in list_checkpoints(town.id, limit=1)]
    return " ".join([str(size), GrowingTree.at(town.id, size, lambda _node: None).root().hex(), *checkpoints])


READINGS: dict[str, Callable[[Town], Any]] = {
    "root": _root,
    "balances": _balances,
    "figures": _figures,
    "holds": _holds,
    "transfers": _rows_of(Transfer, Transfer.id),
    "draws": _rows_of(Draw, Draw.id),
    "cohorts": _rows_of(Cohort, Cohort.account_id, Cohort.expires_on),
    "rollups": _rows_of(Rollup, Rollup.account_id, Rollup.level, Rollup.starts_on),
}
"""What is compared between the engines and with yesterday. Sealing comes first: it writes rollups."""
