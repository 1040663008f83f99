"""The rights matrix of the product as one table that can be read aloud. Unlisted = refused.

A person's rights are the union of the roles held. Every right ends at the holder's part: OWN is the actor's own
membership, HELPED the memberships of those who named the actor as their helper, UNIT the part of the tree of the
grant, SHOP and BRANCH the counter's merchant and branch. SECOND means "as the second person", judged by the verb.
Rules that no role can lift (nobody stamps themself, their household, or what they recorded; nobody approves their own
step) live in the verbs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, auto
from functools import cache
from uuid import UUID

from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.expression import SQLColumnExpression

from ledger.core.db import begins
from ledger.core.errors import Forbidden
from ledger.core.tenancy import Actor, Role


class Scope(Flag):
    """How far a right reaches."""

    OWN = auto()
    HELPED = auto()
    UNIT = auto()
    COMMUNITY = auto()
    MASKED = auto()
    BRANCH = auto()
    SHOP = auto()
    SECOND = auto()


OWN, UNIT, COMMUNITY, MASKED = Scope.OWN, Scope.UNIT, Scope.COMMUNITY, Scope.MASKED
BRANCH, SHOP, SECOND, HELPED = Scope.BRANCH, Scope.SHOP, Scope.SECOND, Scope.HELPED

_V, _C, _S, _A = Role.VOLUNTEER, Role.COORDINATOR, Role.STAMPER, Role.ADMIN
_T, _P, _O, _K, _X = Role.TREASURER, Role.SUPERVISOR, Role.OWNER, Role.CLERK, Role.STREET

_SEE_BUSINESS = {_V: OWN | HELPED, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _O: SHOP, _K: BRANCH, _X: MASKED}
_SEE_PEOPLE = {_V: OWN | HELPED, _C: UNIT, _S: UNIT, _A: COMMUNITY, _P: COMMUNITY, _X: MASKED}
_SEE_BOOKS = {_V: OWN | HELPED, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _O: SHOP, _X: MASKED}
_OWN_AFFAIRS = {_V: OWN}

RIGHTS: dict[str, dict[Role, Scope]] = {
    # people
    "see_own": {_V: OWN | HELPED},
    "see_members": _SEE_PEOPLE,
    "act_for_member": {_V: HELPED, _C: UNIT, _S: UNIT, _A: COMMUNITY},
    "name_helper": {_V: OWN, _C: UNIT, _A: COMMUNITY},
    "see_helpers": {_V: OWN, _C: UNIT, _S: UNIT, _A: COMMUNITY, _P: COMMUNITY},
    "manage_people": {_A: COMMUNITY},
    "import": {_A: COMMUNITY},
    "second_import": {_A: COMMUNITY, _T: COMMUNITY, _X: SECOND},
    "see_imports": {_A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _X: MASKED},
    "merge": {_A: COMMUNITY},
    "second_merge": {_A: COMMUNITY, _T: COMMUNITY, _X: SECOND},
    "see_merges": {_A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _X: MASKED},
    "manage_cards": {_C: UNIT, _A: COMMUNITY},
    "see_cards": {_V: OWN, _C: UNIT, _A: COMMUNITY, _P: COMMUNITY, _X: MASKED},
    "manage_community": {_A: COMMUNITY},
    "manage_units": {_A: COMMUNITY},
    "see_units": {_C: UNIT, _A: COMMUNITY, _S: UNIT, _P: COMMUNITY, _X: COMMUNITY, _V: OWN},
    "give_roles": {_A: COMMUNITY},
    "see_roles": {_A: COMMUNITY, _P: COMMUNITY, _X: COMMUNITY},
    "manage_clerks": {_O: SHOP},
    "manage_redemption_days": {_A: COMMUNITY},
    "see_redemption_days": {
        _V: OWN, _C: UNIT, _S: UNIT, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _O: SHOP, _K: BRANCH, _X: COMMUNITY,
    },
    # service
    "see_checkins": _SEE_PEOPLE,
    "check_in_self": {_V: OWN, _C: OWN, _S: OWN, _A: OWN, _T: OWN},
    "record_checkin": {_C: UNIT, _A: COMMUNITY},
    "sign_up": _OWN_AFFAIRS,
    "object": _OWN_AFFAIRS,
    "stamp": {_S: UNIT, _A: COMMUNITY, _X: SECOND},
    "answer_objections": {_C: UNIT, _S: UNIT, _A: COMMUNITY},
    "see_objections": {_V: OWN | HELPED, _C: UNIT, _S: UNIT, _A: COMMUNITY, _X: MASKED},
    "give_feedback": _OWN_AFFAIRS,
    "answer_feedback": {_C: UNIT, _S: UNIT, _A: COMMUNITY},
    "excuse_feedback": {_C: UNIT, _A: COMMUNITY},
    "see_feedback": {_V: OWN, _C: UNIT, _S: UNIT, _A: COMMUNITY, _X: MASKED},
    "manage_programmes": {_A: COMMUNITY},
    "see_programmes": {_V: OWN, _C: UNIT, _S: UNIT, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _X: COMMUNITY},
    "manage_activities": {_C: UNIT, _A: COMMUNITY},
    "see_plates": {_C: UNIT, _S: UNIT, _A: COMMUNITY},
    "handle_notes": {_C: UNIT, _S: UNIT, _A: COMMUNITY},
    # books
    "reverse": {_A: COMMUNITY},
    "second_reversal": {_A: COMMUNITY, _T: COMMUNITY, _X: SECOND},
    "see_reversals": {_V: OWN | HELPED, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _X: MASKED},
    "see_books": _SEE_BOOKS,
    "manage_expiry": {_A: COMMUNITY},
    "see_expiry": {_V: OWN, _C: UNIT, _S: UNIT, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _X: COMMUNITY},
    "see_checks": {_A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _X: COMMUNITY},
    "see_events": {_A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY},
    "manage_webhooks": {_A: COMMUNITY},
    "see_webhooks": {_A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY},
    "see_audit": {_V: OWN, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _O: SHOP, _K: OWN, _X: COMMUNITY},
    # rewards
    "draft_agreement": {_A: COMMUNITY, _O: SHOP},
    "sign_agreement": {_A: COMMUNITY, _T: COMMUNITY, _O: SHOP, _X: SECOND},
    "draft_offer": {_A: COMMUNITY, _O: SHOP},
    "manage_funds": {_A: COMMUNITY, _T: COMMUNITY, _X: SECOND},
    "see_agreements": {_A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _O: SHOP, _X: COMMUNITY},
    "see_offers": {
        _V: OWN, _C: UNIT, _S: UNIT, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _O: SHOP, _K: BRANCH, _X: COMMUNITY,
    },
    "redeem": _OWN_AFFAIRS,
    "confirm_redemption": {_V: OWN | HELPED},
    "cancel_own_redemption": {_V: OWN | HELPED},
    "pool": _OWN_AFFAIRS,
    "use_till": {_O: BRANCH, _K: BRANCH},
    "check_slips": {_A: COMMUNITY, _T: COMMUNITY},
    "block_voucher": {_V: OWN, _A: COMMUNITY},
    "donate": _OWN_AFFAIRS,
    "use_pot": {_A: COMMUNITY},
    "second_pot_use": {_T: COMMUNITY, _X: SECOND},
    "see_pot": {_V: OWN, _C: UNIT, _S: UNIT, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _X: COMMUNITY},
    "see_donations": {_V: OWN, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _X: MASKED},
    "refund": {_T: COMMUNITY, _O: BRANCH, _K: BRANCH},
    "see_redemptions": _SEE_BUSINESS,
    "complain": {_V: OWN | HELPED},
    "answer_complaints": {_A: COMMUNITY, _O: SHOP},
    "close_complaints": {_A: COMMUNITY},
    "see_complaints": {
        _V: OWN | HELPED, _A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _O: SHOP, _X: MASKED,
    },
    # settlement
    "see_settlements": {_A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _O: SHOP, _X: MASKED},
    "issue_settlement": {_A: COMMUNITY, _T: COMMUNITY},
    "confirm_settlement": {_O: SHOP},
    "approve_settlement": {_T: COMMUNITY, _X: SECOND},
    "pay_settlement": {_A: COMMUNITY, _T: COMMUNITY},
    "void_settlement": {_A: COMMUNITY, _T: COMMUNITY},
    "reconcile_settlement": {_A: COMMUNITY, _T: COMMUNITY},
    "invoice_settlement": {_A: COMMUNITY, _T: COMMUNITY, _O: SHOP},
    "dispute_settlement": {_O: SHOP},
    "answer_disputes": {_A: COMMUNITY, _T: COMMUNITY},
    "decide_disputes": {_T: COMMUNITY},
    "decide_appeals": {_T: COMMUNITY, _X: SECOND},
    "ask_bank_account": {_A: COMMUNITY, _O: SHOP},
    "approve_bank_account": {_A: COMMUNITY, _T: COMMUNITY},
    "see_bank_accounts": {_A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY, _O: SHOP},
    # risk
    "see_flags": {_A: COMMUNITY, _T: COMMUNITY, _P: COMMUNITY},
    "decide_flags": {_T: COMMUNITY},
    # recognition
    "sign_summary": {_A: COMMUNITY},
    "publish_summary": {_P: COMMUNITY},
    "see_summaries": {_A: COMMUNITY, _P: COMMUNITY, _X: COMMUNITY},
    "ask_certificate": {_V: OWN | HELPED},
    "issue_certificate": {_A: COMMUNITY},
    "revoke_certificate": {_A: COMMUNITY},
    "see_certificates": {_V: OWN | HELPED, _A: COMMUNITY, _P: COMMUNITY, _X: MASKED},
    "draft_commendation": {_A: COMMUNITY},
    "nominate": {_C: UNIT, _S: UNIT},
    "review_commendation": {_P: COMMUNITY, _X: COMMUNITY},
    "announce_commendation": {_A: COMMUNITY},
    "publish_commendation": {_P: COMMUNITY},
    "see_commendations": {_C: UNIT, _S: UNIT, _A: COMMUNITY, _P: COMMUNITY, _X: MASKED},
    "keep_priority_lists": {Role.SECRETARY: COMMUNITY},
    "see_street": {_X: COMMUNITY},
}  # fmt: skip


def reach(actor: Actor, verb: str) -> dict[Role, Scope]:
    """The actor's roles that carry the verb, each with its scope; empty when there are none."""
    row = RIGHTS[verb]
    return {role: row[role] for role in roles_of(actor) if role in row}


