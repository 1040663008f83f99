"""What this room lets import: shops with their branches and owners, and further branches of shops that are there.

Rows with the same shop are its branches.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from ledger.core import audit, clock, outbox, secrets
from ledger.core.db import db
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, Role
from ledger.people.import_sets import index_of, insert_all, people_for, people_with, pieces
from ledger.people.imports import Column, Fault, ImportKind, Numbered, Row, register
from ledger.people.models import CounterStaff
from ledger.rewards.errors import OwnCounter
from ledger.rewards.merchants import CODE_LENGTH, known_to
from ledger.rewards.models import Branch, Merchant

SHOP = Column("shop", ("店名", "商户", "shop name", "shop's name"), 80, required=True)
TRADE = Column("trade", ("做什么的", "行业", "what it does"), 40, required=True)
BRANCH = Column("branch", ("门店", "branch name"), 80)
ADDRESS = Column("address", ("地址", "门店地址"), 120, required=True)
OWNER = Column("owner", ("店主", "店主姓名", "owner's name"), 80)
OWNER_PHONE = Column("owner_phone", ("店主手机", "店主手机号", "owner's phone"), 20)


def _branch_of(row: Row) -> str:
    """The branch's name; without one it is called as the shop is."""
    return row.get("branch") or row["shop"]


# --- what is wrong ------------------------------------------------------------------------------------------------


def _faults_of_merchants(community_id: UUID, rows: Numbered) -> Iterator[Fault]:
    there = _shops_here(community_id, {row["shop"] for _, row in rows})
    branches = _branches_here(there)
    often = Counter((row["shop"], _branch_of(row)) for _, row in rows)
    trades: dict[str, str] = {}
    owners: dict[tuple[str, bytes], str] = {}
    for number, row in rows:
        if row["shop"] in there:
            yield from _faults_of_known(number, row, there[row["shop"]], branches)
        elif trades.setdefault(row["shop"], row["trade"]) != row["trade"]:
            yield Fault(number, "trade", "differs")
        if often[row["shop"], _branch_of(row)] > 1:
            yield Fault(number, "branch", "name_twice")
        yield from _faults_of_owner(number, row, owners)


def _faults_of_known(
    number: int, row: Row, shops: list[Merchant], branches: Collection[tuple[UUID, str]]
) -> Iterator[Fault]:
    """A shop that is there gets a branch by another name, and nothing else."""
    if len(shops) > 1:
        yield Fault(number, "shop", "ambiguous_shop")
        return
    if shops[0].trade != row["trade"]:
        yield Fault(number, "trade", "differs")
    if (shops[0].id, _branch_of(row)) in branches:
        yield Fault(number, "branch", "already_there")
    if row.get("owner") or row.get("owner_phone"):
        yield Fault(number, "owner", "owner_by_hand")


def _faults_of_owner(number: int, row: Row, owners: dict[tuple[str, bytes], str]) -> Iterator[Fault]:
    """An owner is a name and a number, or nobody; in one shop a number has one name (`owners`: those further up)."""
    name, phone = row.get("owner", ""), row.get("owner_phone", "")
    if bool(name) != bool(phone):
        yield Fault(number, "owner" if phone else "owner_phone", "missing")
    if not phone:
        return
    index = index_of(phone)
    if index is None:
        yield Fault(number, "owner_phone", "phone_malformed")
    elif name and owners.setdefault((row["shop"], index), name) != name:
        yield Fault(number, "owner", "owner_twice")


def _shops_here(community_id: UUID, names: Collection[str]) -> dict[str, list[Merchant]]:
    """The shops of the community that have these names already."""
    found: dict[str, list[Merchant]] = defaultdict(list)
    for piece in pieces(sorted(names)):
        query = select(Merchant).where(known_to(community_id), Merchant.name.in_(piece))
        for merchant in db.session.scalars(query):
            found[merchant.name].append(merchant)
    return found


