"""Programmes: the kinds of service a community asks for, and what each earns by versioned rules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, VersionChanged
from ledger.core.ids import new_id
from ledger.core.permissions import require, require_any
from ledger.core.tenancy import Actor, asked, load, scoped
from ledger.service.earning import RuleTerms as RuleTerms
from ledger.service.errors import ProgrammeEnded
from ledger.service.models import Programme, ProgrammeRule


class ProgrammeWithRule(NamedTuple):
    """A programme with its present rule."""

    programme: Programme
    rule: ProgrammeRule


@atomic
def create_programme(actor: Actor, name: str, *, terms: RuleTerms) -> ProgrammeWithRule:
    """The programme exists with version 1 of its rule. Raises Forbidden, AlreadyExists (the name)."""
    require(actor, "manage_programmes")
    if db.session.scalars(scoped(actor.tenant, Programme).where(Programme.name == name)).first():
        raise AlreadyExists
    programme = Programme(
        community_id=actor.tenant,
        id=new_id(),
        name=name,
        rule_version=1,
        created_at=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(programme)
    db.session.flush()
    rule = _add_version(actor, programme, terms)
    audit.record(actor, "service.create_programme", programme.id)
    return ProgrammeWithRule(programme, rule)


@atomic
def change_rule(actor: Actor, programme_id: UUID, *, version: int, terms: RuleTerms) -> ProgrammeWithRule:
    """The programme earns by these terms from now on; visits that began before keep the rule of their time.

    `version` is the one that the actor has read. Raises NotFound, Forbidden, VersionChanged, ProgrammeEnded.
    """
    programme = load(actor.tenant, Programme, programme_id, lock=True)
    require(actor, "manage_programmes")
    if programme.rule_version != version:
        raise VersionChanged
    if programme.ended_at is not None:
        raise ProgrammeEnded
    programme.rule_version += 1
    rule = _add_version(actor, programme, terms)
    audit.record(actor, "service.change_rule", programme_id, version=programme.rule_version)
    outbox.announce(actor, "programme.rule_changed", programme_id=programme_id.hex, version=programme.rule_version)
    return ProgrammeWithRule(programme, rule)


def _add_version(actor: Actor, programme: Programme, terms: RuleTerms) -> ProgrammeRule:
    rule = ProgrammeRule(
        community_id=actor.tenant,
        programme_id=programme.id,
        version=programme.rule_version,
        created_at=clock.now(),
        actor_id=actor.person_id,
        **terms.as_columns(),
    )
    db.session.add(rule)
    db.session.flush()
    return rule


def list_programmes(actor: Actor, *, after: UUID | None = None, limit: int = 50) -> list[ProgrammeWithRule]:
    """The community's programmes with their present rules, newest first. Raises Forbidden."""
    require_any(actor, "see_programmes")
    query = _with_rule(actor).order_by(Programme.id.desc()).limit(limit)
    if after:
        query = query.where(Programme.id < after)
    return [ProgrammeWithRule(*row) for row in db.session.execute(query)]


def see_programme(actor: Actor, programme_id: UUID) -> ProgrammeWithRule:
    """One programme with its present rule. Raises NotFound, Forbidden."""
    programme = load(actor.tenant, Programme, programme_id)
    require_any(actor, "see_programmes")
    return ProgrammeWithRule(*db.session.execute(_with_rule(actor).where(Programme.id == programme.id)).one())


def _with_rule(actor: Actor) -> Select[Any]:
    return scoped(actor.tenant, Programme, ProgrammeRule).where(
        ProgrammeRule.programme_id == Programme.id, ProgrammeRule.version == Programme.rule_version
    )


def rules_of(community_id: UUID, programme_ids: Collection[UUID]) -> dict[UUID, list[ProgrammeRule]]:
    """Every version of these programmes' rules, oldest first, in one statement."""
    found: dict[UUID, list[ProgrammeRule]] = {programme_id: [] for programme_id in programme_ids}
    for rule in db.session.scalars(_rules(), {"community_id": community_id, "programme_ids": list(found)}):
        found[rule.programme_id].append(rule)
    return found


@cache
def _rules() -> Select[Any]:
    """Every page that shows an activity asks for them: built once."""
    theirs = ProgrammeRule.programme_id.in_(bindparam("programme_ids", expanding=True))
    return scoped(asked("community_id"), ProgrammeRule).where(theirs).order_by(ProgrammeRule.version)


def rule_at(versions: Sequence[ProgrammeRule], moment: datetime) -> ProgrammeRule:
    """The version in force at the moment; the first one for what was before it (entered afterwards)."""
    return next((rule for rule in reversed(versions) if rule.created_at <= moment), versions[0])
