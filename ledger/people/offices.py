"""What a member holds (roles, posts, places behind a counter): ended all at once, or handed to another member."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from ledger.core import audit, clock, ids
from ledger.core.db import db
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, Role, load, scoped
from ledger.people import grants
from ledger.people.models import CounterStaff, Member, PlaceUnit, Post, RoleGrant

Handed = list[tuple[str, str | None]]
"""What ended, and what was given instead (None: the receiver had it already)."""


class Offices(NamedTuple):
    """What a member holds now."""

    roles: list[RoleGrant]
    posts: list[Post]
    counters: list[CounterStaff]

    @property
    def rows(self) -> list[RoleGrant | Post | CounterStaff]:
        return [*self.roles, *self.posts, *self.counters]


def offices_of(member: Member) -> Offices:
    """The member's present roles, posts, and places behind counters of this community."""
    roles = scoped(member.community_id, RoleGrant).where(RoleGrant.member_id == member.id, RoleGrant.until.is_(None))
    counters = scoped(member.community_id, CounterStaff).where(
        CounterStaff.person_id == member.person_id, CounterStaff.until.is_(None)
    )
    return Offices(
        roles=list(db.session.scalars(roles.order_by(RoleGrant.id))),
        posts=grants.posts_of(member.community_id, [member.id]),
        counters=list(db.session.scalars(counters.order_by(CounterStaff.id))),
    )


def end_offices(actor: Actor, member: Member, *, counters: bool = True) -> Offices:
    """The member holds nothing from now on (`counters` False: but its places behind a counter); returns what ended."""
    held = offices_of(member)
    held = held if counters else held._replace(counters=[])
    for row in held.rows:
        row.until = clock.now()
    db.session.flush()
    if held.rows:
        audit.record(actor, "people.end_offices", member.id, ended=[row.id.hex for row in held.rows])
    return held


def hand_over(actor: Actor, member: Member, receiver: Member) -> dict[str, Handed]:
    """What `member` held, `receiver` holds from now on; nothing twice. Returns the ids by kind."""
    given, held = offices_of(receiver), end_offices(actor, member)
    return {
        "roles": [
            (one.id.hex, _given(actor, receiver, one, _same(one, given.roles, "role", "unit_id"))) for one in held.roles
        ],
        "posts": [
            (one.id.hex, _given(actor, receiver, one, _same(one, given.posts, "kind", "unit_id"))) for one in held.posts
        ],
        "counters": [
            (
                one.id.hex,
                _given(actor, receiver, one, _same(one, given.counters, "role", "merchant_id", "branch_id")),
            )
            for one in held.counters
        ],
    }


def _same(row: Any, others: list[Any], *names: str) -> bool:
    return any(all(getattr(row, name) == getattr(other, name) for name in names) for other in others)


def _given(actor: Actor, receiver: Member, row: Any, has_it: bool) -> str | None:
    return None if has_it else give_like(actor, receiver, row).hex


def give_like(actor: Actor, receiver: Member, row: RoleGrant | Post | CounterStaff) -> UUID:
    """The receiver holds what this row gave; returns the new row's id."""
    if isinstance(row, RoleGrant):
        return grants.record_role(actor, receiver, Role(row.role), load(actor.tenant, PlaceUnit, row.unit_id)).id
    own = {"community_id": actor.tenant, "id": new_id(), "since": clock.now(), "actor_id": actor.person_id}
    made: Post | CounterStaff
    if isinstance(row, Post):
        made = Post(**own, member_id=receiver.id, unit_id=row.unit_id, kind=row.kind)
    else:
        place = {name: getattr(row, name) for name in ("merchant_id", "branch_id", "role", "name")}
        made = CounterStaff(**own, person_id=receiver.person_id, **place)
    db.session.add(made)
    db.session.flush()
    audit.record(actor, "people.give_office", made.id, member_id=receiver.id.hex)
    return made.id


def hand_back(actor: Actor, member: Member, handed: dict[str, Handed]) -> None:
    """`member` holds again what it had handed over, where that is still held: what ended meanwhile stays ended."""
    models: dict[str, type[RoleGrant] | type[Post] | type[CounterStaff]] = {
        "roles": RoleGrant,
        "posts": Post,
        "counters": CounterStaff,
    }
    for kind, model in models.items():
        for ended, given in handed.get(kind, []):
            row: Any = load(actor.tenant, model, ids.parse(ended))
            instead: Any = load(actor.tenant, model, ids.parse(given), lock=True) if given else None
            if instead is not None and instead.until is not None:
                continue
            if instead is not None:
                instead.until = clock.now()
            give_like(actor, member, row)
    db.session.flush()
