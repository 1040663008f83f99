"""Who acts, and the one place that puts the tenant into a query."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, bindparam, inspect, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import ColumnElement

from ledger.core.db import db
from ledger.core.errors import NotFound
from ledger.core.ids import NOBODY

Row = TypeVar("Row")


class Role(StrEnum):
    """Closed list of roles; `volunteer` comes with membership, `secretary` with the post branch_secretary."""

    VOLUNTEER = "volunteer"
    COORDINATOR = "coordinator"
    STAMPER = "stamper"
    ADMIN = "admin"
    TREASURER = "treasurer"
    SUPERVISOR = "supervisor"
    SECRETARY = "secretary"
    OWNER = "owner"
    CLERK = "clerk"
    STREET = "street"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role over a part of the community's tree; an empty path is the whole community."""

    role: Role
    unit_path: str = ""


@dataclass(frozen=True, slots=True)
class Counter:
    """A place behind a shop's counter; branch None is every branch of the merchant."""

    role: Role
    merchant_id: UUID
    branch_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who acts, with all rights of this community already resolved.

    `community_id` is None outside a community. `session_id` names the session or token that was used.
    `unit_path` is where the actor's own membership hangs in the tree, `name` what they are called here. `aliases` are
    members that were merged into the actor's own, `formerly` the persons who signed in as them: what they did and own
    is the actor's. `is_strong`: a second factor was shown in this session; `is_held_back`: it was not, and roles that
    need one were left out.
    `scopes` narrow a token; None does not.
    """

    person_id: UUID
    session_id: UUID | None = None
    community_id: UUID | None = None
    member_id: UUID | None = None
    household_id: UUID | None = None
    unit_path: str = ""
    name: str = field(default="", repr=False)
    grants: tuple[Grant, ...] = ()
    counters: tuple[Counter, ...] = ()
    helps: frozenset[UUID] = field(default_factory=frozenset)
    aliases: frozenset[UUID] = field(default_factory=frozenset)
    formerly: frozenset[UUID] = field(default_factory=frozenset)
    is_strong: bool = False
    is_held_back: bool = False
    scopes: frozenset[str] | None = None

    @property
    def tenant(self) -> UUID:
        """The community's id; NotFound outside a community."""
        if self.community_id is None:
            raise NotFound
        return self.community_id

    @property
    def member_ids(self) -> frozenset[UUID]:
        """The actor's own membership with those merged into it; empty for whoever is no member."""
        return self.aliases if self.member_id is None else self.aliases | {self.member_id}

    def is_person(self, person_id: UUID | None) -> bool:
        """Is this the actor, under whichever account?"""
        return person_id == self.person_id or person_id in self.formerly

    def acts_for(self, person_id: UUID) -> UUID | None:
        """The person, where the actor's act is on behalf of somebody else; None where it is the actor's own."""
        return None if self.is_person(person_id) else person_id

    def has(self, *roles: Role) -> bool:
        held = {grant.role for grant in self.grants} | {counter.role for counter in self.counters}
        return not held.isdisjoint(roles)


def system_actor(community_id: UUID | None) -> Actor:
    """The clock's own hand: jobs act with it, and only verbs that are meant for jobs accept it."""
    return Actor(person_id=NOBODY, community_id=community_id)


def within(community_id: UUID, *models: type[Any]) -> ColumnElement[bool]:
    """The condition that every named table's row belongs to the community."""
    return and_(*(model.community_id == community_id for model in models))


def same_community(left: Any, right: Any) -> ColumnElement[bool]:
    """The condition that two tables' rows belong to the same community, whichever it is."""
    return and_(left.community_id == right.community_id)


def scoped(community_id: UUID, *entities: Any) -> Select[Any]:
    """SELECT of entities or columns, every table of them bound to the community."""
    models = {_model_of(entity): None for entity in entities}
    return select(*entities).where(within(community_id, *models))


def _model_of(entity: Any) -> type[Any]:
    if isinstance(entity, InstrumentedAttribute):
        return entity.parent.class_
    found: type[Any] = inspect(entity).class_ if hasattr(inspect(entity), "class_") else entity
    return found


def asked(name: str) -> Any:
    """An id that a statement, built once, is given each time it runs: in the place of the id itself."""
    return bindparam(name, type_=Uuid())


def load(community_id: UUID, model: type[Row], row_id: UUID | None, *, lock: bool = False) -> Row:
    """The community's row with this id, locked until commit if asked; NotFound otherwise."""
    if row_id is None:
        raise NotFound
    query = _one_row(model, lock)  # type: ignore[arg-type]
    found: Row | None = db.session.scalars(query, {"community_id": community_id, "row_id": row_id}).one_or_none()
    if found is None:
        raise NotFound
    return found


@cache
def _one_row(model: type[Any], lock: bool) -> Select[Any]:
    """Nearly every request loads something: the statement of a model is built once."""
    query = scoped(asked("community_id"), model).where(model.id == asked("row_id"))
    return query.with_for_update().execution_options(populate_existing=True) if lock else query
