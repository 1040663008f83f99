"""Who may act for me, for whom I act; and the same of any member, for staff."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.helping import HelperRequestSchema
from ledger.book import balances
from ledger.core.permissions import may
from ledger.people import children, helping, members
from ledger.people.helping import LinkView
from ledger.people.helping_models import HelperLink, HelpState
from ledger.rewards import receipts
from ledger.service import queue
from web import checkins, redemptions
from web.acting import act_for, own_member
from web.forms import send, submit
from web.words import RELATIONS

page = Blueprint("helping", __name__)

LATEST = 20

EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None}


# --- mine -------------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/helpers")
def show_mine() -> Any:
    """Who may act for me, for whom I act, and the form to name somebody."""
    return _show_mine()


def _show_mine(**again: Any) -> str:
    actor = own_member()
    assert actor.member_id is not None, "own_member refuses whoever is none"
    return render_template(
        "helping/mine.html",
        is_child=children.is_child(members.load_member(actor.tenant, actor.member_id)),
        helpers=[_shown(view, actor.member_id) for view in helping.helpers_of(actor, actor.member_id)],
        helped=[_shown(view, actor.member_id) for view in helping.helped_by(actor, actor.member_id)],
        relations=list(RELATIONS.items()),
        **(EMPTY | again),
    )


def _shown(view: LinkView, reader_id: UUID | None) -> dict[str, Any]:
    """A link with what its reader may do about it."""
    link = view.link
    is_helper = reader_id == link.helper_id
    agreed = link.accepted_at if is_helper else link.consented_at
    is_party = reader_id in (link.helper_id, link.member_id)
    names = ("id", "member_id", "relation", "note", "is_in_presence", "is_guardian", "asked_at", "ended_at")
    return {name: getattr(link, name) for name in names} | {
        "name": view.member.name if is_helper else view.helper.name,
        "status": link.state,
        "since": max(link.accepted_at, link.consented_at) if link.accepted_at and link.consented_at else None,
        "may_agree": is_party and link.state == HelpState.ASKED and agreed is None,
        "may_end": link.state in helping.OPEN,
    }


@page.post("/c/<id:community_id>/helpers")
def create() -> Any:
    """Named: the helper is asked to agree."""
    actor = own_member()
    assert actor.member_id is not None, "own_member refuses whoever is none"
    own = actor.member_id
    return send(
        HelperRequestSchema(exclude=("helper_id", "is_in_presence", "note")),
        lambda values: helping.name_helper(actor, own, **values),
        to=lambda _: url_for(".show_mine"),
        again=_show_mine,
    )


@page.post("/c/<id:community_id>/helpers/<id:link_id>/agree")
def agree(link_id: UUID) -> Any:
    """Agreed."""
    return _after(submit(lambda: helping.agree(current_actor(), link_id), _way_back), link_id)


@page.post("/c/<id:community_id>/helpers/<id:link_id>/end")
def end(link_id: UUID) -> Any:
    """Ended, or declined."""
    return _after(submit(lambda: helping.end_help(current_actor(), link_id), _way_back), link_id)


def _way_back(link: HelperLink) -> str:
    """To one's own list, or for staff to the member's."""
    if current_actor().member_id in (link.member_id, link.helper_id):
        return url_for(".show_mine")
    return url_for(".show_member", member_id=link.member_id)


def _after(outcome: Any, link_id: UUID) -> Any:
    if outcome.refused is None:
        return outcome.go()
    link = helping.see_link(current_actor(), link_id).link
    is_own = current_actor().member_id in (link.member_id, link.helper_id)
    shown = (
        _show_mine(refusal=outcome.refused) if is_own else show_member_again(link.member_id, refusal=outcome.refused)
    )
    return shown, outcome.status


# --- acting for somebody ----------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/helped/<id:member_id>")
def act(member_id: UUID) -> Any:
    """Balance, services and redemptions of a member whom I help, and how to act for them."""
    actor, helped_id = own_member(), act_for(member_id)
    assert helped_id is not None, "act_for refuses whoever helps nobody"
    is_guardian = children.may_decide_for(actor, members.load_member(actor.tenant, helped_id))
    served = checkins.entries(queue.list_checkins(actor, member_id=helped_id, limit=LATEST))
    bought = redemptions.entries(receipts.list_redemptions(actor, member_id=helped_id, limit=LATEST))
    return render_template(
        "helping/acting.html",
        balance=balances.member_balance(actor.tenant, helped_id),
        child_consents=children.see_childhood(actor, helped_id).consents if is_guardian else [],
        log=sorted([*served, *bought], key=lambda entry: entry["at"], reverse=True),
    )


# --- for staff --------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/members/<id:member_id>/helpers")
def show_member(member_id: UUID) -> Any:
    """Who acts for the member, and the form to register somebody with the member's consent."""
    return show_member_again(member_id)


def show_member_again(member_id: UUID, **again: Any) -> str:
    """The page with what was wrong in one of its forms."""
    actor = current_actor()
    found = helping.helpers_of(actor, member_id)
    member, unit = members.see_member(actor, member_id)
    return render_template(
        "helping/member.html",
        member={"id": member.id, "name": members.shown_names(actor, [member])[member.id]},
        helpers=[_shown(view, None) for view in found],
        helped=[_shown(view, member.id) for view in helping.helped_by(actor, member_id)],
        relations=list(RELATIONS.items()),
        childhood=children.see_childhood(actor, member_id) if may(actor, "manage_people") else None,
        is_child=children.is_child(member),
        can_register=may(actor, "name_helper", member_id=member.id, unit_path=unit.path),
        **(EMPTY | again),
    )


@page.post("/c/<id:community_id>/members/<id:member_id>/helpers")
def create_for(member_id: UUID) -> Any:
    """Registered: the helper is asked, and the member too unless they said yes in presence."""
    actor = current_actor()
    return send(
        HelperRequestSchema(exclude=("helper_id",)),
        lambda values: helping.name_helper(actor, member_id, **values),
        to=lambda _: url_for(".show_member", member_id=member_id),
        again=lambda **again: show_member_again(member_id, **again),
    )