def roles_of(actor: Actor) -> frozenset[Role]:
    """The actor's roles; a member is a volunteer, too."""
    own = (Role.VOLUNTEER,) if actor.member_id is not None else ()
    return frozenset([*own, *(grant.role for grant in actor.grants), *(counter.role for counter in actor.counters)])


@cache
def carried_by(roles: frozenset[Role]) -> tuple[frozenset[str], frozenset[str]]:
    """The verbs that these roles carry over anything at all, and those of them that reach beyond oneself.

    What they carry only as a second person counts as the first and not as the second.
    """
    scopes = {verb: [row[role] for role in roles if role in row] for verb, row in RIGHTS.items()}
    beyond = {
        verb
        for verb, held in scopes.items()
        if any(scope is not Scope.SECOND and not is_of_oneself(scope) for scope in held)
    }
    return frozenset(verb for verb, held in scopes.items() if held), frozenset(beyond)


def may(
    actor: Actor,
    verb: str,
    *,
    member_id: UUID | None = None,
    unit_path: str | None = None,
    merchant_id: UUID | None = None,
    branch_id: UUID | None = None,
) -> bool:
    """Does any role of the actor carry the verb over the thing that the arguments describe?

    Arguments left out describe a thing of the whole community, which only COMMUNITY (and MASKED) reaches; a
    member's own thing is described by `member_id`, a place by `unit_path`, a shop's thing by merchant and branch.
    """
    for role, scope in reach(actor, verb).items():
        if scope & (COMMUNITY | MASKED | SECOND):
            return True
        if scope & OWN and member_id is not None and member_id in actor.member_ids:
            return True
        if scope & HELPED and member_id in actor.helps:
            return True
        if scope & UNIT and unit_path is not None and _holds_unit(actor, role, unit_path):
            return True
        if scope & (SHOP | BRANCH) and _holds_counter(actor, role, merchant_id, branch_id):
            return True
    return False