def _branches_here(shops: Mapping[str, Sequence[Merchant]]) -> set[tuple[UUID, str]]:
    """Their branches: whose, and how called."""
    found: set[tuple[UUID, str]] = set()
    for piece in pieces([one.id for of_name in shops.values() for one in of_name]):
        query = select(Branch.merchant_id, Branch.name).where(Branch.merchant_id.in_(piece))
        found |= set(db.session.execute(query).tuples())
    return found


# --- taking -------------------------------------------------------------------------------------------------------


def _take_merchants(actor: Actor, import_id: UUID, rows: Numbered) -> None:
    """Shops, branches with their poster codes, and owners, set by set; an owner is whoever signs in with the number."""
    there = {name: shops[0].id for name, shops in _shops_here(actor.tenant, {row["shop"] for _, row in rows}).items()}
    merchants = _merchants_of(actor, [(number, row) for number, row in rows if row["shop"] not in there])
    ids = there | {merchant["name"]: merchant["id"] for merchant in merchants}
    branches = _branches_of(rows, ids)
    staff = _owners_of(actor, rows, ids)
    insert_all(Merchant, merchants)
    insert_all(Branch, branches)
    insert_all(CounterStaff, staff)
    audit.record(
        actor, "rewards.import_merchants", import_id, count=len(merchants), branches=len(branches), owners=len(staff)
    )
    outbox.announce_all(actor, "merchant.created", [{"merchant_id": one["id"].hex} for one in merchants])
    outbox.announce_all(actor, "branch.added", [{"branch_id": one["id"].hex} for one in branches])
    opened = [{"staff_id": one["id"].hex, "merchant_id": one["merchant_id"].hex} for one in staff]
    outbox.announce_all(actor, "counter.opened", opened)


def _merchants_of(actor: Actor, rows: Numbered) -> list[dict[str, Any]]:
    """A shop for each name."""
    trades = {row["shop"]: row["trade"] for _, row in rows}
    own = {"created_in": actor.tenant, "created_at": clock.now(), "actor_id": actor.person_id}
    return [own | {"id": new_id(), "name": name, "trade": trade} for name, trade in trades.items()]


def _branches_of(rows: Numbered, ids: dict[str, UUID]) -> list[dict[str, Any]]:
    """A branch for each row, each with a code for its poster."""
    return [
        {
            "id": new_id(),
            "merchant_id": ids[row["shop"]],
            "name": _branch_of(row),
            "address": row["address"],
            "code": secrets.random_code(CODE_LENGTH),
            "created_at": clock.now(),
        }
        for _, row in rows
    ]


def _owners_of(actor: Actor, rows: Numbered, ids: dict[str, UUID]) -> list[dict[str, Any]]:
    """An owner for each number of a shop, however many rows name it."""
    numbers = {index: row["owner_phone"] for _, row in rows if (index := index_of(row.get("owner_phone", "")))}
    people = people_for(numbers)
    named = {(row["shop"], index_of(row["owner_phone"])): row["owner"] for _, row in rows if row.get("owner_phone")}
    own = {"community_id": actor.tenant, "branch_id": None, "role": Role.OWNER, "since": clock.now()}
    return [
        own
        | {
            "id": new_id(),
            "person_id": people[index],
            "merchant_id": ids[shop],
            "name": name,
            "actor_id": actor.person_id,
        }
        for (shop, index), name in named.items()
        if index
    ]


def _refuse_own_shop(actor: Actor, rows: Numbered) -> None:
    """OwnCounter when the actor would own a shop of the list, or owns one that gets a branch."""
    indexes = {index for _, row in rows if (index := index_of(row.get("owner_phone", "")))}
    there = _shops_here(actor.tenant, {row["shop"] for _, row in rows})
    owned = {counter.merchant_id for counter in actor.counters}
    if any(map(actor.is_person, people_with(indexes).values())) or any(
        shop.id in owned for shops in there.values() for shop in shops
    ):
        raise OwnCounter


MERCHANTS = register(
    ImportKind(
        "merchants",
        (SHOP, TRADE, BRANCH, ADDRESS, OWNER, OWNER_PHONE),
        _faults_of_merchants,
        _take_merchants,
        _refuse_own_shop,
    )
)
