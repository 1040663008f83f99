"""Programmes: the kinds of service a community asks for, and what each earns by versioned rules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, VersionChanged
from ledger.core.ids import new_id
from ledger.core.permissions import require, require_any
from ledger.core.tenancy import Actor, load, scoped
from ledger.service.errors import ProgrammeEnded
from ledger.service.models import Basis, Programme, ProgrammeRule

ROUNDINGS = (0, 5, 10, 15)
"""Minutes that a visit's time may be rounded down to; 0 is not at all."""


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What a rule says. `points` for each visit or hour; `max_points` caps one visit, None is no cap."""

    basis: Basis
    points: int
    rounding_minutes: int = 0
    max_points: int | None = None


class Award(NamedTuple):
    """What a visit earns: points, exact minutes, and why, in zh and en."""

    points: int
    minutes: int
    explanation: str
    explanation_en: str


class ProgrammeWithRule(NamedTuple):
    """A programme with its present rule."""

    programme: Programme
    rule: ProgrammeRule


def award_for(rule: RuleTerms | ProgrammeRule, minutes: int) -> Award:
    """What a visit of `minutes` (≥ 0, exact) earns under the rule.

    Minutes are rounded down first, then points are floored and capped; fractions are not carried. The minutes of
    service stay exact whatever the rule says.
    """
    assert minutes >= 0, "nobody leaves before arriving"
    if rule.basis == Basis.PER_VISIT:
        points, zh, en = rule.points, "1 次", "1 visit"
    else:
        counted = minutes - minutes % rule.rounding_minutes if rule.rounding_minutes else minutes
        points, zh, en = rule.points * counted // 60, _in_chinese(counted), _in_english(counted)
        if counted != minutes:
            zh = f"{_in_chinese(minutes)}，按 {rule.rounding_minutes} 分钟取整为 {zh}"
            en = f"{_in_english(minutes)}, rounded down to {en}"
    zh, en = f"{zh} × {rule.points} = {points} 朵", f"{en} × {rule.points} = {points} flowers"
    if rule.max_points is not None and points > rule.max_points:
        points = rule.max_points
        zh, en = f"{zh}，每次最多 {points} 朵", f"{en}, at most {points} a visit"
    return Award(points, minutes, zh, en)


def _in_chinese(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} 小时"] * bool(hours) + [f"{rest} 分钟"] * bool(rest or not hours)
    return " ".join(parts)


def _in_english(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours)
    return " ".join(parts)


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
        basis=terms.basis,
        points=terms.points,
        rounding_minutes=terms.rounding_minutes,
        max_points=terms.max_points,
        created_at=clock.now(),
        actor_id=actor.person_id,
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
    query = scoped(community_id, ProgrammeRule).where(ProgrammeRule.programme_id.in_(set(programme_ids)))
    found: dict[UUID, list[ProgrammeRule]] = {programme_id: [] for programme_id in programme_ids}
    for rule in db.session.scalars(query.order_by(ProgrammeRule.version)):
        found[rule.programme_id].append(rule)
    return found


def rule_at(versions: Sequence[ProgrammeRule], moment: datetime) -> ProgrammeRule:
    """The version in force at the moment; the first one for what was before it (entered afterwards)."""
    return next((rule for rule in reversed(versions) if rule.created_at <= moment), versions[0])