def require(
    actor: Actor,
    verb: str,
    *,
    member_id: UUID | None = None,
    unit_path: str | None = None,
    merchant_id: UUID | None = None,
    branch_id: UUID | None = None,
) -> None:
    """Forbidden unless `may`."""
    if not may(actor, verb, member_id=member_id, unit_path=unit_path, merchant_id=merchant_id, branch_id=branch_id):
        raise Forbidden


def reaches_all(scopes: Mapping[Role, Scope]) -> bool:
    """Does one of these reach the whole community, be it with masked names?"""
    return any(scope & (COMMUNITY | MASKED) for scope in scopes.values())


def reaches_all_by_name(scopes: Mapping[Role, Scope]) -> bool:
    """Does one of these reach the whole community, with the names of everybody?"""
    return any(scope & COMMUNITY for scope in scopes.values())


def members_reached(actor: Actor, scopes: dict[Role, Scope]) -> set[UUID]:
    """The members whose own things these scopes reach: the actor's own membership, and those whom the actor helps."""
    found: set[UUID] = set()
    for scope in scopes.values():
        if scope & OWN:
            found |= actor.member_ids
        if scope & HELPED:
            found |= actor.helps
    return found


def places_reached(
    actor: Actor, scopes: dict[Role, Scope], path: SQLColumnExpression[str]
) -> list[ColumnElement[bool]]:
    """SQL: the place lies in a part over which one of these roles was given (one condition for each grant)."""
    held = {role for role, scope in scopes.items() if scope & UNIT}
    return [begins(path, grant.unit_path) for grant in actor.grants if grant.role in held]


def is_of_oneself(scope: Scope) -> bool:
    """Does the scope reach no further than oneself and those whom one helps?"""
    return not scope & ~(OWN | HELPED)


def require_any(actor: Actor, verb: str) -> None:
    """Forbidden unless some role carries the verb at all; the list that follows is narrowed by `reach`."""
    if not reach(actor, verb):
        raise Forbidden


def _holds_unit(actor: Actor, role: Role, unit_path: str) -> bool:
    return any(grant.role is role and unit_path.startswith(grant.unit_path) for grant in actor.grants)


def _holds_counter(actor: Actor, role: Role, merchant_id: UUID | None, branch_id: UUID | None) -> bool:
    return any(
        counter.role is role
        and counter.merchant_id == merchant_id
        and (counter.branch_id is None or branch_id is None or counter.branch_id == branch_id)
        for counter in actor.counters
    )
