"""A member's account in the hands of staff: a lost or recycled number, two accounts of one person, leaving, a death."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.schemas.leaving import DeathRequestSchema, LeaveRequestSchema, RemindSchema, StaffEndRequestSchema
from api.schemas.merges import MergeRequestSchema
from api.schemas.numbers import NewNumberSchema
from ledger.core.permissions import may, require
from ledger.core.tenancy import Actor
from ledger.people import deaths, grants, inactive, leaving, members, merges, numbers, phones
from ledger.people.models import Member
from ledger.recognition import honours
from web.forms import send

page = Blueprint("member_accounts", __name__)

NAMESAKES = 20


@page.get("/c/<id:community_id>/members/<id:member_id>/account")
def show(member_id: UUID) -> Any:
    """The account as it stands, and each thing that can happen to it."""
    return _show(member_id)


def _show(member_id: UUID, **again: Any) -> str:
    actor = current_actor()
    require(actor, "manage_people")
    seen = leaving.preview_leaving(actor, member_id)
    others = _others(actor, seen.member, request.args.get("search", "") or seen.member.name)
    return render_template(
        "member_accounts/show.html",
        member=seen.member,
        holding=seen.holding,
        offices=len(seen.offices.rows),
        honours=honours.honours_of(actor.tenant, [member_id, *members.aliases_of(actor.tenant, member_id)]),
        phone=phones.tail_of(seen.member.person_id),
        others=[(one.id.hex, f"{one.name} · {phones.tail_of(one.person_id) or '-'}") for one in others],
        colleagues=[(one.id.hex, one.name) for one in _colleagues(actor, seen.member)],
        search=request.args.get("search", ""),
        may_end_staff=may(actor, "give_roles") and bool(seen.offices.rows),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _others(actor: Actor, member: Member, search: str) -> list[Member]:
    """Those who may be the same person, or a relative: found by name."""
    rows = members.list_members(actor, search=search[:40], limit=NAMESAKES)
    return [one for one, _ in rows if one.id != member.id]


def _colleagues(actor: Actor, member: Member) -> list[Member]:
    held = [one for grant, one, _ in grants.roles_of(actor) if grant.until is None] if may(actor, "give_roles") else []
    return list({one.id: one for one in held if one.id != member.id}.values())


def _take(member_id: UUID, verb: Callable[[Actor, dict[str, Any]], Any], schema: Any = None, to: str = "") -> Any:
    actor = current_actor()
    return send(
        schema,
        lambda values: verb(actor, values),
        to=lambda _: to or url_for(".show", member_id=member_id),
        again=lambda **again: _show(member_id, **again),
    )


@page.post("/c/<id:community_id>/members/<id:member_id>/account/merge/preview")
def preview_merge(member_id: UUID) -> Any:
    """What would move into the other account; stores nothing."""
    actor = current_actor()
    require(actor, "merge")
    schema = MergeRequestSchema(exclude=("from_id",))
    errors = schema.validate({"into_id": request.form.get("into_id", ""), "reason": request.form.get("reason", "")})
    if errors:
        return _show(member_id, values=request.form, errors=errors), 422
    asked = schema.load({"into_id": request.form["into_id"], "reason": request.form["reason"]})
    seen = merges.preview_merge(actor, member_id, asked["into_id"])
    return render_template("member_accounts/merge.html", seen=seen, reason=asked["reason"])


@page.post("/c/<id:community_id>/members/<id:member_id>/account/merge")
def ask_merge(member_id: UUID) -> Any:
    """The merge waits for a second person."""
    schema, to = MergeRequestSchema(exclude=("from_id",)), url_for("web.merges.list_all")
    return _take(member_id, lambda actor, values: merges.ask_merge(actor, member_id, **values), schema, to)


@page.post("/c/<id:community_id>/members/<id:member_id>/account/number")
def change_number(member_id: UUID) -> Any:
    """A new number instead of a lost one."""
    verb = lambda actor, values: numbers.replace_number(actor, member_id, values["phone"])  # noqa: E731
    return _take(member_id, verb, NewNumberSchema())


@page.post("/c/<id:community_id>/members/<id:member_id>/account/number/report")
def report_number(member_id: UUID) -> Any:
    """The number is said to be somebody else's."""
    return _take(member_id, lambda actor, _: numbers.report_number(actor, member_id))


@page.post("/c/<id:community_id>/members/<id:member_id>/account/number/confirm")
def confirm_number(member_id: UUID) -> Any:
    """Seen in person with this number."""
    return _take(member_id, lambda actor, _: numbers.confirm_number(actor, member_id))


@page.post("/c/<id:community_id>/members/<id:member_id>/account/leave")
def leave(member_id: UUID) -> Any:
    """No member any more; the wallet waits."""
    verb = lambda actor, values: leaving.leave(actor, member_id, **values)  # noqa: E731
    return _take(member_id, verb, LeaveRequestSchema(), url_for("web.members.list_all"))


@page.post("/c/<id:community_id>/members/<id:member_id>/account/end-staff")
def end_staff(member_id: UUID) -> Any:
    """Roles, posts, sessions and tokens end at once."""
    verb = lambda actor, values: leaving.end_staff(actor, member_id, **values)  # noqa: E731
    return _take(member_id, verb, StaffEndRequestSchema())


@page.post("/c/<id:community_id>/members/<id:member_id>/account/death")
def record_death(member_id: UUID) -> Any:
    """The death waits for a second person."""
    verb = lambda actor, values: deaths.record_death(actor, member_id, **values)  # noqa: E731
    return _take(member_id, verb, DeathRequestSchema(exclude=("member_id",)), url_for("web.merges.list_all"))


@page.get("/c/<id:community_id>/members/still")
def list_still() -> Any:
    """Wallets that have not moved for a year."""
    return _still()


def _still(**again: Any) -> str:
    rows = inactive.list_still(current_actor(), limit=200)
    return render_template("member_accounts/still.html", wallets=rows, work=_work(), **({"refusal": None} | again))


def _work() -> list[leaving.Begun]:
    actor = current_actor()
    return leaving.unowned_work(actor) if may(actor, "give_roles") else []


@page.post("/c/<id:community_id>/members/still/remind")
def remind_still() -> Any:
    """Told of their flowers."""
    actor = current_actor()
    return send(
        RemindSchema(),
        lambda values: inactive.remind_still(actor, values["member_ids"]),
        to=lambda _: url_for(".list_still"),
        again=lambda **again: _still(refusal=again["refusal"]),
    )
